"""The shapes of what is said: in-toto Statements v1, with predicates that exist where one does.

```
step        https://slsa.dev/provenance/v1                        subject: what it made
decision    https://slsa.dev/verification_summary/v1              subject: the decision itself
scorecard   https://in-toto.io/attestation/test-result/v0.1       subject: the model
release, deployment, usage, keyring     urn:daulat:...:v1         subject: model files, model, batch, the keyring itself
finding     urn:daulat:finding:v1                                 subject: the finding itself
```
Where a statement is about no artefact, its subject is the digest of its own predicate. Fields of our own in somebody
else's predicate begin with `daulat_`, as SLSA asks of extensions.
"""

import re
from collections.abc import Callable
from typing import Any

from daulat.errors import NotVerified
from daulat.journey import canonical

STATEMENT = "https://in-toto.io/Statement/v1"
STEP = "https://slsa.dev/provenance/v1"
DECISION = "https://slsa.dev/verification_summary/v1"
SCORECARD = "https://in-toto.io/attestation/test-result/v0.1"
RELEASE = "urn:daulat:release:v1"
DEPLOYMENT = "urn:daulat:deployment:v1"
USAGE = "urn:daulat:usage:v1"
KEYRING = "urn:daulat:keyring:v1"
FINDING = "urn:daulat:finding:v1"
BUILD_TYPE = "urn:daulat:step:v1"

KINDS = {
    STEP: "step",
    DECISION: "decision",
    SCORECARD: "scorecard",
    RELEASE: "release",
    DEPLOYMENT: "deployment",
    USAGE: "usage",
    KEYRING: "keyring",
    FINDING: "finding",
}
ABOUT_ITSELF = frozenset({DECISION, KEYRING, FINDING})
"""Predicates whose subject is the digest of the predicate."""

ONCE = frozenset({RELEASE, DEPLOYMENT, KEYRING, FINDING, USAGE})
"""Statements that change how things stand: the same envelope a second time would undo what came between."""

Statement = dict[str, Any]
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z\Z", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}\Z")
_RESOURCE = {"name": str, "digest": {"sha256": str}}
_SHAPES: dict[str, Any] = {
    STEP: {
        "buildDefinition": {
            "buildType": str,
            "externalParameters": {"step": str, "options": dict},
            "internalParameters": {"key": str, "code": str, "place": dict, "decisions": [dict]},
            "resolvedDependencies": [_RESOURCE],
        },
        "runDetails": {"builder": {"id": str}, "metadata": {"startedOn": "time", "finishedOn": "time"}},
        "daulat_facts": dict,
    },
    DECISION: {
        "verifier": {"id": str},
        "timeVerified": "time",
        "resourceUri": str,
        "policy": {"digest": {"sha256": str}},
        "verificationResult": str,
        "daulat_decision": {"outcome": str, "action": str, "subject": str, "rules": [str], "cites": [str]},
        "daulat_step": str,
        "daulat_place": dict,
    },
    SCORECARD: {
        "result": str,
        "configuration": [_RESOURCE],
        "passedTests": [str],
        "failedTests": [str],
        "daulat_at": "time",
    },
    RELEASE: {"at": "time", "release": {"id": str, "model": str, "weights": str, "scorecard": str, "state": str}},
    DEPLOYMENT: {"at": "time", "deployment": {"id": str, "release": str, "model": str, "place": dict}},
    USAGE: {"at": "time", "root": str, "count": int, "first": str, "last": str, "deployments": [str]},
    KEYRING: {"at": "time", "keys": [{"role": str, "key": str}]},
    FINDING: {"at": "time", "finding": {"kind": str, "about": str, "words": str}},
}


def kind(statement: Statement) -> str:
    """`step`, `decision`, `scorecard`, `release`, `deployment`, `usage`, `keyring` or `finding`."""
    return KINDS[statement["predicateType"]]


def outputs(statement: Statement) -> dict[str, str]:
    """The artefacts that it is about, by name: what a step made; nothing where it is about itself."""
    if statement["predicateType"] in ABOUT_ITSELF:
        return {}
    return {subject["name"]: f"sha256:{subject['digest']['sha256']}" for subject in statement["subject"]}


def inputs(statement: Statement) -> dict[str, str]:
    """The artefacts that a step was made from or a scorecard measured with, by name."""
    predicate = statement["predicate"]
    match statement["predicateType"]:
        case "https://slsa.dev/provenance/v1":
            found = predicate["buildDefinition"]["resolvedDependencies"]
        case "https://in-toto.io/attestation/test-result/v0.1":
            found = predicate["configuration"]
        case _:
            return {}
    return {item["name"]: f"sha256:{item['digest']['sha256']}" for item in found}


