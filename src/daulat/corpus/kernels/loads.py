"""Eight bytes at once, wherever they lie, and what is in them. Source: Warren, Hacker's Delight, section 6-1 (a zero byte)."""

from typing import Any, cast

import numba  # noqa: TID253
import numpy as np  # noqa: TID253
from llvmlite import ir  # type: ignore
from numba import types  # noqa: TID253
from numba.core import cgutils  # noqa: TID253
from numba.extending import intrinsic  # noqa: TID253

ONES = np.uint64(0x0101010101010101)
HIGH = np.uint64(0x8080808080808080)
_NEWLINES = np.uint64(0x0A0A0A0A0A0A0A0A)


def _load64(typing_context: Any, data: Any, at: Any) -> Any:
    """The eight bytes of that array from there on, the first one lowest. The caller sees to it that they are there."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = cast(Any, cgutils).create_struct_proxy(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]])
        return builder.load(builder.bitcast(place, ir.IntType(64).as_pointer()), align=1)

    return types.uint64(data, types.intp), generate


load64: Any = intrinsic(_load64)


@numba.njit(cache=True, nogil=True, inline="always")
def newlines(word):  # type: ignore[no-untyped-def]
    """Above zero where one of the eight is a line end; its lowest set bit is the highest of the first one's byte."""
    other = word ^ _NEWLINES
    return (other - ONES) & ~other & HIGH


@numba.njit(cache=True, nogil=True, inline="always")
def ones(word):  # type: ignore[no-untyped-def]
    """How many bits are set in a word of which at most the lowest of each byte are."""
    return np.int64((word * ONES) >> np.uint64(56))
