"""Whatever is changed in a project, `verify` finds it, and says where."""

import ast
import os
import random
import shutil
import sys
from pathlib import Path

import pytest
from journey_world import AT, OPERATOR, PLACE, build, create, key, step

import daulat.journey
from daulat.journey import canonical, note, tiles
from daulat.journey import statement as st
from daulat.journey.keys import PublicKey
from daulat.journey.log import Log
from daulat.journey.seal import seal
from daulat.journey.verify import MAX_PROBLEMS, verify

REFUSED = {
    "outcome": "refuse",
    "action": "a",
    "subject": "s",
    "rules": [],
    "cites": [],
    "law": "sha256:" + "22" * 32,
}
GOLDEN = Path(__file__).parent / "golden"
FLIPS = 12
"""Random bits flipped in each kind of file."""


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    project = tmp_path_factory.mktemp("verify") / "project"
    build(project)
    return project


@pytest.fixture
def project(made, tmp_path) -> Path:
    shutil.copytree(made, tmp_path / "project")
    return tmp_path / "project"


def change(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def test_a_whole_project_verifies_and_says_what_was_checked(project) -> None:
    report = verify(project)
    assert report.problems == []
    assert (report.statements, report.tiles, report.answers) == (11, 1, 10)
    assert report.artefacts == 6
    assert report.files == 11
    assert report.origin == "lab.example/journey"
    assert "trusted on first use" in report.trusted
    assert report.notes == []


def test_the_pinned_key_is_the_anchor(project) -> None:
    assert verify(project, OPERATOR.public).trusted == f"{OPERATOR.public} (pinned)"
    problem = verify(project, key("stranger").public).problems[0]
    assert problem.where == "statement 0"
    assert str(OPERATOR.public) in problem.what
    assert str(key("stranger").public) in problem.what


KINDS = {
    "checkpoint": "journey/checkpoint",
    "tile": "journey/tile/0/000.p/*",
    "entries": "journey/tile/entries/000.p/*",
    "file in the store": "store/sha256/*/*",
    "tree manifest": "store/sha256/*/*",
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_flipped_bit_is_found_in_every_kind_of_file_12_times(project, kind: str) -> None:
    rng = random.Random(kind)
    found = 0
    for _ in range(FLIPS):
        paths = sorted(project.glob(KINDS[kind]))
        if kind == "tree manifest":
            paths = [path for path in paths if path.read_bytes().startswith(b'{"daulat":"tree/v1"')]
        path = rng.choice(paths)
        content = path.read_bytes()
        at, bit = rng.randrange(len(content)), 1 << rng.randrange(8)
        change(path, content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :])
        report = verify(project)
        assert not report.ok, (path, at, bit)
        where = {problem.where for problem in report.problems}
        name = path.relative_to(project).as_posix()
        assert name in where or any(place.startswith("statement") for place in where)
        found += 1
        change(path, content)
    assert found == FLIPS
    assert verify(project).ok


@pytest.mark.parametrize("pattern", sorted(set(KINDS.values())))
@pytest.mark.parametrize("how", ["missing", "empty", "cut off", "longer", "a link", "a folder", "a pipe"])
def test_every_kind_of_file_that_is_not_as_it_was_is_found(project, pattern: str, how: str) -> None:
    path = sorted(project.glob(pattern))[0]
    content = path.read_bytes()
    path.unlink()
    match how:
        case "empty":
            path.write_bytes(b"")
        case "cut off":
            path.write_bytes(content[:-1])
        case "longer":
            path.write_bytes(content + b"\n")
        case "a link":
            (project / "copy").write_bytes(content)
            path.symlink_to(project / "copy")
        case "a folder":
            path.mkdir()
        case "a pipe":
            os.mkfifo(path)
    assert not verify(project).ok


def test_a_strange_file_is_a_problem_and_a_killed_appends_leftover_is_not(project) -> None:
    (project / "journey/tile/0/000.p/200").write_bytes(b"leftover")
    (project / "journey/tile/entries/001").write_bytes(b"leftover")
    (project / "journey/.checkpoint.partial").write_bytes(b"leftover")
    (project / "store/partial").mkdir(exist_ok=True)
    (project / "store/partial/tmp1").write_bytes(b"leftover")
    report = verify(project)
    assert report.ok
    assert len(report.notes) == 4
    strange = ["journey/notes.txt", "journey/tile/0/0000", "journey/tile/00/000", "store/hello", "store/sha256/ab/x"]
    for name in strange:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_bytes(b"")
    assert {problem.where for problem in verify(project).problems} == set(strange)


def test_a_file_in_the_store_that_nothing_names_must_still_be_itself(project) -> None:
    odd = project / "store/sha256" / "ab" / ("c" * 62)
    odd.parent.mkdir(parents=True, exist_ok=True)
    odd.write_bytes(b"not that")
    (problem,) = verify(project).problems
    assert problem.what == "its content does not give its name"


def test_an_artefact_that_was_never_stored_is_found(tmp_path) -> None:
    journey = create(tmp_path)
    step(journey, "source", {}, canonical.digest(b"nowhere"))
    (problem,) = verify(tmp_path).problems
    assert problem.where == "statement 1, `source`"
    assert "not in the store" in problem.what


def test_a_rewritten_history_signed_by_a_stranger_is_found(project, tmp_path) -> None:
    thief = key("operator")
    forged = Log(project / "journey")
    forged.reload()
    forged.append([b"{}"], thief)
    assert not verify(project).ok
    stranger = note.sign(forged.checkpoint(), key("stranger"))
    change(project / "journey/checkpoint", stranger)
    assert any("not by a key in force" in problem.what for problem in verify(project).problems)


def test_an_entry_that_is_no_statement_is_found_by_its_index(project) -> None:
    log = Log.open(project / "journey")
    log.append(
        [b"{}", b"\xff", b"[" * 60_000, canonical.canonical({"payload": "", "payloadType": "", "signatures": []})],
        OPERATOR,
    )
    wheres = [problem.where for problem in verify(project).problems]
    assert wheres == ["statement 11", "statement 12", "statement 13", "statement 14"]


def test_a_statement_of_a_newer_daulat_says_so(project) -> None:
    newer = {
        **st.decision_statement(decision=REFUSED, step="s", place=PLACE, at=AT),
        "predicateType": "urn:daulat:x:v2",
    }
    Log.open(project / "journey").append([seal(newer, OPERATOR)], OPERATOR)
    (problem,) = verify(project).problems
    assert problem.where == "statement 11"
    assert "urn:daulat:x:v2" in problem.what


def test_a_hostile_log_neither_hangs_nor_fills_memory(project) -> None:
    huge = note.sign(note.Checkpoint("o", 10**17, bytes(32)), OPERATOR)
    change(project / "journey/checkpoint", huge)
    problems = verify(project).problems
    assert problems[0].where.startswith("journey/tile/entries/000")
    change(project / "journey/checkpoint", b"x" * (note.MAX_NOTE_BYTES + 1))
    assert verify(project).problems[0].where == "journey/checkpoint"


def test_more_problems_than_fit_are_counted(tmp_path) -> None:
    create(tmp_path)
    Log.open(tmp_path / "journey").append([b"{}"] * (MAX_PROBLEMS + 7), OPERATOR)
    report = verify(tmp_path)
    assert (len(report.problems), report.more_problems) == (MAX_PROBLEMS, 7)


def test_no_project_at_all_is_a_report_not_a_crash(tmp_path) -> None:
    (problem,) = verify(tmp_path).problems
    assert problem.where == "journey/checkpoint"


def test_progress_only_grows_and_ends_at_one(project) -> None:
    told: list[float] = []
    verify(project, progress=lambda share, words: told.append(share))
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize("version", sorted(path.name for path in GOLDEN.iterdir() if path.is_dir()))
def test_golden_logs_of_every_version_still_verify(version: str) -> None:
    pinned = PublicKey.parse((GOLDEN / version / "operator.pub").read_text(encoding="utf-8"))
    report = verify(GOLDEN / version, pinned)
    assert report.problems == []
    assert report.statements > 0


def test_the_same_story_gives_the_golden_bytes_of_this_version(made) -> None:
    def files(folder: Path) -> dict[str, bytes]:
        paths = [path for part in ("journey", "store") for path in (folder / part).rglob("*")]
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in paths
            if path.is_file() and path.name != ".lock"
        }

    assert files(made) == files(GOLDEN / "v1")


