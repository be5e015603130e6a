"""Documents as their paragraphs: one flat column, and which document each is from."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from daulat.corpus.stage import TakenOut

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


@dataclass(frozen=True)
class Paragraphs:
    """Every paragraph of a table's documents, in order."""

    text: "pa.Array"
    parent: "npt.NDArray[np.int64]"
    """Row of the document."""
    documents: int

    def utf8_bytes(self) -> "npt.NDArray[np.int64]":
        """Of each paragraph."""
        import numpy as np
        import pyarrow.compute as pc

        return np.asarray(pc.binary_length(self.text), dtype=np.int64)

    def characters(self) -> "npt.NDArray[np.int64]":
        """Of each paragraph."""
        import numpy as np
        import pyarrow.compute as pc

        return np.asarray(pc.utf8_length(self.text), dtype=np.int64)

    def joined(self, keep: "npt.NDArray[np.bool_]") -> "pa.Array":
        """The documents' text with only those paragraphs."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        counts = np.bincount(self.parent[keep], minlength=self.documents)
        offsets = np.concatenate(([0], np.cumsum(counts)))
        kept = self.text.filter(pa.array(keep))
        return pc.binary_join(
            pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), kept), pa.scalar("\n", pa.large_string())
        )

    def taken_out(self, gone: "npt.NDArray[np.bool_]", reasons: Any) -> tuple[TakenOut, ...]:
        """The paragraphs that are `gone`, counted by their document and by reason (one, or one for each)."""
        import numpy as np

        count, size = Counter[tuple[int, str]](), Counter[tuple[int, str]]()
        sizes = self.utf8_bytes()
        for at in np.flatnonzero(gone).tolist():
            key = (int(self.parent[at]), reasons if isinstance(reasons, str) else reasons[at])
            count[key] += 1
            size[key] += int(sizes[at])
        return tuple(
            (key[0], {"reason": key[1], "paragraphs": count[key], "utf8_bytes": size[key]}) for key in sorted(count)
        )


def paragraphs(documents: "pa.Table") -> Paragraphs:
    """The paragraphs of every document; an empty document has one, which is empty."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    column = documents["text"].combine_chunks()
    column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    lists = pc.split_pattern(column.cast(pa.large_string()), "\n")
    counts = np.asarray(pc.list_value_length(lists), dtype=np.int64)
    return Paragraphs(lists.flatten().cast(pa.large_string()), np.repeat(np.arange(len(lists)), counts), len(lists))
