"""A small journey with fixed keys and fixed times: the same bytes every time, as in the golden files."""

import hashlib
from pathlib import Path

from daulat.journey import statement as st
from daulat.journey import usage
from daulat.journey.journey import Journey
from daulat.journey.keys import SigningKey

AT = "2026-01-02T03:04:05.678Z"
PLACE = {"name": "own-rack", "jurisdiction": "id", "operator": "lab", "provider": "own", "region": "-"}
ALLOW = {
    "outcome": "allow",
    "action": "corpus.read",
    "subject": "constitution",
    "rules": ["id.open-licence"],
    "cites": ["UU 28/2014 art. 42"],
    "law": "sha256:" + "11" * 32,
    "remedy": "",
    "warnings": [],
}


def key(name: str) -> SigningKey:
    return SigningKey(name, hashlib.sha256(f"test key {name}".encode()).digest())


OPERATOR, GATEWAY = key("operator"), key("gateway")


def create(project: Path) -> Journey:
    project.mkdir(parents=True, exist_ok=True)
    return Journey.create(project, "lab.example/journey", OPERATOR, {"gateway": GATEWAY}, at=AT)


def step(journey: Journey, name: str, inputs: dict[str, str], output: str, **more: object) -> int:
    fields = {
        "name": name,
        "key": f"sha256:{hashlib.sha256(f'{name} {inputs}'.encode()).hexdigest()}",
        "inputs": inputs,
        "outputs": {name: output},
        "options": {"rate": 0.5},
        "code_version": "daulat 0.1.0",
        "place": PLACE,
        "started": AT,
        "finished": AT,
        "by": OPERATOR.name,
        "decisions": [ALLOW],
        "extra": {},
    }
    return journey.record(st.step_statement(**{**fields, **more}), OPERATOR)


def tree(journey: Journey, scratch: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        path = scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return journey.store.put_tree(scratch)


def answers(count: int, first: int = 0) -> list[dict[str, object]]:
    return [
        {
            "id": f"ans-{number:026d}",
            "at": AT,
            "deployment": "dep-1",
            "place": "own-rack",
            "country": "id",
            "tokens": number,
        }
        for number in range(first, first + count)
    ]


def build(project: Path) -> Journey:
    """source -> corpus -> weights -> model -> scorecard -> release -> deployment -> 10 answers, and one refusal."""
    journey = create(project)
    scratch = project / "scratch"
    facts = {"source": {"name": "constitution", "package": "uud", "licence": "CC0-1.0", "owner": "DPR"}}
    source = tree(journey, scratch, {"a/pembukaan.txt": "Bahwa sesungguhnya", "b.txt": "ialah hak segala bangsa"})
    step(journey, "source", {}, source, extra=facts)
    corpus = tree(journey, scratch, {"shard-0.jsonl": '{"text":"hak segala bangsa"}\n'})
    step(journey, "corpus", {"source": source}, corpus)
    weights = tree(journey, scratch, {"model.bin": "\x01weights", "config.json": "{}"})
    step(journey, "pretrain", {"corpus": corpus}, weights)
    model = journey.store.put_bytes(b"GGUF exported")
    step(journey, "export", {"weights": weights}, model)
    scorecard = journey.store.put_bytes(b'{"scores":[]}')
    step(journey, "evals", {"model": model, "corpus": corpus}, scorecard)
    refused = {**ALLOW, "outcome": "refuse", "subject": "chats", "remedy": "record a lawful basis"}
    journey.record(st.decision_statement(decision=refused, step="source", place=PLACE, at=AT), OPERATOR)
    said = st.scorecard_statement(model=model, scorecard=scorecard, inputs={"corpus": corpus}, at=AT, passed=["bits"])
    journey.record(said, OPERATOR)
    release = {
        "id": "rel-1",
        "model": model,
        "weights": weights,
        "scorecard": scorecard,
        "state": "approved",
        "by": "operator",
    }
    journey.record(st.release_statement(release={**release, "reason": "better than base"}, at=AT), OPERATOR)
    deployment = {
        "id": "dep-1",
        "release": "rel-1",
        "model": model,
        "place": PLACE,
        "engine": "llama.cpp",
        "url": "http://x",
    }
    journey.record(st.deployment_statement(deployment=deployment, at=AT), OPERATOR)
    usage.record_usage(journey, answers(10), GATEWAY, AT)
    scratch.rename(project.parent / f"{project.name}-scratch")
    return journey
