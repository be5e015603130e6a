"""A witness cosigns what continues, refuses what does not, and keeps both checkpoints as evidence."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from journey_world import ALLOW, AT, OPERATOR, PLACE, create, key

from daulat.errors import DaulatError, NotVerified
from daulat.journey import cosignature, note
from daulat.journey import statement as st
from daulat.journey.cosignature import CosignerKey
from daulat.journey.journey import Journey
from daulat.journey.prove import keyrings
from daulat.journey.verify import verify
from daulat.journey.witness import Witness, update
from daulat.work import witnessed

DECISION = st.decision_statement(decision=ALLOW, step="source", place=PLACE, at=AT)
OTHER = st.decision_statement(decision={**ALLOW, "subject": "another"}, step="source", place=PLACE, at=AT)
WITNESS, NOW = key("witness.ministry.example"), 1_790_000_000
ORIGIN = "lab.example/journey"


@pytest.fixture
def journey(tmp_path: Path) -> Journey:
    journey = create(tmp_path / "project")
    journey.record_many([DECISION] * 4, OPERATOR)
    return journey


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return Witness(tmp_path / "state", ORIGIN)


def asked(journey: Journey, since: bytes | None = None) -> bytes:
    journey.refresh()
    return update(journey, since, keyrings(journey, journey.log.checkpoint().size))


def test_what_continues_is_cosigned_across_tiles_and_rotated_keys(journey: Journey, witness: Witness) -> None:
    seen = witness.cosign(asked(journey), OPERATOR.public, WITNESS, NOW)
    assert cosignature.check(seen, CosignerKey(WITNESS.public)) == NOW
    signer = OPERATOR
    for turn, count in enumerate((1, 250, 600)):
        successor = key(f"operator-{turn}")
        journey.record_many([DECISION] * count, signer)
        journey.record(st.keyring_statement([("operator", successor.public)], at=AT), signer)
        signer = successor
        journey.record(DECISION, signer)
        seen = witness.cosign(asked(journey, seen), None, WITNESS, NOW + turn)
        assert note.read(seen) == journey.log.checkpoint()
        assert note.signers(seen, [signer.public])
    assert witness.cosign(asked(journey, seen), None, WITNESS, NOW + 9), "the same again"


def test_a_split_view_is_refused_and_both_checkpoints_are_kept(
    journey: Journey, witness: Witness, tmp_path: Path
) -> None:
    fork = tmp_path / "fork"
    shutil.copytree(tmp_path / "project", fork)
    first = journey.log.note()
    journey.record_many([DECISION] * 3, OPERATOR)
    seen = witness.cosign(asked(journey), OPERATOR.public, WITNESS, NOW)
    forked = Journey.open(fork)
    for more in (3, 5):  # of the same size, and larger
        forked.record_many([OTHER] * more, OPERATOR)
        shown = asked(forked, first if more == 3 else None)
        if more == 5:
            shown = lying(forked, note.read(seen).size)
        with pytest.raises(NotVerified, match="split view"):
            witness.cosign(shown, None, WITNESS, NOW)
        evidence = {file.read_bytes() for file in (witness.folder / "evidence").iterdir()}
        assert {seen, forked.log.note()} <= evidence
    assert witness.last() == seen


def lying(journey: Journey, old: int) -> bytes:
    """An update from the size that the witness saw, of a log that had other entries then."""
    at_old = note.sign(note.Checkpoint(ORIGIN, old, journey.log.root_at(old)), OPERATOR)
    return asked(journey, at_old)


def test_a_log_that_became_shorter_is_refused(journey: Journey, witness: Witness, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "project", tmp_path / "older")
    journey.record(DECISION, OPERATOR)
    witness.cosign(asked(journey), OPERATOR.public, WITNESS, NOW)
    with pytest.raises(NotVerified, match="has 5 statements, and 6 were witnessed"):
        witness.cosign(asked(Journey.open(tmp_path / "older")), None, WITNESS, NOW)


def test_an_update_from_another_size_and_a_log_never_told_are_sentences(journey: Journey, witness: Witness) -> None:
    with pytest.raises(DaulatError, match="never seen here"):
        witness.cosign(asked(journey), None, WITNESS, NOW)
    with pytest.raises(NotVerified, match="the key to trust"):
        witness.cosign(asked(journey), key("stranger").public, WITNESS, NOW)
    assert not witness.folder.exists(), "nothing is kept of a log that was not believed"
    witness.cosign(asked(journey), OPERATOR.public, WITNESS, NOW)
    journey.record(DECISION, OPERATOR)
    with pytest.raises(NotVerified, match="starts from 0 statements, and 5 were witnessed"):
        witness.cosign(asked(journey), None, WITNESS, NOW)
    with pytest.raises(DaulatError, match="was begun by"):
        witness.cosign(asked(journey), key("stranger").public, WITNESS, NOW)


def test_an_update_that_is_changed_in_any_byte_is_refused_and_nothing_is_kept(journey: Journey, tmp_path: Path) -> None:
    content = asked(journey)
    for at in range(len(content)):
        changed = bytearray(content)
        changed[at] ^= 1
        witness = Witness(tmp_path / "flipped", ORIGIN)
        with pytest.raises(DaulatError):
            witness.cosign(bytes(changed), OPERATOR.public, WITNESS, NOW)
    assert not (tmp_path / "flipped").exists()


def test_the_command_line_from_one_ministry_to_the_other_and_back(tmp_path: Path) -> None:
    def daulat(*words: object, code: int = 0) -> str:
        argv = [sys.executable, "-m", "daulat", "--project", "lab", *map(str, words)]
        found = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert found.returncode == code, found.stderr + found.stdout
        return found.stdout + found.stderr

    daulat("init", "id")
    public = daulat("witness", "new-key", "w.key", "--name", "witness.ministry.example").strip()
    began = daulat("key", "list").split("operator+")[1].split()[0]
    operator = f"operator+{began}"
    daulat("witness", "ask", "-o", "update")
    daulat("witness", "cosign", "update", "--key", "w.key", "--state", "state", "--log-key", operator, "-o", "cosigned")
    assert "none yet" in daulat("witness", "add", "cosigned", code=1), "whose word counts stands in the keyring"
    daulat("key", "add", "witness", "--name", "witness.ministry.example", "--public", public)
    daulat("witness", "add", "cosigned")
    assert "witnessed: the first 1 statements, by witness.ministry.example" in daulat("verify")
    daulat("prove", "0", "-o", "zero.tlog-proof")
    shown = daulat("verify", "--proof", "zero.tlog-proof", "--key", operator, "--witness-key", public)
    assert "witnessed by witness.ministry.example" in shown
    daulat("key", "rotate", "operator")
    daulat("prove", "1", "-o", "one.tlog-proof")
    assert "verified" in daulat("verify", "--proof", "one.tlog-proof", "--key", operator)
    daulat("verify", "--proof", "one.tlog-proof", "--key", operator, "--witness-key", public, code=3)
    daulat("witness", "ask", "-o", "update")
    daulat("witness", "cosign", "update", "--key", "w.key", "--state", "state", "-o", "cosigned")
    daulat("witness", "add", "cosigned")
    daulat("prove", "1", "-o", "one.tlog-proof")
    shutil.move(tmp_path / "lab", tmp_path / "gone")
    assert "verified" in daulat("verify", "--proof", "one.tlog-proof", "--key", operator, "--witness-key", public)
    for words, said in (
        (["verify", "--proof", "one.tlog-proof"], "--key"),
        (["verify", "--proof", "nothing", "--key", operator], "there is no proof"),
        (["verify", "--proof", "one.tlog-proof", "--key", "x"], "public key"),
        (["prove", "1", "-o", "x"], "daulat.toml"),
    ):
        told = daulat(*words, code=1)
        assert said in told
        assert told.count("\n") == 2, told
    tampered = bytearray((tmp_path / "one.tlog-proof").read_bytes())
    tampered[200] ^= 1
    (tmp_path / "one.tlog-proof").write_bytes(tampered)
    daulat("verify", "--proof", "one.tlog-proof", "--key", operator, code=3)


def known(journey: Journey) -> Journey:
    """The same journey, whose keyring lists the witness."""
    listed = [*journey.keyring.keys.values(), ("witness", CosignerKey(WITNESS.public).public)]
    journey.record(st.keyring_statement(listed, at=AT), OPERATOR)
    return journey


def test_a_witness_of_the_keyring_signs_no_statement_and_is_listed_as_what_it_is(journey: Journey) -> None:
    ring = known(journey).keyring
    assert ring.witnesses() == [CosignerKey(WITNESS.public)]
    assert str(CosignerKey(WITNESS.public)) in {str(key) for _, key in ring.keys.values()}
    assert WITNESS.key_id not in ring.keys, "as a key that signs statements it has another id, which is not listed"
    with pytest.raises(NotVerified, match="not in force"):
        journey.record(st.keyring_statement([("operator", OPERATOR.public)], at=AT), WITNESS)


def test_every_changed_byte_of_a_cosigned_checkpoint_is_found(journey: Journey, witness: Witness) -> None:
    known(journey)
    cosigned = witness.cosign(asked(journey), OPERATOR.public, WITNESS, NOW)
    project = journey.log.folder.parent
    size = witnessed.keep(project, journey, cosigned)
    whole = verify(project)
    assert whole.witnessed == {WITNESS.name: size}
    told_of_the_store = {problem.what for problem in whole.problems}
    for at in range(len(cosigned)):
        changed = bytearray(cosigned)
        changed[at] ^= 1
        (project / "witnessed" / str(size)).write_bytes(changed)
        found = verify(project)
        fresh = {problem.what for problem in found.problems} - told_of_the_store
        assert fresh or found.witnessed == {}, f"byte {at}"
        if not fresh:  # the witness's name or key id: then it is nobody's signature, and counts for nothing
            with pytest.raises(DaulatError, match="no witness of this project"):
                witnessed.keep(project, journey, bytes(changed))


def test_a_checkpoint_that_was_witnessed_of_another_history_is_found(journey: Journey, witness: Witness) -> None:
    known(journey)
    size = journey.log.checkpoint().size
    cosigned = witness.cosign(asked(journey), OPERATOR.public, WITNESS, NOW)
    project = journey.log.folder.parent
    witnessed.keep(project, journey, cosigned)
    other = note.sign(note.Checkpoint(ORIGIN, size, b"x" * 32), OPERATOR)
    (project / "witnessed" / str(size)).write_bytes(cosignature.cosign(other, WITNESS, NOW))
    assert any("split view" in problem.what for problem in verify(project).problems)


def test_one_key_does_not_begin_two_logs_for_one_witness(journey: Journey, tmp_path: Path) -> None:
    state = tmp_path / "state"
    Witness(state, ORIGIN).cosign(asked(journey), OPERATOR.public, WITNESS, NOW)
    other = Journey.create(tmp_path / "other", "another/name", OPERATOR, {})
    with pytest.raises(NotVerified, match="began another log"):
        Witness(state, "another/name").cosign(asked(other), OPERATOR.public, WITNESS, NOW)


def test_two_forks_shown_at_once_are_not_both_cosigned(journey: Journey, tmp_path: Path) -> None:
    fork = tmp_path / "fork"
    shutil.copytree(journey.log.folder.parent, fork)
    forked = Journey.open(fork)
    journey.record(st.decision_statement(decision=ALLOW, step="one", place=PLACE, at=AT), OPERATOR)
    forked.record(st.decision_statement(decision=ALLOW, step="two", place=PLACE, at=AT), OPERATOR)
    for turn in range(10):
        done: list[str] = []

        def show(side: Journey, state: Path, done: list[str]) -> None:
            try:
                Witness(state, ORIGIN).cosign(asked(side), OPERATOR.public, WITNESS, NOW)
                done.append("cosigned")
            except NotVerified:
                done.append("refused")

        state = tmp_path / f"state-{turn}"
        threads = [threading.Thread(target=show, args=(side, state, done)) for side in (journey, forked)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(done) == ["cosigned", "refused"]


def test_a_checkpoint_that_the_log_did_not_sign_is_not_kept(journey: Journey, witness: Witness) -> None:
    known(journey)
    cosigned = witness.cosign(asked(journey), OPERATOR.public, WITNESS, NOW)
    body, signatures = note.split(cosigned)
    project = journey.log.folder.parent
    only_theirs = note.join(body, [pair for pair in signatures if pair[0] == WITNESS.name])
    with pytest.raises(NotVerified, match="not by a key in force"):
        witnessed.keep(project, journey, only_theirs)
    junk = [(f"stranger-{n}", bytes(76)) for n in range(10)]
    size = witnessed.keep(project, journey, note.join(body, [*signatures, *junk]))
    assert len(note.split((project / "witnessed" / str(size)).read_bytes())[1]) == 2, (
        "what nobody can check is not kept"
    )
