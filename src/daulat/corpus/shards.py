"""The corpus as files: the same bytes for the same documents, in an order that depends on nothing else."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from daulat.corpus.options import CorpusOptions
from daulat.corpus.privacy import Subjects, redact
from daulat.corpus.stage import Account, Removed, table
from daulat.records import Record, Tally

if TYPE_CHECKING:
    import pyarrow as pa

_LEFT_COLUMNS = ("id", "source", "path", "stage", "reason", "text")


class LanguageSize(Record, frozen=True):
    """What the corpus has of one language."""

    language: str
    train_documents: int
    train_utf8_bytes: int
    heldout_documents: int
    heldout_utf8_bytes: int


def write_all(
    into: Path,
    kept: "pa.Table",
    is_heldout: Sequence[bool],
    account: Account,
    subjects: Subjects,
    options: CorpusOptions,
) -> list[LanguageSize]:
    """Training and held-out text by language, what was dropped and held, and the commitments.

    What was dropped or held before the privacy stage is redacted here: no file of the corpus has an identifier.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    sizes = pc.binary_length(kept["text"])
    kept = kept.append_column("utf8_bytes", sizes.cast(pa.int64()))
    chosen = pa.array(is_heldout, pa.bool_())
    found = []
    for language in sorted(set(kept["language"].to_pylist())):
        own = pc.equal(kept["language"], language)
        held_out = kept.filter(pc.and_(own, chosen))
        train = kept.filter(pc.and_(own, pc.invert(chosen)))
        _write(held_out, into / f"heldout.{language}.parquet")
        for number, shard in enumerate(_shards(train, options.shard_utf8_bytes)):
            _write(shard, into / f"train.{language}.{number:05}.parquet")
        counts = [(part.num_rows, pc.sum(part["utf8_bytes"]).as_py() or 0) for part in (train, held_out)]
        found.append(LanguageSize(language, *counts[0], *counts[1]))
    for name, left in (("dropped", account.dropped), ("held", account.held)):
        _write(_left(left, subjects), into / f"{name}.parquet")
    _write(subjects.table(), into / "subjects.parquet")
    return found


def write_tallies(into: Path, tallies: Iterable[Tally], removed: Iterable[Removed]) -> None:
    """`tallies.json`: each stage and source; `removed.json`: the paragraphs taken out of what was kept."""
    for name, records in (("tallies", tallies), ("removed", removed)):
        plain = msgspec.json.encode(list(records), order="sorted")
        (into / f"{name}.json").write_bytes(msgspec.json.format(plain, indent=1) + b"\n")


def _left(parts: Sequence["pa.Table"], subjects: Subjects) -> "pa.Table":
    import pyarrow as pa

    empty = (
        table([]).append_column("stage", pa.array([], pa.string())).append_column("reason", pa.array([], pa.string()))
    )
    left, _ = redact(pa.concat_tables([empty, *parts]), subjects)
    return left.select(_LEFT_COLUMNS)


def _shards(train: "pa.Table", utf8_bytes: int) -> Iterable["pa.Table"]:
    """Runs of documents, in their order, of about that size; none is empty."""
    import numpy as np

    before = np.concatenate(([0], np.cumsum(train["utf8_bytes"].to_numpy())))[:-1]
    number = before // utf8_bytes
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    for start, end in zip(starts.tolist(), [*starts.tolist()[1:], train.num_rows], strict=False):
        yield train.slice(start, end - start)


def _write(documents: "pa.Table", path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(documents.combine_chunks(), path, compression="zstd", compression_level=6, row_group_size=20_000)
