"""Which of six near languages a text is in, by its words: Indonesian, Malay, Javanese, Sundanese, Tagalog, Cebuano.

The table `near_words.npz` is ours, made by `tools/train_near.py`; `near_words.md` beside it says from what.
"""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

NAMES = ("id", "ms", "jv", "su", "tl", "ceb")
TABLE = Path(__file__).with_name("near_words.npz")
UNIT = 25
"""A weight is the logarithm of a word's likelihood in a language, against the mean of all six, times this."""
SOFTENING = 0.7
"""Words do not come independently: a text's weights are divided by this times the square root of its known words.
Ours: of messages kept apart that are then 80 to 90% sure, no fewer are right; see `near_words.md`."""
_WORD = re.compile(rb"(?:[A-Za-z]|[\xc3-\xc9][\x80-\xbf])+")
_CAPITAL = re.compile(rb"[A-Z]|(?<=\xc3)[\x80-\x9e]")


class Words(NamedTuple):
    """An open-addressed table: `marks` of words, 0 where free, and their `weights`, a column for each of `NAMES`."""

    marks: "npt.NDArray[np.uint16]"
    weights: "npt.NDArray[np.int8]"


def words_in(text: str) -> list[bytes]:
    """The words of a text as the table has them: runs of Latin letters in UTF-8, small as far as Latin-1 goes."""
    small = _CAPITAL.sub(lambda letter: bytes([letter[0][0] | 0x20]), text.encode("utf-8", "replace"))
    return _WORD.findall(small)


def place(word: bytes, slots: int) -> tuple[int, int]:
    """The slot at which the search for a word begins, and its mark. `slots` is a power of two."""
    from daulat.corpus.kernels.scripts import HASH_PRIME, HASH_SEED

    value = HASH_SEED
    for byte in word:
        value = (value ^ byte) * HASH_PRIME & 0xFFFFFFFFFFFFFFFF
    return (value ^ value >> 32) & (slots - 1), (value >> 48) & 0xFFFF | 1


@cache
def words() -> Words:
    """The table that comes with daulat."""
    import numpy as np

    with np.load(TABLE, allow_pickle=False) as file:
        return Words(file["marks"], file["weights"])


def probabilities(weights: "npt.NDArray[Any]", known: "npt.NDArray[Any]") -> "npt.NDArray[np.float64]":
    """Of each of some languages, a row a text: from the sums of its words' weights and the number of words known."""
    import numpy as np

    scores = weights / (UNIT * SOFTENING * np.sqrt(np.maximum(1, known))[:, None])
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float64)
