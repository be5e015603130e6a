"""Rows of a database become Parquet files of `id` and `text`, in the order of the id: the same rows, the same bytes."""

import fcntl
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daulat.corpus import notes
from daulat.corpus.database import Database, opened
from daulat.corpus.taking import MAX_TOTAL_BYTES, Taking
from daulat.errors import DaulatError
from daulat.records import Digest, Progress, Source, no_progress

if TYPE_CHECKING:
    import pyarrow as pa

FILE_BYTES = 256_000_000
"""Text in one file before the next is begun. Ours: a reader holds a file's row group, not the file."""


@dataclass(frozen=True)
class _Note:
    """What a table was when it was last read: its mark (newest change, rows) and what its files were."""

    mark: str
    content: Digest


def survey(source: Source, cache: Path, progress: Progress = no_progress) -> Digest:
    """The digest of all rows as they are now; they are read unless `changed_column` says that they are as they were.

    Raises: DaulatError for anything that keeps them from being read whole.
    """
    folder = _folder(cache, source)
    with _alone(folder), opened(source) as database:
        mark = _mark(source, database)
        note = notes.read(folder / "note.json", _Note)
        if mark and note is not None and note.mark == mark:
            return note.content
        return _read(source, database, folder, mark, progress)


def take(source: Source, content: Digest, cache: Path, taking: Taking, progress: Progress = no_progress) -> int:
    """The Parquet files of those rows, and how many rows they have; read anew where they are no longer in the cache.

    Raises: DaulatError where the rows are no longer those.
    """
    import pyarrow.parquet as pq

    folder = _folder(cache, source)
    files = folder / content.removeprefix("sha256:")
    with _alone(folder):
        if not files.is_dir():
            with opened(source) as database:
                now = _read(source, database, folder, _mark(source, database), progress)
            if now != content:
                raise DaulatError(f"source `{source.name}` changed while it was read", "run it again")
        rows = 0
        for path in sorted(files.rglob("*.parquet")):
            rows += pq.read_metadata(path).num_rows
            path.replace(taking.place(path.relative_to(files).as_posix(), path.stat().st_size))
        _sweep(folder)
    return rows


def clear(source: Source, cache: Path) -> None:
    """Take away rows that lie in the cache: what is on record is in the store, and what is withdrawn is not to lie about."""
    folder = _folder(cache, source)
    with _alone(folder):
        _sweep(folder)


