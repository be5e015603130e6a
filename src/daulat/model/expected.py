"""What a budget will buy, told before it is spent: tokens to learn from, by how fast this machine multiplies matrices now."""

from daulat import machine
from daulat.model.memory import multiplied
from daulat.model.options import Method, PretrainOptions
from daulat.model.shape import Shape

MATMUL_SHARE = {"full": 0.5, "lora": 0.46, "lora+embeddings": 0.46}
"""Of a machine's matrix products a second, what trainings reach. Measured on SmolLM2-135M on two threads, all else counted."""


def tokens_per_s(shape: Shape, new_tokens: int, options: PretrainOptions, *, bf16: bool) -> float:
    """How many tokens a second are learnt from, about: larger models come nearer to a machine's peak, so rather more."""
    flop = flop_per_token(shape, new_tokens, options.method)
    return MATMUL_SHARE[options.method] * machine.matmul_flop_per_s(bf16=bf16) / flop


def flop_per_token(shape: Shape, new_tokens: int, method: Method) -> int:
    """Of the products of matrices alone: 2 a weight forwards, 2 backwards for what stays, 4 for what learns."""
    return (6 if method == "full" else 4) * (multiplied(shape) + new_tokens * shape.width)


def words(tokens: float, known: int) -> str:
    """About so many tokens, of those that the corpus has."""
    rounds = tokens / max(1, known)
    share = f"{rounds:.0%} of the corpus" if rounds < 1.5 else f"the corpus {rounds:.1f} times"
    return f"about {_round(tokens)} tokens, {share}"


def _round(value: float) -> str:
    if value < 1e6:
        return f"{round(value, -3):,.0f}"
    return f"{value / 1e6:,.1f} million" if value < 1e9 else f"{value / 1e9:,.1f} billion"
