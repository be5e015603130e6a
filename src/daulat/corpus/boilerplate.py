"""Paragraphs that stand in many documents of one source are its furniture: one copy is text, the rest is not."""

from typing import TYPE_CHECKING

from daulat.corpus.stage import KEEP, Judged, TakenOut, drop, with_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

STAGE = "boilerplate"
PART = 1 << 22
"""Paragraphs that are compared at once: memory does not grow with the source."""


def furniture(
    hashes: "npt.NDArray[np.uint64]", document: "npt.NDArray[np.int64]", repeats: int
) -> "npt.NDArray[np.bool_]":
    """Which paragraphs go: those in more than `repeats` documents, but for the first.

    `hashes` and `document` (a number from 0 on, in ascending order) are a paragraph each.
    """
    import numpy as np

    gone = np.zeros(len(hashes), np.bool_)
    for rows in parts(hashes):
        rows = frequent(hashes, rows, repeats)
        key, of = hashes[rows], document[rows]
        order = np.argsort(key, kind="stable")
        first = np.ones(len(rows), np.bool_)
        first[1:] = key[order][1:] != key[order][:-1]
        new = first.copy()
        new[1:] |= of[order][1:] != of[order][:-1]
        group = np.cumsum(first) - 1
        documents = np.bincount(group, weights=new).astype(np.int64)
        gone[rows[order]] = (documents[group] > repeats) & ~first
    return gone


def frequent(hashes: "npt.NDArray[np.uint64]", rows: "npt.NDArray[np.int64]", repeats: int) -> "npt.NDArray[np.int64]":
    """Those rows whose hash stands more than so many times among them: few, and only they need a careful look."""
    import numpy as np

    order = np.argsort(hashes[rows])
    key = hashes[rows][order]
    edges = np.concatenate(([0], np.flatnonzero(key[1:] != key[:-1]) + 1, [len(key)]))
    return np.sort(rows[order[np.repeat(np.diff(edges) > repeats, np.diff(edges))]])


def parts(hashes: "npt.NDArray[np.uint64]") -> "list[npt.NDArray[np.int64]]":
    """Rows in groups that share no hash, each small enough to be sorted."""
    import numpy as np

    number = 1 + len(hashes) // PART
    if number == 1:
        return [np.arange(len(hashes))]
    part = (hashes >> np.uint64(40)) % np.uint64(number)
    return [np.flatnonzero(part == one) for one in range(number)]


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
