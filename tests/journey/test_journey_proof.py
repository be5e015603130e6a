"""A proof is checked with a public key and nothing else; changed anywhere, it proves nothing."""

import random
from pathlib import Path

import pytest
from journey_world import ALLOW, AT, GATEWAY, OPERATOR, PLACE, answers, build, create, key

from daulat.errors import DaulatError, NotVerified
from daulat.journey import cosignature, note, usage
from daulat.journey import statement as st
from daulat.journey.cosignature import CosignerKey
from daulat.journey.journey import Journey
from daulat.journey.proof import HEADER, check, parse
from daulat.journey.prove import prove_answer, prove_statement

DECISION = st.decision_statement(decision=ALLOW, step="source", place=PLACE, at=AT)
SEED = 73


@pytest.fixture
def journey(tmp_path: Path) -> Journey:
    journey = create(tmp_path / "project")
    usage.record_usage(journey, answers(5), GATEWAY, AT)
    usage.record_usage(journey, answers(7, first=5), GATEWAY, AT)
    return journey


def test_every_statement_at_every_size_has_a_proof_that_checks(tmp_path: Path) -> None:
    journey = build(tmp_path)
    size = journey.log.checkpoint().size
    for index in range(size):
        proved = check(prove_statement(journey, index).text(), OPERATOR.public)
        assert (proved.index, proved.statement) == (index, journey.entry(index).statement)
        assert proved.checkpoint == journey.log.checkpoint()


def test_every_answer_of_every_batch_has_a_proof_that_checks(journey: Journey) -> None:
    for answer in answers(12):
        assert check(prove_answer(journey, str(answer["id"])).text(), OPERATOR.public).answer == answer


def test_the_file_is_laid_out_as_c2sp_says(journey: Journey) -> None:
    lines = prove_statement(journey, 1).text().decode().split("\n")
    assert lines[0] == HEADER == "c2sp.org/tlog-proof@v1"
    assert lines[1].startswith("extra ")
    assert lines[2] == "index 1"
    gap = lines.index("")
    assert all(len(line) == 44 for line in lines[3:gap])
    assert "\n".join(lines[gap + 1 :]).encode() == journey.log.note()


def test_a_proof_that_is_changed_in_any_byte_proves_nothing(journey: Journey) -> None:
    """One bit of every byte: each change is found, and told in a sentence."""
    content = cosigned(journey, prove_answer(journey, str(answers(3)[2]["id"])).text())
    witness = CosignerKey(key("w").public)
    assert check(content, OPERATOR.public, [witness]).witnessed == (("w", 1_790_000_000),)
    rng = random.Random(SEED)
    for at in range(len(content)):
        changed = bytearray(content)
        changed[at] ^= 1 << rng.randrange(8)
        with pytest.raises(DaulatError):
            check(bytes(changed), OPERATOR.public, [witness])


def cosigned(journey: Journey, content: bytes) -> bytes:
    head, _, text = content.partition(b"\n\n")
    return head + b"\n\n" + cosignature.cosign(text, key("w"), 1_790_000_000)


def test_a_proof_that_is_cut_off_anywhere_proves_nothing(journey: Journey) -> None:
    content = prove_statement(journey, 2).text()
    for size in range(len(content)):
        with pytest.raises(DaulatError):
            check(content[:size], OPERATOR.public)


def test_a_strangers_key_another_logs_proof_and_a_missing_witness_are_sentences(
    journey: Journey, tmp_path: Path
) -> None:
    content = prove_statement(journey, 1).text()
    with pytest.raises(NotVerified, match="the key to trust"):
        check(content, key("stranger").public)
    with pytest.raises(NotVerified, match="not cosigned"):
        check(content, OPERATOR.public, [CosignerKey(key("w").public)])
    (tmp_path / "other").mkdir()
    other = Journey.create(tmp_path / "other", "o/o", key("stranger"), {})
    other.record(DECISION, key("stranger"))
    with pytest.raises(NotVerified, match="the key to trust"):
        check(prove_statement(other, 1).text(), OPERATOR.public)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "a proof begins with"),
        (b"c2sp.org/tlog-proof@v2\nindex 0\n\n", "a proof begins with"),
        (b"c2sp.org/tlog-proof@v1\nindex 0\n\nlog\n0\n", "no `extra`"),
        (b"c2sp.org/tlog-proof@v1\nextra e30=\nindex 0\n\nlog\n0\n", "not daulat's"),
        (b"\xff\xfe", "not ASCII"),
    ],
)
def test_what_is_no_proof_is_a_sentence(content: bytes, words: str) -> None:
    with pytest.raises(NotVerified, match=words):
        parse(content)


def test_a_key_that_was_rotated_proves_what_it_signed_and_nothing_later(tmp_path: Path) -> None:
    journey = create(tmp_path)
    before = journey.record(DECISION, OPERATOR)
    successor = key("successor")
    keys = [("operator", successor.public), ("gateway", GATEWAY.public)]
    rotated = journey.record(st.keyring_statement(keys, at=AT), OPERATOR)
    for index in (0, before, rotated):
        assert check(prove_statement(journey, index).text(), OPERATOR.public).index == index
    after = journey.record(DECISION, successor)
    proved = check(prove_statement(journey, after).text(), OPERATOR.public)
    assert (proved.by, proved.signed) == (successor.key_id, (successor.key_id,))
    assert check(prove_statement(journey, before).text(), OPERATOR.public).by == OPERATOR.key_id
    proof = prove_statement(journey, after)
    forged = type(proof)(proof.index, proof.path, note.sign(journey.log.checkpoint(), OPERATOR), proof.extra)
    with pytest.raises(NotVerified, match="not by a key in force"):
        check(forged.text(), OPERATOR.public)


def test_an_earlier_checkpoint_proves_what_it_covers(journey: Journey) -> None:
    early = journey.log.note()
    journey.record_many([DECISION] * 300, OPERATOR)
    proved = check(prove_statement(journey, 2, early).text(), OPERATOR.public)
    assert proved.checkpoint.size == 3
    with pytest.raises(DaulatError, match="no entry 3 in a log of 3"):
        prove_statement(journey, 3, early)
    stranger = note.sign(note.Checkpoint("another/log", 3, b"\0" * 32), OPERATOR)
    with pytest.raises(NotVerified, match="another/log"):
        prove_statement(journey, 1, stranger)
    split = note.sign(note.Checkpoint(journey.log.checkpoint().origin, 3, b"\0" * 32), OPERATOR)
    with pytest.raises(NotVerified, match="another root"):
        prove_statement(journey, 1, split)
