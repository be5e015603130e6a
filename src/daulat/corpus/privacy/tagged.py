"""Names of persons without a title, by how they are written and what stands around them: a small model, for Thai.

For the other languages there is none: no text that is free and names enough people was found to learn from.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

LANGUAGES = ("th",)
TABLE = Path(__file__).with_name("names_th.npz")
"""What it was made of, and what it finds: `names_th.md`."""
_SHORTEST, _LONGEST = 4, 60
"""Characters of a name that is believed."""


@cache
def _weights() -> "tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]":
    """Of a conditional random field: what each feature speaks for each label, and each step from label to label."""
    import numpy as np

    from daulat.corpus.kernels.tagger import BITS, LABELS

    table = np.zeros((1 << BITS, LABELS), np.float32)
    with np.load(TABLE) as file:
        table[file["rows"]] = file["weights"]
        return table, file["steps"]


def tagged(texts: "pa.LargeStringArray") -> list[list[tuple[int, int]]]:
    """Where names stand in each text, in order; places are characters."""
    import numpy as np

    from daulat.corpus.kernels.characters import LOW, unit_kinds
    from daulat.corpus.kernels.tagger import spans
    from daulat.corpus.words import borders, utf16

    units, offsets = utf16(texts)
    found = spans(units, *borders(units, offsets, "th"), *_weights())
    low = np.concatenate(([0], np.cumsum((unit_kinds()[units] & LOW) != 0)))  # the second half of a character each
    by_text = list[list[tuple[int, int]]]([] for _ in texts)
    base = offsets[found[:, 0]]
    places = found[:, 1:] - base[:, None] - (low[found[:, 1:]] - low[base][:, None])
    for text, (start, end) in zip(found[:, 0].tolist(), places.tolist(), strict=True):
        if _SHORTEST <= end - start <= _LONGEST:
            by_text[text].append((start, end))
    return by_text
