import json

import pytest
from journey_world import OPERATOR, PLACE, answers, build, create, step

from daulat.errors import DaulatError
from daulat.journey import canonical
from daulat.journey import statement as st
from daulat.journey.journey import Journey
from daulat.journey.trace import as_json, render, trace

ANSWER = str(answers(4)[3]["id"])


@pytest.fixture(scope="module")
def journey(tmp_path_factory) -> Journey:
    return build(tmp_path_factory.mktemp("trace") / "project")


def digest_of(journey: Journey, name: str) -> str:
    return next(
        st.outputs(entry.statement)[name]
        for entry in journey.statements()
        if name in st.outputs(entry.statement) and entry.kind == "step"
    )


def test_an_answer_leads_up_to_the_licence_of_its_source(journey) -> None:
    text = render(trace(journey, ANSWER))
    order = ["answer", "deployment dep-1", "release rel-1", "export", "pretrain", "corpus", "source constitution:"]
    assert [word for word in order if word in text] == order
    for word in (
        "licence CC0-1.0",
        "owner DPR",
        "UU 28/2014 art. 42",
        "own-rack (id)",
        "signed gateway",
        "signed operator",
        "#10",
    ):
        assert word in text, word


def test_a_source_leads_down_to_the_answers(journey) -> None:
    text = render(trace(journey, "constitution", up=False, down=True))
    for word in ("corpus", "pretrain", "export", "evals", "release rel-1", "deployment dep-1", "10 answers"):
        assert word in text, word
    assert text.count("10 answers") == 1


def test_both_ways_at_once(journey) -> None:
    root = trace(journey, "rel-1", up=True, down=True)
    assert [child.kind for child in root.made_from] == ["artefact", "artefact", "artefact"]
    assert [child.id for child in root.went_into] == ["dep-1"]
    assert not root.again


def test_what_was_shown_is_referred_to_and_not_shown_again(journey) -> None:
    text = render(trace(journey, "rel-1"))
    assert text.count("(shown above)") == 3  # the weights, and the model and corpus that were measured
    assert text.count("licence CC0-1.0") == 1


def test_a_digest_may_be_shortened_to_eight_digits(journey) -> None:
    model = digest_of(journey, "export")
    whole = as_json(trace(journey, model))
    assert as_json(trace(journey, model[:15])) == whole
    assert as_json(trace(journey, model.removeprefix("sha256:")[:8].upper())) == whole
    with pytest.raises(DaulatError, match="nothing on record"):
        trace(journey, model.removeprefix("sha256:")[:7])


def test_the_tree_is_json_too(journey) -> None:
    found = json.loads(json.dumps(as_json(trace(journey, ANSWER))))
    assert (found["kind"], found["id"], found["facts"]["deployment"]) == ("answer", ANSWER, "dep-1")
    release = found["made_from"][0]["made_from"][0]
    assert (release["kind"], release["facts"]["by"], release["index"]) == ("release", "operator", 8)
    model = release["made_from"][0]
    assert (model["step"], model["decisions"][0]["cites"]) == ("export", ["UU 28/2014 art. 42"])


def test_an_unknown_thing_is_a_sentence_with_the_nearest_name(journey) -> None:
    with pytest.raises(DaulatError, match="1 releases, 1 deployments, 1 sources") as unknown:
        trace(journey, "constitutoin")
    assert unknown.value.hint == "did you mean `constitution`?"
    with pytest.raises(DaulatError, match="no answer `ans-nobody`"):
        trace(journey, "ans-nobody")


def test_a_name_that_two_things_have_names_both(tmp_path) -> None:
    journey = create(tmp_path)
    step(journey, "source", {}, "sha256:" + "ab" * 32, extra={"source": {"name": "abababab"}})
    step(journey, "source", {}, "sha256:" + "ab" * 31 + "cd", extra={"source": {"name": "other"}})
    with pytest.raises(DaulatError, match="is 3 things: source `abababab`, artefact `sha256:abab"):
        trace(journey, "abababab")


def test_a_document_is_found_through_whoever_knows_documents(journey) -> None:
    corpus = digest_of(journey, "corpus")
    known = {"doc-1": {corpus: {"part": "train", "source": "constitution"}}}
    root = trace(journey, "doc-1", up=True, down=True, documents=lambda name: known.get(name, {}))
    assert root.kind == "document"
    assert root.went_into[0].id == corpus
    assert "release rel-1" in render(root)
    assert "trained on in corpus" in render(root)
    assert [node.kind for node in root.made_from] == ["source"]
    dropped = {
        "doc-1": {corpus: {"part": "dropped", "stage": "quality", "reason": "too short", "source": "constitution"}}
    }
    nowhere = trace(journey, "doc-1", up=False, down=True, documents=lambda name: dropped.get(name, {}))
    assert nowhere.went_into == []
    assert "dropped in corpus" in render(nowhere)
    assert "at quality: too short" in render(nowhere)
    with pytest.raises(DaulatError, match="nothing on record"):
        trace(journey, "doc-2", documents=lambda name: known.get(name, {}))


def test_an_input_that_no_step_made_is_shown_as_such(tmp_path) -> None:
    journey = create(tmp_path)
    made = canonical.digest(b"made")
    step(journey, "pretrain", {"base": canonical.digest(b"from elsewhere")}, made)
    assert "(not made by any step on record)" in render(trace(journey, made))


def test_a_chain_of_300_steps_is_followed_to_its_end(tmp_path) -> None:
    journey = create(tmp_path)
    digests = [canonical.digest(b"%d" % number) for number in range(301)]
    said = [
        st.step_statement(
            name=f"s{number}",
            key=digests[number],
            inputs={f"s{number - 1}": digests[number]},
            outputs={f"s{number}": digests[number + 1]},
            options={},
            code_version="c",
            place=PLACE,
            started="2026-01-01T00:00:00Z",
            finished="2026-01-01T00:00:00Z",
            by="operator",
        )
        for number in range(300)
    ]
    journey.record_many(said, OPERATOR)
    root = trace(journey, digests[300])
    assert len(render(root).splitlines()) == 301
    assert json.dumps(as_json(root)).count('"kind"') == 301
    assert len(render(trace(journey, digests[0], up=False, down=True)).splitlines()) == 301
