"""The files of a snapshot as blocks of documents: extract, rights, normalise. A file that was read before is not read again."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from daulat.corpus import normalise, rights
from daulat.corpus.blocks import Shelf, read
from daulat.corpus.course import Course, left_type
from daulat.corpus.extract import files
from daulat.corpus.options import CorpusOptions
from daulat.corpus.stage import KEEP, Verdict
from daulat.corpus.taking import file_digest
from daulat.records import Decision, Digest, Progress, Source

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

STAGES = ("extract", "rights", "normalise")
_TERMS = ("name", "kind", "language", "main", "text_column", "id_column", "licence", "country", "role")
"""What of a source is in its documents, or decides how they are read."""


@dataclass(frozen=True)
class Snapshot:
    """A source as it was fetched: its files lie below `folder/files`. The decision is the law's, about curating it."""

    source: Source
    digest: Digest
    folder: Path
    decision: Decision
    digests: dict[str, Digest] | None = None
    """Of its files by their paths below `files`, where they are known; else they are read once more."""


@dataclass(frozen=True)
class Place:
    """Where a file's documents lie: the block, and its rows there."""

    block: Path
    start: int
    stop: int


@dataclass
class Raw:
    """All documents of a snapshot, in the order of its files: which block, which row."""

    snapshot: Snapshot
    places: list[Place]
    folder: Path
    """Where they were worked out: its name says under which settings."""

    def spans(self) -> "Iterator[tuple[Path, npt.NDArray[np.int64]]]":
        """Blocks one after the other with the rows that are wanted, in order; rows that lie together come together."""
        import numpy as np

        at = 0
        while at < len(self.places):
            block, rows = self.places[at].block, []
            while at < len(self.places) and self.places[at].block == block:
                rows.append(np.arange(self.places[at].start, self.places[at].stop))
                at += 1
            yield block, np.concatenate(rows)


