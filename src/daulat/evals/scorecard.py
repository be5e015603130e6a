"""Everything measured of one model against its base, in one scorecard."""

from pathlib import Path

import msgspec

from daulat.evals.bits import Document, Measured, heldout, measure, ratio
from daulat.evals.floor import unigram_bits
from daulat.evals.options import EvalOptions
from daulat.evals.page import page
from daulat.evals.speed import measure_speed
from daulat.records import Digest, Progress, Score, Scorecard, no_progress


def score(
    base: Path,
    model: Path,
    corpus: Path,
    gguf: Path,
    language: str,
    digests: dict[str, Digest],
    options: EvalOptions,
    into: Path,
    progress: Progress = no_progress,
) -> Scorecard:
    """Ours against base on held-out text, and the speed of what is served; written to `into` as JSON and as a page.

    `language` is the nation's own; `digests` name `base`, `model` and `corpus`: what it takes to measure again.

    Raises: DaulatError where a model cannot be loaded or the corpus has no held-out text.
    """
    texts = heldout(corpus, options)
    scores: list[Score] = []
    for name, folder, begin in (("base", base, 0.0), ("ours", model, 0.45)):
        measured = measure(folder, texts, options, _part(progress, begin, name))
        scores += _language_scores(name, measured, options)
    progress(0.9, "the unigram floor")
    scores += _floors(model, corpus, texts, options)
    progress(0.92, "speed of the exported model")
    scores += _speed(gguf, texts.get(language) or next(iter(texts.values())), language, options)
    scorecard = Scorecard(base=digests["base"], model=digests["model"], corpus=digests["corpus"], scores=tuple(scores))
    (into / "scorecard.json").write_bytes(msgspec.json.format(msgspec.json.encode(scorecard)) + b"\n")
    (into / "scorecard.html").write_text(page(scorecard, language), encoding="utf-8")
    progress(1.0, f"{len(scores)} numbers")
    return scorecard


def _part(progress: Progress, begin: float, model: str) -> Progress:
    return lambda share, words: progress(begin + 0.45 * share, f"{model}: {words}")


def _language_scores(model: str, measured: list[Measured], options: EvalOptions) -> list[Score]:
    found = []
    for language in sorted({one.document.language for one in measured}):
        own = [one for one in measured if one.document.language == language]
        sizes = [float(one.document.utf8_bytes) for one in own]
        bits = ratio([one.bits for one in own], sizes, options)
        tokens = ratio(sizes, [float(one.tokens) for one in own], options)
        found.append(Score("bits_per_byte", model, language, *bits, unit="bit/B"))
        found.append(Score("bytes_per_token", model, language, *tokens, unit="B"))
    return found


def _floors(model: Path, corpus: Path, texts: dict[str, list[Document]], options: EvalOptions) -> list[Score]:
    found = []
    for language, documents in sorted(texts.items()):
        bits = unigram_bits(model, corpus, documents, language)
        floor = ratio(bits, [float(document.utf8_bytes) for document in documents], options)
        found.append(Score("bits_per_byte", "unigram", language, *floor, unit="bit/B"))
    return found


def _speed(gguf: Path, documents: list[Document], language: str, options: EvalOptions) -> list[Score]:
    text = "\n\n".join(document.text for document in documents).encode()[: options.speed_prompt_bytes]
    speed = measure_speed(gguf, text.decode(errors="ignore"), options.speed_tokens)
    read = speed.prompt_tokens_per_s * len(text) / speed.prompt_tokens
    values = {
        "prompt_tokens_per_s": (speed.prompt_tokens_per_s, "1/s"),
        "prompt_bytes_per_s": (read, "B/s"),
        "written_tokens_per_s": (speed.written_tokens_per_s, "1/s"),
        "written_bytes_per_s": (speed.written_tokens_per_s * speed.written_utf8_bytes / speed.written_tokens, "B/s"),
        "engine_peak_bytes": (float(speed.peak_bytes), "B"),
    }
    return [Score(metric, "ours", language, value, unit=unit) for metric, (value, unit) in values.items()]
