"""Text that reads like text: Gopher's rules over ICU words, thresholds in characters where a script has no spaces."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from daulat.corpus.boilerplate import codes
from daulat.corpus.identify import SPACELESS
from daulat.corpus.options import CorpusOptions
from daulat.corpus.paragraphs import Paragraphs, paragraphs
from daulat.corpus.stage import KEEP, Judged, drop
from daulat.corpus.words import words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


class Metrics(NamedTuple):
    """What is measured of each document, before any threshold; each an array with one number a document."""

    words: "npt.NDArray[np.int64]"
    characters: "npt.NDArray[np.int64]"
    mean_word_characters: "npt.NDArray[np.float64]"
    alphabetic_share: "npt.NDArray[np.float64]"
    symbol_share: "npt.NDArray[np.float64]"
    bullet_share: "npt.NDArray[np.float64]"
    ellipsis_share: "npt.NDArray[np.float64]"
    duplicate_line_share: "npt.NDArray[np.float64]"
    duplicate_line_character_share: "npt.NDArray[np.float64]"
    ngram_shares: "npt.NDArray[np.float32]"
    """Of the top 2-, 3-, 4-gram and of repeated 5- to 10-grams."""


def quality(documents: "pa.Table", options: CorpusOptions) -> Judged:
    """Drop the documents beyond a threshold, each for the first that it breaks. All are of one language."""
    if not documents.num_rows:
        return Judged(documents, [])
    language = documents["language"][0].as_py()
    found = metrics(documents, language)
    verdicts = [KEEP] * documents.num_rows
    for reason, broken in rules(found, options, spaceless=language in SPACELESS):
        for row in broken.nonzero()[0].tolist():
            verdicts[row] = verdicts[row] if verdicts[row] != KEEP else drop(reason)
    return Judged(documents, verdicts)


def rules(found: Metrics, options: CorpusOptions, *, spaceless: bool) -> "Iterator[tuple[str, Any]]":
    """Each rule's reason, and which documents break it, as an array of truths."""
    low, high = options.mean_word_characters
    if spaceless:
        yield "too short", found.characters < options.min_characters
    else:
        yield "too short", found.words < options.min_words
        yield "words too short or too long", (found.mean_word_characters < low) | (found.mean_word_characters > high)
    yield "too long", found.words > options.max_words
    yield "too many symbols", found.symbol_share > options.symbol_share
    yield "too few words with letters", found.alphabetic_share < options.alphabetic_share
    yield "mostly bullets", found.bullet_share > options.bullet_share
    yield "mostly ellipses", found.ellipsis_share > options.ellipsis_share
    lines = found.duplicate_line_share > options.duplicate_line_share
    yield "repeated lines", lines | (found.duplicate_line_character_share > options.duplicate_line_character_share)
    limits = [limit * options.ngram_leniency for limit in (*options.top_ngram_share, *options.duplicate_ngram_share)]
    yield "repeated words", (found.ngram_shares > limits).any(axis=1)


def metrics(documents: "pa.Table", language: str) -> Metrics:
    """Everything that the rules look at."""
    import numpy as np
    import pyarrow.compute as pc

    from daulat.corpus.kernels import ngram_shares

    texts = documents["text"].to_pylist()
    found = words(texts, language)
    counts = found.counts()
    some = np.maximum(1, counts)
    characters = np.asarray(pc.utf8_length(documents["text"]), dtype=np.int64)
    text = documents["text"]
    symbols = sum(np.asarray(pc.count_substring(text, symbol), dtype=np.int64) for symbol in ("#", "...", "…"))
    parts = paragraphs(documents)
    return Metrics(
        counts,
        characters,
        _sums(found.lengths, found.offsets) / some,
        _sums(found.alphabetic, found.offsets) / some,
        symbols / some,
        _share(parts, np.asarray(pc.match_substring_regex(parts.text, r"^\s*[•‣⁃▪●○■\*\-–]"))),
        _share(parts, np.asarray(pc.match_substring_regex(parts.text, r"(\.\.\.|…)\s*$"))),
        *_duplicate_lines(parts),
        ngram_shares(found.hashes, found.lengths, found.offsets),
    )


def _sums(values: "npt.NDArray[np.generic]", offsets: "npt.NDArray[np.int64]") -> "npt.NDArray[np.int64]":
    import numpy as np

    total = np.concatenate(([0], np.cumsum(values, dtype=np.int64)))
    return np.asarray(total[offsets[1:]] - total[offsets[:-1]])


def _share(parts: Paragraphs, is_so: "npt.NDArray[np.bool_]") -> "npt.NDArray[np.float64]":
    import numpy as np

    lines = np.bincount(parts.parent, minlength=parts.documents)
    return np.bincount(parts.parent, weights=is_so, minlength=parts.documents) / np.maximum(1, lines)


def _duplicate_lines(parts: Paragraphs) -> "tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]":
    """Share of lines that stood in the same document before, and of characters in them."""
    import numpy as np

    code = codes(parts.text)
    keys = code * parts.documents + parts.parent
    _, first = np.unique(keys, return_index=True)
    again = np.ones(len(keys), dtype=np.bool_)
    again[first] = False
    size = parts.characters()
    total = np.bincount(parts.parent, weights=size, minlength=parts.documents)
    twice = np.bincount(parts.parent, weights=size * again, minlength=parts.documents)
    return _share(parts, again), twice / np.maximum(1, total)
