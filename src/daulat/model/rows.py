"""Where the rows of new tokens start: from their sub-tokens, then set right by how often each token occurs.

Read: the mean of the sub-tokens' rows. Written: a mixture of their rows, plus a constant that makes the model expect the
token as often as the corpus has it. The constant needs no bias parameter, because the last hidden states have a direction
along which they are all alike (measured: 1 +- 0.03), so a row along it shifts a logit by the same amount everywhere.
Source: mean of sub-tokens, arXiv:2407.05841; the shift is ours (docs/adr), 0.2 bits per byte at no training.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from daulat.model.network import Network
from daulat.model.packing import Pack, tensors

SHIFT_ROUNDS = 5
RIDGE = 1e-2

METHODS = ("mean", "mixed", "decreasing", "first")
"""How sub-tokens are weighted in the written row; the best one on a probe of training text is taken."""


@dataclass(frozen=True)
class Start:
    """Which method was taken, and what each would have given: nats per token on the probe."""

    method: str
    nats_per_token: dict[str, float]


def initialise(
    network: Network, pieces: Sequence[Sequence[int]], counts: Counter[int], text_tokens: int, probe: Sequence[Pack]
) -> Start:
    """Fill the network's new rows; `pieces[i]` are the old tokens that new token i stands for.

    The probe's first half sets the shift, its second half chooses the method: held-out text is never looked at.
    """
    import torch

    if not pieces:
        return Start("none", {})
    with torch.no_grad():
        network.new_in.copy_(mixed_rows(network.old_in.float(), pieces, "mean"))
        hidden, targets = _states(network, probe)
        half = len(targets) // 2
        old = torch.cat([_old_norm(part, network.old_out) for part in hidden.split(256)])
        wanted = _frequencies(counts, text_tokens, len(network.old_in), len(pieces))
        found, nats = {}, {}
        for method in METHODS:
            rows = mixed_rows(network.old_out.float(), pieces, method)
            found[method] = _shifted(rows, hidden[:half], old[:half], wanted)
            nats[method] = _nats(hidden[half:], old[half:], targets[half:], network.old_out, found[method])
        best = min(METHODS, key=lambda name: (nats[name], name))
        network.new_out.copy_(found[best])
    return Start(best, {name: round(value, 4) for name, value in nats.items()})


def mixed_rows(old: Any, pieces: Sequence[Sequence[int]], method: str) -> Any:
    """One row (n x D) for each new token from the rows of its sub-tokens."""
    import torch

    rows = []
    for tokens in pieces:
        part = old[list(tokens)]
        mean, first = part.mean(0), part[0]
        weights = torch.tensor([2.0**-place for place in range(len(tokens))])
        decreasing = (part * weights[:, None]).sum(0) / weights.sum()
        rows.append({"mean": mean, "first": first, "mixed": (mean + first) / 2, "decreasing": decreasing}[method])
    return torch.stack(rows)


def _states(network: Network, probe: Sequence[Pack]) -> tuple[Any, Any]:
    import torch

    hidden, targets = [], []
    for pack in probe:
        inputs, wanted, positions, lengths = tensors(pack)
        hidden.append(network.hidden(inputs, positions, lengths)[0].float())
        targets.append(wanted[0])
    return torch.cat(hidden), torch.cat(targets)


def _old_norm(hidden: Any, old_out: Any) -> Any:
    import torch

    return torch.logsumexp((hidden.to(old_out.dtype) @ old_out.T).float(), dim=-1)


def _frequencies(counts: Counter[int], text_tokens: int, old: int, new: int) -> Any:
    """Share of each new token in the text; one that never occurs counts as half of one."""
    import torch

    return torch.tensor([max(counts[old + i], 0.5) / max(1, text_tokens) for i in range(new)])


def _shifted(rows: Any, hidden: Any, old_norm: Any, wanted: Any) -> Any:
    """The rows, moved along the constant direction until the mean probability of each is the wanted one."""
    import torch

    moment = hidden.T @ hidden / len(hidden)
    ridge = RIDGE * moment.diagonal().mean() * torch.eye(len(moment))
    constant = torch.linalg.solve(moment + ridge, hidden.mean(0))
    constant = constant / (hidden @ constant).mean()
    for _ in range(SHIFT_ROUNDS):
        logits = hidden @ rows.T
        norm = torch.logaddexp(old_norm, torch.logsumexp(logits, dim=-1))
        expected = (logits - norm[:, None]).exp().mean(0)
        rows = rows + (wanted / expected.clamp(min=1e-30)).log()[:, None] * constant
    return rows


def _nats(hidden: Any, old_norm: Any, targets: Any, old_out: Any, rows: Any) -> float:
    import torch

    logits = hidden @ rows.T
    norm = torch.logaddexp(old_norm, torch.logsumexp(logits, dim=-1))
    old = len(old_out)
    of_old = (hidden * old_out[targets.clamp(max=old - 1)].float()).sum(-1)
    of_new = logits.gather(1, (targets - old).clamp(min=0)[:, None])[:, 0]
    value = (norm - torch.where(targets < old, of_old, of_new)).mean().item()
    return value if math.isfinite(value) else math.inf
