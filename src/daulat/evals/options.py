"""What may be decided in `[evals]`."""

from typing import Annotated

from msgspec import Meta

from daulat.records import Record

Positive = Annotated[int, Meta(ge=1)]


class EvalOptions(Record, frozen=True):
    """How much is measured, and how surely."""

    heldout_bytes: Positive = 12_000
    """Held-out text of each language that is scored, in UTF-8 bytes: documents are added until it is reached."""
    document_bytes: Positive = 2_000
    """Of one document, from its start: many documents say more than one long one, and give narrower intervals."""
    window_tokens: Annotated[int, Meta(ge=16)] = 1024
    """Tokens that the model sees at once; longer documents are scored in windows."""
    overlap_tokens: Annotated[int, Meta(ge=0)] = 128
    """Tokens at the start of a further window that only give context and are not scored again."""
    resamples: Positive = 1000
    """Bootstrap resamples over documents for the 95% intervals."""
    seed: int = 1
    """Of the resamples."""
    speed_prompt_bytes: Positive = 1200
    """Held-out text in the nation's language that the exported model reads, in UTF-8 bytes."""
    speed_tokens: Positive = 48
    """Tokens that the exported model then writes."""
