"""ICU's word lists for scripts without spaces, as the library has them, in a form that a kernel looks words up in.

```
thaidict, laodict, burmesedict, khmerdict, cjdict ──read where they lie──> words and values ──> a double array
```
Source: ICU 77, `dictionarydata.h`, `bytestrie.h`, `ucharstrie.h`; the double array is Aoe's (1989).
"""

import ctypes
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from daulat.corpus.library import icu_function, icu_major

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

NAMES = ("thaidict", "laodict", "burmesedict", "khmerdict", "cjdict")
"""In the order of `kernels.dictionary.SCRIPTS`."""
_HEAD = 8
_JOINERS = {0x200C: 0xFE, 0x200D: 0xFF}


@dataclass(frozen=True)
class Dictionary:
    """Words of one script. A state is a row of `cells`; the first row is where every word begins."""

    cells: "npt.NDArray[np.int32]"
    """A row a state, as `kernels.tries.double_array` says."""
    values: "npt.NDArray[np.int32]"
    """Of the word that ends at a state."""
    codes: "npt.NDArray[np.int32]"
    """Of each UTF-16 unit, what is added to where a state's next ones begin."""


@cache
def none() -> Dictionary:
    """A dictionary without words."""
    import numpy as np

    return Dictionary(np.full((1, 2), -1, np.int32), np.zeros(1, np.int32), np.zeros(1, np.int32))


@cache
def dictionary(name: str) -> Dictionary:
    """That word list."""
    import numpy as np

    from daulat.corpus.kernels.tries import double_array, read

    index, content = _content(name)
    codes = np.zeros(0x10000, np.int32)
    if index[4] & 7 == 0:
        parents, symbols, values = read(np.frombuffer(content, np.uint8))
        offset = index[5] & 0x1FFFFF
        codes[:] = 0xFF + 1  # as ICU has it: what cannot be a byte is one that no word has, but a joiner
        codes[offset : offset + 0xFE] = np.arange(1, 0xFF)
        for unit, byte in _JOINERS.items():
            codes[unit] = byte + 1
        of_symbol = np.arange(1, 0x101, dtype=np.int32)
    else:
        parents, symbols, values = read(np.frombuffer(content, np.uint16))
        used, counts = np.unique(symbols[1:], return_counts=True)
        codes[used[np.argsort(-counts, kind="stable")]] = np.arange(1, len(used) + 1)
        of_symbol = codes
    cells, own = double_array(parents, of_symbol[symbols], values)
    return Dictionary(cells, own, codes)


def _content(name: str) -> tuple[list[int], bytes]:
    """The head of a dictionary, and its trie."""
    text, pointer = ctypes.c_char_p, ctypes.c_void_p
    status = ctypes.c_int(0)
    opened = icu_function("udata_open", pointer, text, text, text, pointer)(
        f"icudt{icu_major()}l-brkitr".encode(), b"dict", name.encode(), ctypes.byref(status)
    )
    assert opened, f"ICU has no {name}: {status.value}"
    memory: Any = icu_function("udata_getMemory", pointer, pointer)(opened)
    index = list((ctypes.c_int32 * _HEAD).from_address(memory))
    return index, ctypes.string_at(memory + index[0], index[3] - index[0])
