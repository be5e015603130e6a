"""The log: a folder of tiles that only grows, under one signed checkpoint.

```
append ──> lock ──> read what others wrote ──> bundles, tiles ──fsync──> checkpoint ──rename, fsync──> index
                                                  │ killed                  │ killed
                                                  └─> beyond the checkpoint: overwritten by the next append
```
INVARIANT: an index is returned only once the checkpoint that covers it is durable, and no file that a durable
checkpoint needs is ever written again. Layout: c2sp.org/tlog-tiles, except that a partial tile is taken away once a
fuller one is durable; readers of an older checkpoint use the start of the fuller one.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from daulat.errors import DaulatError, NotVerified
from daulat.journey import durable, merkle, note, tiles
from daulat.journey.group import Group, Job
from daulat.journey.keys import SigningKey
from daulat.journey.note import Checkpoint
from daulat.journey.recent import Recent

CHECKPOINT = "checkpoint"
LOCK = ".lock"
LOCK_WAIT_S = 60.0
_POLL_S = 0.0005, 0.002
"""How often the lock is asked for: at first, and after a while."""
TILES_KEPT, BUNDLES_KEPT = 1024, 16


@dataclass(frozen=True)
class _State:
    """What one checkpoint says, and the right edge that it is made of."""

    note: bytes
    checkpoint: Checkpoint
    edge: tiles.Edge
    bundle: bytes
    """The entries of the last bundle, where it is not full."""


@dataclass
class _Append(Job):
    """Entries that one thread appends."""

    entries: Sequence[bytes]
    key: SigningKey
    first: int = -1


def missing(path: Path | str) -> NotVerified:
    """A tile or bundle that the checkpoint needs and that is not there."""
    entries = "entries" in Path(path).parts
    return NotVerified(
        f"`{path}` is missing from the log",
        "restore it from a copy" if entries else "`daulat journey fsck --mend` makes it again from the entries",
    )


def ensure_fits(entry: bytes) -> None:
    """Raises: DaulatError where a bundle cannot hold it: c2sp.org/tlog-tiles gives two bytes to its length."""
    if len(entry) > tiles.MAX_ENTRY_BYTES:
        raise DaulatError(
            f"a log entry has {len(entry)} bytes, and may have {tiles.MAX_ENTRY_BYTES}",
            "keep large facts in the store as an artefact, and their digest in the statement",
        )


class Log:
    """Entries in the order in which they became durable. Any number of processes and threads may append."""

    def __init__(self, folder: Path, lock_wait_s: float = LOCK_WAIT_S) -> None:
        """Opened by `open` or `create`."""
        self.folder = folder
        self.lock_wait_s = lock_wait_s
        self._state: _State | None = None
        self._tiles = Recent[tuple[int, int], bytes](TILES_KEPT)
        self._bundles = Recent[int, list[bytes]](BUNDLES_KEPT)
        self._group = Group[_Append](self._append_all)

    @classmethod
    def create(cls, folder: Path, origin: str, key: SigningKey) -> "Log":
        """An empty log in a folder that is empty or missing.

        Raises: DaulatError where a log is there, or where the origin is not one line of text.
        """
        if not origin or not origin.isprintable():
            raise DaulatError(
                f"a log cannot be called `{origin!r}`", "use one line of text, such as `ministry.example/log`"
            )
        if (folder / CHECKPOINT).exists():
            raise DaulatError(f"`{folder}` holds a log already", "open that one: a log is never started over")
        durable.make_folder(folder)
        empty = Checkpoint(origin, 0, merkle.EMPTY_ROOT)
        durable.replace(folder / CHECKPOINT, note.sign(empty, key))
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> "Log":
        """The log as its last durable checkpoint has it, its right edge checked against that root.

        Raises: DaulatError where there is none; NotVerified where the edge does not give the root.
        """
        log = cls(folder)
        log.reload()
        return log

    def checkpoint(self) -> Checkpoint:
        """The checkpoint last read; `reload` reads a newer one."""
        return self._now().checkpoint

    def note(self) -> bytes:
        """The same, as the signed note on disk."""
        return self._now().note

    def reload(self) -> Checkpoint:
        """The newest checkpoint on disk.

        Raises: NotVerified where it, or the edge of the tree below it, is not whole.
        """
        while True:
            text = self._read_note()
            if self._state is not None and text == self._state.note:
                return self._state.checkpoint
            try:
                self._state = self._load(text)
            except FileNotFoundError as error:
                if self._read_note() == text:
                    path = Path(error.filename or str(error)).relative_to(self.folder)
                    raise missing(path) from None

    def append(self, entries: Sequence[bytes], key: SigningKey) -> int:
        """The index of the first entry, once all of them are durable; all or none.

        Raises: DaulatError for an entry too large, a lock not given, a full disk.
        """
        for entry in entries:
            ensure_fits(entry)
        job = _Append(entries, key)
        self._group.do(job)
        return job.first

    def _append_all(self, jobs: Sequence[_Append]) -> None:
        """One write for what several threads append; the first one's key signs."""
        first = self.append_prepared(lambda: ([entry for job in jobs for entry in job.entries], jobs[0].key))
        for job in jobs:
            job.first, first = first, first + len(job.entries)

    def append_prepared(self, prepare: Callable[[], tuple[Sequence[bytes], SigningKey]]) -> int:
        """As `append`, with what `prepare` gives: called under the lock, with the newest checkpoint loaded.

        Raises: DaulatError for a lock not given, a full disk; whatever `prepare` raises, and nothing was written.
        """
        with self._locked():
            self.reload()
            entries, key = prepare()
            state = self._now()
            if entries:
                try:
                    self._state = self._write(state, entries, key)
                except OSError as error:
                    if self._read_note() != state.note:
                        self.reload()
                        raise DaulatError(
                            f"the log was written, and whether that lasts is not known: {error.strerror}",
                            f"it has {self.checkpoint().size} statements now: mend the disk and look, before you run it again",
                        ) from error
                    free = shutil.disk_usage(self.folder).free
                    raise DaulatError(
                        f"the log cannot be written: {error.strerror} ({free} bytes are free)",
                        "nothing was recorded: free some space or mend the disk, and run it again",
                    ) from error
            return state.checkpoint.size

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The entries from `start` on, up to `end` or the checkpoint last read; each is hashed up to the root.

        Raises: NotVerified where one is not what the checkpoint says.
        """
        end = self.checkpoint().size if end is None else end
        for index in range(start // tiles.WIDTH, -(-end // tiles.WIDTH)):
            bundle, hashes = self._bundle(index), self._tile(0, index)
            for number in range(max(start, index * tiles.WIDTH), min(end, (index + 1) * tiles.WIDTH)):
                at = number % tiles.WIDTH
                if merkle.leaf_hash(bundle[at]) != hashes[at * 32 : at * 32 + 32]:
                    raise NotVerified(f"entry {number} is not what the log's hashes say", "run `daulat verify`")
                yield bundle[at]

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """Proves entry `index` in the tree of `size`. Source: RFC 6962, section 2.1.1."""
        if not 0 <= index < size <= self.checkpoint().size:
            known = self.checkpoint().size
            raise DaulatError(f"no entry {index} in a log of {size}", f"this log has {known} entries, counted from 0")
        return merkle.inclusion_path(index, size, self._subtree)

    def consistency_proof(self, old: int, new: int) -> list[bytes]:
        """Proves that the tree of `new` begins with the tree of `old`. Source: RFC 6962, section 2.1.2."""
        if not 0 <= old <= new <= self.checkpoint().size:
            known = self.checkpoint().size
            raise DaulatError(
                f"no proof from size {old} to size {new}", f"this log has {known} entries, and only grows"
            )
        return merkle.consistency_path(old, new, self._subtree)

    def root_at(self, size: int) -> bytes:
        """The root of the first `size` entries."""
        assert 0 <= size <= self.checkpoint().size
        return merkle.tree_hash(0, size, self._subtree)

    def _now(self) -> _State:
        assert self._state is not None
        return self._state

    def _subtree(self, height: int, index: int) -> bytes:
        level, inside = divmod(height, 8)
        start = (index << inside) % tiles.WIDTH
        data = self._tile(level, (index << inside) // tiles.WIDTH)
        return merkle.root([data[at * 32 : at * 32 + 32] for at in range(start, start + (1 << inside))])

    def _tile(self, level: int, index: int) -> bytes:
        """The tile's hashes, checked up to the newest checkpoint's root: the right edge was when it was loaded."""
        edge = self._now().edge
        if index == edge.size >> 8 * (level + 1):
            return b"".join(edge.tails[level])
        known = self._tiles.get((level, index))
        if known is None:
            known = self._read(level, index)
            above, at = self._tile(level + 1, index // tiles.WIDTH), index % tiles.WIDTH * 32
            if merkle.root([known[i : i + 32] for i in range(0, len(known), 32)]) != above[at : at + 32]:
                path = tiles.tile_path(level, index, tiles.WIDTH)
                raise NotVerified(f"`{path}` does not give the log's root", "run `daulat verify`")
            self._tiles.keep((level, index), known)
        return known

    def _bundle(self, index: int) -> list[bytes]:
        """The entries of a bundle as of the newest checkpoint, not checked."""
        state = self._now()
        if index == state.checkpoint.size // tiles.WIDTH:
            return list(tiles.decode(state.bundle))
        known = self._bundles.get(index)
        if known is None:
            known = list(tiles.decode(self._read("entries", index)))
            if len(known) != tiles.WIDTH:
                path = tiles.tile_path("entries", index, tiles.WIDTH)
                raise NotVerified(f"`{path}` holds {len(known)} entries", "run `daulat verify`")
            self._bundles.keep(index, known)
        return known

    def _read(self, level: int | str, index: int) -> bytes:
        """The tile or bundle as of the newest checkpoint: fuller ones replace it while others append."""
        while True:
            size = self.checkpoint().size
            width = tiles.width_at(size, 0 if level == "entries" else int(level), index)
            limit = tiles.MAX_BUNDLE_BYTES if level == "entries" else tiles.MAX_TILE_BYTES
            path = tiles.tile_path(level, index, width)
            try:
                return durable.read(self.folder / path, limit)
            except FileNotFoundError:
                if self.reload().size == size:
                    raise missing(path) from None

    def _read_note(self) -> bytes:
        try:
            return durable.read(self.folder / CHECKPOINT, note.MAX_NOTE_BYTES)
        except FileNotFoundError:
            if (self.folder / "tile").is_dir():
                raise NotVerified(
                    f"`{CHECKPOINT}` is missing from the log in `{self.folder}`",
                    "restore it from a copy: a witness, or a proof, holds one; the entries are still there",
                ) from None
            raise DaulatError(f"no log in `{self.folder}`", "run `daulat init`, or name the project's folder") from None

    def _load(self, text: bytes) -> _State:
        checkpoint = note.read(text)
        size = checkpoint.size
        edge = tiles.Edge(size)
        level = 0
        while size >> 8 * level:
            index = size >> 8 * (level + 1)
            width = tiles.width_at(size, level, index)
            path = tiles.tile_path(level, index, width)
            data = durable.read(self.folder / path, tiles.MAX_TILE_BYTES) if width else b""
            edge.tails.append([data[at : at + 32] for at in range(0, width * 32, 32)])
            level += 1
        if edge.root() != checkpoint.root:
            raise NotVerified(
                "the log's tiles do not give the checkpoint's root", "run `daulat verify`: it says which file"
            )
        index, width = divmod(size, tiles.WIDTH)
        path = tiles.tile_path("entries", index, width)
        bundle = durable.read(self.folder / path, tiles.MAX_BUNDLE_BYTES) if width else b""
        if [merkle.leaf_hash(entry) for entry in tiles.decode(bundle)] != (edge.tails[0] if width else []):
            raise NotVerified(f"`{path}` does not match the log's hashes", "it was changed: restore it from a copy")
        return _State(text, checkpoint, edge, bundle)

    def _write(self, old: _State, entries: Sequence[bytes], key: SigningKey) -> _State:
        edge, bundle = old.edge.copy(), bytearray(old.bundle)
        files: dict[str, bytes] = {}
        for entry in entries:
            bundle += tiles.encode(entry)
            for full in edge.push(merkle.leaf_hash(entry)):
                files[full.path] = full.content
                if full.level == 0:
                    files[tiles.tile_path("entries", full.index, tiles.WIDTH)] = bytes(bundle)
                    bundle.clear()
        there = {tile.path for tile in old.edge.partials()}
        files.update({tile.path: tile.content for tile in edge.partials() if tile.path not in there})
        if bundle:
            index, width = divmod(edge.size, tiles.WIDTH)
            files[tiles.tile_path("entries", index, width)] = bytes(bundle)
        for path, content in files.items():
            durable.make_folder((self.folder / path).parent)
            durable.write(self.folder / path, content)
        for folder in sorted({(self.folder / path).parent for path in files}):
            durable.flush_folder(folder)
        checkpoint = Checkpoint(old.checkpoint.origin, edge.size, edge.root())
        text = note.sign(checkpoint, key)
        durable.replace(self.folder / CHECKPOINT, text)
        for path in files:
            self._tidy(self.folder / path)
        return _State(text, checkpoint, edge, bytes(bundle))

    @staticmethod
    def _tidy(path: Path) -> None:
        """Take away the partial tiles which this one replaces; what cannot be taken away does no harm."""
        partial = path.parent.name.endswith(".p")
        folder = path.parent if partial else path.with_name(f"{path.name}.p")
        with suppress(OSError):
            for other in folder.iterdir():
                if not partial or other != path:
                    other.unlink()
            if not partial:
                folder.rmdir()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time, over all processes and threads; given back by the kernel if its holder dies."""
        handle = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            until, pause = time.monotonic() + self.lock_wait_s, _POLL_S[0]
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > until:
                        raise DaulatError(
                            f"another process has been writing to `{self.folder}` for {self.lock_wait_s:.0f} s",
                            "wait until it is done, or stop it; nothing is lost",
                        ) from None
                    time.sleep(pause)
                    pause = min(_POLL_S[1], pause * 1.5)
            yield
        finally:
            os.close(handle)
