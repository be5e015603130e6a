"""Cross-entropy over a large vocabulary without ever holding all its logits.

Gradients are worked out chunk by chunk in the forward pass, while the logits are at hand: 128 x 50,000 logits at a time
instead of 512 x 50,000, and nothing is computed twice. Source: the idea of Cut Your Losses, arXiv:2411.09009.
"""

from typing import Any

CHUNK_TOKENS = 128


def head_loss(hidden: Any, old_rows: Any, new_rows: Any, targets: Any) -> Any:
    """Mean negative log-likelihood of `targets` (N) given `hidden` (N x D), in nats; the old rows get no gradient.

    The vocabulary is `old_rows` (V x D, frozen) followed by `new_rows` (n x D, may be empty).
    """
    return _function().apply(hidden, old_rows, new_rows, targets)


def _function() -> Any:
    import torch

    class HeadLoss(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, hidden: Any, old_rows: Any, new_rows: Any, targets: Any) -> Any:
            count, old = len(targets), len(old_rows)
            grad_hidden = torch.empty_like(hidden)
            grad_new = torch.zeros_like(new_rows, dtype=torch.float32)
            total = torch.zeros((), dtype=torch.float64)
            for start in range(0, count, CHUNK_TOKENS):
                part = slice(start, start + CHUNK_TOKENS)
                h, y = hidden[part], targets[part]
                logits = torch.cat([h @ old_rows.T, h @ new_rows.T.to(h.dtype)], dim=-1).float()
                picked = logits.gather(1, y[:, None])
                norm = torch.logsumexp(logits, dim=-1, keepdim=True)
                total += (norm - picked).sum().double()
                slope = logits.sub_(norm).exp_()
                slope.scatter_add_(1, y[:, None], torch.full_like(picked, -1.0))
                slope = slope.div_(count).to(h.dtype)
                grad_hidden[part] = slope[:, :old] @ old_rows + slope[:, old:] @ new_rows.to(h.dtype)
                grad_new += (slope[:, old:].T @ h).float()
            ctx.save_for_backward(grad_hidden, grad_new)
            return (total / count).float()

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            (grad,) = grads
            grad_hidden, grad_new = ctx.saved_tensors
            return grad_hidden * grad.to(grad_hidden.dtype), None, grad_new * grad, None

    return HeadLoss
