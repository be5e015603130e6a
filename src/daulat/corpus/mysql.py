"""MySQL and MariaDB: one read-only transaction with a consistent snapshot, its rows as they come, through PyMySQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from daulat.corpus import database
from daulat.errors import DaulatError
from daulat.records import Source

if TYPE_CHECKING:
    import pyarrow as pa

_NUMBERS = (0, 1, 2, 3, 8, 9, 13, 246)
"""Column types that have an order of their own; others are asked for by their bytes. Source: MySQL, enum_field_types."""
_BARRED, _NO_DATABASE, _NO_TABLE, _NO_COLUMN = (1044, 1045, 1698), 1049, 1146, 1054
_TOO_LONG = (3024, 1969)
_NOT_GRANTED = (1142, 1143)
_GONE = (2006, 2013, 2014, 1053, 1927, 0)


@contextmanager
def opened(source: Source, address: str) -> Iterator["_MySQL"]:
    """One transaction on that database.

    Raises: DaulatError.
    """
    try:
        import pymysql
        from pymysql.cursors import SSCursor
    except ModuleNotFoundError:
        raise database.driver_missing(source, "pymysql") from None
    place = urlsplit(address)
    limit_s = source.timeout_s or database.TIMEOUT_S
    secure = {
        key: values[0] for key, values in parse_qs(place.query).items() if key in ("ssl_ca", "ssl_cert", "ssl_key")
    }
    try:
        connection = pymysql.connect(
            host=place.hostname or "127.0.0.1",
            port=place.port or 3306,
            user=unquote(place.username or ""),
            password=unquote(place.password or ""),
            database=unquote(place.path.strip("/")),
            charset="utf8mb4",
            use_unicode=False,
            cursorclass=SSCursor,
            connect_timeout=database.CONNECT_S,
            read_timeout=limit_s,
            autocommit=True,
            conv={},
            **secure,
        )
    except pymysql.MySQLError as error:
        raise _words(source, "", error, connecting=True) from None
    try:
        yield _MySQL(source, connection, limit_s)
    finally:
        connection._force_close()  # rows that nobody waits for are not read to their end


class _MySQL:
    def __init__(self, source: Source, connection: Any, limit_s: int) -> None:
        self.source = source
        self.connection = connection
        maria = "maria" in connection.get_server_info().lower()
        limit = f"max_statement_time = {limit_s}" if maria else f"max_execution_time = {limit_s * 1000}"
        for statement in (
            f"SET SESSION {limit}, net_write_timeout = {max(limit_s, 60)}",
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        ):
            self._all(statement)

    def rows(self, name: str) -> Iterator["pa.RecordBatch"]:
        relation = database.relation(self.source, name, _quoted)
        id_column = _quoted(self.source.id_column or "")
        columns = [id_column, *map(_quoted, self.source.text_columns)]
        with self._in_words(name):
            described = self._describe(f"SELECT {', '.join(columns)} FROM {relation} LIMIT 0")  # noqa: S608
            order = id_column if described[0][1] in _NUMBERS else f"CAST({id_column} AS BINARY)"
            as_text = ", ".join(
                f"CAST({one} AS CHAR CHARACTER SET utf8mb4) AS daulat_{n}" for n, one in enumerate(columns)
            )
            cursor = self.connection.cursor()
            try:
                cursor.execute(f"SELECT {as_text} FROM {relation} ORDER BY {order}")  # noqa: S608
                yield from database.batches(iter(cursor.fetchone, None), len(columns))
            finally:
                _forget(cursor)

    def mark(self, name: str) -> list[str | None]:
        relation = database.relation(self.source, name, _quoted)
        changed = _quoted(self.source.changed_column or "")
        with self._in_words(name):
            (row,) = self._all(f"SELECT count(*), CAST(max({changed}) AS CHAR) FROM {relation}")  # noqa: S608
        return [None if value is None else value.decode("utf-8", "replace") for value in row]

    def _describe(self, query: str) -> Any:
        with self.connection.cursor() as cursor:
            cursor.execute(query)
            cursor.fetchall()
            return cursor.description

    def _all(self, query: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    @contextmanager
    def _in_words(self, name: str) -> Iterator[None]:
        import pymysql

        try:
            yield
        except pymysql.MySQLError as error:
            raise self._there(name, error) or _words(self.source, name, error) from None

    def _there(self, name: str, error: Any) -> DaulatError | None:
        """What is there instead of a table or column that is not."""
        code, source = error.args[0], self.source
        if source.query is not None or code not in (_NO_TABLE, _NO_COLUMN):
            return None
        if code == _NO_TABLE:
            query = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1"
            return database.lacks(source, name, f"there is no table `{name}`", self._names(query))
        table = name.rpartition(".")[2].replace("'", "''").replace("\\", "\\\\")
        query = f"""SELECT column_name FROM information_schema.columns
            WHERE table_schema = DATABASE() AND table_name = '{table}' ORDER BY ordinal_position"""  # noqa: S608
        columns = self._names(query)
        asked = [source.id_column, *source.text_columns, source.changed_column]
        missing = next((one for one in asked if one and one.lower() not in map(str.lower, columns)), "")
        return database.lacks(source, name, f"`{name}` has no column `{missing}`", columns)

    def _names(self, query: str) -> list[str]:
        return [row[0].decode("utf-8", "replace") for row in self._all(query)]


def _words(source: Source, name: str, error: Any, *, connecting: bool = False) -> DaulatError:
    code, said = error.args[0] if error.args else 0, str(error.args[-1]) if error.args else ""
    if code in _BARRED:
        return database.barred(source)
    if code == _NO_DATABASE:
        return DaulatError(f"the server has no database `{source.location}`", "correct `location` of that [[source]]")
    if code in _TOO_LONG or ("timed out" in said and not connecting):
        return database.too_long(source)
    if code in _NOT_GRANTED:
        return DaulatError(
            f"source `{source.name}`: its user may not read `{name}`", "grant SELECT on it, or on those columns"
        )
    if connecting:
        return database.unreachable(source)
    return database.gone(source) if code in _GONE else database.refused(source, said)


def _forget(cursor: Any) -> None:
    """Let go of rows that nobody waits for: closed or collected, the cursor would read them all, if from a dead server."""
    if cursor._result is not None:
        cursor._result.unbuffered_active = False
    cursor.connection = None


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
