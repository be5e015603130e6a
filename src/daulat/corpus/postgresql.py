"""PostgreSQL: a repeatable-read, read-only transaction, its rows as Arrow batches through ADBC."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from daulat.corpus import database
from daulat.errors import DaulatError
from daulat.records import Source

if TYPE_CHECKING:
    import pyarrow as pa

_ORDERED = ("int2", "int4", "int8", "numeric", "uuid", "oid", "date", "timestamp", "timestamptz")
"""Types whose own order is the same on every server; ids of others are put in the order of their bytes."""
_TOO_LONG, _OTHER = "57014", "XX000"
"""query_canceled, and internal_error for what has no code. Source: PostgreSQL, appendix A."""
_KEEPALIVE = "keepalives_idle=30&keepalives_interval=10&keepalives_count=3&tcp_user_timeout=60000"


@contextmanager
def opened(source: Source, address: str) -> Iterator["_PostgreSQL"]:
    """One transaction on that database.

    Raises: DaulatError.
    """
    try:
        from adbc_driver_manager import Error
        from adbc_driver_postgresql import dbapi
    except ModuleNotFoundError:
        raise database.driver_missing(source, "adbc-driver-postgresql") from None
    joined = "&" if "?" in address else "?"
    try:
        connection = dbapi.connect(
            f"{address}{joined}connect_timeout={database.CONNECT_S}&client_encoding=UTF8&{_KEEPALIVE}"
        )
    except Error as error:
        raise _not_connected(source, str(error)) from None
    with connection:
        yield _PostgreSQL(source, connection)


def _not_connected(source: Source, said: str) -> DaulatError:
    if (
        "authentication failed" in said
        or "no password supplied" in said
        or ("does not exist" in said and "role" in said)
    ):
        return database.barred(source)
    if "does not exist" in said:
        return DaulatError(f"the server has no database `{source.location}`", "correct `location` of that [[source]]")
    return database.unreachable(source)


class _PostgreSQL:
    def __init__(self, source: Source, connection: Any) -> None:
        self.source = source
        self.connection = connection
        self.began = time.monotonic()
        self._begin()

    def rows(self, name: str) -> Iterator["pa.RecordBatch"]:
        relation = database.relation(self.source, name, _quoted)
        id_column = _quoted(self.source.id_column or "")
        columns = [id_column, *map(_quoted, self.source.text_columns)]
        there = self._first(name, f"SELECT {', '.join(columns)} FROM {relation} LIMIT 0")  # noqa: S608
        kind = (there.schema.field(0).metadata or {}).get(b"POSTGRESQL:type", b"").decode()
        order = id_column if kind in _ORDERED else f'{id_column}::text COLLATE "C"'
        as_text = ", ".join(
            f"{column}::text AS daulat_{n}" for n, column in enumerate(columns)
        )  # never the name ordered by
        with self._cursor() as cursor:
            cursor.adbc_statement.set_options(
                **{"adbc.postgresql.batch_size_hint_bytes": str(database.BATCH_BYTES)},
            )
            with self._in_words(name):
                cursor.execute(f"SELECT {as_text} FROM {relation} ORDER BY {order}")  # noqa: S608
                yield from cursor.fetch_record_batch()

    def mark(self, name: str) -> list[str | None]:
        relation = database.relation(self.source, name, _quoted)
        changed = _quoted(self.source.changed_column or "")
        found = self._first(name, f"SELECT count(*)::text, max({changed})::text FROM {relation}")  # noqa: S608
        return [column[0].as_py() for column in found.columns]

    def _first(self, name: str, query: str) -> "pa.Table":
        with self._cursor() as cursor, self._in_words(name):
            cursor.execute(query)
            return cursor.fetch_arrow_table()

    def _begin(self) -> None:
        with self._cursor() as cursor, self._in_words(""):
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            limit_ms = 1000 * (self.source.timeout_s or database.TIMEOUT_S)
            cursor.execute(f"SET LOCAL statement_timeout = {limit_ms}")

    def _cursor(self) -> Any:
        return self.connection.cursor()

    @contextmanager
    def _in_words(self, name: str) -> Iterator[None]:
        """The driver's errors as ours; after one, the transaction is over.

        Raises: DaulatError.
        """
        from adbc_driver_manager import Error
        from pyarrow import ArrowException

        try:
            yield
        except Error as error:
            raise self._words(name, error.sqlstate or "", str(error)) from None
        except (ArrowException, OSError) as error:  # of rows that come: the driver then gives no code
            late = time.monotonic() - self.began > (self.source.timeout_s or database.TIMEOUT_S)
            lost = "ERROR:" not in str(error)
            raise self._words(name, _TOO_LONG if late and not lost else "" if lost else _OTHER, str(error)) from None

    def _words(self, name: str, state: str, said: str) -> DaulatError:
        source = self.source
        if state == "42P01" and source.query is None:
            return database.lacks(source, name, f"there is no table `{name}`", self._tables())
        if state == "42703" and source.query is None:
            columns = self._columns(name)
            asked = [source.id_column, *source.text_columns, source.changed_column]
            missing = next((one for one in asked if one and one not in columns), "")
            return database.lacks(source, name, f"`{name}` has no column `{missing}`", columns)
        if state == _TOO_LONG:
            return database.too_long(source)
        if state == "42501":
            return DaulatError(
                f"source `{source.name}`: its user may not read `{name}`", "grant SELECT on it, or on those columns"
            )
        if state.startswith(("57P", "08")) or not state:
            return database.gone(source)
        found = said.partition("ERROR:")[2].split("\n")[0]
        return database.refused(source, found or state)

    def _tables(self) -> list[str]:
        return self._names(
            "SELECT CASE table_schema WHEN 'public' THEN '' ELSE table_schema || '.' END || table_name"
            " FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
        )

    def _columns(self, name: str) -> list[str]:
        schema, _, table = name.rpartition(".")
        return self._names(
            f"SELECT column_name::text FROM information_schema.columns WHERE table_name = {_literal(table)}"  # noqa: S608
            f" AND ({_literal(schema)} IN ('', table_schema)) ORDER BY ordinal_position"
        )

    def _names(self, query: str) -> list[str]:
        """What is there, asked in a transaction of its own."""
        self.connection.rollback()
        with self._cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetch_arrow_table().column(0).to_pylist())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
