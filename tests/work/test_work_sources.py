"""A source is asked about before it is looked at, read once, and what it was before stays on record."""

import socket
import sqlite3
from pathlib import Path

import msgspec
import pytest

from daulat.errors import DaulatError, NotAllowed
from daulat.journey import statement as st
from daulat.journey.verify import verify
from daulat.nation.profile import nation
from daulat.records import Source
from daulat.work.findings import find
from daulat.work.plan import fetch_sources
from daulat.work.project import Project, create
from daulat.work.questions import fetch_questions
from daulat.work.template import settings

OWN = Source(
    name="notes", kind="folder", location="text", language="id", owner="a village", licence="CC-BY-4.0",
    basis="open-licence", country="id", personal_data="none",
)  # fmt: skip


def project(tmp_path: Path, source: Source) -> Project:
    return create(tmp_path / "project", settings(nation("id"), [source], operator="lab"))


def changed(opened: Project, source: Source) -> Project:
    config = msgspec.structs.replace(opened.config, source=(source,))
    return Project(opened.folder, config, opened.journey)


def kinds(opened: Project) -> list[str]:
    return [entry.kind for entry in opened.journey.statements()]


def test_a_changed_source_is_a_new_snapshot_and_the_old_one_is_traceable(tmp_path: Path) -> None:
    opened = project(tmp_path, OWN)
    text = opened.folder / "text"
    text.mkdir()
    (text / "a.txt").write_text("satu")
    (text / "b.txt").write_text("dua")
    first = fetch_sources(opened)["notes"]
    assert fetch_sources(opened)["notes"].cached
    (text / "a.txt").write_text("tiga")
    second = fetch_sources(opened)["notes"]
    assert not second.cached
    assert second.output != first.output
    assert second.facts["previous_snapshot"] == first.output
    store = opened.journey.store
    old, new = store.read_tree(first.output), store.read_tree(second.output)
    assert store.path(old["files/a.txt"]).read_text() == "satu"
    assert old["files/b.txt"] == new["files/b.txt"]
    named = [opened.journey.entry(n).statement for n in opened.journey.index.entries("source", "notes")]
    assert [st.outputs(one)["snapshot"] for one in named] == [first.output, second.output]
    (text / "a.txt").write_text("satu")
    assert fetch_sources(opened)["notes"].output == first.output, "what it was once is found again"
    assert verify(opened.folder).ok


def test_a_table_becomes_a_snapshot_of_the_project(tmp_path: Path) -> None:
    source = msgspec.structs.replace(
        OWN, kind="table", location="sqlite:///clinic.sqlite", tables=("notes",), text_columns=("note",), id_column="id"
    )
    opened = project(tmp_path, source)
    with sqlite3.connect(opened.folder / "clinic.sqlite") as made:
        made.execute("CREATE TABLE notes (id integer primary key, note text)")
        made.executemany("INSERT INTO notes VALUES (?, ?)", [(1, "satu"), (2, "dua")])
    made.close()
    first = fetch_sources(opened)["notes"]
    assert first.facts["source"]["rows"] == "2"
    assert fetch_sources(opened)["notes"].cached
    assert "notes/part-00000.parquet" in " ".join(opened.journey.store.read_tree(first.output))
    assert not list(opened.cache.rglob("*.parquet")), "no row lies about beside the store"
    assert verify(opened.folder).ok


def test_a_file_that_may_not_be_read_is_one_sentence(tmp_path: Path) -> None:
    opened = project(tmp_path, OWN)
    (opened.folder / "text").mkdir()
    (opened.folder / "text" / "a.txt").write_text("satu")
    (opened.folder / "cache").mkdir(exist_ok=True)
    (opened.folder / "cache" / "folders").write_text("in the way")
    with pytest.raises(DaulatError, match="fetch notes"):
        fetch_sources(opened)


def test_text_of_people_that_lies_abroad_is_asked_about_there_before_anybody_connects(tmp_path: Path) -> None:
    with socket.socket() as service:
        service.bind(("127.0.0.1", 0))
        service.listen()
        service.settimeout(0.2)
        source = msgspec.structs.replace(
            OWN,
            kind="objects",
            location="s3://clinic/notes",
            endpoint=f"http://127.0.0.1:{service.getsockname()[1]}",
            personal_data="present",
            basis="public-task",
            jurisdiction="sg",
            timeout_s=1,
        )
        opened = project(tmp_path, source)
        with pytest.raises(NotAllowed) as caught:
            fetch_sources(opened)
        assert "pdp" in str(caught.value).lower()
        assert kinds(opened)[-1] == "decision"
        said = [entry.statement for entry in opened.journey.statements()][-1]["predicate"]
        assert said["daulat_place"]["jurisdiction"] == "sg"
        with pytest.raises(TimeoutError):
            service.accept()
    at_home = changed(opened, msgspec.structs.replace(source, jurisdiction="id"))
    assert len(fetch_questions(at_home, at_home.config.source[0])) == 1


def test_a_transfer_that_a_person_found_lawful_opens_it_for_that_country_alone(tmp_path: Path) -> None:
    source = msgspec.structs.replace(
        OWN, kind="objects", location="s3://clinic/notes", region="ap-southeast-1", personal_data="present",
        basis="public-task", jurisdiction="sg",
    )  # fmt: skip
    opened = project(tmp_path, source)

    def rules(now: Project) -> set[str]:
        asked = fetch_questions(now, now.config.source[0])
        return {rule for question in asked for decision in now.decide(question) for rule in decision.rules}

    before = rules(opened)
    find(opened, "transfer", "notes", "the ministry agreed with the hospital in Singapore")
    assert {rule for rule in before - rules(opened) if "transfer" in rule or "56" in rule}
    elsewhere = changed(opened, msgspec.structs.replace(source, jurisdiction="us"))
    assert rules(elsewhere) == before
