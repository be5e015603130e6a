"""The corpus as files: the same bytes for the same documents, in an order that depends on nothing else.

```
what is kept of a language, what was dropped, what is held ──cuts──> shards ──> written, or linked where they are kept already
```
Where a shard ends is said by the documents in it, so that a document that comes or goes changes the shard that it is in and
leaves the others as they are. What is in a shard is known before a text is read: one that was made before is not made again.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from daulat.corpus.made import Made
from daulat.corpus.options import CorpusOptions
from daulat.corpus.privacy import Subjects
from daulat.corpus.raw import Raw
from daulat.corpus.stage import Removed
from daulat.corpus.together import DROPPED, HELD, KEPT, Fates
from daulat.records import Record, Source, Tally

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

ROW_GROUP = 10_000
_OF_SOURCE = ("name", "language", "licence", "country", "role")


class LanguageSize(Record, frozen=True):
    """What the corpus has of one language."""

    language: str
    train_documents: int
    train_utf8_bytes: int
    heldout_documents: int
    heldout_utf8_bytes: int


def write_all(
    into: Path, sources: Sequence[tuple[Raw, Fates]], subjects: Subjects, options: CorpusOptions, made: Made
) -> list[LanguageSize]:
    """Training and held-out text by language, what was dropped and held, and the commitments."""
    import pyarrow.parquet as pq

    shards = _Shards(into, sources, options, subjects.key, made)
    for name, code in (("dropped", DROPPED), ("held", HELD)):
        shards.write(f"{name}.{{:05}}.parquet", [fates.fate == code for _, fates in sources], is_left=True, always=True)
    found = []
    languages = [raw.snapshot.source.language for raw, _ in sources]
    for language in sorted(set(languages)):
        kept = [(fates.fate == KEPT) & (own == language) for (_, fates), own in zip(sources, languages, strict=True)]
        chosen = [fates.is_heldout for _, fates in sources]
        train = shards.write(f"train.{language}.{{:05}}.parquet", [a & ~b for a, b in zip(kept, chosen, strict=True)])
        held_out = shards.write(
            f"heldout.{language}.parquet", [a & b for a, b in zip(kept, chosen, strict=True)], always=train[0] > 0
        )
        if train[0] or held_out[0]:
            found.append(LanguageSize(language, *train, *held_out))
    pq.write_table(subjects.table(), into / "subjects.parquet", compression="zstd")
    _json(
        into / "sources.json", [{"source": r.snapshot.source.name, "snapshot": r.snapshot.digest} for r, _ in sources]
    )
    made.write()
    return found


def write_tallies(into: Path, tallies: Iterable[Tally], removed: Iterable[Removed]) -> None:
    """`tallies.json`: each stage and source; `removed.json`: the paragraphs taken out of what was kept."""
    for name, records in (("tallies", tallies), ("removed", removed)):
        _json(into / f"{name}.json", list(records))


def cuts(sizes: "npt.NDArray[np.int64]", marks: "npt.NDArray[np.uint64]", about: int) -> list[int]:
    """Where shards of about so many bytes begin, and the end: at least half of it, at most double, but for one document.

    `sizes` in bytes and `marks`, 64 bits that depend on nothing but the document. A shard ends before a document whose mark
    says so, whatever is before it. Source: content-defined chunking, as in LBFS (Muthitacharoen et al. 2001).
    """
    import numpy as np

    total = np.concatenate(([0], np.cumsum(sizes)))
    share = (marks >> np.uint64(11)).astype(np.float64) / 2.0**53
    stops = np.flatnonzero(share < sizes / max(1, about // 2))
    begun, found = 0, [0]
    while begun < len(sizes):
        least, most = np.searchsorted(total, (total[begun] + about // 2, total[begun] + about * 2), side="right")
        at = np.searchsorted(stops, max(int(least), begun + 1))
        end = int(stops[at]) if at < len(stops) else len(sizes)
        begun = min(end, max(int(most) - 1, begun + 1), len(sizes))
        found.append(begun)
    return found


@dataclass
class _Shards:
    """Writes some documents of all sources as shards."""

    into: Path
    sources: Sequence[tuple[Raw, Fates]]
    options: CorpusOptions
    key: bytes
    made: Made

    def write(
        self, name: str, chosen: "Sequence[npt.NDArray[np.bool_]]", *, is_left: bool = False, always: bool = False
    ) -> tuple[int, int]:
        """The chosen documents of each source, source after source; gives their number and UTF-8 bytes of text.

        A name without a number is one file; with `always` there is a file though it has no rows.
        """
        import numpy as np

        rows = [np.flatnonzero(own) for own in chosen]
        source = np.repeat(np.arange(len(rows)), [len(own) for own in rows])
        row = np.concatenate([np.zeros(0, np.int64), *rows])
        sizes = np.concatenate(
            [np.zeros(0, np.int64), *(f.utf8_bytes[own] for (_, f), own in zip(self.sources, rows, strict=True))]
        )
        marks = np.concatenate(
            [np.zeros(0, np.uint64), *(r.keys[own, 1] for (r, _), own in zip(self.sources, rows, strict=True))]
        )
        ends = cuts(sizes, marks, self.options.shard_utf8_bytes) if "{" in name else [0, len(row)][: 1 + (len(row) > 0)]
        if len(ends) == 1 and always:
            ends = [0, 0]
        for shard, (start, end) in enumerate(pairwise(ends)):
            self._one(self.into / name.format(shard), source[start:end], row[start:end], is_left)
        return len(row), int(sizes.sum())

    def _one(self, path: Path, source: "npt.NDArray[np.int64]", row: "npt.NDArray[np.int64]", is_left: bool) -> None:
        import pyarrow.parquet as pq

        what = self._what(source, row, is_left)
        if self.made.link(what, path):
            return
        schema = _left_schema() if is_left else _schema()
        with pq.ParquetWriter(
            path, schema, compression="zstd", compression_level=1,
            use_dictionary=["source", "language", "licence", "country", "role", "stage", "reason"], write_statistics=["id"],
        ) as writer:  # fmt: skip
            for start in range(0, len(row), ROW_GROUP):
                end = start + ROW_GROUP
                writer.write_table(self._table(source[start:end], row[start:end], is_left).combine_chunks())
        self.made.add(what, path)

    def _what(self, source: "npt.NDArray[np.int64]", row: "npt.NDArray[np.int64]", is_left: bool) -> str:
        """All that the file's bytes depend on, as a digest."""
        import numpy as np
        import pyarrow as pa

        said = hashlib.sha256(f"{pa.__version__} {is_left} {ROW_GROUP}\n".encode())
        for number in np.unique(source).tolist():
            raw, fates = self.sources[number]
            own = row[source == number]
            terms = [getattr(raw.snapshot.source, key) for key in _OF_SOURCE]
            said.update(json.dumps([fates.judgement.folder.name, terms, len(own)]).encode())
            columns: list[Any] = [raw.keys[own], fates.judgement.keys[own]]
            if is_left:
                names, which = np.unique(fates.why[own], return_inverse=True)
                said.update(json.dumps([fates.whys[why] for why in names.tolist()]).encode())
                columns.append(which.astype(np.int32))
            else:
                columns += _gone(fates, own)
            for column in columns:
                said.update(np.ascontiguousarray(column).tobytes())
        return said.hexdigest()

    def _table(self, source: "npt.NDArray[np.int64]", row: "npt.NDArray[np.int64]", is_left: bool) -> "pa.Table":
        import numpy as np
        import pyarrow as pa

        make = _left if is_left else _kept
        own = [(self.sources[number], row[source == number]) for number in np.unique(source).tolist()]
        parts = [self._with_paths(make(raw, fates, rows), raw.snapshot.source) for (raw, fates), rows in own]
        return pa.concat_tables(parts) if parts else (_left_schema() if is_left else _schema()).empty_table()

    def _with_paths(self, rows: "pa.Table", source: Source) -> "pa.Table":
        """The source's rows with paths without identifiers: files are named after people, and records by their numbers."""
        import pyarrow as pa

        from daulat.corpus.privacy import redact

        terms = {
            key: pa.repeat(pa.scalar(getattr(source, key), pa.string()), len(rows)) for key in ("country", "language")
        }
        shown = pa.table(
            {"id": rows["id"], "source": rows["source"], **terms, "text": rows["path"].cast(pa.large_string())}
        )
        pseudonyms = self.options.privacy == "pseudonymise"
        cleaned, _ = redact(shown, Subjects(self.key), self.options, pseudonyms=pseudonyms)
        return rows.set_column(rows.column_names.index("path"), "path", cleaned["text"].cast(pa.string()))


