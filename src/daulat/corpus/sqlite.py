"""SQLite: a file opened for reading only, in one transaction."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from daulat.corpus import database
from daulat.errors import DaulatError
from daulat.records import Source

if TYPE_CHECKING:
    import pyarrow as pa

_LOOK_EVERY = 100_000
"""Instructions of its machine between two looks at the clock. Ours: some milliseconds."""


@contextmanager
def opened(source: Source, address: str) -> Iterator["_SQLite"]:
    """One transaction on that file.

    Raises: DaulatError where it is not there or no database.
    """
    path = Path(urlsplit(address).path.removeprefix("/"))
    if not path.is_file():
        raise DaulatError(
            f"there is no file `{path}`", "correct `location`: `sqlite:///file`, or `sqlite:////file` from `/`"
        )
    with closing(
        sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True, isolation_level=None)
    ) as connection:
        yield _SQLite(source, connection)


class _SQLite:
    def __init__(self, source: Source, connection: sqlite3.Connection) -> None:
        self.source = source
        self.connection = connection
        connection.text_factory = bytes
        end = time.monotonic() + (source.timeout_s or database.TIMEOUT_S)
        connection.set_progress_handler(lambda: time.monotonic() > end, _LOOK_EVERY)
        with self._in_words(""):
            connection.execute("BEGIN")
            connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()

    def rows(self, name: str) -> Iterator["pa.RecordBatch"]:
        relation = database.relation(self.source, name, _quoted)
        columns = [_column(self.source.id_column or ""), *map(_column, self.source.text_columns)]
        as_text = ", ".join(f"CAST({column} AS TEXT) AS daulat_{n}" for n, column in enumerate(columns))
        with self._in_words(name):
            cursor = self.connection.execute(
                f"SELECT {as_text} FROM {relation} ORDER BY {columns[0]} COLLATE BINARY"  # noqa: S608
            )
            yield from database.batches(cursor, len(columns))

    def mark(self, name: str) -> list[str | None]:
        relation = database.relation(self.source, name, _quoted)
        changed = _column(self.source.changed_column or "")
        with self._in_words(name):
            row = self.connection.execute(f"SELECT count(*), max({changed}) FROM {relation}").fetchone()  # noqa: S608
        return [None if value is None else str(value) for value in row]

    @contextmanager
    def _in_words(self, name: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._words(name, error) from None

    def _words(self, name: str, error: sqlite3.Error) -> DaulatError:
        said, source = str(error), self.source
        if said.startswith("no such table") and source.query is None:
            return database.lacks(
                source, name, f"there is no table `{name}`", self._names("sqlite_schema", "type IN ('table', 'view')")
            )
        if said.startswith("no such column") and source.query is None:
            columns = self._names(f"pragma_table_info({_literal(name)})", "true")
            asked = [source.id_column, *source.text_columns, source.changed_column]
            missing = next((one for one in asked if one and one.lower() not in map(str.lower, columns)), "")
            return database.lacks(source, name, f"`{name}` has no column `{missing}`", columns)
        if said == "interrupted":
            return database.too_long(source)
        return database.refused(source, said)

    def _names(self, table: str, where: str) -> list[str]:
        rows = self.connection.execute(f"SELECT name FROM {table} WHERE {where}").fetchall()  # noqa: S608
        return [row[0].decode("utf-8", "replace") for row in rows]


def _column(name: str) -> str:
    """Quoted in the one way that SQLite never takes for a text."""
    return "[" + name + "]"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
