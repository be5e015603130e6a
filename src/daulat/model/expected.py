"""What a budget will buy, told before it is spent: tokens to learn from, by how fast this machine multiplies matrices now."""

from daulat import machine
from daulat.model.memory import parameters
from daulat.model.options import PretrainOptions
from daulat.model.shape import Shape

MATMUL_SHARE = {"full": 0.5, "lora": 0.46, "lora+embeddings": 0.46}
"""Of a machine's matrix products a second, what trainings reach. Measured on SmolLM2-135M on two threads, all else counted."""


def tokens_per_s(shape: Shape, new_tokens: int, options: PretrainOptions, *, bf16: bool) -> float:
    """How many tokens a second are learnt from, about: larger models come nearer to a machine's peak, so rather more."""
    multiplied = parameters(shape) - (0 if shape.tied else shape.vocabulary * shape.width) + new_tokens * shape.width
    flop = (6 if options.method == "full" else 4) * multiplied
    return MATMUL_SHARE[options.method] * machine.matmul_flop_per_s(bf16=bf16) / flop


def words(tokens: float, known: int) -> str:
    """About so many tokens, of those that the corpus has."""
    rounds = tokens / max(1, known)
    share = f"{rounds:.0%} of the corpus" if rounds < 1.5 else f"the corpus {rounds:.1f} times"
    return f"about {_round(tokens)} tokens, {share}"


def _round(value: float) -> str:
    if value < 1e6:
        return f"{round(value, -3):,.0f}"
    return f"{value / 1e6:,.1f} million" if value < 1e9 else f"{value / 1e9:,.1f} billion"
