"""Paragraphs that stand in many documents of one source are its furniture: the first copies stay, the rest is not text."""

from typing import TYPE_CHECKING

from daulat.corpus.stage import KEEP, Judged, TakenOut, drop, with_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

STAGE = "boilerplate"


def furniture(
    hashes: "npt.NDArray[np.uint64]", document: "npt.NDArray[np.int64]", repeats: int
) -> "npt.NDArray[np.bool_]":
    """Which paragraphs go: those that stand in `repeats` documents before theirs.

    `hashes` and `document` (a number from 0 on, in ascending order) are a paragraph each. A document that comes last takes
    nothing from those before it.
    """
    import numpy as np

    from daulat.corpus.kernels.often import MOST, often

    gone = np.zeros(len(hashes), np.bool_)
    rows = often(hashes, min(repeats, MOST))  # few, and only they need a careful look
    key, of = hashes[rows], document[rows]
    order = np.argsort(key, kind="stable")
    first = np.ones(len(rows), np.bool_)
    first[1:] = key[order][1:] != key[order][:-1]
    new = first.copy()
    new[1:] |= of[order][1:] != of[order][:-1]
    so_far = np.cumsum(new)
    before = np.maximum.accumulate(np.where(first, so_far, 0))
    gone[rows[order]] = so_far - before >= repeats
    return gone


def without_furniture(
    documents: "pa.Table",
    gone: "npt.NDArray[np.bool_]",
    starts: "npt.NDArray[np.int64]",
) -> Judged:
    """The documents without the paragraphs that are `gone`; dropped where nothing is left. `starts`: each one's first."""
    import numpy as np
    import pyarrow as pa

    from daulat.corpus.columns import flat
    from daulat.corpus.kernels.paragraphs import paragraphs, without

    if not gone.any():
        return Judged(documents, [KEEP] * documents.num_rows)
    _, _, sizes, _ = paragraphs(*flat(documents["text"]))
    data, ends = without(*flat(documents["text"]), starts, gone)
    texts = pa.LargeStringArray.from_buffers(documents.num_rows, pa.py_buffer(ends), pa.py_buffer(data))
    before = np.concatenate(([0], np.cumsum(gone)))
    count = before[starts[1:]] - before[starts[:-1]]
    size = np.concatenate(([0], np.cumsum(sizes * gone, dtype=np.int64)))
    taken: list[TakenOut] = [
        (
            row,
            {
                "reason": "repeated in many documents",
                "paragraphs": int(count[row]),
                "utf8_bytes": int(size[starts[row + 1]] - size[starts[row]]),
            },
        )
        for row in np.flatnonzero(count).tolist()
    ]
    verdicts = [KEEP] * documents.num_rows
    for row in np.flatnonzero((ends[1:] == ends[:-1]) & (count > 0)).tolist():
        verdicts[row] = drop("nothing but boilerplate")
    return Judged(with_text(documents, texts), verdicts, taken)
