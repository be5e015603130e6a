"""Words as ICU finds them, in scripts with and without spaces, as arrays that kernels read."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class Words:
    """All words of some texts. Lengths are in UTF-16 units; `offsets` has one more entry than there are texts."""

    hashes: "npt.NDArray[np.uint64]"
    lengths: "npt.NDArray[np.int32]"
    alphabetic: "npt.NDArray[np.uint8]"
    offsets: "npt.NDArray[np.int64]"

    def counts(self) -> "npt.NDArray[np.int64]":
        """Words of each text."""
        import numpy as np

        return np.diff(self.offsets)


def words(texts: Sequence[str], language: str) -> Words:
    """The words of each text: ICU's segments that have a letter or a digit. Case counts."""
    import icu
    import numpy as np

    from daulat.corpus.kernels import words_of

    breaker = icu.BreakIterator.createWordInstance(icu.Locale(language))
    borders: list[Any] = []
    base = 0
    for text in texts:
        whole = icu.UnicodeString(text)
        breaker.setText(whole)
        borders.append(np.array([0, *breaker], dtype=np.int64) + base)
        base += len(whole)
    units, _ = utf16(texts)
    assert len(units) == base
    bounds = np.concatenate(borders) if borders else np.zeros(0, dtype=np.int64)
    offsets = np.concatenate(([0], np.cumsum([len(border) for border in borders]))).astype(np.int64)
    return Words(*words_of(units, bounds, offsets, unit_classes()))


def utf16(texts: Sequence[str]) -> "tuple[npt.NDArray[np.uint16], npt.NDArray[np.int64]]":
    """All texts' UTF-16 units, and where each text begins."""
    import numpy as np

    encoded = [text.encode("utf-16-le", "replace") for text in texts]
    offsets = np.concatenate(([0], np.cumsum([len(part) // 2 for part in encoded]))).astype(np.int64)
    return np.frombuffer(b"".join(encoded), dtype="<u2"), offsets


@cache
def unit_classes() -> "npt.NDArray[np.uint8]":
    """The class of each UTF-16 unit, see `kernels`."""
    import numpy as np

    from daulat.corpus.kernels import DIGIT, LETTER

    found = np.zeros(0x10000, dtype=np.uint8)
    for code in range(0x10000):
        category = unicodedata.category(chr(code))
        if category[0] in "LM" or category == "Cs":
            found[code] = LETTER
        elif category[0] == "N":
            found[code] = DIGIT
    return found
