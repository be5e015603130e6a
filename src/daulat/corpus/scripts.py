"""Which script each character of a text is of, counted over the bytes of an Arrow column."""

import unicodedata
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

RANGES = {
    "Latn": ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x24F), (0x1E00, 0x1EFF), (0x300, 0x36F)),
    "Thai": ((0xE00, 0xE3A), (0xE40, 0xE4E)),
    "Laoo": ((0xE80, 0xECF), (0xEDC, 0xEDF)),
    "Khmr": ((0x1780, 0x17D3), (0x17DC, 0x17DD)),
    "Mymr": ((0x1000, 0x103F), (0x104C, 0x104F), (0x1050, 0x1059)),
    "Shan": ((0x105A, 0x108F), (0x109A, 0x109F), (0xA9E0, 0xA9EF), (0xA9FA, 0xA9FE), (0xAA60, 0xAA7F)),
    "Taml": ((0xB80, 0xBE5),),
    "Hani": ((0x3005, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF)),
    "Kana": ((0x3041, 0x3096), (0x30A1, 0x30FA), (0x31F0, 0x31FF)),
    "Arab": ((0x620, 0x65F), (0x66E, 0x6D3), (0x750, 0x77F), (0x8A0, 0x8E1), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC)),
    "Java": ((0xA980, 0xA9C0),),
    "Sund": ((0x1B80, 0x1BAF),),
    "other": (),
}
"""Letters and marks of the scripts that settle a language here, as ranges of code points; `other` is every other letter
or mark. `Mymr` has what Burmese uses, `Shan` the letters that Shan, Mon and Karen add to it. Source: Unicode,
Scripts.txt, and Core Specification, chapter 16."""
CANTONESE = "嘅咗喺唔佢哋嚟嘢啲噉嗰嘥攞瞓乜咩啱嗌揾冚嘞"
"""Characters of written Cantonese that no other Chinese text needs. Source: HKSCS, and any Cantonese text."""
WU = "侬儂搿覅朆勿伊辣葛迭"
"""Characters that are frequent in written Wu and seldom elsewhere. Ours, after reading samples."""
SCRIPTS = (*RANGES, "Cantonese", "Wu")
"""The columns of a histogram, from column 1; characters of the last two are not counted as `Hani` again."""
HIGHEST = 0x323AF


class Letters(NamedTuple):
    """Characters of each script, a row a text; column 0 is what no script claims."""

    counts: "npt.NDArray[np.int32]"

    def of(self, *scripts: str) -> "npt.NDArray[np.int64]":
        """Characters of these scripts."""
        import numpy as np

        columns = [SCRIPTS.index(script) + 1 for script in scripts]
        return np.asarray(self.counts[:, columns].sum(axis=1, dtype=np.int64))

    def all(self) -> "npt.NDArray[np.int64]":
        """Letters and marks of any script."""
        import numpy as np

        return np.asarray(self.counts[:, 1:].sum(axis=1, dtype=np.int64))

    def characters(self) -> "npt.NDArray[np.int64]":
        """Of any kind."""
        import numpy as np

        return np.asarray(self.counts.sum(axis=1, dtype=np.int64))


def letters(text: "pa.Array") -> Letters:
    """The histogram of each text of a `large_string` column."""
    from daulat.corpus.columns import flat
    from daulat.corpus.kernels.scripts import script_counts

    data, offsets = flat(text)
    return Letters(script_counts(data, offsets[:-1], offsets[1:], _table(), len(SCRIPTS) + 1))


@cache
def _table() -> "npt.NDArray[np.uint8]":
    import numpy as np

    other = SCRIPTS.index("other") + 1
    found = np.array([other * (unicodedata.category(chr(code))[0] in "LM") for code in range(HIGHEST + 1)], np.uint8)
    for number, ranges in enumerate(RANGES.values(), 1):
        for first, last in ranges:
            found[first : last + 1] = number
    for name, characters in (("Cantonese", CANTONESE), ("Wu", WU)):
        found[[ord(character) for character in characters]] = SCRIPTS.index(name) + 1
    return found
