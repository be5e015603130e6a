"""Causal attention within each segment of a pack: half the work of a mask over the whole pack, and no leak.

On a processor and in bfloat16, short segments are matrix products and a softmax: there nearly twice as fast as PyTorch's
kernel, and heads that share a key need no copies of it.
"""

from functools import cache
from typing import Any

NAME = "daulat_segments"
CHUNK_TOKENS = 128
"""So many queries at a time: what the mask throws away is half a chunk each."""
PLAIN_TOKENS = 1024
"""Up to so many tokens this costs less than the kernel. Measured, two cores."""


@cache
def register() -> str:
    """Make it known to `transformers`, by the name that is given back."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, _attend)
    return NAME


def _attend(
    module: Any,
    q: Any,
    k: Any,
    v: Any,
    mask: Any,
    *,
    scaling: float,
    segment_lengths: list[int],
    sliding_window: int | None = None,
    **_: Any,
) -> tuple[Any, None]:
    import torch

    assert mask is None
    if torch.is_autocast_enabled(q.device.type):
        q, k, v = (part.to(torch.get_autocast_dtype(q.device.type)) for part in (q, k, v))
    parts = [part.split(segment_lengths, dim=2) for part in (q, k, v)]
    found = [_one(q, k, v, scaling, sliding_window) for q, k, v in zip(*parts, strict=True)]
    return torch.cat(found, dim=2).transpose(1, 2), None


def _one(q: Any, k: Any, v: Any, scaling: float, window: int | None) -> Any:
    """Of one segment: (1 x heads x T x d) from queries of that shape, and keys and values of as many heads or fewer."""
    import torch

    length = q.shape[2]
    if q.dtype == torch.bfloat16 and q.device.type == "cpu" and length <= PLAIN_TOKENS and k.shape[-1] == v.shape[-1]:
        return _function().apply(q, k, v, _hidden(window, q.dtype), scaling)
    seen = None if window is None or length <= window else _seen(length, window)
    return torch.nn.functional.scaled_dot_product_attention(
        q, k, v, attn_mask=seen, is_causal=seen is None, scale=scaling, enable_gqa=True
    )


def _seen(length: int, window: int | None) -> Any:
    """Which of `length` places each one sees (length x length)."""
    import torch

    back = torch.arange(length)[:, None] - torch.arange(length)
    return (back >= 0) & (back < (window or length))


@cache
def _hidden(window: int | None, dtype: Any) -> Any:
    """What is added to scores, minus infinity where a place is not seen: of as many as there may be; fewer are a corner of it."""
    import torch

    return torch.zeros(PLAIN_TOKENS, PLAIN_TOKENS, dtype=dtype).masked_fill_(~_seen(PLAIN_TOKENS, window), -torch.inf)


@cache
def _function() -> Any:
    import torch

    class Attention(torch.autograd.Function):
        """Queries in chunks, each with the keys up to its end. Shapes: K key heads, G query heads of each, T, d."""

        @staticmethod
        def forward(ctx: Any, q: Any, k: Any, v: Any, hidden: Any, scaling: float) -> Any:
            _, heads, length, size = q.shape
            shared = k.shape[1]
            queries = (q * scaling).view(shared, heads // shared, length, size)
            out, seen = torch.empty_like(queries), []
            for start in range(0, length, CHUNK_TOKENS):
                end = min(start + CHUNK_TOKENS, length)
                own = queries[:, :, start:end].reshape(shared, -1, size)
                scores = torch.bmm(own, k[0, :, :end].transpose(1, 2)).view(heads, end - start, end)
                seen.append(torch.softmax(scores.add_(hidden[start:end, :end]), dim=-1).view(shared, -1, end))
                out[:, :, start:end] = torch.bmm(seen[-1], v[0, :, :end]).view(shared, -1, end - start, size)
            ctx.save_for_backward(queries, k, v, *seen)
            ctx.scaling = scaling
            return out.view(1, heads, length, size)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            queries, k, v, *seen = ctx.saved_tensors
            shared, each, length, size = queries.shape
            grad = grads[0].reshape(queries.shape)
            of_q = torch.empty_like(queries)
            of_k, of_v = (torch.zeros(shared, length, size, dtype=k.dtype) for _ in range(2))
            for start, own_seen in zip(range(0, length, CHUNK_TOKENS), seen, strict=True):
                end = min(start + CHUNK_TOKENS, length)
                own, query = (part[:, :, start:end].reshape(shared, -1, size) for part in (grad, queries))
                of_v[:, :end] += torch.bmm(own_seen.transpose(1, 2), own)
                slope = torch.bmm(own, v[0, :, :end].transpose(1, 2))
                slope = torch.ops.aten._softmax_backward_data(slope, own_seen, -1, own_seen.dtype)
                of_q[:, :, start:end] = torch.bmm(slope, k[0, :, :end]).view(shared, each, end - start, size)
                of_k[:, :end] += torch.bmm(slope.transpose(1, 2), query)
            return of_q.mul_(ctx.scaling).view(1, -1, length, size), of_k[None], of_v[None], None, None

    return Attention
