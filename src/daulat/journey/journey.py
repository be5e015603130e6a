"""A project's journey: record a statement, and find it again."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from daulat.errors import DaulatError, NotVerified
from daulat.journey import canonical, durable, note, shape
from daulat.journey import index as indices
from daulat.journey import statement as st
from daulat.journey.envelope import open_envelope, peek
from daulat.journey.group import Group, Job
from daulat.journey.index import Entry, Index
from daulat.journey.keyring import Keyring
from daulat.journey.keys import PublicKey, SigningKey
from daulat.journey.log import Log, ensure_fits
from daulat.journey.recent import Recent
from daulat.journey.seal import checked, seal
from daulat.journey.store import Store

LOG, STORE, INDEX = "journey", "store", "cache/journey.sqlite"
ENTRIES_KEPT = 1024
_COPY = (
    "restore it from a copy; where an older copy was restored on purpose, `daulat journey reindex` takes it as it is"
)


@dataclass
class _Request(Job):
    """Statements that one thread wants on record."""

    statements: Sequence[dict[str, Any]]
    key: SigningKey
    sealed: list[bytes]
    first: int = -1

    def entries(self) -> Iterator[Entry]:
        """What was recorded, once it was."""
        for number, (statement, sealed) in enumerate(zip(self.statements, self.sealed, strict=True), self.first):
            yield Entry(number, statement, self.key.name, self.key.key_id, canonical.digest(sealed))


class Journey:
    """The log, the keys in force, and the store of one project. Any number of processes and threads may record.

    What is read is what the signed checkpoint covers: each entry is hashed up to its root. The index only says where to
    look, and remembers size and root: a log that is shorter or another one since is noticed.
    """

    def __init__(self, log: Log, store: Store, index: Index) -> None:
        """Opened by `open` or `create`."""
        self.log = log
        self.store = store
        self.index = index
        self._keyring: tuple[int, Keyring] | None = None
        """The newest keyring, and the entry that set it."""
        self._entries = Recent[int, Entry](ENTRIES_KEPT)
        self._group = Group[_Request](self._commit, _seal)
        self._lock = threading.RLock()  # INVARIANT: taken before the log's own lock, never after

    @classmethod
    def create(
        cls, project: Path, origin: str, operator: SigningKey, others: dict[str, SigningKey], at: str | None = None
    ) -> "Journey":
        """A journey that begins with the keyring `{"operator": operator, **others}`, signed by the operator.

        A journey that holds nothing but its keyring, left by an init that was killed, is made anew.

        Raises: DaulatError where one is there that holds more.
        """
        folder, partial = project / LOG, project / f".{LOG}.partial"
        if folder.exists():
            size = Log.open(folder).checkpoint().size
            if size > 1:
                raise DaulatError(
                    f"`{folder}` holds a journey of {size} statements", "go on in that project: nothing is started over"
                )
            shutil.rmtree(folder)
        shutil.rmtree(partial, ignore_errors=True)
        keys = [("operator", operator.public), *((role, key.public) for role, key in others.items())]
        first = st.keyring_statement(
            keys, at=at or datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        )
        Keyring.anchor(first)
        Log.create(partial, origin, operator).append([seal(first, operator)], operator)
        partial.replace(folder)
        durable.flush_folder(project)
        indices.remove(project / INDEX)
        return cls.open(project)

    @classmethod
    def open(cls, project: Path) -> "Journey":
        """The journey of that project, read up to its newest checkpoint.

        Raises: DaulatError where there is none; NotVerified where what is read is not what was signed.
        """
        journey = cls(Log.open(project / LOG), Store(project / STORE), Index(project / INDEX))
        journey.refresh()
        return journey

    @classmethod
    def reindexed(cls, project: Path) -> "Journey":
        """The same, with its index made anew from the log: nothing that was remembered of the log counts any more.

        Raises: as `open`.
        """
        indices.remove(project / INDEX)
        return cls.open(project)

    @property
    def keyring(self) -> Keyring:
        """The keys in force for the next statement."""
        with self._lock:
            found = self.index.entries("keyring", "")
            if not found:
                raise NotVerified("the journey is empty", "run `daulat init` again in a new folder")
            if self._keyring is None or self._keyring[0] != found[-1]:
                self._keyring = found[-1], Keyring.of(self.entry(found[-1]).statement)
            return self._keyring[1]

    def writers_at(self, size: int) -> list[PublicKey]:
        """Whose signature under the checkpoint of that size counts: the keys in force for its last statement, or after it."""
        rings = [Keyring.of(self.entry(at).statement) for at in self.index.entries("keyring", "") if at < size]
        return list({key.key_id: key for ring in rings[-2:] for key in ring.writers()}.values())

    def role(self, key_id: str) -> str:
        """What that key was listed as, the last time that a keyring listed it; empty where none did."""
        for number in reversed(self.index.entries("keyring", "")):
            listed = Keyring.of(self.entry(number).statement).keys.get(key_id)
            if listed is not None:
                return listed[0]
        return ""

    def record(self, statement: dict[str, Any], key: SigningKey) -> int:
        """The statement's index, once it is durable.

        Raises: NotVerified where the key is not in force or its role may not say this; DaulatError of `Log.append`.
        """
        return self.record_many([statement], key)

    def record_many(self, statements: Sequence[dict[str, Any]], key: SigningKey) -> int:
        """The index of the first of them, once all are durable: all or none.

        What several threads record at once is one write to disk.
        """
        request = _Request(statements, key, [])
        self._group.do(request)
        return request.first

    def _commit(self, requests: Sequence[_Request]) -> None:
        """One append for all of them; a request that is refused leaves the others as they are."""
        with self._lock:
            self._append([request for request in requests if request.error is None])

    def _append(self, requests: Sequence[_Request]) -> None:
        if not requests:
            return

        def prepare() -> tuple[list[bytes], SigningKey]:
            self.refresh()
            ring, entries, key = self.keyring, list[bytes](), requests[0].key
            for request in requests:
                try:
                    after = ring
                    for statement, sealed in zip(request.statements, request.sealed, strict=True):
                        after.permit(request.key.key_id, statement)
                        self._stands_once(statement, sealed)
                        after = after.after(statement)
                except DaulatError as error:
                    request.error = error
                else:
                    ring, key, request.first = after, request.key, self.log.checkpoint().size + len(entries)
                    entries += request.sealed
            return entries, key

        self.log.append_prepared(prepare)
        self._learn_own(requests)

    def _stands_once(self, statement: dict[str, Any], sealed: bytes) -> None:
        """Raises: NotVerified for an envelope that is on record already and would undo what came after it."""
        if statement["predicateType"] in shape.ONCE:
            there = self.index.entries("envelope", canonical.digest(sealed))
            if there:
                raise NotVerified(
                    f"this is statement {there[0]} once more: what came after it would be undone",
                    "nothing was recorded; if the log holds it, `daulat verify` says where",
                )

    def _learn_own(self, requests: Sequence[_Request]) -> None:
        """Index what was just written without reading it again; where that fails, `refresh` reads it."""
        checkpoint = self.log.checkpoint()
        done = [request for request in requests if request.error is None]
        with suppress(sqlite3.Error):
            if done and self.index.state()[0] == done[0].first:
                with self.index.growing():
                    self.index.add(entry for request in done for entry in request.entries())
                    self.index.grown(checkpoint.size, checkpoint.root)

    def refresh(self) -> None:
        """Know what others have recorded since.

        Raises: NotVerified where the log is shorter than it was, or is not what its checkpoint says.
        """
        with self._lock:
            checkpoint = self.log.reload()
            try:
                if self.index.state() != (checkpoint.size, checkpoint.root):
                    with self.index.growing():
                        self._catch_up()
            except sqlite3.Error as error:
                raise DaulatError(
                    f"the index of the journey cannot be kept: {error}",
                    "nothing in the journey is lost: free some space, then `daulat journey reindex`",
                ) from error

    def _catch_up(self) -> None:
        checkpoint, text = self.log.reload(), self.log.note()
        known, root = self.index.state()
        if checkpoint.size < known:
            raise NotVerified(f"the journey had {known} statements and has {checkpoint.size}", _COPY)
        if self.log.root_at(known) != root:
            raise NotVerified(f"the first {known} statements of the journey are not those that were here", _COPY)
        if checkpoint.size > known:
            self._learn(known, checkpoint.size, text)
            self.index.grown(checkpoint.size, checkpoint.root)

    def _learn(self, start: int, end: int, text: bytes) -> None:
        """Index the entries from `start` to `end`, the size of the checkpoint that this note signs."""
        ring = self.keyring if start else None
        before = ring
        learnt: list[Entry] = []
        once: set[str] = set()
        for number, sealed in enumerate(self.log.entries(start, end), start):
            before = ring
            entry, ring = self._follow(number, sealed, ring)
            if entry.statement["predicateType"] in shape.ONCE:
                self._stands_once(entry.statement, sealed)
                if entry.digest in once:
                    raise NotVerified(f"statement {number} is an earlier one once more", "run `daulat verify`")
                once.add(entry.digest)
            learnt.append(entry)
            if len(learnt) == ENTRIES_KEPT:
                self.index.add(learnt)
                learnt.clear()
        self.index.add(learnt)
        assert ring is not None
        note.signers(text, (before or ring).writers())

    def statements(self, start: int = 0) -> Iterator[Entry]:
        """Every statement from `start` on, in recorded order."""
        self.refresh()
        for number, sealed in enumerate(self.log.entries(start), start):
            yield _entry(number, sealed)

    def entry(self, index: int) -> Entry:
        """The statement at that index."""
        found = self._entries.get(index)
        if found is None:
            size = self.log.checkpoint().size
            if not 0 <= index < size:
                raise DaulatError(f"no statement {index}", f"the journey has {size} statements, counted from 0")
            found = _entry(index, self.sealed(index))
            self._entries.keep(index, found)
        return found

    def sealed(self, index: int) -> bytes:
        """The envelope at that index, as the log has it."""
        return next(self.log.entries(index, index + 1))

    def own(self, text: bytes) -> bytes:
        """The note of a checkpoint, if it is one of this log.

        Raises: NotVerified where it is another log's, of a later size, or has another root.
        """
        checkpoint, newest = note.read(text), self.log.checkpoint()
        if checkpoint.origin != newest.origin or checkpoint.size > newest.size:
            raise NotVerified(
                f"the checkpoint is of `{checkpoint.origin}` at size {checkpoint.size}, and this is `{newest.origin}` at "
                f"size {newest.size}",
                "name a checkpoint of this log",
            )
        if self.log.root_at(checkpoint.size) != checkpoint.root:
            raise NotVerified(
                f"the checkpoint of size {checkpoint.size} has another root than this log had at that size",
                "keep both checkpoints: they are evidence of a split view",
            )
        return text

    def find_step(self, step_key: str) -> Entry | None:
        """The newest step of that key, or None."""
        self.refresh()
        found = self.index.entries("step", step_key)
        return self.entry(found[-1]) if found else None

    @staticmethod
    def _follow(index: int, sealed: bytes, ring: Keyring | None) -> tuple[Entry, Keyring]:
        """The entry, and the keys in force after it. Only keyrings have their signature checked here."""
        entry = _entry(index, sealed)
        if ring is None:
            ring = Keyring.anchor(entry.statement)
            open_envelope(sealed, ring)
        elif entry.kind == "keyring":
            open_envelope(sealed, ring)
        return entry, ring.after(entry.statement)


def _seal(requests: Sequence[_Request]) -> None:
    """Check and sign what each asks to record; a request that is refused leaves the others as they are.

    One thread does it for all of them: threads that each seal their own would fight over the interpreter.
    """
    for request in requests:
        try:
            request.sealed = [checked(statement, request.key) for statement in request.statements]
            for sealed in request.sealed:
                ensure_fits(sealed)
        except DaulatError as error:
            request.error = error


def _entry(index: int, sealed: bytes) -> Entry:
    try:
        signed = peek(sealed)
        shape.check(signed.statement)
    except NotVerified as error:
        raise NotVerified(f"statement {index}: {error.problem}", error.hint) from None
    return Entry(index, signed.statement, signed.by, signed.key_id, canonical.digest(sealed))