def facts(statement: Statement) -> dict[str, Any]:
    """What the step found worth keeping: a count, a version, a licence."""
    predicate = statement["predicate"]
    return dict(predicate.get("daulat_facts") or predicate.get("facts") or {})


def step_name(statement: Statement) -> str:
    """The name of a step."""
    return str(statement["predicate"]["buildDefinition"]["externalParameters"]["step"])


def step_key(statement: Statement) -> str | None:
    """The key of a step: same inputs, options and code have the same. None for anything but a step."""
    if statement["predicateType"] != STEP:
        return None
    return str(statement["predicate"]["buildDefinition"]["internalParameters"]["key"])


def check(statement: Statement, predicate: bytes | None = None) -> None:
    """Nothing, if it has the shape that its predicate type asks for.

    `predicate`: its predicate in canonical JSON, where that is at hand.
    Raises: NotVerified, naming the field; or saying that a newer daulat is needed.
    """
    if statement.get("_type") != STATEMENT:
        raise NotVerified("it is not an in-toto Statement v1", "it was changed, or is not daulat's")
    predicate_type = statement.get("predicateType")
    if not isinstance(predicate_type, str) or predicate_type not in _SHAPES:
        raise NotVerified(
            f"the predicate type `{predicate_type}` is not known here", "a newer daulat may know it: update"
        )
    wrong = _READERS[predicate_type](statement)
    if wrong:
        raise NotVerified(wrong, "it was changed, or a newer daulat wrote it")
    if not statement["subject"]:
        raise NotVerified("it has no subject", "it was changed, or is not daulat's")
    if predicate_type == RELEASE and outputs(statement) != {
        name: statement["predicate"]["release"][name] for name in ("model", "weights")
    }:
        raise NotVerified(
            "its subjects are not the model and weights that it names", "it was changed, or is not daulat's"
        )
    if predicate_type in ABOUT_ITSELF:
        itself = canonical.digest(predicate or canonical.canonical(statement["predicate"]))
        if [subject["digest"]["sha256"] for subject in statement["subject"]] != [itself.removeprefix("sha256:")]:
            raise NotVerified("its subject is not the digest of its predicate", "it was changed, or is not daulat's")


_Reader = Callable[[Any], str]
"""What is wrong with a value, in words; empty where nothing is."""


def _reader(shape: Any, where: str) -> _Reader:
    """`shape`: a type, `time`, a dict of required fields, or a list of one shape. Built once, so that reading is fast."""
    if isinstance(shape, dict):
        return _object_reader(shape, where)
    if isinstance(shape, list):
        return _list_reader(shape[0], where)
    kind_of, words = (str, "a time in UTC") if shape == "time" else (shape, f"a {shape.__name__}")
    wrong, pattern = f"`{where}` is not {words}", _TIME if shape == "time" else None

    def read(value: Any) -> str:
        fits = isinstance(value, kind_of) and not (kind_of is int and isinstance(value, bool))
        return "" if fits and (pattern is None or pattern.match(value)) else wrong

    return read


def _object_reader(shape: dict[str, Any], where: str) -> _Reader:
    fields = [(name, _reader(inner, f"{where}.{name}")) for name, inner in shape.items()]

    def read(value: Any) -> str:
        if not isinstance(value, dict):
            return f"`{where}` is not a dict"
        for name, inner in fields:
            if name not in value:
                return f"`{where}.{name}` is missing"
            if wrong := inner(value[name]):
                return wrong
        return "" if "sha256" not in shape or _HEX.match(value["sha256"]) else f"`{where}.sha256` is not a digest"

    return read


def _list_reader(shape: Any, where: str) -> _Reader:
    inner, unique = _reader(shape, f"{where}[]"), shape is _RESOURCE

    def read(value: Any) -> str:
        if not isinstance(value, list):
            return f"`{where}` is not a list"
        wrong = next(filter(None, map(inner, value)), "")
        twice = not wrong and unique and len({item["name"] for item in value}) < len(value)
        return f"`{where}` has one name twice" if twice else wrong

    return read


_READERS = {
    predicate_type: _reader({"subject": [_RESOURCE], "predicate": shape}, "statement")
    for predicate_type, shape in _SHAPES.items()
}
