"""Words as ICU finds them, in scripts with and without spaces, as arrays that kernels read.

Texts without a script that needs a dictionary are cut by Unicode's rules in compiled code; the others by ICU, called through
its C interface on the text as it lies in memory: the same borders as `icu.BreakIterator` gives, without a Python object for
each. Source: ICU 77, `ubrk.h`.
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

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
    _settle()
    return _borders(units, offsets, language)


@cache
def _settle() -> None:
    """Show ICU every character that its dictionaries may be asked about, once, and twice in a row.

    It remembers those that no dictionary has, for the whole process, and cuts differently before and after: what it is asked
    first would change the answer. Seen in ICU 77 with U+FF70.
    """
    from daulat.corpus.kernels.borders import DICTIONARY, unit_classes

    codes = (code for code in (unit_classes() == DICTIONARY).nonzero()[0].tolist() if not 0xD800 <= code < 0xE000)
    _borders(*utf16(["\n".join(chr(code) * 2 for code in codes)]), "en")


def _borders(
    units: "npt.NDArray[np.uint16]", offsets: "npt.NDArray[np.int64]", language: str
) -> "tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]":
    from daulat.corpus.kernels.borders import unit_classes, walk

    opened, clone, set_text, following, close = _icu()
    status = ctypes.c_int(0)
    handle = opened(_WORD_ITERATOR, language.encode(), None, 0, ctypes.byref(status))
    assert handle, f"ICU has no words for {language}: {status.value}"
    try:
        return walk(handle, clone, set_text, following, close, units, offsets, unit_classes())  # type: ignore[no-any-return]
    finally:
        close(handle)


def utf16(texts: "Texts") -> "tuple[npt.NDArray[np.uint16], npt.NDArray[np.int64]]":
    """All texts' UTF-16 units, and where each text begins."""
    import pyarrow as pa

    from daulat.corpus.columns import flat
    from daulat.corpus.kernels.units import utf16 as kernel

    if not isinstance(texts, pa.Array | pa.ChunkedArray):
        texts = pa.array([text.encode("utf-8", "replace") for text in texts], pa.large_binary()).cast(pa.large_string())
    return kernel(*flat(texts))  # type: ignore[no-any-return]


@cache
def _icu() -> tuple[Any, Any, Any, Any, Any]:
    """Open, clone, set text, next border, close: of the very library that PyICU has loaded."""
    import icu

    major = icu.ICU_VERSION.partition(".")[0]
    lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    library = ctypes.CDLL(next(line.split(maxsplit=5)[5] for line in lines if "libicuuc" in line))

    def function(name: str, result: Any, *arguments: Any) -> Any:
        found = getattr(library, f"{name}_{major}")
        found.restype, found.argtypes = result, arguments
        return found

    pointer, number = ctypes.c_void_p, ctypes.c_int32
    return (
        function("ubrk_open", pointer, ctypes.c_int, ctypes.c_char_p, pointer, number, pointer),
        function("ubrk_clone", pointer, pointer, pointer),
        function("ubrk_setText", None, pointer, pointer, number, pointer),
        function("ubrk_next", number, pointer),
        function("ubrk_close", None, pointer),
    )
