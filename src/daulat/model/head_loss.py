"""Cross-entropy over a large vocabulary without ever holding all its logits.

Gradients are worked out chunk by chunk in the forward pass, while the logits are at hand, and nothing is computed twice.
Source: the idea of Cut Your Losses, arXiv:2411.09009.
"""

from functools import cache
from typing import Any

CHUNK_LOGITS = 1 << 25
"""So many at a time, 128 MB: 682 tokens of 49,152 rows, 128 of 262,144."""
IGNORED = -100
"""A target that is not learnt from, as PyTorch has it."""


def head_loss(hidden: Any, old_rows: Any, new_rows: Any, targets: Any) -> Any:
    """Mean negative log-likelihood of `targets` (N) given `hidden` (N x D), in nats; 0 where all of them are `IGNORED`.

    The vocabulary is `old_rows` (V x D) followed by `new_rows` (n x D, may be empty); the old ones get a gradient where they
    ask for one. What is ignored costs nothing.
    """
    import torch

    learnt = torch.nonzero(targets != IGNORED)[:, 0]
    if len(learnt) < len(targets):
        hidden, targets = hidden[learnt], targets[learnt]
    return _function().apply(hidden, old_rows, new_rows, targets)


@cache
def _function() -> Any:
    import torch

    class HeadLoss(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, hidden: Any, old_rows: Any, new_rows: Any, targets: Any) -> Any:
            count, old = max(1, len(targets)), len(old_rows)
            rows, more = old_rows.to(hidden.dtype), new_rows.to(hidden.dtype)
            grad_hidden = torch.empty_like(hidden)
            wants_old, grad_old = ctx.needs_input_grad[1], None
            grad_new = torch.zeros_like(new_rows, dtype=torch.float32)
            total = torch.zeros((), dtype=torch.float64)
            chunk = max(1, CHUNK_LOGITS // (old + len(more)))
            for start in range(0, len(targets), chunk):
                part = slice(start, start + chunk)
                h, y = hidden[part], targets[part]
                logits = h @ rows.T
                logits = (torch.cat([logits, h @ more.T], dim=-1) if len(more) else logits).float()
                highest = logits.max(dim=-1, keepdim=True).values
                picked = logits.gather(1, y[:, None]) - highest
                slope = logits.sub_(highest).exp_()
                weight = slope.sum(dim=-1, keepdim=True)
                total += (weight.log() - picked).sum().double()
                slope = slope.mul_(1 / (weight * count)).scatter_add_(
                    1, y[:, None], torch.full_like(picked, -1 / count)
                )
                slope = slope.to(h.dtype)
                grad_hidden[part] = slope[:, :old] @ rows
                if len(more):
                    grad_hidden[part] += slope[:, old:] @ more
                    grad_new += (slope[:, old:].T @ h).float()
                if wants_old:
                    of_old = slope[:, :old].T @ h
                    grad_old = of_old.float() if grad_old is None else grad_old.add_(of_old)
            if wants_old and grad_old is None:
                grad_old = torch.zeros_like(old_rows, dtype=torch.float32)
            ctx.save_for_backward(grad_hidden, grad_old, grad_new)
            return (total / count).float()

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            (grad,) = grads
            grad_hidden, grad_old, grad_new = ctx.saved_tensors
            if grad_old is not None and grad.item() != 1:  # it is as large as the vocabulary
                grad_old = grad_old * grad
            return grad_hidden * grad.to(grad_hidden.dtype), grad_old, grad_new * grad, None

    return HeadLoss
