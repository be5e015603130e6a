"""Low-rank adapters on frozen projections, merged into them at the end. Source: LoRA, arXiv:2106.09685."""

from typing import Any

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def attach(network: Any, rank: int, seed: int) -> dict[str, Any]:
    """Put an adapter on every projection of the network; by module name. The network computes what it did before."""
    import torch

    class Adapted(torch.nn.Module):
        """`x W' + x A' B'`, W frozen, B zero at first; A and B are kept in float32, whatever the format of x."""

        def __init__(self, frozen: Any, generator: Any) -> None:
            super().__init__()
            self.frozen = frozen
            rows, columns = frozen.weight.shape
            bound = columns**-0.5
            self.down = torch.nn.Parameter(torch.empty(rank, columns).uniform_(-bound, bound, generator=generator))
            self.up = torch.nn.Parameter(torch.zeros(rows, rank))

        def forward(self, x: Any) -> Any:
            inner = torch.nn.functional.linear(x, self.down.to(x.dtype))
            return self.frozen(x) + torch.nn.functional.linear(inner, self.up.to(x.dtype))

    generator = torch.Generator().manual_seed(seed)
    found: dict[str, Any] = {}
    for name, module in list(network.named_modules()):
        if name.split(".")[-1] in PROJECTIONS:
            parent = network.get_submodule(name.rpartition(".")[0])
            found[name] = Adapted(module, generator)
            setattr(parent, name.rpartition(".")[2], found[name])
    assert found, "a supported architecture has these projections"
    return found


def learnt(adapter: Any) -> Any:
    """`B A`: what is added to the projection's weight."""
    return adapter.up.detach().float() @ adapter.down.detach().float()