def _sweep(folder: Path) -> None:
    for left_over in folder.iterdir():
        if left_over.is_dir():
            shutil.rmtree(left_over, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time: another one's half reading looks like a killed one's."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read(source: Source, database: Database, folder: Path, mark: str, progress: Progress) -> Digest:
    """Every row into the cache, under the digest of all of them. Half a reading has no such name and is taken away."""
    _sweep(folder)
    partial = Path(tempfile.mkdtemp(dir=folder, prefix=".partial-"))
    try:
        whole = hashlib.sha256()
        for name in source.tables or ("query",):
            whole.update(f"{name}\0{_one_table(source, database, name, partial, progress)}\n".encode())
        content = f"sha256:{whole.hexdigest()}"
        partial.rename(folder / whole.hexdigest())
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    notes.write(folder / "note.json", _Note(mark, content))
    return content


def _one_table(source: Source, database: Database, name: str, into: Path, progress: Progress) -> Digest:
    """Its rows as `NAME/part-00000.parquet` and so on, and their digest: of what they say, not of how it is packed.

    Raises: DaulatError for a row without an id, two of one id, or text beyond the limits.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = into / name.replace("/", "_")
    folder.mkdir()
    schema = pa.schema([("id", pa.string()), ("text", pa.large_string())])
    said = _Said()
    last: str | None = None
    number = -1
    with ExitStack() as files:
        writer: Any = None
        for batch in database.rows(name):
            ids, text = _ids(source, name, batch, last), _text(batch)
            last = ids[-1].as_py() if len(ids) else last
            if said.utf8_bytes // FILE_BYTES > number:
                number = said.utf8_bytes // FILE_BYTES
                writer = files.enter_context(
                    pq.ParquetWriter(folder / f"part-{number:05}.parquet", schema, compression="zstd")
                )
            writer.write_batch(pa.record_batch([ids, text], schema=schema))
            said.add(ids, text)
            if said.utf8_bytes > MAX_TOTAL_BYTES:
                raise DaulatError(
                    f"source `{source.name}` has more than {MAX_TOTAL_BYTES / 1e9:.0f} GB of text",
                    "split it by a `query` each",
                )
            progress(0.0, f"reading {name}: {said.rows} rows, {said.utf8_bytes / 1e6:.0f} MB")
    if not said.rows:
        raise DaulatError(f"`{name}` of source `{source.name}` has no rows", "correct `tables` or `query`")
    return said.digest()


class _Said:
    """What rows say, whatever the batches that they come in: of each column its lengths, its bytes and what is null."""

    def __init__(self) -> None:
        self.rows = 0
        self.utf8_bytes = 0
        self._streams = [hashlib.sha256() for _ in range(6)]

    def add(self, *columns: "pa.Array") -> None:
        """More rows."""
        import pyarrow as pa
        import pyarrow.compute as pc

        for number, column in enumerate(columns):
            whole = pa.concat_arrays([column.cast(pa.large_binary())]).fill_null(b"")
            lengths, nulls = pc.binary_length(whole).cast(pa.int64()), column.is_null().cast(pa.uint8())
            parts = (_bytes(lengths, 8), _text_bytes(whole), _bytes(nulls, 1))
            for stream, part in zip(self._streams[3 * number :], parts, strict=False):
                stream.update(part)
            self.utf8_bytes += pc.sum(lengths).as_py() or 0
        self.rows += len(columns[0])

    def digest(self) -> Digest:
        """Of all rows so far."""
        return f"sha256:{hashlib.sha256(b''.join(stream.digest() for stream in self._streams)).hexdigest()}"


def _bytes(column: "pa.Array", width: int) -> memoryview:
    start = column.offset * width
    return memoryview(column.buffers()[1])[start : start + len(column) * width]


def _text_bytes(column: "pa.Array") -> memoryview:
    """The bytes of a large binary column, one value behind the other."""
    if not len(column) or column.buffers()[2] is None:
        return memoryview(b"")
    offsets = memoryview(column.buffers()[1]).cast("q")
    return memoryview(column.buffers()[2])[offsets[column.offset] : offsets[column.offset + len(column)]]


def _ids(source: Source, name: str, batch: "pa.RecordBatch", last: str | None) -> "pa.Array":
    """The ids; every row has one, and no two in a row are the same.

    Raises: DaulatError.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        ids = batch.column(0).cast(pa.string())
    except pa.ArrowInvalid:
        raise DaulatError(
            f"`{name}` of source `{source.name}` has a `{source.id_column}` that is no text", "name another `id_column`"
        ) from None
    if ids.null_count:
        raise DaulatError(
            f"`{name}` of source `{source.name}` has rows without `{source.id_column}`",
            "name a column in `id_column` that every row has",
        )
    twice = pc.any(pc.equal(ids.slice(1), ids.slice(0, max(len(ids) - 1, 0)))).as_py()
    if twice or (len(ids) and ids[0].as_py() == last):
        raise DaulatError(
            f"`{name}` of source `{source.name}` has two rows of one `{source.id_column}`",
            "name a column in `id_column` that tells every row from the others",
        )
    return ids


def _text(batch: "pa.RecordBatch") -> "pa.Array":
    """The text columns, one below the other; empty where a row has none, null where it cannot be read as UTF-8."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = [column.cast(pa.large_binary()) for column in batch.columns[1:]]
    empty = reduce(pc.and_, [column.is_null() for column in columns])
    columns[0] = pc.if_else(empty, pa.scalar(b"", pa.large_binary()), columns[0])  # it leaves out rows without a value
    joined = pc.binary_join_element_wise(*columns, pa.scalar(b"\n", pa.large_binary()), null_handling="skip")
    text = joined.view(pa.large_string())
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:  # rare: a database whose encoding is none
        text = pa.array([_utf8(one) for one in joined.to_pylist()], pa.large_string())
    return text


def _utf8(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _mark(source: Source, database: Database) -> str:
    """Newest change and number of rows of every table, and what is read of them; empty without a `changed_column`."""
    if source.changed_column is None:
        return ""
    marks = [database.mark(name) for name in source.tables or ("query",)]
    return json.dumps([marks, source.query, source.text_columns, source.id_column])


def _folder(cache: Path, source: Source) -> Path:
    key = json.dumps([source.name, source.location, source.tables, source.query])
    folder = cache / "tables" / hashlib.sha256(key.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # rows of an agency are its own until the law said yes to more
    return folder
