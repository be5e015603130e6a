"""A database opened for reading: one transaction that sees one moment, the columns that were named, in the id's order.

PostgreSQL is read through ADBC, which hands over Arrow batches; MySQL and MariaDB through PyMySQL and SQLite through the
standard library, which hand over rows. Every column is asked for as text, so that a number reads the same everywhere.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import SplitResult, urlsplit

from daulat.errors import DaulatError
from daulat.records import Source

if TYPE_CHECKING:
    import pyarrow as pa

TIMEOUT_S = 3600
"""Longest statement, where `timeout_s` does not say. Ours: a statement lasts as long as its rows take to come."""
CONNECT_S = 10
"""Longest wait for a connection. Ours."""
BATCH_BYTES = 4_000_000
"""Bytes after which a batch ends: so many, and one row, are in memory. Ours."""
BATCH_ROWS = 20_000
"""Rows after which it ends anyway. Ours."""

SCHEMES = ("postgresql", "mysql", "sqlite")


class Database(Protocol):
    """One transaction on one database, read only."""

    def rows(self, name: str) -> Iterator["pa.RecordBatch"]:
        """Batches of id and text columns, as strings or binary, in the order of the id."""

    def mark(self, name: str) -> list[str | None]:
        """How many rows there are, and the newest change among them."""


@contextmanager
def opened(source: Source) -> Iterator[Database]:
    """The source's database, as it is at this moment, until the block ends.

    Raises: DaulatError where it is not there or not to be read, or its driver is missing.
    """
    from daulat.corpus import mysql, postgresql, sqlite

    place = urlsplit(source.location)
    open_one: Callable[[Source, str], Any] = {
        "postgresql": postgresql.opened,
        "mysql": mysql.opened,
        "sqlite": sqlite.opened,
    }[place.scheme]
    with open_one(source, _address(source, place)) as database:
        yield database


def _address(source: Source, place: SplitResult) -> str:
    """The whole address, with user and password: out of the environment, and of the same database.

    Raises: DaulatError, which repeats nothing of it.
    """
    if source.credentials is None:
        return source.location
    address = os.environ.get(source.credentials, "").strip()
    if not address:
        raise DaulatError(
            f"the environment has no `{source.credentials}`, which source `{source.name}` is to be read with",
            f"export {source.credentials}='{place.scheme}://USER:PASSWORD@{place.netloc}{place.path}'",
        )
    try:
        said = urlsplit(address)
        same = [_database(said), said.hostname, said.port or PORTS.get(said.scheme)] == [
            _database(place), place.hostname, place.port or PORTS.get(place.scheme),
        ]  # fmt: skip
    except ValueError:
        same = False
    if not same:
        raise DaulatError(
            f"`{source.credentials}` leads to another database than `{source.location}`",
            "the record is to say where the text came from: correct one of the two",
        )
    return address


PORTS = {"postgresql": 5432, "postgres": 5432, "mysql": 3306, "mariadb": 3306}


def _database(place: SplitResult) -> tuple[str, str]:
    same = {"postgres": "postgresql", "mariadb": "mysql"}
    return same.get(place.scheme, place.scheme), place.path.strip("/")


def relation(source: Source, name: str, quote: Callable[[str], str]) -> str:
    """The table, or the query in brackets, as SQL: `schema.table` is two names."""
    if source.query is not None:
        return (
            f"({source.query.strip().rstrip(';')}\n) AS daulat_query"  # a comment at its end is not to hide the bracket
        )
    return ".".join(quote(part) for part in name.split("."))


def lacks(source: Source, name: str, what: str, there: list[str]) -> DaulatError:
    """What is not there, and what is."""
    listed = ", ".join(f"`{one}`" for one in there[:30]) or "none that may be read"
    return DaulatError(f"source `{source.name}`: {what}", f"there are: {listed}{', ...' if len(there) > 30 else ''}")


def barred(source: Source) -> DaulatError:
    """User or password are wrong."""
    which = f"`{source.credentials}`" if source.credentials else "an environment variable that `credentials` names"
    return DaulatError(f"the database of source `{source.name}` refuses user or password", f"correct them in {which}")


def unreachable(source: Source) -> DaulatError:
    """Nobody answers there."""
    return DaulatError(
        f"no database answers at `{source.location}`", "look at host, port and network, and whether it runs; run again"
    )


def gone(source: Source) -> DaulatError:
    """It was there, and then was not."""
    return DaulatError(
        f"the database of source `{source.name}` went away while it was read",
        "run it again when it is back: nothing of half a reading is kept",
    )


def too_long(source: Source) -> DaulatError:
    """The statement's time is up."""
    return DaulatError(
        f"reading source `{source.name}` took longer than {source.timeout_s or TIMEOUT_S} s",
        "raise its `timeout_s`, or read less with a `query`",
    )


def refused(source: Source, why: str) -> DaulatError:
    """The database does not do what it was asked."""
    first = re.sub(r"\s+", " ", why).strip()[:200]
    return DaulatError(f"the database of source `{source.name}` refuses: {first}", "correct that [[source]]")


def driver_missing(source: Source, driver: str) -> DaulatError:
    """It is an extra."""
    return DaulatError(
        f"source `{source.name}` needs `{driver}` to read its database", "run `pip install 'daulat[tables]'`"
    )


def batches(rows: Iterable[tuple[bytes | None, ...]], columns: int) -> Iterator["pa.RecordBatch"]:
    """Rows as batches of binary columns, about `BATCH_BYTES` each: never all of them."""
    import pyarrow as pa

    names = [str(number) for number in range(columns)]

    def batch() -> "pa.RecordBatch":
        return pa.record_batch([pa.array(column, pa.binary()) for column in zip(*some, strict=True)], names=names)

    some: list[tuple[bytes | None, ...]] = []
    size = 0
    for row in rows:
        some.append(row)
        size += sum(len(value) for value in row if value is not None)
        if size > BATCH_BYTES or len(some) == BATCH_ROWS:
            yield batch()
            some, size = [], 0
    if some:
        yield batch()
