"""A project's journey: record a statement, and find it again."""

import shutil
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from daulat.errors import DaulatError, NotVerified
from daulat.journey import canonical, durable, merkle, note, shape, tiles
from daulat.journey import statement as st
from daulat.journey.envelope import open_envelope, peek, seal
from daulat.journey.index import Entry, Index
from daulat.journey.keyring import Keyring
from daulat.journey.keys import SigningKey
from daulat.journey.log import Log
from daulat.journey.store import Store

LOG, STORE = "journey", "store"


class Journey:
    """The log, the keys in force, and the store of one project. Any number of processes and threads may record.

    What is read is what the signed checkpoint covers: each entry is hashed up to its root.
    """

    def __init__(self, log: Log, store: Store) -> None:
        """Opened by `open` or `create`."""
        self.log = log
        self.store = store
        self.index = Index()
        self._edge = tiles.Edge()
        self._keyring: Keyring | None = None
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
        return cls.open(project)

    @classmethod
    def open(cls, project: Path) -> "Journey":
        """The journey of that project, read up to its newest checkpoint.

        Raises: DaulatError where there is none; NotVerified where what is read is not what was signed.
        """
        journey = cls(Log.open(project / LOG), Store(project / STORE))
        journey.refresh()
        return journey

    @property
    def keyring(self) -> Keyring:
        """The keys in force for the next statement."""
        if self._keyring is None:
            raise NotVerified("the journey is empty", "run `daulat init` again in a new folder")
        return self._keyring

    def record(self, statement: dict[str, Any], key: SigningKey) -> int:
        """The statement's index, once it is durable.

        Raises: NotVerified where the key is not in force or its role may not say this; DaulatError of `Log.append`.
        """
        return self.record_many([statement], key)

    def record_many(self, statements: Sequence[dict[str, Any]], key: SigningKey) -> int:
        """The index of the first of them, once all are durable: one write to disk for all."""
        sealed = [seal(statement, key) for statement in statements]

        def allowed() -> None:
            self.refresh()
            ring = self.keyring
            for entry, statement in zip(sealed, statements, strict=True):
                shape.check(statement)
                open_envelope(entry, ring)
                ring = ring.after(statement)

        with self._lock:
            first = self.log.append(sealed, key, allowed)
            self.refresh()
            return first

    def refresh(self) -> None:
        """Know what others have recorded since.

        Raises: NotVerified where the log is shorter than it was, or is not what its checkpoint says.
        """
        with self._lock:
            checkpoint, text = self.log.reload(), self.log.note()
            if checkpoint.size < self._edge.size:
                raise NotVerified(
                    f"the journey had {self._edge.size} statements and has {checkpoint.size}", "restore it from a copy"
                )
            edge, before, ring, entries = self._edge.copy(), self._keyring, self._keyring, []
            for sealed in self.log.entries(edge.size, checkpoint.size):
                before = ring
                entry, ring = self._follow(edge.size, sealed, ring)
                edge.push(merkle.leaf_hash(sealed))
                entries.append(entry)
            if (edge.size, edge.root()) != (checkpoint.size, checkpoint.root):
                raise NotVerified("the journey's entries do not give the checkpoint's root", "run `daulat verify`")
            if entries:
                assert ring is not None
                note.signers(text, (before or ring).writers())
            for entry in entries:
                self.index.add(entry)
            self._edge, self._keyring = edge, ring

    def statements(self, start: int = 0) -> Iterator[Entry]:
        """Every statement from `start` on, in recorded order."""
        self.refresh()
        for number, sealed in enumerate(self.log.entries(start, self._edge.size), start):
            yield _entry(number, sealed)

    def entry(self, index: int) -> Entry:
        """The statement at that index."""
        if not 0 <= index < self._edge.size:
            raise DaulatError(f"no statement {index}", f"the journey has {self._edge.size} statements, counted from 0")
        return _entry(index, next(self.log.entries(index, index + 1)))

    def sealed(self, index: int) -> bytes:
        """The envelope at that index, as the log has it."""
        return next(self.log.entries(index, index + 1))

    def find_step(self, step_key: str) -> Entry | None:
        """The newest step of that key, or None."""
        self.refresh()
        found = self.index.steps.get(step_key)
        return None if found is None else self.entry(found)

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


def _entry(index: int, sealed: bytes) -> Entry:
    try:
        signed = peek(sealed)
        shape.check(signed.statement)
    except NotVerified as error:
        raise NotVerified(f"statement {index}: {error.problem}", error.hint) from None
    return Entry(index, signed.statement, signed.by, signed.key_id, canonical.digest(sealed))
