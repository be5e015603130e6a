"""How much memory a training takes, told before it starts; and, where that is more than there is, what would fit.

Measured on SmolLM2-135M over methods, number formats and packs of 512 to 2,048 tokens, the estimate is 4 to 22% above what was
taken at the peak.
"""

from collections.abc import Iterator

import msgspec

from daulat.errors import DaulatError
from daulat.model.head_loss import CHUNK_LOGITS
from daulat.model.options import PretrainOptions
from daulat.model.shape import Shape

PROCESS_BYTES = 600_000_000
"""PyTorch and transformers themselves."""
LEARNING_BYTES = 16
"""Of a value that learns: itself, its gradient, and two moments of AdamW, in float32."""
_LEAST_PACK = 64


def parameters(shape: Shape) -> int:
    """Of the whole model, but for norms and biases."""
    attention = shape.width * shape.head_dim * (2 * shape.heads + 2 * shape.kv_heads)
    layer = attention + 3 * shape.width * shape.inner
    return shape.layers * layer + shape.vocabulary * shape.width * (1 if shape.tied else 2)


def multiplied(shape: Shape) -> int:
    """Of these, those that every token is multiplied by: all but a table of rows that is only read."""
    return parameters(shape) - (0 if shape.tied else shape.vocabulary * shape.width)


def needed_bytes(shape: Shape, new_tokens: int, options: PretrainOptions, *, bf16: bool) -> int:
    """Memory at the peak, everything counted: the process, weights and what learns, one pack, and the model as it is written."""
    own, full = parameters(shape), options.method == "full"
    sides = 2 * shape.width + shape.head_dim * (2 * shape.heads + 2 * shape.kv_heads) + 2 * shape.width
    adapters = shape.layers * options.rank * (sides + 3 * (shape.width + shape.inner))
    rows = 2 * new_tokens * shape.width
    format_bytes = 2 if bf16 else 4
    weights = own * (LEARNING_BYTES + (2 if bf16 else 0) if full else format_bytes)
    learning = rows * (4 if options.method == "lora" else LEARNING_BYTES) + (0 if full else adapters * LEARNING_BYTES)
    seen = min(options.segment_tokens, options.pack_tokens)
    layer = 10 * shape.width + 5 * shape.inner + shape.heads * seen
    wide = 8 / 3 if full and bf16 else format_bytes  # what is kept between layers stays float32 where all learns
    pack = int(options.pack_tokens * shape.layers * layer * wide)
    logits = 8 * min(CHUNK_LOGITS, options.pack_tokens * (shape.vocabulary + new_tokens))
    return PROCESS_BYTES + weights + learning + pack + logits + 4 * (own + rows)


def require(shape: Shape, new_tokens: int, options: PretrainOptions, available: int, *, bf16: bool) -> None:
    """Nothing, where it fits.

    Raises: DaulatError saying how much is lacking, and what would fit.
    """
    wanted = needed_bytes(shape, new_tokens, options, bf16=bf16)
    if wanted <= available:
        return
    fits = (
        words
        for one, format_, words in _smaller(options, bf16=bf16)
        if needed_bytes(shape, new_tokens, one, bf16=format_) <= available
    )
    hint = next(fits, f"choose a smaller base: this one has {parameters(shape) / 1e9:.2g} billion parameters")
    raise DaulatError(
        f"training takes about {wanted / 1e9:.1f} GB of memory, and {available / 1e9:.1f} GB are free", hint
    )


def _smaller(options: PretrainOptions, *, bf16: bool) -> Iterator[tuple[PretrainOptions, bool, str]]:
    """The same with less at once, then with less that learns; the least change first."""
    methods = [options.method, *(("lora+embeddings",) if options.method == "full" else ())]
    for method in methods:
        pack = options.pack_tokens
        while pack >= min(_LEAST_PACK, options.pack_tokens):
            for half in (bf16, True):
                said = [f'method = "{method}"'] if method != options.method else []
                said += [f"pack_tokens = {pack}"] if pack != options.pack_tokens else []
                said += ['precision = "bfloat16"'] if half != bf16 else []
                if said:
                    smaller = msgspec.structs.replace(options, method=method, pack_tokens=pack)
                    yield smaller, half, f"in `[pretrain]`, `{'`, `'.join(said)}` would fit"
            pack //= 2