def settings_key(version: str, options: CorpusOptions, *more: object) -> str:
    """What a block's content depends on besides its documents, as a folder's name."""
    import icu

    plain = msgspec.to_builtins(options)
    text = json.dumps([version, icu.ICU_VERSION, plain, *more], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def take(snapshot: Snapshot, options: CorpusOptions, version: str, state: Path, progress: Progress) -> Raw:
    """The snapshot's documents, those of new files worked out.

    Raises: DaulatError where what reads its files is not installed.
    """
    source = snapshot.source
    verdict = rights.rights(source, snapshot.decision)
    terms = {key: getattr(source, key) for key in _TERMS}
    folder = state / "raw" / settings_key(version, options, terms, list(verdict))
    shelf = Shelf(folder)
    known = _known(shelf)
    wanted = [(name, path, _file_key(snapshot, name, path)) for name, path in files.named(snapshot.folder / "files")]
    files.ready(source, options, [path for _, path, _ in wanted])
    places: dict[str, list[Place]] = {key: known[key] for _, _, key in wanted if key in known}
    fresh = [(name, path, key) for name, path, key in wanted if key not in places]
    for number, (block, spans) in enumerate(_blocks(snapshot, verdict, options, fresh)):
        path = shelf.put(block)
        for key, start, stop in spans:
            places.setdefault(key, []).append(Place(path, start, stop))
        progress(min(0.99, (number + 1) / (number + 2)), f"reading {source.name}")
    return Raw(snapshot, [place for _, _, key in wanted for place in places.get(key, [])], folder)


def _known(shelf: Shelf) -> dict[str, list[Place]]:
    """Files whose documents lie in blocks already, all of them."""
    import numpy as np

    found: dict[str, list[tuple[int, Place]]] = {}
    documents: dict[str, int] = {}
    for path in shelf.blocks():
        names = read(path, ["file", "number", "last"])
        if not names.num_rows:
            continue
        codes = names["file"].combine_chunks().dictionary_encode()
        keys, index = codes.dictionary.to_pylist(), np.asarray(codes.indices)
        numbers = np.asarray(names["number"])
        edges = np.flatnonzero(np.diff(index, prepend=-1) | (np.diff(numbers, prepend=-1) != 1))
        for start, stop in zip(edges.tolist(), [*edges.tolist()[1:], len(index)], strict=True):
            found.setdefault(keys[index[start]], []).append((int(numbers[start]), Place(path, start, stop)))
        for row in np.flatnonzero(np.asarray(names["last"])).tolist():
            documents[keys[index[row]]] = int(numbers[row]) + 1
    joined = {key: _joined(found[key], number) for key, number in documents.items()}
    return {key: places for key, places in joined.items() if places is not None}


def _joined(spans: list[tuple[int, Place]], documents: int) -> list[Place] | None:
    """A file's documents one after the other, each once, out of spans that begin with a number of one; None where one lacks.

    Spans overlap where a reading was killed and begun again, and one lacks where a block was not whole.
    """
    places: list[Place] = []
    so_far = 0
    for first, place in sorted(spans, key=lambda span: span[0]):
        if first > so_far:
            return None
        if (end := first + place.stop - place.start) > so_far:
            places.append(Place(place.block, place.start + so_far - first, place.stop))
            so_far = end
    return places if so_far == documents else None


def _halves(ids: list[str]) -> "dict[str, pa.Array]":
    """128 bits of each id, as two numbers."""
    import numpy as np
    import pyarrow as pa

    both = np.frombuffer(bytes.fromhex("".join(one[:32] for one in ids)), ">u8").astype(np.uint64).reshape(-1, 2)
    return {"hi": pa.array(both[:, 0]), "lo": pa.array(both[:, 1])}


def _hashes(texts: "pa.ChunkedArray") -> "pa.LargeListArray":
    """Of the paragraphs of each text."""
    import pyarrow as pa

    from daulat.corpus.columns import flat
    from daulat.corpus.kernels.paragraphs import paragraphs

    hashes, _, _, starts = paragraphs(*flat(texts))
    return pa.LargeListArray.from_arrays(pa.array(starts), pa.array(hashes))


def _file_key(snapshot: Snapshot, name: str, path: Path) -> str:
    digest = (snapshot.digests or {}).get(name)
    digest = digest or file_digest(path)
    return hashlib.sha256(f"{name}\0{digest}".encode("utf-8", "surrogateescape")).hexdigest()[:40]


def _blocks(
    snapshot: Snapshot, verdict: Verdict, options: CorpusOptions, fresh: list[tuple[str, Path, str]]
) -> "Iterator[tuple[pa.Table, list[tuple[str, int, int]]]]":
    """Each block with the files in it: key, first row, row after the last."""
    import pyarrow as pa

    source = snapshot.source
    if verdict == KEEP:
        found = files.extract_blocks(source, [(name, path) for name, path, _ in fresh], options)
    else:
        found = files.unread_blocks(source, [(name, path) for name, path, _ in fresh])
    came = Counter[int]()
    for judged, owners, last in found:
        course = Course(judged.documents)
        course.settle("extract", judged)
        course.settle("rights", rights.judge(course.now, verdict))
        course.settle("normalise", normalise.normalise(course.now))
        documents, _ = course.texts()
        numbers = list[int]()
        for owner in owners:
            numbers.append(came[owner])
            came[owner] += 1
        columns = {
            "file": pa.array([fresh[owner][2] for owner in owners], pa.string()),
            "number": pa.array(numbers, pa.int64()),
            "last": pa.array(last, pa.bool_()),
            "id": documents["id"],
            **_halves(documents["id"].to_pylist()),
            "path": documents["path"],
            "text": documents["text"],
            "hashes": _hashes(documents["text"]),
            "stage": pa.array(course.stage, pa.string()),
            "outcome": pa.array(course.outcome, pa.string()),
            "reason": pa.array(course.reason, pa.string()),
            "taken_out": pa.array(course.taken_out, left_type()),
            **{f"after_{stage}": pa.array(course.sizes[stage]) for stage in STAGES},
        }
        spans: list[tuple[str, int, int]] = []
        for row, owner in enumerate(owners):
            key = fresh[owner][2]
            if spans and spans[-1][0] == key:
                spans[-1] = (key, spans[-1][1], row + 1)
            else:
                spans.append((key, row, row + 1))
        yield pa.table(columns), spans
