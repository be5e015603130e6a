"""What shingles are made of: words between spaces, and in scripts without them written clusters, by rule and no dictionary.

A dictionary that changes would change every signature that is kept; Unicode's classes of letters do not.
"""

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

import numba  # noqa: TID253
import numpy as np  # noqa: TID253

from daulat.corpus.kernels.tokens import MIX, PRIME

if TYPE_CHECKING:
    import numpy.typing as npt

NONE, LETTER, BASE, MARK, LEADING, STACKER = range(6)
"""No part of any; of a script with spaces; a cluster's base; what joins the cluster before it, the one after it, or both."""
SPACELESS = (
    *((0x0E01, 0x0E5B), (0x0E81, 0x0EDF), (0x1000, 0x109F), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F), (0x1780, 0x17FF)),
    *((0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF)),
)
"""Thai, Lao, Myanmar, Khmer, kana, Han. Source: Unicode, Blocks.txt."""
_LEADING = "เแโใไເແໂໃໄ"
_STACKER = "\u1039\u17d2"


@cache
def unit_classes() -> "npt.NDArray[np.uint8]":
    """The class of each UTF-16 unit; pairs of units are letters."""
    found = np.zeros(0x10000, dtype=np.uint8)
    for code in range(0x10000):
        one = chr(code)
        kind = unicodedata.category(one)
        if kind[0] not in "LMN" and kind != "Cs":
            continue
        if not any(first <= code <= last for first, last in SPACELESS):
            found[code] = LETTER
        elif one in _LEADING:
            found[code] = LEADING
        elif one in _STACKER:
            found[code] = STACKER
        else:  # vowels that are written after are letters to Unicode in Thai and Lao
            found[code] = MARK if kind[0] == "M" or one in "ะาำຽະາຳ" else BASE
    return found


@numba.njit(cache=True, nogil=True)
def clusters(units, offsets, classes):  # type: ignore[no-untyped-def]
    """Hashes of each text's words and clusters, and where each text's begin."""
    found = np.empty(len(units), np.uint64)
    starts = np.zeros(len(offsets), np.int64)
    count = 0
    for text in range(len(offsets) - 1):
        value, before = PRIME, NONE
        for at in range(offsets[text], offsets[text + 1]):
            unit = units[at]
            own = classes[unit]
            joined = own == before == LETTER or (
                before != NONE
                and before != LETTER
                and own != LETTER
                and (own in (MARK, STACKER) or before in (LEADING, STACKER))
            )
            if before != NONE and not joined:
                found[count] = value
                count += 1
                value = PRIME
            if own != NONE:
                value = (value ^ np.uint64(unit)) * MIX
                value ^= value >> np.uint64(29)
            before = own
        if before != NONE:
            found[count] = value
            count += 1
        starts[text + 1] = count
    return found[:count], starts
