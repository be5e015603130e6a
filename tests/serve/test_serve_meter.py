"""The usage file: durable, in batches that never change, and only one gateway at a time."""

import itertools
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daulat.errors import DaulatError
from daulat.records import Answer
from daulat.serve.gateway.answer_id import is_answer_id, new_answer_id
from daulat.serve.gateway.meter import Meter, batch_name
from daulat.serve.gateway.usage_file import UsageFile


def answer(tenant: str = "health", tokens: int = 1) -> Answer:
    digest = "hmac-sha256:" + "0" * 64
    return Answer(
        id=new_answer_id(), at="2026-11-23T00:00:00.000000Z", tenant=tenant, deployment="d", release="r",
        model="sha256:" + "0" * 64, place="p", country="id", request=digest, response=digest, prompt_tokens=2 * tokens,
        completion_tokens=tokens, finish="stop", decision="rule",
    )  # fmt: skip


def test_a_record_reads_back_as_it_was_and_its_file_is_private(tmp_path):
    meter = Meter(tmp_path / "usage.sqlite")
    kept = answer()
    meter.submit(kept).result(5)
    assert UsageFile(tmp_path / "usage.sqlite").get(kept.id) == kept
    assert stat.S_IMODE((tmp_path / "usage.sqlite").stat().st_mode) == 0o600
    assert meter.get("ans-none") is None
    meter.close()
    assert UsageFile(tmp_path / "usage.sqlite").get(kept.id) == kept


def test_a_file_that_is_not_there_holds_no_answers_and_is_not_made(tmp_path):
    usage = UsageFile(tmp_path / "none.sqlite")
    assert (usage.get("x"), usage.pending(), usage.totals()) == (None, 0, ())
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", "ก"]), st.integers(0, 10**9)), max_size=40), st.integers(1, 7))
def test_totals_and_batches_hold_exactly_what_was_recorded(tmp_path_factory, recorded, batch_answers):
    path = tmp_path_factory.mktemp("usage") / "usage.sqlite"
    taken: list[Answer] = []
    meter = Meter(path, taken.extend, batch_answers=batch_answers, batch_seconds=0.001)
    answers = [answer(tenant, tokens) for tenant, tokens in recorded]
    for done in [meter.submit(one) for one in answers]:
        done.result(5)
    meter.close()
    assert taken == answers
    totals = {one.tenant: (one.answers, one.prompt_tokens, one.completion_tokens) for one in UsageFile(path).totals()}
    for tenant, (count, prompt, completion) in totals.items():
        mine = [tokens for name, tokens in recorded if name == tenant]
        assert (count, prompt, completion) == (len(mine), 2 * sum(mine), sum(mine))
    assert len(totals) == len({tenant for tenant, _ in recorded})


def test_a_batch_that_was_not_taken_is_handed_again_unchanged_though_more_came(tmp_path):
    offered: list[list[Answer]] = []

    def refuse_twice(answers: list[Answer]) -> None:
        offered.append(answers)
        if len(offered) <= 2:
            raise DaulatError("no room", "make some")

    path = tmp_path / "usage.sqlite"
    first = Meter(path, refuse_twice, batch_seconds=60)
    for done in [first.submit(answer()) for _ in range(3)]:
        done.result(5)
    first.close()
    assert first.pending() == 3
    second = Meter(path, refuse_twice, batch_seconds=60)
    for done in [second.submit(answer()) for _ in range(2)]:
        done.result(5)
    second.close()
    assert second.pending() == 5
    third = Meter(path, refuse_twice, batch_seconds=60)
    third.close()
    assert offered[0] == offered[1] == offered[2]
    assert batch_name(offered[0]) == f"{offered[0][0].id}..{offered[0][2].id}"
    assert [len(batch) for batch in offered] == [3, 3, 3, 2]
    assert third.pending() == 0


def test_two_gateways_cannot_record_into_one_file(tmp_path):
    meter = Meter(tmp_path / "usage.sqlite")
    with pytest.raises(DaulatError, match="another gateway"):
        Meter(tmp_path / "usage.sqlite")
    meter.close()
    Meter(tmp_path / "usage.sqlite").close()


def test_one_bad_record_does_not_take_its_neighbours_with_it(tmp_path):
    meter = Meter(tmp_path / "usage.sqlite")
    good, twice = answer(), answer()
    futures = [meter.submit(one) for one in (twice, good, twice)]
    assert futures[1].result(5) is None
    with pytest.raises(Exception, match="UNIQUE"):
        futures[2].result(5)
    assert meter.totals()[0].answers == 2
    meter.close()


def test_a_closed_meter_refuses_instead_of_keeping_one_waiting(tmp_path):
    meter = Meter(tmp_path / "usage.sqlite")
    meter.close()
    with pytest.raises(Exception, match="closed"):
        meter.submit(answer()).result(5)
    assert not meter.healthy()


def test_a_file_that_is_none_of_ours_is_a_sentence_and_a_hint(tmp_path):
    path = tmp_path / "usage.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(DaulatError, match="cannot be read"):
        UsageFile(path).totals()
    with pytest.raises(DaulatError, match="cannot be written"):
        Meter(path)
    with pytest.raises(DaulatError, match="cannot be written"):
        Meter(tmp_path / "nowhere" / "usage.sqlite")


@given(st.lists(st.integers(0, 2**48 - 1), min_size=2, max_size=20))
def test_answer_names_are_well_formed_and_sorted_by_time(times):
    names = [new_answer_id(now_ms) for now_ms in sorted(set(times))]
    assert all(is_answer_id(name) for name in names)
    assert all(earlier < later for earlier, later in itertools.pairwise(names))
