"""Columns of text as kernels read them: UTF-8 bytes and where each text begins."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


def whole(column: Any) -> "pa.LargeStringArray":
    """All texts of a column of strings in one array; nothing is copied where they lie together."""
    import pyarrow as pa

    texts = column.cast(pa.large_string())
    if not isinstance(texts, pa.ChunkedArray):
        return texts
    return texts.chunk(0) if texts.num_chunks == 1 else texts.combine_chunks()


def flat(column: Any) -> "tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]":
    """The bytes of all texts, and offsets into them, one more than there are texts; nothing is copied where it lies together."""
    import numpy as np

    texts = whole(column)
    if not len(texts):
        return np.zeros(0, np.uint8), np.zeros(1, np.int64)
    offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return np.frombuffer(texts.buffers()[2] or b"", np.uint8), offsets
