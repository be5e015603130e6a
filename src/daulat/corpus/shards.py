"""The corpus as files: the same bytes for the same documents, in an order that depends on nothing else.

Documents are read and written in windows: memory holds a window and a few blocks, however large the corpus is.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from daulat.corpus.blocks import read, rows_of
from daulat.corpus.options import CorpusOptions
from daulat.corpus.privacy import Subjects
from daulat.corpus.raw import Raw
from daulat.corpus.stage import Removed
from daulat.corpus.together import DROPPED, HELD, KEPT, Fates
from daulat.records import Record, Tally

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

WINDOW = 4_000
"""Documents that are looked up together."""
ROW_GROUP = 10_000
BLOCKS_AT_HAND = 6


class LanguageSize(Record, frozen=True):
    """What the corpus has of one language."""

    language: str
    train_documents: int
    train_utf8_bytes: int
    heldout_documents: int
    heldout_utf8_bytes: int


def write_all(
    into: Path, sources: Sequence[tuple[Raw, Fates]], subjects: Subjects, options: CorpusOptions
) -> list[LanguageSize]:
    """Training and held-out text by language, what was dropped and held, and the commitments."""
    import pyarrow.parquet as pq

    files = {name: _File(into, f"{name}.parquet", _left_schema()) for name in ("dropped", "held")}
    trains: dict[str, _File] = {}
    heldouts: dict[str, _File] = {}
    last = {raw.snapshot.source.language: number for number, (raw, _) in enumerate(sources)}
    for number, (raw, fates) in enumerate(sources):
        source = raw.snapshot.source
        language = source.language
        if language not in trains:
            trains[language] = _File(into, f"train.{language}.{{:05}}.parquet", _schema(), options.shard_utf8_bytes)
            heldouts[language] = _File(into, f"heldout.{language}.parquet", _schema())
        for rows, table in _windows(raw, fates):
            fate, is_heldout = fates.fate[rows], fates.is_heldout[rows]
            for code, name in ((DROPPED, "dropped"), (HELD, "held")):
                files[name].add(_left(source.name, fates, rows, table, fate == code))
            kept = _kept(source, fates, rows, table, fate == KEPT)
            chosen = is_heldout[fate == KEPT]
            heldouts[language].add(_filter(kept, chosen))
            trains[language].add(_filter(kept, ~chosen))
        if last[language] == number:  # nothing of that language comes any more
            trains[language].close()
            heldouts[language].close(always=trains[language].rows > 0)
    for one in files.values():
        one.close(always=True)
    found = []
    for language in sorted(trains):
        train, held_out = trains[language], heldouts[language]
        if train.rows or held_out.rows:
            found.append(LanguageSize(language, train.rows, train.utf8_bytes, held_out.rows, held_out.utf8_bytes))
    pq.write_table(subjects.table(), into / "subjects.parquet", compression="zstd")
    _json(
        into / "sources.json", [{"source": r.snapshot.source.name, "snapshot": r.snapshot.digest} for r, _ in sources]
    )
    return found


def write_tallies(into: Path, tallies: Iterable[Tally], removed: Iterable[Removed]) -> None:
    """`tallies.json`: each stage and source; `removed.json`: the paragraphs taken out of what was kept."""
    for name, records in (("tallies", tallies), ("removed", removed)):
        _json(into / f"{name}.json", list(records))


def _json(path: Path, records: Any) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(records, order="sorted"), indent=1) + b"\n")


def _windows(raw: Raw, fates: Fates) -> "Iterator[tuple[npt.NDArray[np.int64], pa.Table]]":
    """Numbers of some documents one after the other, and a table with their `id`, `path` and `text`."""
    import numpy as np
    import pyarrow as pa

    paths = pa.concat_arrays(
        [pa.array([], pa.string())]
        + [read(block, ["path"]).take(pa.array(rows))["path"].combine_chunks() for block, rows in raw.spans()]
    )
    judgement = fates.judgement
    at_hand: OrderedDict[int, pa.Table] = OrderedDict()
    for start in range(0, len(fates.ids), WINDOW):
        rows = np.arange(start, min(start + WINDOW, len(fates.ids)))
        blocks, places = judgement.block[rows], judgement.row[rows]
        order = np.argsort(blocks, kind="stable")
        parts = []
        for number in np.unique(blocks).tolist():
            if number not in at_hand:
                if len(at_hand) >= BLOCKS_AT_HAND:
                    at_hand.popitem(last=False)
                at_hand[number] = read(judgement.blocks[number], ["id", "text"])
            at_hand.move_to_end(number)
            parts.append(rows_of(at_hand[number], places[order][blocks[order] == number].astype(np.int64)))
        back = np.empty(len(rows), np.int64)
        back[order] = np.arange(len(rows))
        table = rows_of(pa.concat_tables(parts), back)
        yield rows, table.append_column("path", paths.slice(start, len(rows)))


def _filter(table: "pa.Table", chosen: "npt.NDArray[np.bool_]") -> "pa.Table":
    import pyarrow as pa

    return table if len(chosen) and chosen.all() else table.filter(pa.array(chosen, pa.bool_()))


def _kept(
    source: Any, fates: Fates, rows: "npt.NDArray[np.int64]", table: "pa.Table", chosen: "npt.NDArray[np.bool_]"
) -> "pa.Table":
    """The documents that are kept, as they are written."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    kept = _filter(table, chosen)
    texts = kept["text"].combine_chunks().cast(pa.large_string())
    edited = [(at, fates.gone[row]) for at, row in enumerate(rows[chosen].tolist()) if row in fates.gone]
    if edited:
        mask = np.zeros(len(texts), np.bool_)
        mask[[at for at, _ in edited]] = True
        news = [_without(texts[at].as_py(), gone) for at, gone in edited]
        texts = pc.replace_with_mask(texts, pa.array(mask), pa.array(news, pa.large_string()))
    number = kept.num_rows
    fixed = {key: pa.repeat(pa.scalar(getattr(source, key), pa.string()), number) for key in _OF_SOURCE}
    columns = {
        "id": kept["id"], "source": fixed["name"], "path": kept["path"], "language": fixed["language"],
        "licence": fixed["licence"], "country": fixed["country"], "role": fixed["role"], "text": texts,
        "utf8_bytes": pc.binary_length(texts).cast(pa.int64()),
    }  # fmt: skip
    return pa.table(columns, schema=_schema())


