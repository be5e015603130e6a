"""Records of JSON lines (`.jsonl`, `.ndjson`): by blocks through Arrow's parser, a block with a wrong line by lines."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from daulat.corpus.extract.columns import Columns, choose
from daulat.corpus.extract.lines import Lines, TooLong, whole_lines
from daulat.corpus.extract.reading import Unreadable
from daulat.corpus.extract.unpack import blocks, packing
from daulat.corpus.options import CorpusOptions
from daulat.records import Source

if TYPE_CHECKING:
    import pyarrow as pa

_SAMPLE_LINES = 100
"""By which the columns are chosen. Ours."""


def read(path: Path, name: str, source: Source, options: CorpusOptions) -> Iterator[Columns]:
    """The two columns of every line; a line that is no such object is unreadable, and the next one is read.

    Raises: Unreadable for what is no JSON lines, has no such column, or is broken in its packing.
    """
    schema: pa.Schema | None = None
    for lines in whole_lines(blocks(path, packing(name), options.max_file_bytes), options.max_file_bytes):
        if isinstance(lines, TooLong):
            yield Columns([None], [None], {0: Unreadable("too large")})
            continue
        if schema is None:
            schema = _schema(lines.data, source)
        yield _fast(lines, schema) or _by_line(lines.data, schema)


def _schema(data: bytes, source: Source) -> "pa.Schema":
    """The text's column, then the key's, by the first lines that can be read."""
    import pyarrow as pa

    kinds: dict[str, set[type]] = {}
    for line in data.splitlines()[:_SAMPLE_LINES]:
        try:
            found = msgspec.json.decode(line)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            continue
        for name, value in found.items() if isinstance(found, dict) else ():
            kinds.setdefault(name, set()).add(type(value))
    if not kinds:
        raise Unreadable("not what its name says")
    text, key = choose(kinds, [name for name, types in kinds.items() if str in types], source)
    fields = [pa.field(text, pa.large_string())]
    if key is not None and key != text:
        fields.append(pa.field(key, pa.int64() if kinds[key] == {int} else pa.string()))
    return pa.schema(fields)


def _fast(lines: Lines, schema: "pa.Schema") -> Columns | None:
    """All lines at once; None where one of them is wrong or empty."""
    import pyarrow as pa
    import pyarrow.json

    try:
        table = pyarrow.json.read_json(
            pa.BufferReader(lines.data),
            pyarrow.json.ReadOptions(use_threads=False, block_size=len(lines.data) + 1),
            pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
    except pa.ArrowException:
        return None
    if table.num_rows != lines.count:
        return None
    columns = [column.combine_chunks() if column.num_chunks != 1 else column.chunk(0) for column in table.columns]
    keys = columns[1] if len(columns) > 1 else pa.nulls(table.num_rows, pa.string())
    return Columns(keys, columns[0])


def _by_line(data: bytes, schema: "pa.Schema") -> Columns:
    """Each line by itself; an empty one is no record."""
    names = [("texts", str | None, None)] + [("key", str | int | None, None)] * (len(schema) > 1)
    renamed = dict(zip((name for name, _, _ in names), schema.names, strict=True))
    row: Any = msgspec.defstruct("Row", names, rename=renamed)
    decode = msgspec.json.Decoder(row).decode
    found = Columns(keys := list[str | None](), texts := list[str | None]())
    for line in data.split(b"\n"):
        if not line.strip():
            continue
        key = text = None
        try:
            one = decode(line)
            key, text = getattr(one, "key", None), one.texts
        except msgspec.ValidationError:
            found.unreadable[len(texts)] = Unreadable("a line without such text and key")
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            found.unreadable[len(texts)] = Unreadable("a line that is not JSON")
        keys.append(None if key is None else str(key))
        texts.append(text)
    return found
