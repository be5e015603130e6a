"""A step happens once, only if the law allows it, and only when its statement is durable."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from daulat.code import code_digest
from daulat.errors import DaulatError, NotAllowed
from daulat.journey import statement
from daulat.journey.journey import Journey
from daulat.journey.keyfile import create_key
from daulat.journey.verify import verify
from daulat.nation.question import Question, source_facts
from daulat.records import Place, Source
from daulat.work.project import Project
from daulat.work.run import Bench, Facts, Step, run

HERE = Place(name="here", jurisdiction="id", operator="tester")
TEXT = Source(
    name="text", kind="folder", location="text", language="id", owner="us", licence="CC0-1.0", basis="open-licence",
    country="id", personal_data="none",
)  # fmt: skip


class Settings(msgspec.Struct):
    """The part of a configuration that running a step reads."""

    place: Place = HERE

    class nation:  # noqa: N801
        code = "id"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "keys").mkdir()
    operator = create_key(tmp_path / "keys" / "operator.key", "operator")
    journey = Journey.create(tmp_path, "test/log", operator, {})
    return Project(tmp_path, Settings(), journey)  # type: ignore[arg-type]


def question(source: Source = TEXT) -> Question:
    return Question("curate", "Source", source.name, source_facts(source), HERE, "private", True)


def step(make: Callable[[Bench], Facts], source: Source = TEXT, **options: object) -> Step:
    return Step("corpus", "corpus", {}, "corpus", dict(options), (question(source),), make)


def writer(words: str = "isi", calls: list[int] | None = None) -> Callable[[Bench], Facts]:
    def make(bench: Bench) -> Facts:
        (bench.into / "text").write_text(words)
        if calls is not None:
            calls.append(1)
        return {"documents": 1}

    return make


def test_a_step_runs_once_and_is_found_the_second_time(project: Project) -> None:
    calls: list[int] = []
    first = run(project, step(writer(calls=calls)))
    second = run(project, step(writer(calls=calls)))
    assert (first.cached, second.cached, len(calls)) == (False, True, 1)
    assert first.output == second.output
    assert second.facts == {"documents": 1}
    assert verify(project.folder).ok


def test_another_option_is_another_step(project: Project) -> None:
    one = run(project, step(writer(), seed=1))
    two = run(project, step(writer(), seed=2))
    assert not two.cached
    assert one.index != two.index
    assert one.output == two.output, "the same bytes are the same artefact"


def test_an_artefact_that_was_lost_is_made_again(project: Project) -> None:
    first = run(project, step(writer()))
    project.journey.store.path(first.output).unlink()
    again = run(project, step(writer()))
    assert not again.cached
    assert again.output == first.output


def test_a_refused_step_does_not_run_and_the_refusal_is_on_record(project: Project) -> None:
    calls: list[int] = []
    with pytest.raises(NotAllowed, match="licence"):
        run(project, step(writer(calls=calls), msgspec.structs.replace(TEXT, licence=None)))
    assert calls == []
    kinds = [statement.kind(entry.statement) for entry in project.journey.statements()]
    assert kinds == ["keyring", "decision"]
    assert verify(project.folder).ok


def test_a_cached_step_is_still_asked_of_the_law(project: Project) -> None:
    run(project, step(writer()))
    with pytest.raises(NotAllowed):
        run(project, step(writer(), msgspec.structs.replace(TEXT, owner=None)))


def test_a_failed_step_leaves_nothing_behind(project: Project) -> None:
    def fail(bench: Bench) -> Facts:
        (bench.into / "half").write_text("half")
        raise DaulatError("it cannot be done", "try another way")

    with pytest.raises(DaulatError, match="cannot be done"):
        run(project, step(fail))
    assert not list(project.work.rglob("half"))
    assert len(list(project.journey.statements())) == 1


def test_a_full_disk_is_one_sentence_and_the_next_run_goes_on(project: Project) -> None:
    def full(bench: Bench) -> Facts:
        raise OSError(28, "No space left on device")

    with pytest.raises(DaulatError, match="disk is full"):
        run(project, step(full))
    assert not run(project, step(writer())).cached


def test_a_changed_line_of_code_is_another_key(tmp_path: Path) -> None:
    assert code_digest("corpus") != code_digest("nation")
    assert step(writer()).key() == step(writer("else")).key(), "a key depends on what goes in, not on what comes out"


KILLED = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    sys.path.insert(0, {tests!r})
    from test_work_run import *
    project = Project(Path({folder!r}), Settings(), Journey.open(Path({folder!r})))
    def make(bench):
        (bench.into / "text").write_text("isi" * 100_000)
        print("working", flush=True)
        time.sleep({sleep})
        return {{}}
    run(project, step(make))
    print("done", flush=True)
    """
)


@pytest.mark.parametrize("sleep", [0, 0.005, 0.02, 5])
def test_killed_anywhere_the_next_run_goes_on_and_all_verifies(project: Project, sleep: float) -> None:
    code = KILLED.format(tests=str(Path(__file__).parent), folder=str(project.folder), sleep=sleep)
    for delay in (0.0, 0.002, 0.01):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        if delay:
            __import__("time").sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        report = verify(project.folder)
        assert report.ok, report.problems
    outcome = run(project, step(writer("isi" * 100_000)))
    assert project.journey.store.has(outcome.output)
    assert verify(project.folder).ok


def test_the_law_is_that_of_today(project: Project) -> None:
    assert project.law.day == datetime.now(ZoneInfo(project.nation.time_zone)).date(), (
        "of its country, wherever the machine is"
    )
