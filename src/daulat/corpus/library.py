"""ICU's C interface: functions of the very library that PyICU has loaded."""

import ctypes
from functools import cache
from pathlib import Path
from typing import Any


@cache
def icu_major() -> str:
    """The library's version, as the names of its functions end."""
    import icu

    return str(icu.ICU_VERSION).partition(".")[0]


def icu_function(name: str, result: Any, *arguments: Any) -> Any:
    """The function of that name, which gives such a result for such arguments."""
    found = getattr(_library(), f"{name}_{icu_major()}")
    found.restype, found.argtypes = result, arguments
    return found


@cache
def _library() -> ctypes.CDLL:
    import icu  # noqa: F401 (loads it)

    lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return ctypes.CDLL(next(line.split(maxsplit=5)[5] for line in lines if "libicuuc" in line))
