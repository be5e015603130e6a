"""Documents of one source judged one by one, from boilerplate to privacy; and what is needed to compare them.

What becomes of a document depends on its text and on which of its paragraphs are furniture: a document that was judged before,
with the same furniture, is looked up.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from daulat.corpus import identify, privacy, quality
from daulat.corpus.blocks import Shelf, read, rows_of
from daulat.corpus.boilerplate import furniture, without_furniture
from daulat.corpus.contamination import Tasks, contamination
from daulat.corpus.course import Course, left_type
from daulat.corpus.duplicates import band_keys
from daulat.corpus.options import CorpusOptions
from daulat.corpus.privacy import Found, Subjects, commitment
from daulat.corpus.raw import STAGES as RAW_STAGES
from daulat.corpus.raw import Raw, settings_key
from daulat.corpus.stage import Judged, document, table
from daulat.records import Progress, Source

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

Answer = TypeVar("Answer")
STAGES = (*RAW_STAGES, "boilerplate", "identify", "quality", "contamination", "privacy")


@dataclass
class Judgement:
    """All documents of a source, in the order of its files: the block where each was judged, and its row there."""

    source: Source
    blocks: list[Path]
    block: "npt.NDArray[np.int32]"
    row: "npt.NDArray[np.int32]"

    def columns(self, names: list[str]) -> "pa.Table":
        """Those columns of every document, in order."""
        import pyarrow as pa

        parts = [read(path, names) for path in self.blocks]
        if not parts:
            return pa.table({})
        starts = self._starts(parts)
        return rows_of(pa.concat_tables(parts), starts[self.block] + self.row)

    def _starts(self, parts: "list[pa.Table]") -> "npt.NDArray[np.int64]":
        import numpy as np

        return np.concatenate(([0], np.cumsum([part.num_rows for part in parts])))[:-1]


def judge(
    raw: Raw,
    options: CorpusOptions,
    tasks: Tasks,
    version: str,
    state: Path,
    subject_key: bytes,
    progress: Progress,
    workers: int = 1,
) -> tuple[Judgement, Path]:
    """Every document of the snapshot, and the folder that holds what was worked out.

    `workers`: blocks that are judged at once, in threads: nearly all of it is compiled code, which holds no lock.
    """
    import numpy as np

    source = raw.snapshot.source
    # The same document read under other terms is another one: what it was read under is part of the settings.
    key = commitment(subject_key, "state", "judged")
    folder = state / "judged" / settings_key(version, options, raw.folder.name, key, tasks.texts)
    shelf = Shelf(folder)
    blocks = list(shelf.blocks())
    known = _Known(blocks)
    spans = list(raw.spans())
    tables = [rows_of(read(path, ["hi", "lo", "outcome", "hashes"]), rows) for path, rows in spans]
    keys, gone = _keys(tables, options)
    starts = np.concatenate(([0], np.cumsum([len(rows) for _, rows in spans]))).astype(np.int64)
    block, row = known.find(keys)
    fresh = np.flatnonzero(block < 0)
    _, first = np.unique(keys[fresh], axis=0, return_index=True)
    chosen = np.sort(fresh[first])  # each document once, in the first block that has it
    number = np.searchsorted(starts, chosen, side="right") - 1

    def job(span: int) -> "tuple[pa.Table, npt.NDArray[np.uint64]]":
        own = chosen[number == span]
        here = own - starts[span]
        path, rows = spans[span]
        lost = [gone[span][at] for at in here.tolist()]
        return _block(source, rows_of(read(path), rows[here]), lost, keys[own], options, tasks, subject_key), keys[own]

    jobs = np.unique(number).tolist()
    for done, (judged, own) in enumerate(_in_order(job, jobs, workers), 1):
        blocks.append(shelf.put(judged))
        known.add(len(blocks) - 1, own)
        progress(done / len(jobs), f"judging {source.name}")
    if len(fresh):
        block[fresh], row[fresh] = known.find(keys[fresh])
    return Judgement(source, blocks, block, row), folder


def _in_order(job: "Callable[[int], Answer]", spans: Sequence[int], workers: int) -> "Iterator[Answer]":
    """What the job gives for each, in order, `workers` of them at once; no more wait than are at work."""
    if workers == 1 or len(spans) == 1:
        yield from map(job, spans)
        return
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Answer]] = deque()
        for span in spans:
            waiting.append(pool.submit(job, span))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class _Known:
    """Where documents that were judged lie, by 192 bits of what they are."""

    def __init__(self, blocks: list[Path]) -> None:
        import numpy as np

        self._keys: list[npt.NDArray[np.uint64]] = [np.zeros((0, 3), np.uint64)]
        self._blocks: list[npt.NDArray[np.int32]] = [np.zeros(0, np.int32)]
        self._rows: list[npt.NDArray[np.int32]] = [np.zeros(0, np.int32)]
        for number, path in enumerate(blocks):
            columns = read(path, ["hi", "lo", "gone"])
            self.add(number, np.stack([np.asarray(columns[name]) for name in ("hi", "lo", "gone")], axis=1))

    def add(self, block: int, keys: "npt.NDArray[np.uint64]") -> None:
        import numpy as np

        self._keys.append(keys)
        self._blocks.append(np.full(len(keys), block, np.int32))
        self._rows.append(np.arange(len(keys), dtype=np.int32))

    def find(self, keys: "npt.NDArray[np.uint64]") -> "tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]":
        """Block and row of each; -1 where it is not known."""
        import numpy as np

        known = np.concatenate(self._keys)
        blocks, rows = np.concatenate(self._blocks), np.concatenate(self._rows)
        self._keys, self._blocks, self._rows = [known], [blocks], [rows]
        found, at = np.full(len(keys), -1, np.int32), np.full(len(keys), -1, np.int32)
        if not len(known):
            return found, at
        mixed, asked = (one[:, 0] ^ (one[:, 1] * np.uint64(3)) ^ (one[:, 2] * np.uint64(7)) for one in (known, keys))
        order = np.argsort(mixed, kind="stable")
        place = np.searchsorted(mixed[order], asked)
        inside = place < len(order)
        candidate = order[np.minimum(place, len(order) - 1)]
        same = inside & (known[candidate] == keys).all(axis=1)
        found[same], at[same] = blocks[candidate[same]], rows[candidate[same]]
        return found, at


def _keys(
    tables: "list[pa.Table]", options: CorpusOptions
) -> "tuple[npt.NDArray[np.uint64], list[list[npt.NDArray[np.int64]]]]":
    """What each document is, in three numbers: two of its id, one of its furniture; and which of its paragraphs are that."""
    import numpy as np

    none = np.zeros(0, np.uint64)
    high, low = (np.concatenate([none, *(np.asarray(part[name]) for part in tables)]) for name in ("hi", "lo"))
    lists = [part["hashes"].combine_chunks() for part in tables]
    counts = np.concatenate([np.zeros(0, np.int64), *(np.diff(np.asarray(one.offsets)) for one in lists)])
    hashes = np.concatenate([np.zeros(0, np.uint64), *(np.asarray(one.flatten()) for one in lists)])
    going = np.concatenate(
        [np.zeros(0, np.bool_), *(np.asarray(part["outcome"].is_null().combine_chunks()) for part in tables)]
    )
    document = np.repeat(np.arange(len(high)), counts)
    asked = going[document]
    rank = np.empty(len(high), np.int64)
    rank[np.lexsort((np.arange(len(high)), low, high))] = np.arange(len(high))
    goes = np.zeros(len(hashes), np.bool_)
    goes[asked] = furniture(hashes[asked], document[asked], rank, options.repeats)
    starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    place = (np.arange(len(hashes)) - starts[document]).astype(np.uint64)
    mixed = (place + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    total = np.zeros(len(high), np.uint64)
    np.add.at(total, document[goes], mixed[goes])
    gone: list[list[npt.NDArray[np.int64]]] = []
    nothing = np.zeros(0, np.int64)
    at = 0
    for part in tables:
        rows = range(at, at + part.num_rows)
        gone.append([np.flatnonzero(goes[starts[n] : starts[n + 1]]) if total[n] else nothing for n in rows])
        at += part.num_rows
    return np.stack([high, low, total], axis=1), gone


def _block(
    source: Source,
    raw: "pa.Table",
    gone: "list[npt.NDArray[np.int64]]",
    keys: "npt.NDArray[np.uint64]",
    options: CorpusOptions,
    tasks: Tasks,
    subject_key: bytes,
) -> "pa.Table":
    import numpy as np
    import pyarrow as pa

    from daulat.corpus.columns import flat
    from daulat.corpus.kernels.paragraphs import digests, paragraphs

    ids = raw["id"].to_pylist()
    documents = _documents(source, raw)
    course = Course(documents)
    course.taken_out = raw["taken_out"].to_pylist()
    out = raw["outcome"].is_null().combine_chunks().to_numpy(zero_copy_only=False)
    course.begin(np.flatnonzero(out), *(raw[name].to_pylist() for name in ("stage", "outcome", "reason")))
    counts = np.diff(np.asarray(raw["hashes"].combine_chunks().offsets))[course.going]
    starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    mask = np.zeros(starts[-1], np.bool_)
    for at, row in enumerate(course.going.tolist()):
        mask[starts[at] + gone[row]] = True
    course.settle("boilerplate", without_furniture(course.now, mask, starts))
    course.settle("identify", identify.identify(course.now, options))
    course.settle("quality", quality.quality(course.now, options))
    course.settle("contamination", contamination(course.now, tasks, source.language))
    noted = _Noted(subject_key)
    course.settle("privacy", _private(course.now, options, noted))
    last, goes_on = course.texts()
    left = np.flatnonzero(~goes_on)
    if len(left):  # no file of the corpus has an identifier, whatever became of the document
        last = _with_redacted(last, left, privacy.redact(last.take(left), noted, options)[0])
    texts = last["text"]
    hashes, characters, utf8_bytes, starts = paragraphs(*flat(texts))
    long = characters >= options.unique_paragraph_characters
    count = np.concatenate(([0], np.cumsum(long))).astype(np.int64)
    lists = count[starts]
    place = np.arange(len(hashes)) - np.repeat(starts[:-1], np.diff(starts))
    bands = np.zeros((len(ids), options.bands), np.uint64)
    bands[goes_on] = band_keys(texts.filter(pa.array(goes_on)).to_pylist(), source.language, options)
    exact = digests(hashes, starts)

    def listed(values: Any, kind: Any) -> "pa.LargeListArray":
        return pa.LargeListArray.from_arrays(pa.array(lists), pa.array(values[long], kind))

    total = np.concatenate(([0], np.cumsum(characters, dtype=np.int64)))
    return pa.table(
        {
            "id": raw["id"],
            **{name: pa.array(keys[:, at]) for at, name in enumerate(("hi", "lo", "gone"))},
            "text": texts,
            "stage": pa.array(course.stage, pa.string()),
            "outcome": pa.array(course.outcome, pa.string()),
            "reason": pa.array(course.reason, pa.string()),
            "taken_out": pa.array(course.taken_out, left_type()),
            **{f"after_{stage}": raw[f"after_{stage}"] for stage in RAW_STAGES},
            **{f"after_{stage}": pa.array(course.sizes[stage]) for stage in STAGES[len(RAW_STAGES) :]},
            "exact": pa.FixedSizeListArray.from_arrays(pa.array(exact.ravel()), 2),
            "bands": pa.FixedSizeListArray.from_arrays(pa.array(bands.ravel()), options.bands),
            "characters": pa.array(total[starts[1:]] - total[starts[:-1]]),
            "long": listed(hashes, pa.uint64()),
            "long_characters": listed(characters, pa.int32()),
            "long_utf8_bytes": listed(utf8_bytes, pa.int32()),
            "long_at": listed(place, pa.int32()),
            "people": pa.array([noted.of.get(one) for one in ids], _people_type()),
        }
    )


def _documents(source: Source, raw: "pa.Table") -> "pa.Table":
    """The rows as the stages read them."""
    import pyarrow as pa

    number = raw.num_rows
    plain = table([document(source, "", "", "")])
    columns = {name: pa.repeat(plain[name][0], number) for name in plain.column_names}
    return pa.table({**columns, "id": raw["id"], "path": raw["path"], "text": raw["text"]})


def _private(documents: "pa.Table", options: CorpusOptions, noted: "_Noted") -> Judged:
    return privacy.privacy(documents, options, noted) if documents.num_rows else Judged(documents, [])


def _with_redacted(documents: "pa.Table", rows: "npt.NDArray[np.int64]", redacted: "pa.Table") -> "pa.Table":
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    mask = np.zeros(documents.num_rows, np.bool_)
    mask[rows] = True
    texts = pc.replace_with_mask(
        documents["text"].combine_chunks().cast(pa.large_string()), pa.array(mask), redacted["text"].combine_chunks()
    )
    return documents.set_column(documents.schema.get_field_index("text"), "text", texts)


class _Noted(Subjects):
    """Subjects of one block, by document."""

    def __init__(self, key: bytes) -> None:
        super().__init__(key)
        self.of: dict[str, list[dict[str, Any]]] = {}

    def add(self, found: Found, document: str, source: str = "") -> None:
        value = commitment(self.key, found.kind, found.normal)
        self.of.setdefault(document, []).append({"kind": found.kind, "value": value, "of_person": found.of_person})


def _people_type() -> "pa.DataType":
    import pyarrow as pa

    return pa.list_(pa.struct([("kind", pa.string()), ("value", pa.string()), ("of_person", pa.bool_())]))
