"""Functions of a C library, called from compiled code by their addresses: unlike functions of `ctypes`, these can be cached."""

from typing import Any, cast

from llvmlite import ir  # type: ignore
from numba import types  # noqa: TID253
from numba.core import cgutils  # noqa: TID253
from numba.extending import intrinsic  # noqa: TID253


def _call(typing_context: Any, address: Any, arguments: Any) -> Any:
    """What the function at that address gives for a tuple of numbers and pointers, as 64 bits; a shorter one is the low bits."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        word = ir.IntType(64)
        values = cast(Any, cgutils).unpack_tuple(builder, given[1])
        values = [
            context.cast(builder, one, kind, types.int64) for one, kind in zip(values, signature.args[1], strict=True)
        ]
        function = builder.inttoptr(given[0], ir.FunctionType(word, [word] * len(values)).as_pointer())
        return builder.call(function, values)

    return types.int64(types.int64, arguments), generate


call: Any = intrinsic(_call)
