"""The files of a snapshot as blocks of documents: extract, rights, normalise. A file that was read before is not read again."""

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from daulat.corpus import normalise, rights
from daulat.corpus.blocks import Index, Places, Shelf, joined, keys_of, read
from daulat.corpus.columns import flat
from daulat.corpus.course import Course, left_type
from daulat.corpus.extract import files
from daulat.corpus.extract.files import Documents, LeftOut
from daulat.corpus.options import CorpusOptions
from daulat.corpus.stage import KEEP, Judged, Verdict
from daulat.corpus.taking import file_digest
from daulat.corpus.where import Where
from daulat.records import Decision, Digest, Progress, Source

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

STAGES = ("extract", "rights", "normalise")
KEY = ("hi", "lo", "path_key")
_TERMS = ("name", "kind", "language", "main", "text_column", "id_column", "licence", "country", "role")
"""What of a source is in its documents, or decides how they are read."""
PART_BYTES, FILE_BYTES = 16_000_000, 10_000
"""Files are handed out in parts of about so many bytes; each counts as so many more, since each takes time."""


@dataclass(frozen=True)
class Snapshot:
    """A source as it was fetched: its files lie below `folder/files`. The decision is the law's, about curating it."""

    source: Source
    digest: Digest
    folder: Path
    decision: Decision
    digests: dict[str, Digest] | None = None
    """Of its files by their paths below `files`, where they are known; else they are read once more."""


@dataclass
class Raw:
    """All documents of a snapshot, in the order of its files."""

    snapshot: Snapshot
    places: Places
    keys: "npt.NDArray[np.uint64]"
    """What each is, three numbers a row: 128 bits of its id, and its path."""
    left_out: list[LeftOut]
    """Of its files, what is not their text."""
    folder: Path
    """Where they were worked out: its name says under which settings."""
    lists: Path
    """Where it stands which documents are in which file."""
    files: set[str]
    """The keys of its files there."""

    def lists_of(self, block: Path) -> "npt.NDArray[np.bool_]":
        """Of the files that this block lists, which are in the snapshot."""
        import numpy as np

        return np.array([key in self.files for key in read(block, ["file"])["file"].to_pylist()], np.bool_)


