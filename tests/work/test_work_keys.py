"""Keys are changed by statements: a rotated or revoked key signs nothing more, and nobody is locked out on the way."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from daulat.errors import DaulatError, NotVerified
from daulat.journey import statement as st
from daulat.journey.keyfile import create_key, load_key
from daulat.journey.keys import PublicKey
from daulat.journey.log import Log
from daulat.journey.verify import verify
from daulat.nation.profile import nation
from daulat.work import keys, serving
from daulat.work.project import Project, create, key_file
from daulat.work.query import releases
from daulat.work.release import decide
from daulat.work.run import now
from daulat.work.template import settings, starting_sources

ALLOW = {
    "outcome": "allow", "action": "train", "subject": "x", "rules": [], "cites": [],
    "law": "sha256:" + "11" * 32, "remedy": "", "warnings": [],
}  # fmt: skip
PLACE = {"name": "own", "jurisdiction": "id", "operator": "lab", "provider": "own", "region": "-"}
RELEASE = {"id": "rel-1", "model": "sha256:" + "1" * 64, "weights": "sha256:" + "2" * 64,
           "scorecard": "sha256:" + "3" * 64, "state": "approved"}  # fmt: skip

APPROVED = {**RELEASE, "findings": [], "state": "approved", "by": "operator", "reason": "good"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return create(tmp_path / "project", settings(nation("id"), starting_sources(nation("id"), None), operator="lab"))


def said() -> dict[str, object]:
    return st.decision_statement(decision=ALLOW, step="train", place=PLACE, at=now())


@pytest.mark.parametrize("role", ["operator", "gateway"])
def test_a_rotated_key_signs_and_the_old_one_does_not(project: Project, role: str) -> None:
    old = load_key(key_file(project.folder, role))
    change = keys.rotate(project, role)
    assert change.key != old.public
    assert change.key == load_key(key_file(project.folder, role)).public
    assert key_file(project.folder, role).stat().st_mode & 0o777 == 0o600
    with pytest.raises(NotVerified, match="not in force"):
        project.journey.record(said(), old)
    project.record(said())
    assert verify(project.folder).ok
    assert Project.open(project.folder).record(said()) > change.entry


def test_a_rotation_that_was_killed_at_either_moment_locks_nobody_out(project: Project) -> None:
    fresh = project.folder / "keys" / ".operator.key.next"
    create_key(fresh, "operator")  # killed before the statement
    project.record(said())
    keys.rotate(project, "operator")
    assert not fresh.exists()
    new = create_key(fresh, "operator")  # killed after the statement
    others = [item for item in project.journey.keyring.keys.values() if item[0] != "operator"]
    project.record(st.keyring_statement([("operator", new.public), *others], at=now()))
    again = Project.open(project.folder)
    again.record(said())
    assert again.operator.public == new.public
    assert not fresh.exists()
    assert verify(project.folder).ok


def test_an_approver_signs_releases_and_nothing_else_until_revoked(project: Project) -> None:
    change = keys.add(project, "approver", "director")
    assert change.file is not None
    director = load_key(change.file)
    release = st.release_statement(release=RELEASE, at=now(), extra={})
    project.journey.record(release, director)
    with pytest.raises(NotVerified, match="may not sign"):
        project.journey.record(said(), director)
    keys.revoke(project, "director")
    with pytest.raises(NotVerified, match="not in force"):
        project.journey.record(release, director)
    problems = [problem.what for problem in verify(project.folder).problems]
    assert problems, "the made-up model is in no store"
    assert all("is not in the store" in what for what in problems), "what was signed before stays signed"


def test_changes_that_would_lock_out_or_confuse_are_sentences(project: Project) -> None:
    with pytest.raises(DaulatError, match="signs with") as refused:
        keys.revoke(project, "operator")
    assert "rotate" in refused.value.hint
    with pytest.raises(DaulatError, match="0 keys in force are called `nobody`"):
        keys.revoke(project, "nobody")
    with pytest.raises(DaulatError, match="called `gateway` already"):
        keys.add(project, "approver", "gateway")
    with pytest.raises(DaulatError, match="cannot be called"):
        keys.add(project, "approver", "../outside")
    with pytest.raises(DaulatError, match="not rotated here"):
        keys.rotate(project, "witness")
    assert project.journey.log.checkpoint().size == 1


def test_the_command_line_does_the_same(project: Project, tmp_path: Path) -> None:
    def daulat(*words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "daulat", "--project", str(project.folder), *words]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    theirs = create_key(tmp_path / "theirs.key", "minister")
    (tmp_path / "theirs.pub").write_text(f"{theirs.public}\n")
    assert (
        daulat("key", "add", "approver", "--name", "minister", "--public", str(tmp_path / "theirs.pub")).returncode == 0
    )
    wrong = daulat("key", "add", "approver", "--name", "x", "--public", str(theirs.public))
    assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 2)
    assert daulat("key", "rotate", "operator").returncode == 0
    assert daulat("key", "revoke", theirs.key_id).returncode == 0
    listed = daulat("key", "list")
    assert "operator" in listed.stdout
    assert "minister" not in listed.stdout
    assert PublicKey.parse(listed.stdout.split()[-1])
    assert daulat("verify").returncode == 0


def test_a_gateway_key_that_was_lost_or_revoked_is_replaced_by_the_operator_alone(project: Project) -> None:
    key_file(project.folder, "gateway").unlink()
    change = keys.rotate(project, "gateway")
    held = [key for role, key in project.journey.keyring.keys.values() if role == "gateway"]
    assert held == [change.key] == [load_key(key_file(project.folder, "gateway")).public]
    with pytest.raises(DaulatError, match="only key that answers are recorded with"):
        keys.revoke(project, "gateway")


def test_nothing_is_served_whose_answers_could_not_be_recorded(project: Project) -> None:
    key_file(project.folder, "gateway").unlink()
    with pytest.raises(DaulatError, match=r"gateway\.key` is missing"):
        serving.start(project)
    create_key(key_file(project.folder, "gateway"), "gateway")
    with pytest.raises(DaulatError, match="answers could not be recorded") as told:
        serving.start(project)
    assert "rotate gateway" in told.value.hint


def test_a_key_that_could_not_be_put_on_record_leaves_nothing_behind(project: Project) -> None:
    key_file(project.folder, "operator").chmod(0o644)
    for role in ("approver", "witness"):
        with pytest.raises(DaulatError, match="may be read by others"):
            keys.add(project, role, "siti")
    assert not (project.folder / "keys" / "siti.key").exists()
    create_key(project.folder / "foreign.key", "operator")
    (project.folder / "foreign.key").replace(key_file(project.folder, "operator"))
    with pytest.raises(NotVerified, match="not in force"):
        keys.add(project, "approver", "siti")
    assert not (project.folder / "keys" / "siti.key").exists()


def test_a_second_approval_by_another_key_is_not_taken_for_one(project: Project) -> None:
    project.record(st.release_statement(release=APPROVED, at=now(), extra={}))
    assert decide(project, "rel-1", "approved", "again").by == "operator", "the same again changes nothing"
    other = create_key(project.folder / "other.key", "siti")
    with pytest.raises(DaulatError, match="was approved by `operator`"):
        decide(project, "rel-1", "approved", "mine", other)
    size = project.journey.log.checkpoint().size
    assert decide(project, "rel-1", "rejected", "withdrawn").state == "rejected"
    assert project.journey.log.checkpoint().size == size + 1
    with pytest.raises(DaulatError, match="was rejected"):
        decide(project, "rel-1", "approved", "after all")


def test_what_was_withdrawn_or_revoked_is_not_undone_by_saying_it_once_more(project: Project) -> None:
    parts = {name: project.journey.store.put_bytes(name.encode()) for name in ("model", "weights", "scorecard")}
    proposed = {**APPROVED, **parts, "state": "proposed", "by": "", "reason": ""}
    project.record(st.release_statement(release=proposed, at=now(), extra={}))
    approved = project.record(st.release_statement(release={**APPROVED, **parts}, at=now(), extra={}))
    keys.add(project, "approver", "siti")
    listed = project.journey.index.entries("keyring", "")[-1]
    keys.revoke(project, "siti")
    decide(project, "rel-1", "rejected", "withdrawn")
    assert verify(project.folder).ok
    for number in (approved, listed):
        copy = project.folder.with_name(f"copy-{number}")
        shutil.copytree(project.folder, copy)
        Log.open(copy / "journey").append([project.journey.sealed(number)], project.gateway)
        problems = [problem.what for problem in verify(copy).problems]
        assert any(f"statement {number} once more" in what for what in problems), problems
        with pytest.raises(NotVerified, match="once more"):
            Project.open(copy)


def test_an_approver_decides_on_what_an_operator_proposed_and_on_nothing_else(project: Project) -> None:
    change = keys.add(project, "approver", "siti")
    assert change.file is not None
    siti = load_key(change.file)
    proposed = {**APPROVED, "state": "proposed", "by": "", "reason": ""}
    project.journey.record(st.release_statement(release={**proposed, "id": "rel-own"}, at=now(), extra={}), siti)
    assert "rel-own" not in releases(project), "only an operator proposes"
    project.record(st.release_statement(release=proposed, at=now(), extra={}))
    other = {**APPROVED, "findings": [{"rule": "made up", "passed": True, "words": "x"}]}
    project.journey.record(st.release_statement(release=other, at=now(), extra={}), siti)
    assert releases(project)["rel-1"].state == "proposed", "on what was proposed, not on something else"
    project.journey.record(st.release_statement(release=APPROVED, at=now(), extra={}), siti)
    assert (releases(project)["rel-1"].state, releases(project)["rel-1"].by) == ("approved", "siti"), "by who signed"
    decide(project, "rel-1", "rejected", "withdrawn")
    project.journey.record(st.release_statement(release={**APPROVED, "reason": "again"}, at=now(), extra={}), siti)
    assert releases(project)["rel-1"].state == "rejected", "a rejection is final"
    broken = {key: value for key, value in APPROVED.items() if key != "findings"} | {"id": "rel-broken"}
    project.record(st.release_statement(release=broken, at=now(), extra={}))
    assert set(releases(project)) == {"rel-1"}, "what is no release decides nothing, and breaks nothing"


def test_keys_that_two_processes_change_at_once_are_each_changed(project: Project) -> None:
    code = (
        "import sys; from pathlib import Path; from daulat.work import keys; from daulat.work.project import Project\n"
        "p = Project.open(Path(sys.argv[1])); w = sys.argv[2]\n"
        "keys.rotate(p, 'operator') if w == 'rotate' else keys.add(p, 'approver', w)\n"
    )
    for turn in range(4):
        words = ["rotate", "rotate", f"a{turn}", f"b{turn}"]
        children = [subprocess.Popen([sys.executable, "-c", code, str(project.folder), word]) for word in words]
        assert [child.wait() for child in children] == [0] * 4
        opened = Project.open(project.folder)
        opened.record(said())
        names = {key.name for _, key in opened.journey.keyring.keys.values()}
        assert {f"a{turn}", f"b{turn}"} <= names
    assert verify(project.folder).ok
    assert {file.stat().st_mode & 0o777 for file in (project.folder / "keys").iterdir()} == {0o600}


@pytest.mark.parametrize("name", ["publisher", "commitment", "tenant"])
def test_a_key_is_not_put_where_another_secret_lies(project: Project, name: str) -> None:
    with pytest.raises(DaulatError, match="would lie where another one does"):
        keys.add(project, "approver", name)