_OF_SOURCE = ("name", "language", "licence", "country", "role")


def _without(text: str, gone: list[int]) -> str:
    away = set(gone)
    return "\n".join(line for at, line in enumerate(text.split("\n")) if at not in away)


def _left(
    source: str, fates: Fates, rows: "npt.NDArray[np.int64]", table: "pa.Table", chosen: "npt.NDArray[np.bool_]"
) -> "pa.Table":
    """The documents that left, with stage and reason."""
    import pyarrow as pa

    out = _filter(table, chosen)
    numbers = rows[chosen].tolist()
    columns = {
        "id": out["id"], "source": pa.repeat(pa.scalar(source), len(numbers)), "path": out["path"],
        "stage": pa.array([fates.stage[n] for n in numbers], pa.string()),
        "reason": pa.array([fates.reason[n] for n in numbers], pa.string()), "text": out["text"],
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


@dataclass
class _File:
    """A Parquet file, or shards of about so many bytes, written group by group; groups depend on nothing but the rows."""

    folder: Path
    name: str
    schema: "pa.Schema"
    shard_utf8_bytes: int | None = None
    rows: int = 0
    utf8_bytes: int = 0
    _waiting: list["pa.Table"] = field(default_factory=list)
    _writer: Any = None
    _shard: int = -1

    def add(self, table: "pa.Table") -> None:
        """These rows come next."""
        import numpy as np

        if not table.num_rows:
            return
        if self.shard_utf8_bytes is None:
            self._put(table, 0)
        else:
            sizes = table["utf8_bytes"].to_numpy()
            before = self.utf8_bytes + np.concatenate(([0], np.cumsum(sizes)))[:-1]
            number = before // self.shard_utf8_bytes
            edges = np.flatnonzero(np.diff(number, prepend=-1)).tolist()
            for start, end in zip(edges, [*edges[1:], table.num_rows], strict=True):
                self._put(table.slice(start, end - start), int(number[start]))
            self.utf8_bytes += int(sizes.sum())
            self.rows += table.num_rows
            return
        self.rows += table.num_rows
        if "utf8_bytes" in table.column_names:
            self.utf8_bytes += int(table["utf8_bytes"].to_numpy().sum())

    def close(self, *, always: bool = False) -> None:
        """Write what waits; with `always` there is a file though it has no rows."""
        if always and self._shard < 0:
            self._open(0)
        self._flush(whole=True)
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _put(self, table: "pa.Table", shard: int) -> None:
        if shard != self._shard:
            self.close()
            self._open(shard)
        self._waiting.append(table)
        self._flush(whole=False)

    def _open(self, shard: int) -> None:
        import pyarrow.parquet as pq

        self._shard = shard
        self._writer = pq.ParquetWriter(
            self.folder / self.name.format(shard), self.schema, compression="zstd", compression_level=1,
            use_dictionary=["source", "language", "licence", "country", "role", "stage", "reason"], write_statistics=["id"],
        )  # fmt: skip

    def _flush(self, *, whole: bool) -> None:
        import pyarrow as pa

        number = sum(one.num_rows for one in self._waiting)
        while number and (whole or number >= ROW_GROUP):
            table = pa.concat_tables(self._waiting)
            self._writer.write_table(table.slice(0, ROW_GROUP).combine_chunks(), row_group_size=ROW_GROUP)
            rest = table.slice(ROW_GROUP)
            self._waiting, number = ([rest] if rest.num_rows else []), rest.num_rows
