import pytest
from journey_world import AT, GATEWAY, OPERATOR, answers, create
from pymerkle import InmemoryTree

from daulat.errors import DaulatError
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


def test_an_answer_that_is_not_on_record_is_a_sentence(journey) -> None:
    for unknown in ("ans-zzz", "ans-00000000000000000000000003x"):
        with pytest.raises(DaulatError, match="is on record"):
            usage.find_answer(journey, unknown)


def test_a_statement_that_counts_wrongly_is_found(journey, tmp_path) -> None:
    made = bt.batch(answers(3, first=20))
    digest = journey.store.put_bytes(made.content)
    said = st.usage_statement(batch=digest, root=made.root, count=4, first=made.first, last=made.last, at=AT)
    index = journey.record(said, OPERATOR)
    (problem,) = verify(tmp_path).problems
    assert problem.where.startswith(f"statement {index}")
    assert "its statement says" in problem.what
