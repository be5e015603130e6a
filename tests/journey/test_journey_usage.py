import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as some
from journey_world import AT, GATEWAY, OPERATOR, answers, create, key
from pymerkle import InmemoryTree

from daulat.errors import DaulatError, NotVerified
from daulat.journey import batch as bt
from daulat.journey import canonical, usage
from daulat.journey import statement as st
from daulat.journey.journey import Journey
from daulat.journey.verify import verify


@pytest.fixture
def journey(tmp_path) -> Journey:
    journey = create(tmp_path)
    usage.record_usage(journey, answers(5), GATEWAY, AT)
    usage.record_usage(journey, answers(7, first=5), GATEWAY, AT)
    return journey


def test_a_batch_has_one_canonical_line_an_answer_and_their_merkle_root() -> None:
    made = bt.batch(reversed(answers(9)))
    lines = made.content.splitlines()
    assert lines == [canonical.canonical(answer) for answer in answers(9)]
    assert made.root == f"sha256:{InmemoryTree.init_from_entries(lines, algorithm='sha256').get_root().hex()}"
    assert (made.count, made.first, made.last, made.deployments) == (
        9,
        answers(9)[0]["id"],
        answers(9)[8]["id"],
        ("dep-1",),
    )


@pytest.mark.parametrize("records", [[], [{"no": "id"}], answers(1) * 2, [{"id": "ans-1", "text": "x" * 70_000}]])
def test_a_batch_that_would_not_prove_each_answer_is_refused(records) -> None:
    with pytest.raises(DaulatError):
        bt.batch(records)


def test_every_answer_of_every_batch_has_a_proof_that_checks_without_the_project(journey) -> None:
    for answer in answers(12):
        proof = json.loads(json.dumps(usage.answer_proof(journey, str(answer["id"]))))
        assert usage.check_answer_proof(proof, journey.keyring) == answer


def test_an_answer_that_is_not_on_record_is_a_sentence(journey) -> None:
    for unknown in ("ans-zzz", "ans-00000000000000000000000003x"):
        with pytest.raises(DaulatError, match="is on record"):
            usage.answer_proof(journey, unknown)


def _leaves(value: object, path: tuple = ()) -> list[tuple]:
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in _leaves(inner, (*path, name))]
    if isinstance(value, list):
        return [leaf for number, inner in enumerate(value) for leaf in _leaves(inner, (*path, number))]
    return [path]


@given(data=some.data())
def test_a_proof_with_any_one_value_changed_does_not_check(tmp_path_factory, data) -> None:
    proof, keyring = _made(tmp_path_factory)
    changed = copy.deepcopy(proof)
    *path, last = data.draw(some.sampled_from([leaf for leaf in _leaves(proof) if leaf != ("format",)]))
    inside = changed
    for name in path:
        inside = inside[name]
    if isinstance(inside[last], int):
        inside[last] += data.draw(some.sampled_from([-1, 1]))
    else:
        at = data.draw(some.integers(0, len(inside[last]) - 1))
        flipped = chr(ord(inside[last][at]) ^ 1)
        inside[last] = inside[last][:at] + flipped + inside[last][at + 1 :]
    with pytest.raises(NotVerified):
        usage.check_answer_proof(changed, keyring)


_MADE: list = []


def _made(factory):
    if not _MADE:
        journey = create(factory.mktemp("usage"))
        usage.record_usage(journey, answers(5), GATEWAY, AT)
        _MADE.append((usage.answer_proof(journey, str(answers(3)[2]["id"])), journey.keyring))
    return _MADE[0]


def test_a_proof_under_a_strangers_keys_does_not_check(journey, tmp_path) -> None:
    proof = usage.answer_proof(journey, str(answers(1)[0]["id"]))
    (tmp_path / "other").mkdir()
    stranger = Journey.create(tmp_path / "other", "o/o", key("stranger"), {})
    with pytest.raises(NotVerified, match="not by a key in force"):
        usage.check_answer_proof(proof, stranger.keyring)


@pytest.mark.parametrize("proof", [{}, {"checkpoint": 1}, {"checkpoint": "x", "statement": [], "batch": {}}])
def test_what_is_no_proof_is_a_sentence(journey, proof) -> None:
    with pytest.raises(NotVerified, match="not a proof"):
        usage.check_answer_proof(proof, journey.keyring)


def test_a_statement_that_counts_wrongly_is_found(journey, tmp_path) -> None:
    made = bt.batch(answers(3, first=20))
    digest = journey.store.put_bytes(made.content)
    said = st.usage_statement(batch=digest, root=made.root, count=4, first=made.first, last=made.last, at=AT)
    index = journey.record(said, OPERATOR)
    (problem,) = verify(tmp_path).problems
    assert problem.where.startswith(f"statement {index}")
    assert "its statement says" in problem.what
