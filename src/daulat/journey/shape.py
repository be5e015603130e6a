"""The shapes of what is said: in-toto Statements v1, with predicates that exist where one does.

```
step        https://slsa.dev/provenance/v1                        subject: what it made
decision    https://slsa.dev/verification_summary/v1              subject: the decision itself
scorecard   https://in-toto.io/attestation/test-result/v0.1       subject: the model
release, deployment, usage, keyring     urn:daulat:...:v1         subject: model files, model, batch, the keyring itself
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
BUILD_TYPE = "urn:daulat:step:v1"

KINDS = {
    STEP: "step",
    DECISION: "decision",
    SCORECARD: "scorecard",
    RELEASE: "release",
    DEPLOYMENT: "deployment",
    USAGE: "usage",
    KEYRING: "keyring",
}
ABOUT_ITSELF = frozenset({DECISION, KEYRING})
"""Predicates whose subject is the digest of the predicate."""

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
}


def kind(statement: Statement) -> str:
    """`step`, `decision`, `scorecard`, `release`, `deployment`, `usage` or `keyring`."""
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
    if predicate_type not in _SHAPES:
        raise NotVerified(
            f"the predicate type `{predicate_type}` is not known here", "a newer daulat may know it: update"
        )
    if not _FIT[predicate_type](statement):
        _fits(statement, _whole(predicate_type), "statement")
    if not statement["subject"]:
        raise NotVerified("it has no subject", "it was changed, or is not daulat's")
    if predicate_type in ABOUT_ITSELF:
        itself = canonical.digest(predicate or canonical.canonical(statement["predicate"]))
        if [subject["digest"]["sha256"] for subject in statement["subject"]] != [itself.removeprefix("sha256:")]:
            raise NotVerified("its subject is not the digest of its predicate", "it was changed, or is not daulat's")


def _whole(predicate_type: str) -> dict[str, Any]:
    return {"subject": [_RESOURCE], "predicate": _SHAPES[predicate_type]}


def _fits(value: Any, shape: Any, where: str) -> None:
    """`shape`: a type, `time`, a dict of required fields, or a list of one shape."""
    kind_of: type = shape if isinstance(shape, type) else type(shape)
    fits = isinstance(value, kind_of) and not (kind_of is int and isinstance(value, bool))
    if not fits:
        raise NotVerified(f"`{where}` is not a {kind_of.__name__}", "it was changed, or a newer daulat wrote it")
    if shape == "time" and not _TIME.match(value):
        raise NotVerified(f"`{where}` is not a time in UTC", "times are RFC 3339 with `Z`")
    if isinstance(shape, list):
        for number, item in enumerate(value):
            _fits(item, shape[0], f"{where}[{number}]")
        if shape[0] is _RESOURCE and len({item["name"] for item in value}) < len(value):
            raise NotVerified(f"`{where}` has one name twice", "it was changed, or a newer daulat wrote it")
    if isinstance(shape, dict):
        for name, inner in shape.items():
            if name not in value:
                raise NotVerified(f"`{where}.{name}` is missing", "it was changed, or a newer daulat wrote it")
            _fits(value[name], inner, f"{where}.{name}")
        if "sha256" in shape and not canonical.is_digest(f"sha256:{value['sha256']}"):
            raise NotVerified(f"`{where}.sha256` is not a digest", "digests have 64 hex digits")


def _compiled(shape: Any) -> Callable[[Any], bool]:
    """Whether a value has the shape, and nothing more: where it has not, `_fits` says where. INVARIANT: they agree."""
    if shape == "time":
        return lambda value: isinstance(value, str) and _TIME.match(value) is not None
    if shape is int:
        return lambda value: isinstance(value, int) and not isinstance(value, bool)
    if isinstance(shape, type):
        return lambda value: isinstance(value, shape)
    if isinstance(shape, list):
        return _compiled_list(shape[0])
    parts = [(name, _compiled(inner)) for name, inner in shape.items()]
    digests = "sha256" in shape

    def is_object(value: Any) -> bool:
        if not isinstance(value, dict):
            return False
        for name, fits in parts:
            if name not in value or not fits(value[name]):
                return False
        return not digests or _HEX.match(value["sha256"]) is not None

    return is_object


def _compiled_list(shape: Any) -> Callable[[Any], bool]:
    fits, unique = _compiled(shape), shape is _RESOURCE

    def is_list(value: Any) -> bool:
        if not isinstance(value, list):
            return False
        for item in value:
            if not fits(item):
                return False
        return not unique or len(value) < 2 or len({item["name"] for item in value}) == len(value)

    return is_list


_FIT = {predicate_type: _compiled(_whole(predicate_type)) for predicate_type in _SHAPES}
