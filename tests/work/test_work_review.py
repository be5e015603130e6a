"""What native speakers say is a step: on record with its corpus, found by trace, and nobody's words in the log."""

import json
import sys
from pathlib import Path
from subprocess import CompletedProcess, run
from typing import Any

import msgspec
import pytest
from test_work_promises import corpus, log_text, make
from test_work_promises import project as project  # a fixture

from daulat.errors import DaulatError, NotAllowed
from daulat.journey.trace import as_json, render, trace
from daulat.journey.verify import verify
from daulat.work.project import Project
from daulat.work.query import latest_step
from daulat.work.review import _languages, _sample, corpus_page, review_sheet, reviewed, take

NOTE = "Kata Siti Rahayu, hubungi siti.rahayu@contoh.co.id: bagus sekali"


def files(project: Project, folder: Path, *said: dict[str, str], **changes: Any) -> list[Path]:
    """A verdict file a reviewer: rule -> verdict on every document of that rule."""
    made = latest_step(project, "corpus")
    shown = _sample(project, made, "id", 12)
    paths = []
    for number, by_rule in enumerate(said):
        judgements = [
            {"document": one.id, "verdict": by_rule.get(one.rule, "good"), "reasons": [], "note": NOTE}
            for one in shown.documents
        ]
        plain = {
            "form": "daulat-review-1",
            "corpus": made.output,
            "language": "id",
            "samples": 12,
            "sheet": shown.digest,
        }
        path = folder / f"verdicts-{number}.json"
        path.write_text(json.dumps({**plain, "reviewer": f"R-{number}", "judgements": judgements, **changes}))
        paths.append(path)
    return paths


def test_verdicts_are_a_step_on_record_that_trace_finds(project: Project, tmp_path: Path) -> None:
    made = corpus(project)
    paths = files(project, tmp_path, {"kept": "bad"}, {"kept": "bad"})
    outcome = take(project, "id", paths)
    found = reviewed(outcome)
    rules = {one.rule: one for one in found.rules}
    assert rules["kept"].in_corpus == made.facts["tallies"][-1]["kept"]
    assert (rules["kept"].judged, rules["kept"].disagree) == (11, 11)
    assert rules["held by identify: language not sure"].disagree == 1, "noise.txt, which both call good"
    assert (found.reviewers, found.kappa) == (2, 1.0)
    node = trace(project.journey, "review id")
    assert node.id == outcome.output
    assert made.output in [child.id for child in node.made_from]
    assert json.loads(json.dumps(as_json(node)))["facts"]["review"]["reviewers"] == 2
    assert "review id" in render(trace(project.journey, made.output, down=True))
    assert verify(project.folder).ok
    assert take(project, "id", paths[::-1]).cached, "in whatever order they are given"


def test_what_reviewers_wrote_is_not_in_the_log_and_names_nobody_in_the_store(project: Project, tmp_path: Path) -> None:
    corpus(project)
    outcome = take(project, "id", files(project, tmp_path, {}))
    assert "bagus sekali" not in log_text(project)
    kept = project.journey.store.path(outcome.output).read_text()
    assert "siti.rahayu@contoh" not in kept
    assert "hubungi <EMAIL>: bagus sekali" in kept


def test_what_does_not_belong_to_a_corpus_on_record_leaves_nothing_on_record(project: Project, tmp_path: Path) -> None:
    corpus(project)
    before = len(list(project.journey.statements()))
    for changes, words in (
        ({"corpus": "sha256:" + "0" * 64}, "not on record here"),
        ({"sheet": "sha256:" + "0" * 64}, "another sheet"),
        ({"samples": 11}, "another sheet"),
        ({"language": "th"}, "are on `th`"),
    ):
        with pytest.raises(DaulatError, match=words):
            take(project, "id", files(project, tmp_path, {}, **changes))
    assert len(list(project.journey.statements())) == before


def test_an_older_corpus_on_record_can_still_be_reviewed(project: Project, tmp_path: Path) -> None:
    first = corpus(project)
    paths = files(project, tmp_path, {})
    (tmp_path / "text" / "more.txt").write_text(
        (tmp_path / "text" / "03.txt").read_text().replace("nomor 3", "nomor 77")
    )
    assert corpus(project).output != first.output
    node = trace(project.journey, take(project, "id", paths).output)
    assert first.output in [child.id for child in node.made_from]


def test_no_sheet_is_made_of_text_that_the_law_no_longer_allows(project: Project) -> None:
    corpus(project)
    assert "Is this good Indonesian?" in review_sheet(project, "id", 12)
    source = msgspec.structs.replace(project.config.source[0], licence=None)
    unlicensed = Project(project.folder, msgspec.structs.replace(project.config, source=(source,)), project.journey)
    with pytest.raises(NotAllowed):
        review_sheet(unlicensed, "id", 12)


def test_the_page_and_the_sheet_are_of_the_corpus_on_record(project: Project) -> None:
    made = corpus(project)
    page = corpus_page(project)
    assert made.output in page
    assert page == corpus_page(project)
    assert _languages(project, latest_step(project, "corpus")) == {project.config.source[0].name: "id"}
    assert not list(project.work.glob("read-*")), "nothing is left lying about"


def test_a_project_without_a_corpus_says_what_to_run(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    bare = make(tmp_path / "project", tmp_path / "text", "CC-BY-4.0")
    for ask in (lambda: corpus_page(bare), lambda: review_sheet(bare, "id", 12)):
        with pytest.raises(DaulatError, match="no `corpus` is on record") as raised:
            ask()
        assert "daulat develop" in raised.value.hint


def daulat(project: Project, *words: str) -> CompletedProcess[str]:
    argv = [sys.executable, "-m", "daulat", "--project", str(project.folder), *words]
    return run(argv, capture_output=True, text=True, check=False, cwd=project.folder.parent)


def test_the_commands_write_the_pages_and_take_the_verdicts(project: Project, tmp_path: Path) -> None:
    corpus(project)
    shown = daulat(project, "corpus", "page")
    assert shown.returncode == 0, shown.stderr
    assert (tmp_path / "corpus.html").read_text().startswith("<!doctype html>")
    sheet = daulat(project, "corpus", "review", "id", "--samples", "12", "--out", "sheet.html")
    assert sheet.returncode == 0, sheet.stderr
    assert (tmp_path / "sheet.html").read_text() == review_sheet(project, "id", 12)
    paths = [str(path) for path in files(project, tmp_path, {"kept": "bad"}, {})]
    taken = daulat(project, "corpus", "review", "id", "--take", *paths)
    assert taken.returncode == 0, taken.stderr
    assert "language not sure" in taken.stdout
    assert "kappa" in taken.stderr
    assert (
        json.loads(daulat(project, "corpus", "review", "id", "--take", "--json", *paths).stdout)["review"]["reviewers"]
        == 2
    )
    assert daulat(project, "trace", "review id").returncode == 0
    for words, code in (
        (("review", "id", *paths), 2),
        (("review", "id", "--take"), 2),
        (("review", "km"), 1),
        (("page", "--out", "no/such/folder.html"), 1),
    ):
        wrong = daulat(project, "corpus", *words)
        assert wrong.returncode == code, words
        assert "Traceback" not in wrong.stderr
