"""Records of a Parquet file, two of its columns. Source: Apache Parquet, `parquet.thrift`, for page headers."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from daulat.corpus.extract.columns import Columns, choose
from daulat.corpus.extract.reading import Unreadable
from daulat.corpus.extract.unpack import MAX_RATIO
from daulat.corpus.options import CorpusOptions
from daulat.records import Source

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_BYTES = 16 << 20
"""Of text at a time, by the mean of its row group."""
WORST_BATCH_BYTES = 256 << 20
"""What a batch unpacks to at most, where every row is the longest that its dictionary may hold."""
YIELDED_BYTES = 4 << 20
"""Smaller batches are joined to so much."""
MAX_BATCH_ROWS = 8192
_BUFFER_BYTES = 4 << 20
_DICTIONARY_PAGE = 2
_BROKEN = "broken or not what its name says"


def read(path: Path, name: str, source: Source, options: CorpusOptions) -> Iterator[Columns]:
    """The two columns of every row group, in batches of some megabytes; nothing else of the file is unpacked.

    Raises: Unreadable for what is no Parquet, is cut off, has no such column, or unpacks to too much for its size.
    """
    import pyarrow as pa

    run, run_bytes = list[tuple[pa.Array, pa.Array]](), 0
    try:
        for keys, texts in _arrays(path, source, options.max_file_bytes):
            run.append((keys, texts))
            run_bytes += texts.nbytes
            if run_bytes >= YIELDED_BYTES:
                yield _joined(run)
                run, run_bytes = [], 0
    except (pa.ArrowException, OSError, EOFError, ValueError):
        if run:
            yield _joined(run)
        raise Unreadable(_BROKEN) from None
    except Unreadable:
        if run:
            yield _joined(run)
        raise
    if run:
        yield _joined(run)


def _arrays(path: Path, source: Source, max_bytes: int) -> "Iterator[tuple[pa.Array, pa.Array]]":
    """Keys and texts, batch by batch."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    packed, size = path.stat().st_size, 0
    with pq.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False) as file, path.open("rb") as raw:
        schema = file.schema_arrow
        text, key = choose(schema.names, [field.name for field in schema if _is_text(field.type)], source)
        if not _is_text(schema.field(text).type):
            raise Unreadable(f"column `{text}` is not text")
        for group in range(file.num_row_groups):
            rows = _batch_rows(_chunk(file.metadata.row_group(group), text), raw, max_bytes)
            for batch in file.iter_batches(rows, [group], [text, *([key] if key else [])], use_threads=False):
                texts = _plain(batch.column(text))
                size += texts.nbytes
                if size > max_bytes and size > MAX_RATIO * packed:
                    raise Unreadable("unpacks to too much")
                yield (_plain(batch.column(key)) if key else pa.nulls(len(batch), pa.string())), texts


def _joined(run: "list[tuple[pa.Array, pa.Array]]") -> Columns:
    import pyarrow as pa

    if len(run) == 1:
        return Columns(*run[0])
    return Columns(pa.concat_arrays([keys for keys, _ in run]), pa.concat_arrays([texts for _, texts in run]))


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow.types as kinds

    if kinds.is_dictionary(kind):
        kind = kind.value_type
    return bool(kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind))


def _plain(column: "pa.Array") -> "pa.Array":
    """The values of a column that Arrow keeps as a dictionary."""
    import pyarrow.types as kinds

    return column.dictionary_decode() if kinds.is_dictionary(column.type) else column


def _chunk(group: Any, name: str) -> Any:
    """What the file's own table says of that column in a row group.

    Raises: Unreadable where the table says nothing of it.
    """
    columns = (group.column(at) for at in range(group.num_columns))
    found = next((column for column in columns if column.path_in_schema == name), None)
    if found is None:
        raise Unreadable(_BROKEN)
    return found


def _batch_rows(chunk: Any, raw: IO[bytes], max_bytes: int) -> int:
    """How many rows are unpacked at a time: a small dictionary page may stand for any number of long texts.

    Raises: Unreadable where the column says of itself that it is a bomb.
    """
    unpacked = chunk.total_uncompressed_size
    if unpacked > max_bytes and unpacked > MAX_RATIO * chunk.total_compressed_size:
        raise Unreadable("unpacks to too much")
    usual = BATCH_BYTES * max(1, chunk.num_values) // max(1, unpacked)
    longest = _dictionary_bytes(raw, chunk.dictionary_page_offset or chunk.data_page_offset)
    return int(max(1, min(usual, MAX_BATCH_ROWS, WORST_BATCH_BYTES // longest if longest else MAX_BATCH_ROWS)))


def _dictionary_bytes(raw: IO[bytes], offset: int) -> int:
    """The unpacked size of the dictionary page at that place; 0 where another page stands there."""
    raw.seek(offset)
    header = raw.read(32)
    numbers, at = [0, 0], 0
    for field in range(2):  # PageHeader: 1 type, 2 uncompressed_page_size, both i32 in the compact protocol
        if header[at : at + 1] != b"\x15":
            return 0
        at, shift = at + 1, 0
        while at < len(header):
            numbers[field] |= (header[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if not header[at - 1] & 0x80:
                break
    kind, size = (number >> 1 for number in numbers)
    return size if kind == _DICTIONARY_PAGE else 0
