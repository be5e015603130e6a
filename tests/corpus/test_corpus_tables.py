"""A table is read at one moment, the named columns of it, in one order; whatever is wrong is said in a sentence."""

# ruff: noqa: S608  (tables of our own)
import hashlib
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import database_servers
import pyarrow.parquet as pq
import pytest
from corpus_samples import source
from database_servers import Server, run

from daulat.corpus.source import fetch, survey
from daulat.errors import DaulatError
from daulat.journey.store import Store
from daulat.records import Source

ROWS = [
    (number, f"Catatan {number}: pasien sehat, ไทย, 你好.", f"Nasihat {number}" if number % 3 else None)
    for number in range(1, 301)
]


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Server]]:
    """Started when first asked for, and stopped at the end."""
    started: dict[str, Server] = {}
    yield started
    for server in started.values():
        server.remove()


def _get(servers: dict[str, Server], kind: str) -> Server:
    if kind not in servers:
        servers[kind] = getattr(database_servers, kind)()
    return servers[kind]


@pytest.fixture(params=["postgresql", "mariadb"])
def server(
    request: pytest.FixtureRequest, servers: dict[str, Server],
    monkeypatch: pytest.MonkeyPatch,
) -> Server:  # fmt: skip
    found = _get(servers, request.param)
    monkeypatch.setenv("CLINIC_DSN", found.address)
    drop_and_fill(found)
    return found


def drop_and_fill(server: Server) -> None:
    text = "text" if server.kind == "postgresql" else "mediumtext"
    values = ", ".join(
        f"({number}, '{note}', {'NULL' if advice is None else repr(advice)}, '3171234567890123', {number})"
        for number, note, advice in ROWS
    )
    run(
        server,
        "DROP TABLE IF EXISTS notes",
        f"CREATE TABLE notes (id int PRIMARY KEY, note {text}, advice {text}, national_id {text}, changed int)",
        f"INSERT INTO notes VALUES {values}",
    )


def table(server: Server, **changes: object) -> Source:
    said: dict[str, Any] = {
        "kind": "table", "location": server.location, "credentials": "CLINIC_DSN", "tables": ("notes",),
        "text_columns": ("note", "advice"), "id_column": "id",
    }  # fmt: skip
    return source(**{**said, **changes})


def taken(tmp_path: Path, one: Source, name: str = "one") -> tuple[str, Path]:
    into, store, cache = tmp_path / f"into-{name}", Store(tmp_path / "store"), tmp_path / "cache"
    into.mkdir()
    fetch(one, survey(one, cache), into, cache, store)
    digest = store.put_tree(into)
    return digest, store.materialise(digest, tmp_path / name)


def read(folder: Path) -> list[tuple[str, str]]:
    rows = [pq.read_table(path).to_pydict() for path in sorted((folder / "files").rglob("*.parquet"))]
    return [pair for part in rows for pair in zip(part["id"], part["text"], strict=True)]


def test_the_named_columns_and_no_other_are_there_in_the_order_of_the_id(tmp_path: Path, server: Server) -> None:
    digest, folder = taken(tmp_path, table(server))
    assert read(folder) == [(str(n), note if advice is None else f"{note}\n{advice}") for n, note, advice in ROWS]
    (file,) = (folder / "files").rglob("*.parquet")
    assert file.relative_to(folder / "files").as_posix() == "notes/part-00000.parquet"
    assert pq.ParquetFile(file).metadata.row_group(0).column(1).compression == "ZSTD"
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"3171234567890123" not in path.read_bytes(), "a column that was not named"
        assert not path.is_file() or b"s3cret" not in path.read_bytes(), "a password"
    assert taken(tmp_path, table(server), "again")[0] == digest


