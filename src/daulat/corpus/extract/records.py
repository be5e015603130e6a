"""Files of many records: each record is a document of its own, read as a stream of Arrow batches."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from daulat.corpus.extract import delimited, jsonl, parquet, warc
from daulat.corpus.extract.columns import Columns
from daulat.corpus.extract.reading import Unreadable
from daulat.corpus.extract.unpack import packing
from daulat.corpus.options import CorpusOptions
from daulat.records import Source

if TYPE_CHECKING:
    import pyarrow as pa

_READERS: dict[str, Callable[[Path, str, Source, CorpusOptions], Iterator["Columns"]]] = {
    ".parquet": parquet.read,
    ".jsonl": jsonl.read,
    ".ndjson": jsonl.read,
    ".csv": delimited.read,
    ".tsv": delimited.read,
    ".warc": warc.read,
}
NO_TEXT = "no text in it"


@dataclass(frozen=True)
class Batch:
    """Some records of a file, in its order."""

    rows: "pa.RecordBatch"
    """`key` string: the record's own id, or its number from 1 on; it repeats where the file repeats it. `text`
    large_string, a paragraph a line, null where the record cannot be read; then `reason` string says why, and
    `worthless` bool whether nobody need look."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Paragraphs that are not text, by reason."""
    left_out_utf8_bytes: Counter[str] = field(default_factory=Counter)


def holds_records(name: str) -> bool:
    """Whether a file of that name has many documents in it."""
    return _kind(name) in _READERS


def batches(path: Path, name: str, source: Source, options: CorpusOptions) -> Iterator[Batch]:
    """The file's records, each once: read, or with the reason why not.

    A file that breaks off gives what came before, and then one record more, which says so; a file that cannot be
    read at all gives that one alone. Memory does not grow with the file, but with its longest record, which is no
    longer than `options.max_file_bytes`.
    """
    number = 0
    try:
        for columns in _READERS[_kind(name)](path, name, source, options):
            yield _batch(columns, number, options.max_file_bytes)
            number += len(columns)
        if not number:
            raise Unreadable("no record in it", worthless=True)
    except Unreadable as why:
        yield _batch(Columns([None], [None], {0: why}), number, options.max_file_bytes)


def _kind(name: str) -> str:
    lower = name.lower()
    bare = lower.removesuffix(packing(lower))
    kind = "." + bare.rpartition(".")[2]
    return "" if kind == ".parquet" and bare != lower else kind


def _batch(columns: Columns, before: int, max_bytes: int) -> Batch:
    """The columns with every record judged: too long, without text, or as its reader says."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    texts, keys = columns.text_array(), columns.key_array()
    numbers = pa.array(np.arange(before + 1, before + 1 + len(texts))).cast(pa.string())
    size = pc.fill_null(pc.binary_length(texts), 0)
    reason = pc.if_else(
        pc.greater(size, max_bytes),
        pa.scalar("too large"),
        pc.if_else(pc.equal(size, 0), pa.scalar(NO_TEXT), pa.scalar(None, pa.string())),
    )
    worthless = pc.fill_null(pc.equal(reason, NO_TEXT), False)
    if columns.unreadable:
        at = np.zeros(len(texts), dtype=np.bool_)
        at[list(columns.unreadable)] = True
        whys = [columns.unreadable[row] for row in sorted(columns.unreadable)]
        reason = pc.replace_with_mask(reason, pa.array(at), pa.array([why.reason for why in whys], pa.string()))
        worthless = pc.replace_with_mask(worthless, pa.array(at), pa.array([why.worthless for why in whys]))
    if reason.null_count < len(reason):
        texts = pc.if_else(pc.is_null(reason), texts, pa.scalar(None, pa.large_string()))
    rows = pa.record_batch(
        [pc.coalesce(keys, numbers), texts, reason, worthless], names=["key", "text", "reason", "worthless"]
    )
    return Batch(rows, columns.left_out, columns.left_out_utf8_bytes)