def settings_key(version: str, options: CorpusOptions, *more: object) -> str:
    """What a block's content depends on besides its documents, as a folder's name."""
    import icu

    plain = msgspec.to_builtins(options)
    text = json.dumps([version, icu.ICU_VERSION, plain, *more], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def take(
    snapshot: Snapshot, options: CorpusOptions, version: str, state: Path, progress: Progress, where: Where
) -> Raw:
    """The snapshot's documents, those of new files worked out; a document that stood in another file is not.

    Raises: DaulatError where what reads its files is not installed.
    """

    source = snapshot.source
    verdict = rights.rights(source, snapshot.decision)
    terms = {key: getattr(source, key) for key in _TERMS}
    folder = state / "raw" / settings_key(version, options, terms, list(verdict))
    shelf, lists = Shelf(folder), Shelf(state / "files" / folder.name)
    wanted = [(name, path, _file_key(snapshot, name, path)) for name, path in files.named(snapshot.folder / "files")]
    files.ready(source, options, [path for _, path, _ in wanted])
    blocks = list(shelf.blocks())
    keys = [keys_of(path, KEY) for path in blocks]
    known = Index(keys)
    listed = _whole(_listed(lists), known)
    fresh = [one for one in wanted if one[2] not in listed]
    paths = {key: (name, path) for name, path, key in fresh}

    def gather(part: list[str]) -> "list[tuple[str, str, Path | bytes]]":
        files_ = ((key, *paths[key]) for key in part)
        return [(key, name, path.read_bytes() if where.ships else path) for key, name, path in files_]

    parts: dict[str, _Listed] = {}
    done, work = 0, partial(_taken, source, verdict, options, known)
    for _, taken in where.each(gather, work, _parts(fresh)):
        if taken.block is not None:
            blocks.append(shelf.put(taken.block))
            keys.append(taken.new)
        for key, own in taken.documents.items():
            parts.setdefault(key, _Listed()).parts.append(own)
        for key, what in taken.left_out:
            parts.setdefault(key, _Listed()).left_out.append(what)
        ended = {key: parts.pop(key, _Listed()) for key in taken.ended}
        if ended:
            lists.put(_table_of(ended))
            listed |= ended
            done += len(ended)
            progress(min(0.99, done / len(fresh)), f"reading {source.name}")
    chosen = [listed[key] for _, _, key in wanted]
    all_keys = joined([part for one in chosen for part in one.parts])
    block, row = Index(keys).find(all_keys)
    left_out = [what for one in chosen for what in one.left_out]
    in_use = {key for _, _, key in wanted}
    return Raw(snapshot, Places(blocks, block, row), all_keys, left_out, folder, lists.folder, in_use)


@dataclass
class _Listed:
    """The documents of a file, in order, and what is not its text."""

    parts: "list[npt.NDArray[np.uint64]]" = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    @property
    def keys(self) -> "npt.NDArray[np.uint64]":
        """Of its documents, three numbers each."""
        return joined(self.parts)


def _listed(lists: Shelf) -> dict[str, _Listed]:
    """Every file that was read to its end."""
    import numpy as np

    found: dict[str, _Listed] = {}
    for path in lists.blocks():
        block = read(path)
        columns = [block[name].combine_chunks() for name in KEY]
        keys = np.stack([np.asarray(one.flatten()) for one in columns], axis=1)
        starts = (np.asarray(columns[0].offsets) - columns[0].offsets[0].as_py()).tolist()
        for at, (key, left) in enumerate(zip(block["file"].to_pylist(), block["left_out"].to_pylist(), strict=True)):
            found[key] = _Listed([keys[starts[at] : starts[at + 1]]], [LeftOut(**one) for one in left])
    return found


def _whole(listed: dict[str, _Listed], known: Index) -> dict[str, _Listed]:
    """The files of which every document is known."""
    import numpy as np

    lacks = known.find(joined([part for one in listed.values() for part in one.parts]))[0] < 0
    ends = np.cumsum([0, *(sum(map(len, one.parts)) for one in listed.values())])
    so_far = np.concatenate(([0], np.cumsum(lacks)))
    missing = (so_far[ends[1:]] - so_far[ends[:-1]]).tolist()
    return {key: one for (key, one), number in zip(listed.items(), missing, strict=True) if not number}


def _table_of(files: dict[str, _Listed]) -> "pa.Table":
    import numpy as np
    import pyarrow as pa

    starts = pa.array(np.concatenate(([0], np.cumsum([len(one.keys) for one in files.values()]))).astype(np.int64))
    keys = joined([part for one in files.values() for part in one.parts])
    left_out = pa.list_(pa.struct([("reason", pa.string()), ("paragraphs", pa.int64()), ("utf8_bytes", pa.int64())]))
    return pa.table(
        {
            "file": pa.array(list(files), pa.string()),
            **{name: pa.LargeListArray.from_arrays(starts, pa.array(keys[:, at])) for at, name in enumerate(KEY)},
            "left_out": pa.array([[asdict(what) for what in one.left_out] for one in files.values()], left_out),
        }
    )


def _keys(found: Documents) -> "npt.NDArray[np.uint64]":
    """What each document is, in three numbers: 128 bits of its id, 64 of its path and of why it could not be read.

    A record that cannot be read has an id that does not tell why: with another reason it is another document.
    """
    import numpy as np
    import pyarrow as pa

    from daulat.corpus.kernels.paragraphs import digests, paragraphs

    both = np.frombuffer(bytes.fromhex("".join(one[:32] for one in found.ids)), ">u8").astype(np.uint64).reshape(-1, 2)
    names = [
        path if verdict is KEEP else f"{path}\n{verdict.outcome}\n{verdict.reason}"
        for path, verdict in zip(found.paths, found.verdicts, strict=True)
    ]
    hashes, _, _, starts = paragraphs(*flat(pa.array(names, pa.large_string())))
    return np.concatenate([both, digests(hashes, starts)[:, :1]], axis=1)


def _file_key(snapshot: Snapshot, name: str, path: Path) -> str:
    digest = (snapshot.digests or {}).get(name)
    digest = digest or file_digest(path)
    return hashlib.sha256(f"{name}\0{digest}".encode("utf-8", "surrogateescape")).hexdigest()[:40]


def _parts(fresh: list[tuple[str, Path, str]]) -> list[list[str]]:
    """Files that are read together: some megabytes of them."""
    found, room = list[list[str]](), 0
    for _, path, key in fresh:
        size = path.stat().st_size
        if size > room or not found:
            found.append([])
            room = PART_BYTES
        found[-1].append(key)
        room -= size + FILE_BYTES
    return found


@dataclass(frozen=True)
class _Taken:
    """Some documents as they were read, by file, and the block of those that were not known."""

    documents: "dict[str, npt.NDArray[np.uint64]]"
    ended: list[str]
    left_out: list[tuple[str, LeftOut]]
    block: "pa.Table | None"
    new: "npt.NDArray[np.uint64]"
    """Keys of the block's rows."""


def _taken(
    source: Source, verdict: Verdict, options: CorpusOptions, known: Index, given: "list[tuple[str, str, Path | bytes]]"
) -> Iterator[_Taken]:
    import numpy as np

    with ExitStack() as stack:
        listed = [(name, _on_disk(content, stack)) for _, name, content in given]
        for found in _read(source, verdict, options, listed):
            own, names = _keys(found), [given[owner][0] for owner in range(len(given))]
            new = np.flatnonzero(known.find(own)[0] < 0)
            yield _Taken(
                {names[owner]: own[found.owners == owner] for owner in np.unique(found.owners).tolist()},
                [names[owner] for owner in found.ended],
                [(names[owner], what) for owner, what in found.left_out],
                _block(found, new, own[new], verdict) if len(new) else None,
                own[new],
            )


def _on_disk(content: "Path | bytes", stack: ExitStack) -> Path:
    """A file that was sent from another machine is a file here for as long as it is read."""
    if isinstance(content, Path):
        return content
    path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "file"
    path.write_bytes(content)
    return path


def _read(
    source: Source, verdict: Verdict, options: CorpusOptions, wanted: list[tuple[str, Path]]
) -> Iterator[Documents]:
    if verdict == KEEP:
        return files.extract_blocks(source, wanted, options)
    return files.unread_blocks(source, wanted)


def _block(
    found: Documents, rows: "npt.NDArray[np.int64]", keys: "npt.NDArray[np.uint64]", verdict: Verdict
) -> "pa.Table":
    """Those of the documents, with what the first stages say of them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from daulat.corpus.kernels.paragraphs import paragraphs

    ids, paths, verdicts = ([one[row] for row in rows.tolist()] for one in (found.ids, found.paths, found.verdicts))
    texts = found.texts if len(rows) == len(found.ids) else found.texts.take(pa.array(rows))
    course = Course(pa.table({"id": pa.array(ids, pa.string()), "text": texts}))
    course.settle("extract", Judged(course.now, verdicts))
    course.settle("rights", rights.judge(course.now, verdict))
    course.settle("normalise", normalise.normalise(course.now))
    documents, _ = course.texts()
    hashes, _, _, starts = paragraphs(*flat(documents["text"]))
    return pa.table(
        {
            **{name: pa.array(keys[:, at]) for at, name in enumerate(KEY)},
            "id": documents["id"],
            "path": pa.array(paths, pa.string()),
            "text": documents["text"],
            "utf8_bytes": pc.binary_length(documents["text"]),
            "hashes": pa.LargeListArray.from_arrays(pa.array(starts), pa.array(hashes)),
            "stage": pa.array(course.stage, pa.string()),
            "outcome": pa.array(course.outcome, pa.string()),
            "reason": pa.array(course.reason, pa.string()),
            "taken_out": pa.array(course.taken_out, left_type()),
            **{f"after_{stage}": pa.array(course.sizes[stage]) for stage in STAGES},
        }
    )