def test_the_same_rows_are_the_same_content_in_whatever_database_they_lie(
    tmp_path: Path,
    servers: dict[str, Server],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "clinic.sqlite"
    with sqlite3.connect(file) as made:
        made.execute("CREATE TABLE notes (id integer, note text, advice text, changed int)")
        made.executemany("INSERT INTO notes VALUES (?, ?, ?, 0)", reversed(ROWS))
    made.close()
    found = {survey(sqlite_source(file), tmp_path / "cache")}
    for kind in ("postgresql", "mariadb"):
        server = _get(servers, kind)
        monkeypatch.setenv("CLINIC_DSN", server.address)
        drop_and_fill(server)
        found.add(survey(table(server), tmp_path / "cache"))
    assert len(found) == 1


def test_ids_that_are_text_have_one_order_whatever_the_servers_collation(tmp_path: Path, server: Server) -> None:
    kind = "varchar(20)"
    run(server, "DROP TABLE IF EXISTS words", f"CREATE TABLE words (id {kind} PRIMARY KEY, note {kind})",
        "INSERT INTO words VALUES ('b', '1'), ('B2', '2'), ('é', '3'), ('a', '4'), ('Z', '5')")  # fmt: skip
    _, folder = taken(tmp_path, table(server, tables=("words",), text_columns=("note",)))
    assert [id_ for id_, _ in read(folder)] == ["B2", "Z", "a", "b", "é"]


def test_tables_of_one_agency_and_a_query_are_read_in_one_go(tmp_path: Path, server: Server) -> None:
    run(server, "DROP TABLE IF EXISTS visits", "CREATE TABLE visits (id int PRIMARY KEY, note varchar(99), advice varchar(99))",
        "INSERT INTO visits VALUES (7, 'kunjungan', NULL)")  # fmt: skip
    _, folder = taken(tmp_path, table(server, tables=("notes", "visits")))
    assert {path.parent.name for path in (folder / "files").rglob("*.parquet")} == {"notes", "visits"}
    query = "SELECT id, note AS words FROM notes WHERE id < 3; -- of two"
    _, asked = taken(
        tmp_path, table(server, tables=(), query=query.partition(";")[0], text_columns=("words",)), "query"
    )
    assert read(asked) == [("1", ROWS[0][1]), ("2", ROWS[1][1])]


def test_a_table_that_is_written_to_meanwhile_gives_one_moment(tmp_path: Path, server: Server) -> None:
    many = [f"SELECT {n} * 1000 + id + 1000 AS i FROM notes" for n in range(20)]
    run(server, "DROP TABLE IF EXISTS moving", "CREATE TABLE moving (id int PRIMARY KEY, note varchar(2000), advice varchar(9))",
        f"INSERT INTO moving SELECT i, concat('0', repeat('x', 1500)), NULL FROM ({' UNION ALL '.join(many)}) AS m")  # fmt: skip
    run(server, "DROP TABLE IF EXISTS beside", "CREATE TABLE beside (id int PRIMARY KEY, note varchar(20), advice varchar(9))",
        "INSERT INTO beside VALUES (1, '0', NULL)")  # fmt: skip
    stop, round_ = threading.Event(), [0]

    def write() -> None:
        while not stop.is_set():
            round_[0] += 1
            run(
                server,
                f"UPDATE moving SET note = concat('{round_[0]}', repeat('x', 1500))",
                f"UPDATE beside SET note = '{round_[0]}'",
            )

    writer = threading.Thread(target=write)
    writer.start()
    try:
        time.sleep(0.3)
        before = round_[0]
        found = [read(taken(tmp_path, table(server, tables=("moving", "beside")), f"at-{n}")[1]) for n in range(3)]
        assert round_[0] > before, "nobody wrote meanwhile"
    finally:
        stop.set()
        writer.join()
    for rows in found:
        assert len({text.rstrip("x") for _, text in rows}) == 1, "rows of more than one moment"


def test_with_a_changed_column_unchanged_rows_are_not_read(tmp_path: Path, server: Server) -> None:
    one = table(server, changed_column="changed")
    first = survey(one, tmp_path)
    run(server, "UPDATE notes SET note = 'x' WHERE id = 5")  # whoever writes without touching `changed` is not seen
    assert survey(one, tmp_path) == first
    run(server, "UPDATE notes SET changed = 1000 WHERE id = 5")
    second = survey(one, tmp_path)
    assert second != first
    run(server, "DELETE FROM notes WHERE id = 6")
    assert survey(one, tmp_path) not in (first, second)


@pytest.mark.parametrize(
    ("changes", "problem", "hint"),
    [
        ({"tables": ("note",)}, "there is no table `note`", "`notes`"),
        ({"text_columns": ("note", "advise")}, "`notes` has no column `advise`", "`id`, `note`, `advice`"),
        ({"id_column": "number"}, "`notes` has no column `number`", "`national_id`"),
        ({"tables": (), "query": "SELEC 1"}, "refuses:", "correct that"),
        ({"tables": (), "query": "DELETE FROM notes"}, "refuses:", "correct that"),
        ({"id_column": "national_id"}, "two rows of one `national_id`", "tells every row"),
        ({"id_column": "advice"}, "rows without `advice`", "every row has"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_there(
    tmp_path: Path, server: Server, changes: dict[str, Any], problem: str, hint: str
) -> None:
    with pytest.raises(DaulatError) as caught:
        survey(table(server, **changes), tmp_path)
    assert problem in caught.value.problem
    assert hint in caught.value.hint
    assert "s3cret" not in f"{caught.value.problem}{caught.value.hint}"
    assert not list((tmp_path / "tables").rglob("*.parquet"))


def test_a_query_cannot_write(tmp_path: Path, server: Server) -> None:
    if server.kind == "postgresql":
        run(server, "CREATE OR REPLACE FUNCTION wipe() RETURNS int AS 'DELETE FROM notes RETURNING id' LANGUAGE sql")
        with pytest.raises(DaulatError, match="read-only"):
            survey(table(server, tables=(), query="SELECT id, note, wipe() AS advice FROM notes"), tmp_path)
    else:
        with pytest.raises(DaulatError, match="refuses"):
            survey(table(server, tables=(), query="SELECT 1) AS x; DELETE FROM notes; --"), tmp_path)
    _, folder = taken(tmp_path, table(server))
    assert len(read(folder)) == len(ROWS)


def test_a_wrong_password_is_said_without_repeating_it(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLINIC_DSN", server.address.replace("s3cret", "wr0ng"))
    with pytest.raises(DaulatError, match="refuses user or password") as caught:
        survey(table(server), tmp_path)
    assert "wr0ng" not in str(caught.value)
    monkeypatch.delenv("CLINIC_DSN")
    with pytest.raises(DaulatError, match="environment has no `CLINIC_DSN`"):
        survey(table(server), tmp_path)
    monkeypatch.setenv("CLINIC_DSN", f"{server.address}-other")
    with pytest.raises(DaulatError, match="another database"):
        survey(table(server), tmp_path)


def test_a_statement_that_takes_too_long_is_ended(tmp_path: Path, server: Server) -> None:
    sleep = "pg_sleep(20)::text" if server.kind == "postgresql" else "sleep(20)"
    started = time.monotonic()
    with pytest.raises(DaulatError, match="longer than 1 s"):
        survey(
            table(server, tables=(), query=f"SELECT 1 AS id, {sleep} AS note", text_columns=("note",), timeout_s=1),
            tmp_path,
        )
    assert time.monotonic() - started < 15


def test_no_server_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("postgresql", "mysql"):
        location = f"{kind}://127.0.0.1:9/clinic"
        monkeypatch.setenv("CLINIC_DSN", f"{kind}://a:b@127.0.0.1:9/clinic")
        one = source(
            kind="table", location=location, credentials="CLINIC_DSN", tables=("t",), text_columns=("x",), id_column="i"
        )
        with pytest.raises(DaulatError, match="no database answers"):
            survey(one, tmp_path)


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_server_that_dies_midway_is_said_and_nothing_half_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    server: Server = getattr(database_servers, kind)()
    try:
        monkeypatch.setenv("CLINIC_DSN", server.address)
        drop_and_fill(server)
        text = "text" if kind == "postgresql" else "mediumtext"
        many = " UNION ALL ".join(f"SELECT {n} * 1000 + id AS i FROM notes" for n in range(10))
        run(server, f"CREATE TABLE large (id int PRIMARY KEY, note {text})",
            f"INSERT INTO large SELECT i, repeat('kata ', 8000) FROM ({many}) AS m")  # fmt: skip
        one = table(server, tables=("large",), text_columns=("note",))
        killed: list[float] = []

        def end(share: float, words: str) -> None:
            if not killed and "reading" in words:
                killed.append(time.monotonic())
                server.stop(signal.SIGKILL)

        with pytest.raises(DaulatError, match="went away"):
            survey(one, tmp_path, end)
        assert killed
        assert not list((tmp_path / "tables").rglob("*.parquet"))
    finally:
        server.remove()


MEASURED = """
import resource, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from corpus_samples import source
from daulat.corpus.source import survey
import pyarrow.parquet, adbc_driver_postgresql.dbapi, pymysql
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
names = dict(tables=("large",), text_columns=("note",), id_column="id")
one = source(kind="table", location={location!r}, credentials="CLINIC_DSN", **names)
survey(one, Path({tmp!r}))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_a_table_larger_than_what_is_allowed_in_memory_is_read(tmp_path: Path, server: Server) -> None:
    text = "text" if server.kind == "postgresql" else "mediumtext"
    hashed = "md5(i::text)" if server.kind == "postgresql" else "md5(i)"
    many = " UNION ALL ".join(f"SELECT {n} * 1000 + id AS i FROM notes" for n in range(40))
    run(server, "DROP TABLE IF EXISTS large", f"CREATE TABLE large (id int PRIMARY KEY, note {text})",
        f"INSERT INTO large SELECT i, repeat({hashed}, 640) FROM ({many}) AS m")  # fmt: skip
    code = MEASURED.format(tests=str(Path(__file__).parent), location=server.location, tmp=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 120_000, "kilobytes, for 246 MB of text"


def sqlite_source(file: Path, **changes: object) -> Source:
    said: dict[str, Any] = {
        "kind": "table",
        "location": f"sqlite:///{file}",
        "tables": ("notes",),
        "text_columns": ("note", "advice"),
        "id_column": "id",
    }
    return source(**{**said, **changes})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = sqlite3.connect(tmp_path / "clinic.sqlite")
    made.execute("CREATE TABLE notes (id integer, note text, advice text)")
    made.executemany("INSERT INTO notes VALUES (?, ?, ?)", [(2, "dua", None), (10, "sepuluh", "x"), (1, None, None)])
    made.execute("INSERT INTO notes VALUES (3, CAST(X'ff41' AS TEXT), NULL)")
    made.commit()
    made.close()
    return tmp_path / "clinic.sqlite"


def test_a_sqlite_file_is_read_and_not_touched(tmp_path: Path, file: Path) -> None:
    before = hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns
    _, folder = taken(tmp_path, sqlite_source(file))
    assert read(folder) == [("1", ""), ("2", "dua"), ("3", None), ("10", "sepuluh\nx")], (
        "empty is empty, unreadable is null"
    )
    assert (hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns) == before


ENDLESS = (
    "WITH RECURSIVE c(id, note, advice) AS (SELECT 1, '', '' UNION ALL SELECT id + 1, '', '' FROM c)"
    " SELECT * FROM c WHERE id < 0"
)


def test_what_is_wrong_with_a_sqlite_file_is_said(tmp_path: Path, file: Path) -> None:
    for changes, said in (
        ({"tables": ("note",)}, "no table `note`"),
        ({"text_columns": ("nope",)}, "no column `nope`"),
        ({"tables": (), "query": "DELETE FROM notes"}, "refuses"),
        ({"tables": (), "query": ENDLESS, "timeout_s": 1}, "longer than 1 s"),
        ({"location": f"sqlite:///{tmp_path}/none.sqlite"}, "no file"),
    ):  # fmt: skip
        with pytest.raises(DaulatError, match=said):
            survey(sqlite_source(file, **changes), tmp_path)
    (tmp_path / "odd.sqlite").write_bytes(b"not a database at all, by no means" * 100)
    with pytest.raises(DaulatError, match="refuses"):
        survey(sqlite_source(tmp_path / "odd.sqlite"), tmp_path)


def test_a_missing_driver_is_said_with_the_command_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("adbc_driver_postgresql", "pymysql", "obstore.store"):
        monkeypatch.setitem(sys.modules, name, None)
    for kind in ("postgresql", "mysql"):
        one = source(kind="table", location=f"{kind}://h/d", tables=("t",), text_columns=("x",), id_column="i")
        with pytest.raises(DaulatError) as caught:
            survey(one, tmp_path)
        assert "pip install 'daulat[tables]'" in caught.value.hint
    with pytest.raises(DaulatError) as caught:
        survey(source(kind="objects", location="s3://bucket", region="x"), tmp_path)
    assert "pip install 'daulat[objects]'" in caught.value.hint
