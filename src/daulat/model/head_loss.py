"""Cross-entropy over a large vocabulary without ever holding all its logits.

Gradients are worked out chunk by chunk in the forward pass, while the logits are at hand, and nothing is computed twice.
Source: the idea of Cut Your Losses, arXiv:2411.09009.
"""

from functools import cache
from typing import Any

CHUNK_LOGITS = 1 << 24
"""So many at a time, 64 MB: 341 tokens of 49,152 rows, 64 of 262,144."""
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
            grad_old = torch.zeros_like(old_rows, dtype=torch.float32) if ctx.needs_input_grad[1] else None
            grad_new = torch.zeros_like(new_rows, dtype=torch.float32)
            total = torch.zeros((), dtype=torch.float64)
            chunk = max(1, CHUNK_LOGITS // (old + len(more)))
            for start in range(0, len(targets), chunk):
                part = slice(start, start + chunk)
                h, y = hidden[part], targets[part]
                logits = torch.cat([h @ rows.T, h @ more.T], dim=-1).float()
                picked = logits.gather(1, y[:, None])
                norm = torch.logsumexp(logits, dim=-1, keepdim=True)
                total += (norm - picked).sum().double()
                slope = logits.sub_(norm).exp_()
                slope.scatter_add_(1, y[:, None], torch.full_like(picked, -1.0))
                slope = slope.div_(count).to(h.dtype)
                grad_hidden[part] = slope[:, :old] @ rows + slope[:, old:] @ more
                grad_new += (slope[:, old:].T @ h).float()
                if grad_old is not None:
                    grad_old += slope[:, :old].T @ h
            ctx.save_for_backward(grad_hidden, grad_old, grad_new)
            return (total / count).float()

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            (grad,) = grads
            grad_hidden, grad_old, grad_new = ctx.saved_tensors
            of_old = None if grad_old is None else grad_old * grad
            return grad_hidden * grad.to(grad_hidden.dtype), of_old, grad_new * grad, None

    return HeadLoss