def test_an_auditor_reads_fewer_than_a_thousand_statements_of_code() -> None:
    room = Path(daulat.journey.__file__).parent
    todo, lines, outside = {"verify"}, 0, set()
    done: set[str] = set()
    while todo:
        name = todo.pop()
        done.add(name)
        tree = ast.parse((room / f"{name}.py").read_text(encoding="utf-8"))
        statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
        lines += sum(not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) for node in statements)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "daulat.journey":
                todo |= {alias.name for alias in node.names} - done
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("daulat.journey."):
                todo |= {str(node.module).rpartition(".")[2]} - done
            elif isinstance(node, ast.ImportFrom):
                outside.add(str(node.module).partition(".")[0])
            elif isinstance(node, ast.Import):
                outside |= {alias.name.partition(".")[0] for alias in node.names}
    assert outside - sys.stdlib_module_names == {"cryptography", "daulat"}
    assert {"log", "store", "journey"}.isdisjoint(done)
    assert lines < 1_000


def test_verify_checks_the_whole_of_a_log_with_full_tiles(tmp_path) -> None:
    journey = create(tmp_path)
    journey.record_many([st.decision_statement(decision=REFUSED, step="s", place=PLACE, at=AT)] * 600, OPERATOR)
    assert verify(tmp_path).ok
    assert verify(tmp_path).tiles == 4
    for name in ("0/001", "1/000.p/2"):
        path = tmp_path / "journey/tile" / name
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        assert [problem.where for problem in verify(tmp_path).problems] == [f"journey/tile/{name}"]
        path.write_bytes(content)
    bundle = tmp_path / "journey/tile/entries/000"
    assert len(list(tiles.decode(bundle.read_bytes()))) == 256


@pytest.mark.parametrize("kind", [[], {}, 7, None])
def test_a_predicate_type_of_the_wrong_kind_is_reported_and_never_raised(tmp_path, kind) -> None:
    journey = create(tmp_path)
    said = st.decision_statement(decision=REFUSED, step="s", place=PLACE, at=AT)
    Log.open(tmp_path / "journey").append([seal({**said, "predicateType": kind}, OPERATOR)], OPERATOR)
    assert journey.log.folder.is_dir()
    assert any(problem.where == "statement 1" for problem in verify(tmp_path).problems)
