"""Which documents a training saw, from which step on: the exact answer to `when did the model first see this`.

The order of documents is a pure function of corpus and seed, so a resumed run works the steps before it out again.
"""

from pathlib import Path

from daulat.model.packing import Pack

NAME = "exposure.parquet"


class Exposure:
    """Filled while it trains; one row a document in the end."""

    def __init__(self) -> None:
        self._seen: dict[str, list[int]] = {}

    def note(self, step: int, pack: Pack) -> None:
        """This pack was learnt from in that step, counted from 1."""
        for segment in pack.segments:
            seen = self._seen.setdefault(segment.document.id, [step, 0])
            seen[1] += len(segment.tokens) - 1

    def write(self, into: Path) -> int:
        """`exposure.parquet`: `id`, `first_step`, `tokens` (predicted, all visits together), by id; how many rows."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = sorted(self._seen.items())
        columns = {
            "id": pa.array([document for document, _ in rows], pa.string()),
            "first_step": pa.array([seen[0] for _, seen in rows], pa.int32()),
            "tokens": pa.array([seen[1] for _, seen in rows], pa.int64()),
        }
        pq.write_table(pa.table(columns), into / NAME)
        return len(rows)
