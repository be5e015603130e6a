"""Limits of the quality rules, by language and by what kind of text it is; where each comes from stands in the file."""

import tomllib
from functools import cache
from pathlib import Path

import msgspec

from daulat.records import Record

FILE = Path(__file__).parent / "thresholds.toml"


class Thresholds(Record, frozen=True):
    """Shares are of 1. What is beyond a limit is dropped; `None` where the rule is not asked."""

    repeated_lines: float
    """Lines that stood in the document before."""
    top_ngrams: tuple[float, float, float]
    """Characters in the most frequent 2-, 3-, 4-gram."""
    repeated_ngrams: tuple[float, float, float, float, float, float]
    """Characters in repeated 5- to 10-grams."""
    word_characters: tuple[float, float] | None
    """Shortest and longest mean length of a word."""
    lettered: float
    """Least share of words with a letter in them."""
    ended_lines: float | None = None
    """Least share of lines that end a sentence."""
    newlines: float | None = None
    """Line ends per word, at most."""
    repeated_line_characters: float = 0.1
    """Of lines that stood in the document before. Source: FineWeb-2."""
    stop_words: tuple[str, ...] = ()
    """Two of them must stand in the text, where there are any."""


def thresholds(language: str, kind: str) -> Thresholds:
    """Those of `web` pages by language, or those of `manuals`, which are the same in all; English ones where none are known.

    Words are not measured in scripts without spaces when it is a manual: ICU's are short there.
    """
    known = _known()
    if kind == "web":
        return known.get(language, known["en"])
    from daulat.corpus.identify import SPACELESS

    limits = known["manuals"]
    return msgspec.structs.replace(limits, word_characters=None) if language in SPACELESS else limits


@cache
def _known() -> dict[str, Thresholds]:
    return msgspec.convert(tomllib.loads(FILE.read_text(encoding="utf-8")), dict[str, Thresholds])
