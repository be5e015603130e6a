"""Where in the log things are: an SQLite file, grown by what is appended, made anew from the log at any time.

```
log ──new entries──> fact(kind, thing, entry)   batch(first, last, entry)   state(size, root)
```
It is a cache of this machine and proves nothing: what it points to is read from the log, and checked there.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daulat.journey import merkle, shape

FORMAT = 1
BUSY_S = 60.0
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS fact (kind TEXT, thing TEXT, entry INTEGER, PRIMARY KEY (kind, thing, entry)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch (first TEXT, last TEXT, entry INTEGER, PRIMARY KEY (first, last, entry)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER, root BLOB);
PRAGMA user_version = {FORMAT};
"""


@dataclass(frozen=True)
class Entry:
    """One statement, as the log has it."""

    index: int
    statement: dict[str, Any]
    by: str
    """Name of the key that signed it."""
    key_id: str
    digest: str
    """Of the envelope's bytes."""

    @property
    def kind(self) -> str:
        """`step`, `decision`, `scorecard`, `release`, `deployment`, `usage` or `keyring`."""
        return shape.kind(self.statement)


class Index:
    """Entries by what they are about, in recorded order. Processes and threads may share one file.

    Kinds of facts: `step` (its key), `named` (a step's name), `made` (artefact: steps and batches that made it), `used`
    (artefact: what was made from it, measured with it, released, deployed), `source`, `release`, `deployment`,
    `deployed` (release: its deployments), `usage` (deployment: batches with answers of it), `keyring` (no thing).
    """

    def __init__(self, path: Path) -> None:
        """The index in that file; one that is broken or of another format is made anew.

        Where nothing may be written it is kept in memory.
        """
        self.path = path
        self._lock = threading.RLock()
        self._base = self._connect()

    def state(self) -> tuple[int, bytes]:
        """How many entries it knows, and the root of the tree of these."""
        rows = self._rows("SELECT size, root FROM state")
        return (int(rows[0][0]), bytes(rows[0][1])) if rows else (0, merkle.EMPTY_ROOT)

    def entries(self, kind: str, thing: str) -> list[int]:
        """Entries about that thing, in recorded order."""
        rows = self._rows("SELECT entry FROM fact WHERE kind = ? AND thing = ? ORDER BY entry", kind, thing)
        return [int(row[0]) for row in rows]

    def newest(self, kind: str) -> list[int]:
        """The newest entry about each thing of that kind, in recorded order."""
        rows = self._rows("SELECT max(entry) FROM fact WHERE kind = ? GROUP BY thing ORDER BY 1", kind)
        return [int(row[0]) for row in rows]

    def things(self, kind: str) -> list[str]:
        """Everything of that kind, sorted."""
        return [str(row[0]) for row in self._rows("SELECT DISTINCT thing FROM fact WHERE kind = ? ORDER BY 1", kind)]

    def digests(self, prefix: str = "") -> list[str]:
        """Artefacts on record whose digest begins like that, sorted."""
        found = self._rows(
            "SELECT thing FROM fact WHERE kind = 'made' AND thing >= ? AND thing < ? "
            "UNION SELECT thing FROM fact WHERE kind = 'used' AND thing >= ? AND thing < ? ORDER BY 1",
            *(prefix, f"{prefix}\x7f") * 2,
        )
        return [str(row[0]) for row in found]

    def batches(self) -> int:
        """How many batches of answers there are."""
        return int(self._rows("SELECT count(*) FROM batch")[0][0])

    def batches_with(self, answer: str) -> list[int]:
        """Entries of the batches that may hold an answer of that id."""
        rows = self._rows("SELECT entry FROM batch WHERE first <= ? AND last >= ? ORDER BY entry", answer, answer)
        return [int(row[0]) for row in rows]

    def has_batch(self, first: str, last: str) -> bool:
        """Whether a batch from that answer to that one is on record."""
        return bool(self._rows("SELECT 1 FROM batch WHERE first = ? AND last = ?", first, last))

    @contextmanager
    def growing(self) -> Iterator[None]:
        """One writer at a time, over processes too; all of it is kept at the end, or nothing."""
        with self._lock:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._base.execute("COMMIT")
            except BaseException:
                self._base.execute("ROLLBACK")
                raise

    def add(self, entries: Iterable[Entry]) -> None:
        """Know these entries too; within `growing`."""
        facts: list[tuple[str, str, int]] = []
        batches: list[tuple[str, str, int]] = []
        for entry in entries:
            facts += [(kind, thing, entry.index) for kind, thing in _facts(entry)]
            if entry.kind == "usage":
                said = entry.statement["predicate"]
                batches.append((said["first"], said["last"], entry.index))
        self._base.executemany("INSERT OR IGNORE INTO fact VALUES (?, ?, ?)", facts)
        self._base.executemany("INSERT OR IGNORE INTO batch VALUES (?, ?, ?)", batches)

    def grown(self, size: int, root: bytes) -> None:
        """It now knows so many entries, which have this root; within `growing`."""
        self._base.execute("INSERT OR REPLACE INTO state VALUES (1, ?, ?)", (size, root))

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._base.close()

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._base.execute(query, values).fetchall()

    def _connect(self) -> sqlite3.Connection:
        for _ in range(2):
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                return _opened(str(self.path))
            except (sqlite3.OperationalError, OSError):
                break  # a folder that may not be written, or a full disk
            except sqlite3.DatabaseError:
                remove(self.path)
        return _opened(":memory:")


def remove(path: Path) -> None:
    """Take the file away, with what SQLite keeps beside it."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        with suppress(FileNotFoundError):
            path.with_name(name).unlink()


def _opened(name: str) -> sqlite3.Connection:
    base = sqlite3.connect(name, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = NORMAL")
        if base.execute("PRAGMA user_version").fetchone()[0] not in (0, FORMAT):
            raise sqlite3.DatabaseError("an index of another format")
        base.executescript(_SCHEMA)
    except BaseException:
        base.close()
        raise
    return base


def _facts(entry: Entry) -> Iterator[tuple[str, str]]:
    """What the entry is about: (kind, thing)."""
    statement = entry.statement
    said = statement["predicate"]
    if statement["predicateType"] in shape.ONCE:
        yield "envelope", entry.digest
    for digest in shape.inputs(statement).values():
        yield "used", digest
    for digest in shape.outputs(statement).values():
        yield ("made" if entry.kind in ("step", "usage") else "used"), digest
    match entry.kind:
        case "step":
            yield "step", str(shape.step_key(statement))
            yield "named", shape.step_name(statement)
            source = shape.facts(statement).get("source")
            if isinstance(source, dict) and isinstance(source.get("name"), str):
                yield "source", source["name"]
        case "release":
            yield "release", said["release"]["id"]
            yield "used", said["release"]["scorecard"]
        case "deployment":
            yield "deployment", said["deployment"]["id"]
            yield "deployed", said["deployment"]["release"]
        case "usage":
            for deployment in said["deployments"]:
                yield "usage", deployment
        case "finding":
            yield "finding", said["finding"]["about"]
        case "keyring":
            yield "keyring", ""
