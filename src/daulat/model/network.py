"""The model under training: a body, old rows in and out, and new rows in and out.

```
ids ──> old rows | new rows in ──> body (+ LoRA) ──> hidden ──> old rows | new rows out ──> loss
```
New rows are never tied: what a word means when read and when written starts from different statistics, and separate rows
start 0.2 bits per byte better (docs/adr). Body and old rows are frozen, so that no other language is overwritten, unless
everything learns (`full`).
"""

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from daulat.model import attention, lora
from daulat.model import shape as shapes
from daulat.model.folder import read_json
from daulat.model.head_loss import head_loss
from daulat.model.options import Method
from daulat.model.packing import Pack, tensors

BODY, HEAD = "model.", "lm_head.weight"
"""What tensors of the body, and the old rows that are written, are called in the folder."""


def offline() -> None:
    """Nothing is asked of any hub, and nothing is told to one: set before `transformers` is imported."""
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", DO_NOT_TRACK="1")


@dataclass
class Network:
    """What `load` puts together. Shapes: D width, V old rows, n new rows."""

    body: Any
    old_in: Any
    old_out: Any
    new_in: Any
    new_out: Any
    dtype: Any
    embedding_scale: float = 1.0
    """What rows are multiplied by as they are read."""
    full: bool = False
    """Everything learns: kept in float32, and computed in `dtype`."""
    adapters: dict[str, Any] = field(default_factory=dict)

    def hidden(self, inputs: Any, positions: Any, lengths: list[int]) -> Any:
        """Last hidden states (1 x T x D) of ids (1 x T) that are segments of these lengths."""
        with self._computing():
            found = self.body(
                inputs_embeds=self.embedded(inputs), position_ids=positions, use_cache=False, segment_lengths=lengths
            )
        return found.last_hidden_state.to(self.dtype)

    def _computing(self) -> AbstractContextManager[Any]:
        import torch

        return torch.autocast("cpu", self.dtype) if self.full and self.dtype != torch.float32 else nullcontext()

    def embedded(self, inputs: Any) -> Any:
        """Rows of these ids, old or new."""
        import torch

        old = len(self.old_in)
        rows = torch.nn.functional.embedding(inputs.clamp(max=old - 1), self.old_in)
        if len(self.new_in):
            is_new = inputs >= old
            new = torch.nn.functional.embedding((inputs - old).clamp(min=0), self.new_in.to(rows.dtype))
            rows = torch.where(is_new[..., None], new, rows)
        # Rounded as the model itself rounds it.
        return rows * torch.tensor(self.embedding_scale, dtype=rows.dtype)

    def loss(self, pack: Pack, goldfish: int = 0) -> Any:
        """Mean negative log-likelihood of the pack's tokens that are learnt from, in nats."""
        inputs, targets, positions, lengths = tensors(pack, goldfish)
        hidden = self.hidden(inputs, positions, lengths)[0]
        return head_loss(hidden, self.old_out, self.new_out, targets[0])

    def trainable(self) -> dict[str, Any]:
        """Every tensor that learns, by name."""
        found = {f"{name}.{side}": getattr(a, side) for name, a in self.adapters.items() for side in ("down", "up")}
        if self.full:
            found |= {f"{BODY}{name}": tensor for name, tensor in self.body.named_parameters()}
            found |= {} if self.old_out is self.old_in else {HEAD: self.old_out}
        rows = {"new_in": self.new_in, "new_out": self.new_out} if self.new_in.requires_grad else {}
        return {**rows, **found}


def load(folder: Path, new_tokens: int, *, bf16: bool, full: bool = False) -> Network:
    """The network, frozen unless it is `full`, with `new_tokens` rows of zeros to be initialised.

    Raises: DaulatError for an architecture that is not adapted, or a form of it that is not.
    """
    offline()
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    shape = shapes.read(read_json(folder / "config.json"), folder.name)
    logging.disable_progress_bar()
    dtype = torch.bfloat16 if bf16 else torch.float32
    model = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=torch.float32 if full else dtype,
        attn_implementation=attention.register(),
        local_files_only=True,
    )
    model.requires_grad_(full)
    model.eval()
    old_in, old_out = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    new = [torch.zeros(new_tokens, old_in.shape[1]) for _ in range(2)]
    scale = shape.width**0.5 if shape.architecture.scaled_embedding else 1.0
    return Network(model.model, old_in, old_out, new[0], new[1], dtype, scale, full)


def attach(network: Network, method: Method, rank: int, seed: int) -> None:
    """What learns by that method, made to: adapters on every projection, new rows."""
    if method != "full":
        network.adapters = lora.attach(network.body, rank, seed)
    if method != "lora":
        network.new_in.requires_grad_(True)
        network.new_out.requires_grad_(True)