def _json(path: Path, records: Any) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(records, order="sorted"), indent=1) + b"\n")


def _gone(fates: Fates, rows: "npt.NDArray[np.int64]") -> "tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]":
    """Of those documents, the paragraphs that stand elsewhere: place among `rows`, and place in the document."""
    import numpy as np

    if not len(rows):
        return rows, rows
    first, last = np.searchsorted(fates.gone[0], (rows[0], rows[-1] + 1))
    document, places = (column[first:last] for column in fates.gone)
    at = np.searchsorted(rows, document)
    own = rows[at] == document
    return at[own], places[own]


def _kept(raw: Raw, fates: Fates, rows: "npt.NDArray[np.int64]") -> "pa.Table":
    """The documents that are kept, as they are written."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from daulat.corpus.columns import flat
    from daulat.corpus.kernels.paragraphs import paragraphs, without

    source, read = raw.snapshot.source, raw.places.columns(["id", "path"], rows)
    texts = fates.judgement.texts(rows)
    at, places = _gone(fates, rows)
    if len(at):
        some = np.unique(at)
        data, offsets = flat(texts.take(pa.array(some)))
        _, _, _, starts = paragraphs(data, offsets)
        away = np.zeros(starts[-1], np.bool_)
        away[starts[np.searchsorted(some, at)] + places] = True
        found, ends = without(data, offsets, starts, away)
        news = pa.LargeStringArray.from_buffers(len(some), pa.py_buffer(ends), pa.py_buffer(found))
        mask = np.zeros(len(texts), np.bool_)
        mask[some] = True
        texts = pc.replace_with_mask(texts, pa.array(mask), news)
    fixed = {key: pa.repeat(pa.scalar(getattr(source, key), pa.string()), len(rows)) for key in _OF_SOURCE}
    columns = {
        "id": read["id"], "source": fixed["name"], "path": read["path"],
        "language": fixed["language"], "licence": fixed["licence"], "country": fixed["country"], "role": fixed["role"],
        "text": texts, "utf8_bytes": pc.binary_length(texts).cast(pa.int64()),
    }  # fmt: skip
    return pa.table(columns, schema=_schema())


def _left(raw: Raw, fates: Fates, rows: "npt.NDArray[np.int64]") -> "pa.Table":
    """The documents that left, with stage and reason."""
    import pyarrow as pa

    read = raw.places.columns(["id", "path"], rows)
    whys = [fates.whys[why] for why in fates.why[rows].tolist()]
    columns = {
        "id": read["id"], "source": pa.repeat(pa.scalar(raw.snapshot.source.name), len(rows)),
        "path": read["path"], "stage": pa.array([stage for stage, _ in whys], pa.string()),
        "reason": pa.array([reason for _, reason in whys], pa.string()), "text": fates.judgement.texts(rows),
    }  # fmt: skip
    return pa.table(columns, schema=_left_schema())


def _schema() -> "pa.Schema":
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    names = ("id", "source", "path", "language", "licence", "country", "role")
    return pa.schema([*((name, text) for name in names), ("text", pa.large_string()), ("utf8_bytes", number)])


def _left_schema() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema(
        [*((n, pa.string()) for n in ("id", "source", "path", "stage", "reason")), ("text", pa.large_string())]
    )
