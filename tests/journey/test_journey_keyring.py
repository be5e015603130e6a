import pytest
from journey_world import ALLOW, AT, GATEWAY, OPERATOR, PLACE, answers, build, create, key, step

from daulat.errors import DaulatError, NotVerified
from daulat.journey import canonical, usage
from daulat.journey import statement as st
from daulat.journey.envelope import open_envelope, pae, peek
from daulat.journey.journey import Journey
from daulat.journey.seal import seal
from daulat.journey.verify import verify

SOME = "sha256:" + "ab" * 32
DECISION = st.decision_statement(decision=ALLOW, step="source", place=PLACE, at=AT)


def rotate(journey: Journey, *keys: tuple[str, object], by=OPERATOR) -> int:
    return journey.record(st.keyring_statement([(role, one.public) for role, one in keys], at=AT), by)


def test_the_envelope_is_what_dsse_says() -> None:
    # Source: DSSE protocol.md: DSSEv1 SP LEN(type) SP type SP LEN(body) SP body.
    assert pae(b"hello world") == b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"
    signed = peek(seal(DECISION, OPERATOR))
    assert signed.statement == DECISION
    assert signed.by == "operator"
    assert OPERATOR.public.verify(signed.signature, pae(canonical.canonical(DECISION)))


def test_an_envelope_with_one_thing_changed_does_not_open(tmp_path) -> None:
    ring = create(tmp_path).keyring
    sealed = seal(DECISION, OPERATOR)
    assert open_envelope(sealed, ring).statement == DECISION
    for old, new in [(b"in-toto+json", b"in-toto+jsom"), (b"operator+", b"operatox+"), (b'"sig":"', b'"sig":"A')]:
        with pytest.raises(NotVerified):
            open_envelope(sealed.replace(old, new), ring)
    forged = canonical.parse(seal(DECISION, key("thief")))
    forged["signatures"][0]["keyid"] = OPERATOR.key_id
    with pytest.raises(NotVerified, match="is wrong"):
        open_envelope(canonical.canonical(forged), ring)


def test_the_gateway_key_signs_usage_and_nothing_else(tmp_path) -> None:
    journey = create(tmp_path)
    with pytest.raises(NotVerified, match="is a gateway key and may not sign"):
        journey.record(DECISION, GATEWAY)
    assert usage.record_usage(journey, answers(1), GATEWAY, AT) == 1


def test_a_key_that_is_not_in_the_keyring_records_nothing(tmp_path) -> None:
    journey = create(tmp_path)
    with pytest.raises(NotVerified, match="not in force"):
        journey.record(DECISION, key("stranger"))
    assert journey.log.checkpoint().size == 1


def test_a_rotated_key_signs_no_more_and_the_new_one_does(tmp_path) -> None:
    journey = create(tmp_path)
    successor = key("operator-2027")
    rotate(journey, ("operator", successor), ("gateway", GATEWAY))
    assert verify(tmp_path).ok
    with pytest.raises(NotVerified, match="not in force"):
        journey.record(DECISION, OPERATOR)
    assert journey.record(DECISION, successor) == 2
    assert verify(tmp_path, OPERATOR.public).ok
    assert Journey.open(tmp_path).keyring.keys.keys() == {successor.key_id, GATEWAY.key_id}


def test_a_statement_by_a_revoked_key_is_found_even_if_it_was_forced_into_the_log(tmp_path) -> None:
    journey = create(tmp_path)
    successor = key("operator-2027")
    rotate(journey, ("operator", successor))
    journey.log.append([seal(DECISION, OPERATOR)], successor)
    (problem,) = verify(tmp_path).problems
    assert problem.where == "statement 2"
    assert "not in force" in problem.what


def test_a_checkpoint_by_a_revoked_key_is_found(tmp_path) -> None:
    journey = create(tmp_path)
    successor = key("operator-2027")
    rotate(journey, ("operator", successor))
    journey.log.append([seal(DECISION, successor)], OPERATOR)
    (problem,) = verify(tmp_path).problems
    assert problem.where == "journey/checkpoint"
    with pytest.raises(NotVerified, match="not by a key in force"):
        Journey.open(tmp_path)


def test_only_an_operator_changes_the_keyring(tmp_path) -> None:
    journey = create(tmp_path)
    with pytest.raises(NotVerified, match="may not sign"):
        rotate(journey, ("operator", GATEWAY), by=GATEWAY)


@pytest.mark.parametrize(
    "keys",
    [
        [("gateway", GATEWAY)],
        [("operator", OPERATOR), ("operator", OPERATOR)],
        [("operator", OPERATOR), ("king", GATEWAY)],
    ],
)
def test_a_keyring_without_operator_or_with_a_key_twice_or_an_unknown_role_is_refused(tmp_path, keys) -> None:
    journey = create(tmp_path)
    with pytest.raises(NotVerified, match="keyring"):
        rotate(journey, *keys)
    assert journey.log.checkpoint().size == 1


def test_a_killed_init_is_made_anew_but_a_journey_never(tmp_path) -> None:
    create(tmp_path)
    other = Journey.create(tmp_path, "lab.example/other", key("new"), {})
    assert other.log.checkpoint().origin == "lab.example/other"
    other.record(DECISION, key("new"))
    with pytest.raises(DaulatError, match="holds a journey of 2 statements"):
        create(tmp_path)


def test_another_process_sees_what_was_recorded_and_finds_the_step(tmp_path) -> None:
    first = create(tmp_path)
    second = Journey.open(tmp_path)
    index = step(first, "source", {}, SOME, key=SOME)
    found = second.find_step(SOME)
    assert found is not None
    assert (found.index, found.by, st.outputs(found.statement)) == (index, "operator", {"source": SOME})
    assert step(second, "source", {}, SOME, key=SOME) == index + 1
    assert first.find_step(SOME).index == index + 1
    assert first.find_step("sha256:" + "00" * 32) is None


def test_many_statements_are_one_write_and_none_if_one_is_refused(tmp_path) -> None:
    journey = create(tmp_path)
    assert journey.record_many([DECISION] * 300, OPERATOR) == 1
    broken = {**DECISION, "predicateType": "urn:unknown"}
    with pytest.raises(NotVerified, match="urn:unknown"):
        journey.record_many([DECISION, broken], OPERATOR)
    assert journey.log.checkpoint().size == 301
    assert [entry.index for entry in journey.statements(299)] == [299, 300]


def test_a_clock_that_jumps_back_does_no_harm(tmp_path) -> None:
    journey = create(tmp_path)
    for at in ("2026-05-01T00:00:00Z", "1999-01-01T00:00:00Z", "2026-04-30T23:59:59.5Z"):
        journey.record(st.decision_statement(decision=ALLOW, step="source", place=PLACE, at=at), OPERATOR)
    assert [entry.index for entry in journey.statements()] == [0, 1, 2, 3]
    assert verify(tmp_path).ok


def test_a_log_that_became_shorter_is_not_believed(tmp_path) -> None:
    journey = build(tmp_path / "project")
    shorter = build(tmp_path / "other").log
    (tmp_path / "short").mkdir()
    short = create(tmp_path / "short").log
    assert shorter.checkpoint() == journey.log.checkpoint()
    for path in journey.log.folder.rglob("*"):
        if path.is_file():
            path.unlink()
    for path in short.folder.rglob("*"):
        if path.is_file():
            target = journey.log.folder / path.relative_to(short.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    with pytest.raises(NotVerified, match="statements and has 1"):
        journey.refresh()
