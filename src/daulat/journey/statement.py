"""What is said of an artefact, in the shapes of `shape.py`: one function for each kind of statement."""

import base64
from collections.abc import Iterable, Sequence
from typing import Any

from daulat.journey import canonical, shape
from daulat.journey.keys import PublicKey
from daulat.journey.shape import Statement, facts, inputs, kind, outputs, step_key, step_name

__all__ = [
    "Statement",
    "decision_statement",
    "deployment_statement",
    "facts",
    "finding_statement",
    "inputs",
    "keyring_statement",
    "kind",
    "outputs",
    "release_statement",
    "scorecard_statement",
    "step_key",
    "step_name",
    "step_statement",
    "usage_statement",
]


def step_statement(
    *,
    name: str,
    key: str,
    inputs: dict[str, str],
    outputs: dict[str, str],
    options: dict[str, Any],
    code_version: str,
    place: dict[str, Any],
    started: str,
    finished: str,
    by: str,
    decisions: Sequence[dict[str, Any]] = (),
    extra: dict[str, Any] | None = None,
) -> Statement:
    """One step happened: from these inputs, with these options and this code, it made these outputs."""
    return _statement(
        shape.STEP,
        outputs,
        {
            "buildDefinition": {
                "buildType": shape.BUILD_TYPE,
                "externalParameters": {"step": name, "options": options},
                "internalParameters": {"key": key, "code": code_version, "place": place, "decisions": list(decisions)},
                "resolvedDependencies": _resources(inputs),
            },
            "runDetails": {
                "builder": {"id": f"urn:daulat:key:{by}"},
                "metadata": {"invocationId": key, "startedOn": started, "finishedOn": finished},
            },
            "daulat_facts": dict(extra or {}),
        },
    )


def decision_statement(*, decision: dict[str, Any], step: str, place: dict[str, Any], at: str) -> Statement:
    """The law was asked, and this is what it said; refusals are on record by it."""
    allowed = decision["outcome"] == "allow"
    predicate = {
        "verifier": {"id": "urn:daulat:law"},
        "timeVerified": at,
        "resourceUri": f"urn:daulat:{decision['action']}:{decision['subject']}",
        "policy": {"uri": "urn:daulat:law-pack", "digest": {"sha256": _hex(decision["law"])}},
        "verificationResult": "PASSED" if allowed else "FAILED",
        "verifiedLevels": ["DAULAT_LAW"] if allowed else [],
        "daulat_decision": decision,
        "daulat_step": step,
        "daulat_place": place,
    }
    return _about_itself(shape.DECISION, "decision", predicate)


def scorecard_statement(
    *,
    model: str,
    scorecard: str,
    inputs: dict[str, str],
    at: str,
    passed: Sequence[str] = (),
    failed: Sequence[str] = (),
    extra: dict[str, Any] | None = None,
) -> Statement:
    """A model was measured: the scorecard artefact has the numbers, `inputs` what it was measured with."""
    predicate = {
        "result": "FAILED" if failed else "PASSED",
        "configuration": _resources({**inputs, "scorecard": scorecard}),
        "passedTests": list(passed),
        "failedTests": list(failed),
        "daulat_at": at,
        "daulat_facts": dict(extra or {}),
    }
    return _statement(shape.SCORECARD, {"model": model}, predicate)


def release_statement(*, release: dict[str, Any], at: str, extra: dict[str, Any] | None = None) -> Statement:
    """A release was proposed, approved or rejected; `release` is the record as a dict."""
    subjects = {"model": release["model"], "weights": release["weights"]}
    return _statement(shape.RELEASE, subjects, {"release": release, "at": at, "facts": dict(extra or {})})


def deployment_statement(*, deployment: dict[str, Any], at: str, extra: dict[str, Any] | None = None) -> Statement:
    """A release is served at a place; `deployment` is the record as a dict."""
    predicate = {"deployment": deployment, "at": at, "facts": dict(extra or {})}
    return _statement(shape.DEPLOYMENT, {"model": deployment["model"]}, predicate)


def usage_statement(
    *, batch: str, root: str, count: int, first: str, last: str, at: str, deployments: Sequence[str] = ()
) -> Statement:
    """So many answers were given: their records are the batch, `root` is the Merkle root over its lines."""
    predicate = {
        "root": root,
        "count": count,
        "first": first,
        "last": last,
        "deployments": sorted(deployments),
        "at": at,
    }
    return _statement(shape.USAGE, {"batch": batch}, predicate)


def keyring_statement(keys: Iterable[tuple[str, PublicKey]], *, at: str, publisher: bytes | None = None) -> Statement:
    """From the next entry on, these keys and no others are in force, each in its role.

    `publisher`: the elliptic-curve key (DER) that signs published folders, and nothing here.
    """
    predicate: dict[str, Any] = {"keys": [{"role": role, "key": str(key)} for role, key in keys], "at": at}
    if publisher is not None:
        predicate["publisher"] = base64.b64encode(publisher).decode()
    return _about_itself(shape.KEYRING, "keyring", predicate)


def finding_statement(*, finding: dict[str, Any], at: str) -> Statement:
    """Somebody found something that no rule can decide; `finding` is the record as a dict."""
    return _about_itself(shape.FINDING, "finding", {"finding": finding, "at": at})


def _statement(predicate_type: str, subjects: dict[str, str], predicate: dict[str, Any]) -> Statement:
    statement = {
        "_type": shape.STATEMENT,
        "subject": _resources(subjects),
        "predicateType": predicate_type,
        "predicate": predicate,
    }
    shape.check(statement)
    return statement


def _about_itself(predicate_type: str, name: str, predicate: dict[str, Any]) -> Statement:
    return _statement(predicate_type, {name: canonical.digest(canonical.canonical(predicate))}, predicate)


def _resources(digests: dict[str, str]) -> list[dict[str, Any]]:
    return [{"name": name, "digest": {"sha256": _hex(found)}} for name, found in digests.items()]


def _hex(text: str) -> str:
    assert canonical.is_digest(text), text
    return text.removeprefix("sha256:")
