"""Text that reads like text: the rules of Gopher and FineWeb-2 over ICU's words, with the limits of each language.

```
tokens, lines ──kernels──> Metrics ──Thresholds of the language──> the first rule that a document breaks
```
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from daulat.corpus.identify import SPACELESS
from daulat.corpus.options import CorpusOptions
from daulat.corpus.stage import KEEP, Judged, drop
from daulat.corpus.thresholds import Thresholds, thresholds
from daulat.corpus.words import Tokens, tokens

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

SHORT_LINE = 30
"""Characters. Source: FineWeb, arXiv:2406.17557."""
SYMBOLS = 0.1
"""Hash signs and ellipses, per word, at most. Source, as of the next two: arXiv:2112.11446, table A1."""
BULLETS, TRAILING = 0.9, 0.3
"""Lines that begin with a bullet, and those that end with an ellipsis, at most."""
STOP_WORDS = 2


class Metrics(NamedTuple):
    """What is measured of each document, before any threshold; a row or a number a document."""

    words: "npt.NDArray[np.int64]"
    """Tokens, those that are no symbols, characters of these, tokens with a letter, distinct stop words."""
    lines: "npt.NDArray[np.int64]"
    """See `kernels.lines.COLUMNS`."""
    repetition: "npt.NDArray[np.int64]"
    """Characters in the top 2-, 3-, 4-gram and in repeated 5- to 10-grams."""


def quality(documents: "pa.Table", options: CorpusOptions, read: Tokens | None = None) -> Judged:
    """Drop the documents beyond a threshold, each for the first that it breaks. All are of one language.

    `read`: their tokens, where somebody has them.
    """
    if not documents.num_rows:
        return Judged(documents, [])
    language = documents["language"][0].as_py()
    limits = thresholds(language, options.quality)
    found = metrics(read or tokens(documents["text"], language), limits.stop_words)
    verdicts = [KEEP] * documents.num_rows
    for reason, broken in rules(found, limits, options, spaceless=language in SPACELESS):
        for row in broken.nonzero()[0].tolist():
            verdicts[row] = verdicts[row] if verdicts[row] != KEEP else drop(reason)
    return Judged(documents, verdicts)


def metrics(read: Tokens, stop_words: tuple[str, ...]) -> Metrics:
    """Everything that the rules look at."""
    import numpy as np

    from daulat.corpus.kernels.characters import unit_kinds
    from daulat.corpus.kernels.lines import lines
    from daulat.corpus.kernels.repetition import repetition
    from daulat.corpus.kernels.tokens import measures

    stops = np.unique(whole_words(stop_words))
    return Metrics(
        measures(read.hashes, read.lengths, read.kinds, read.offsets, stops),
        lines(read.units, read.unit_offsets, unit_kinds(), SHORT_LINE),
        repetition(read.hashes, read.lengths, read.offsets),
    )


def rules(found: Metrics, limits: Thresholds, options: CorpusOptions, *, spaceless: bool) -> Iterator[tuple[str, Any]]:
    """Each rule's reason, and which documents break it as an array of truths, in the order in which they are asked."""
    import numpy as np

    tokens_, words, word_characters, lettered, stops = found.words.T
    line = _Lines(found.lines)
    some = np.maximum(1, tokens_)
    characters = np.maximum(1, line["characters"])
    if spaceless and options.quality == "manuals":
        yield "too short", line["characters"] < options.min_characters
    else:
        yield "too short", words < options.min_words
    yield "too long", words > options.max_words
    yield "repeated lines", line["runs_again"] > limits.repeated_lines * line["runs"]
    ngrams = found.repetition > np.outer(characters, (*limits.top_ngrams, *limits.repeated_ngrams))
    yield "repeated words", ngrams.any(axis=1)
    if limits.ended_lines is not None:
        yield "lines that end no sentence", line["full_ended"] < limits.ended_lines * line["full"]
    visible = np.maximum(1, line["characters"] - line["newlines"])
    yield "repeated lines", line["full_again_characters"] > limits.repeated_line_characters * visible
    if limits.newlines is not None:
        yield "a list", line["newlines"] > limits.newlines * some
    if limits.word_characters is not None:
        low, high = limits.word_characters
        mean = word_characters / np.maximum(1, words)
        yield "words too short or too long", (words > 0) & ((mean < low) | (mean > high))
    yield "too many symbols", (line["hashes"] > SYMBOLS * some) | (line["ellipses"] > SYMBOLS * some)
    yield "mostly bullets", line["bulleted"] > BULLETS * line["lines"]
    yield "mostly ellipses", line["trailing"] > TRAILING * line["lines"]
    # Manuals are full of signs: there the share is of what is no symbol, on web pages of all tokens, as in FineWeb-2.
    yield "too few words with letters", lettered < limits.lettered * (tokens_ if options.quality == "web" else words)
    if limits.stop_words:
        yield "too few common words", stops < STOP_WORDS


def whole_words(words: tuple[str, ...]) -> "npt.NDArray[np.uint64]":
    """Hashes of these words, each as one token, whatever borders ICU would find in it."""
    import numpy as np

    from daulat.corpus.kernels.characters import unit_kinds
    from daulat.corpus.kernels.tokens import tokens as kernel
    from daulat.corpus.words import utf16

    units, offsets = utf16(words)
    bounds = np.stack([offsets[:-1], offsets[1:]], axis=1).ravel()
    hashes, *_ = kernel(units, bounds, np.arange(len(words) + 1) * 2, unit_kinds())
    return hashes  # type: ignore[no-any-return]


class _Lines:
    """The columns of `kernels.lines` by their names."""

    def __init__(self, found: "npt.NDArray[np.int64]") -> None:
        self._found = found

    def __getitem__(self, name: str) -> Any:
        from daulat.corpus.kernels.lines import COLUMNS

        return self._found[:, COLUMNS.index(name)]
