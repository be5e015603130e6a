"""Words as ICU finds them, in scripts with and without spaces, as arrays that kernels read.

Texts are cut in compiled code, by Unicode's rules and, in Thai, Lao, Burmese, Khmer and Chinese, by ICU's word lists; those with
anything else, by ICU itself, called through its C interface on the text as it lies in memory. The same borders as
`icu.BreakIterator` gives, without a Python object for each. Source: ICU 77, `ubrk.h`.
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from daulat.corpus.library import icu_function

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_WORD_ITERATOR = 1
"""UBRK_WORD."""


Texts: TypeAlias = "Sequence[str] | pa.Array | pa.ChunkedArray"
"""Texts one by one, or a column of them, which is read as it lies."""


@dataclass(frozen=True)
class Tokens:
    """All tokens of some texts: segments that are no white space. `offsets` has one more entry than there are texts."""

    hashes: "npt.NDArray[np.uint64]"
    lengths: "npt.NDArray[np.int32]"
    """In characters."""
    kinds: "npt.NDArray[np.uint8]"
    """Bits of `kernels.characters`."""
    offsets: "npt.NDArray[np.int64]"
    units: "npt.NDArray[np.uint16]"
    """The texts as UTF-16, from which they come."""
    unit_offsets: "npt.NDArray[np.int64]"


def tokens(texts: "Texts", language: str) -> Tokens:
    """The tokens of each text. Case counts."""
    from daulat.corpus.kernels.characters import unit_kinds
    from daulat.corpus.kernels.tokens import tokens as kernel

    units, offsets = utf16(texts)
    hashes, lengths, kinds, starts = kernel(units, *borders(units, offsets, language), unit_kinds())
    return Tokens(hashes, lengths, kinds, starts, units, offsets)


def borders(
    units: "npt.NDArray[np.uint16]", offsets: "npt.NDArray[np.int64]", language: str
) -> "tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]":
    """Where words begin and end, counted from the start of all texts, and where each text's borders begin."""
    import numpy as np

    from daulat.corpus.dictionaries import NAMES, dictionary, none
    from daulat.corpus.kernels.borders import survey, unit_classes, walk
    from daulat.corpus.kernels.dictionary import unit_parts

    classes, parts = unit_classes(), unit_parts()
    has = survey(units, offsets, classes, parts)
    every = int(np.bitwise_or.reduce(has, initial=0))
    lists = [dictionary(name) if every & (2 << number) else none() for number, name in enumerate(NAMES)]
    of_icu, starts = _of_icu(units, offsets, has & 1 > 0, language)
    given = tuple((one.cells, one.values, one.codes) for one in lists)
    return walk(units, offsets, classes, parts, has, given, of_icu, starts)  # type: ignore[no-any-return]


def _of_icu(
    units: "npt.NDArray[np.uint16]", offsets: "npt.NDArray[np.int64]", left: "npt.NDArray[np.bool_]", language: str
) -> "tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]":
    """Borders of those of the texts as ICU finds them, counted from the start of each."""
    import numpy as np

    if not left.any():
        return np.zeros(0, np.int64), np.zeros(1, np.int64)
    sizes = np.diff(offsets)
    own = units if left.all() else units[np.repeat(left, sizes)]
    _settle()
    return _walk_icu(own, np.concatenate(([0], np.cumsum(sizes[left]))), language)


@cache
def _settle() -> None:
    """Show ICU every character that its dictionaries may be asked about, once, and twice in a row.

    It remembers those that no dictionary has, for the whole process, and cuts differently before and after: what it is asked
    first would change the answer. Seen in ICU 77 with U+FF70.
    """
    import numpy as np

    from daulat.corpus.kernels.borders import OF_ICU, unit_classes
    from daulat.corpus.kernels.dictionary import unit_parts

    codes = np.flatnonzero((unit_classes() == OF_ICU) | (unit_parts() > 0)).tolist()
    units, offsets = utf16(["\n".join(chr(code) * 2 for code in codes if not 0xD800 <= code < 0xE000)])
    _walk_icu(units, offsets, "en")


def _walk_icu(
    units: "npt.NDArray[np.uint16]", offsets: "npt.NDArray[np.int64]", language: str
) -> "tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]":
    from daulat.corpus.kernels.borders import walk_icu

    pointer, number, status = ctypes.c_void_p, ctypes.c_int32, ctypes.c_int(0)
    opened = icu_function("ubrk_open", pointer, ctypes.c_int, ctypes.c_char_p, pointer, number, pointer)
    handle = opened(_WORD_ITERATOR, language.encode(), None, 0, ctypes.byref(status))
    assert handle, f"ICU has no words for {language}: {status.value}"
    try:
        return walk_icu(handle, _addresses(), units, offsets)  # type: ignore[no-any-return]
    finally:
        icu_function("ubrk_close", None, pointer)(handle)


def utf16(texts: "Texts") -> "tuple[npt.NDArray[np.uint16], npt.NDArray[np.int64]]":
    """All texts' UTF-16 units, and where each text begins."""
    import pyarrow as pa

    from daulat.corpus.columns import flat
    from daulat.corpus.kernels.units import utf16 as kernel

    if not isinstance(texts, pa.Array | pa.ChunkedArray):
        texts = pa.array([text.encode("utf-8", "replace") for text in texts], pa.large_binary()).cast(pa.large_string())
    return kernel(*flat(texts))  # type: ignore[no-any-return]


@cache
def _addresses() -> tuple[int, ...]:
    """Of the functions that an iterator is walked with."""
    names = ("ubrk_clone", "ubrk_setText", "ubrk_next", "ubrk_close")
    found = (ctypes.cast(icu_function(name, None), ctypes.c_void_p).value for name in names)
    return tuple(address or 0 for address in found)
