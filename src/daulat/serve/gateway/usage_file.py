"""The usage file: one row an answer, in the order in which they became durable; batches are ranges of that order.

INVARIANT: one process writes (it holds the lock), `seq` only grows, rows are never changed or removed. So a batch,
once its range is written, names the same answers for ever.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from daulat.errors import DaulatError
from daulat.records import Answer, Record

_VERSION = 1
_COLUMNS = Answer.__struct_fields__
_SCHEMA = """
CREATE TABLE answers (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at TEXT NOT NULL, tenant TEXT NOT NULL, deployment TEXT NOT NULL,
    release TEXT NOT NULL, model TEXT NOT NULL, place TEXT NOT NULL, country TEXT NOT NULL, request TEXT NOT NULL,
    response TEXT NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, finish TEXT NOT NULL,
    decision TEXT NOT NULL
) STRICT;
CREATE TABLE batches (
    id INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL UNIQUE, last_seq INTEGER NOT NULL UNIQUE,
    handed INTEGER NOT NULL DEFAULT 0
) STRICT;
"""
_NAMES = ", ".join(_COLUMNS)
_FIELDS = ", ".join(f"value ->> '{name}'" for name in _COLUMNS)
_INSERT = f"INSERT INTO answers ({_NAMES}) SELECT {_FIELDS} FROM json_each(?) ORDER BY key"  # noqa: S608 - our own names
_BY_ID = f"SELECT {_NAMES} FROM answers WHERE id = ?"  # noqa: S608
_BY_SEQ = f"SELECT {_NAMES} FROM answers WHERE seq BETWEEN ? AND ? ORDER BY seq"  # noqa: S608


class TenantTotals(Record, frozen=True):
    """What one tenant used."""

    tenant: str
    answers: int
    prompt_tokens: int
    completion_tokens: int


class UsageFile:
    """Reads a usage file, also while a gateway writes it. A file that does not exist yet holds no answers."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, answer_id: str) -> Answer | None:
        """The record of that answer, durable since before its last byte was sent; None where there is none."""
        with self._reading() as connection:
            row = connection.execute(_BY_ID, (answer_id,)).fetchone() if connection else None
        return None if row is None else _answer(row)

    def pending(self) -> int:
        """How many answers `on_batch` has not taken yet."""
        question = (
            "SELECT count(*) FROM answers WHERE seq > (SELECT coalesce(max(last_seq), 0) FROM batches WHERE handed)"
        )
        with self._reading() as connection:
            return int(connection.execute(question).fetchone()[0]) if connection else 0

    def totals(self) -> tuple[TenantTotals, ...]:
        """Answers and tokens of each tenant, by name; the sums of the durable rows."""
        sums = "tenant, count(*), sum(prompt_tokens), sum(completion_tokens)"
        question = f"SELECT {sums} FROM answers GROUP BY tenant ORDER BY tenant"  # noqa: S608
        with self._reading() as connection:
            return tuple(TenantTotals(*row) for row in connection.execute(question)) if connection else ()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        if not self.path.exists():
            yield None
            return
        try:
            with closing(sqlite3.connect(self.path, timeout=10, isolation_level=None)) as connection:
                check_version(connection, self.path)
                yield connection
        except sqlite3.Error as error:
            raise DaulatError(
                f"the usage file {self.path} cannot be read: {error}", "restore it from a backup"
            ) from error


def open_for_writing(path: Path) -> sqlite3.Connection:
    """The one writing connection: each commit is on the disk when it returns."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
        check_version(connection, path)
    except (sqlite3.Error, OSError) as error:
        raise DaulatError(
            f"the usage file {path} cannot be written: {error}", "see that its folder exists and has room"
        ) from error
    return connection


def check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Raises: DaulatError where the file was made by another version."""
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found != _VERSION:
        raise DaulatError(
            f"the usage file {path} has version {found}, known is {_VERSION}", "use the daulat that made it"
        )


def insert(connection: sqlite3.Connection, answers: list[Answer]) -> None:
    """Add answers in their order; the caller's commit makes them durable.

    In one statement: each statement gives up Python's lock, and to get it back from a busy event loop takes up to 5 ms.
    """
    connection.execute(_INSERT, (msgspec.json.encode(answers).decode(),))


def next_batch(connection: sqlite3.Connection, most: int) -> tuple[int, list[Answer]] | None:
    """The batch that waits to be handed over: one cut earlier and not taken, else a new one of up to `most` answers."""
    row = connection.execute(
        "SELECT id, first_seq, last_seq FROM batches WHERE NOT handed ORDER BY id LIMIT 1"
    ).fetchone()
    if row is None:
        cut = (
            "SELECT min(seq), max(seq) FROM (SELECT seq FROM answers"
            " WHERE seq > (SELECT coalesce(max(last_seq), 0) FROM batches) ORDER BY seq LIMIT ?)"
        )
        first, last = connection.execute(cut, (most,)).fetchone()
        if first is None:
            return None
        written = connection.execute("INSERT INTO batches (first_seq, last_seq) VALUES (?, ?)", (first, last))
        row = (written.lastrowid, first, last)
    return row[0], [_answer(found) for found in connection.execute(_BY_SEQ, row[1:])]


def mark_handed(connection: sqlite3.Connection, batch: int) -> None:
    """Note that `on_batch` took the batch: it is not handed again."""
    connection.execute("UPDATE batches SET handed = 1 WHERE id = ?", (batch,))


def _answer(row: tuple[object, ...]) -> Answer:
    return msgspec.convert(dict(zip(_COLUMNS, row, strict=True)), Answer)
