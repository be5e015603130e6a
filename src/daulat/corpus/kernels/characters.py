"""Kinds of UTF-16 units: bits in a table of 65,536 entries that kernels look up."""

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SPACE, SYMBOL, LETTER, WORD, TERMINAL, LOW, UNSEEN = 1, 2, 4, 8, 16, 32, 64
"""White space; punctuation or control; letter; letter, mark or number; ends a sentence; second half of a pair; without width.

The zero-width space stands between the words of Khmer and Lao: it is no word itself, and no white space to Unicode.
"""
NO_WIDTH = "\u200b\u2060\ufeff"
SYMBOLS = frozenset(
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~«´»–—’“”„…∶━►、。〈〉《》「」【】！％（），．１：；？～"
) | frozenset(map(chr, (*range(9), *range(11, 32), *range(127, 160))))
"""What makes no word by itself, besides what ends a sentence. Source: as FineWeb-2's filters have it (datatrove 0.10)."""
MORE_TERMINALS = "\u17d6\u17d9\u17da"
"""Khmer signs that end a sentence in practice; the others are Unicode's property Sentence_Terminal."""


@cache
def unit_kinds() -> "npt.NDArray[np.uint8]":
    """The kinds of each UTF-16 unit. A pair's halves have no kind but their own: a character beyond the BMP is a letter."""
    import icu
    import numpy as np

    found = np.zeros(0x10000, dtype=np.uint8)
    terminal, has = icu.UProperty.S_TERM, icu.Char.hasBinaryProperty
    for code in range(0x10000):
        one = chr(code)
        kind = unicodedata.category(one)
        if kind == "Cs":
            found[code] = LETTER | WORD | (LOW if code >= 0xDC00 else 0)
            continue
        ends = one in MORE_TERMINALS or has(one, terminal)
        found[code] = (
            (SPACE if one.isspace() else 0)
            | (SYMBOL if ends or one in SYMBOLS else 0)
            | (LETTER if one.isalpha() else 0)
            | (WORD if kind[0] in "LMN" else 0)
            | (TERMINAL if ends else 0)
            | (UNSEEN if one in NO_WIDTH else 0)
        )
    return found
