"""A release as a CycloneDX 1.7 machine-learning bill of materials: the model, and all that it was made from.

Read off the release's trace: each artefact is a component named by its digest, each `made from` a dependency.
Source: cyclonedx.org/docs/1.7/json, `machine-learning-model` and `data` components.
"""

import uuid
from collections.abc import Iterator
from typing import Any

from daulat.errors import DaulatError
from daulat.journey.journey import Journey
from daulat.journey.trace import Node, trace

_SPACE = uuid.UUID("8f1f5a6e-3c0b-5b1e-8c61-6a1b8c1d9e02")
_MODELS = frozenset({"base", "model", "gguf", "weights"})


def bom(journey: Journey, release: str) -> dict[str, Any]:
    """The bill of materials of that release.

    Raises: DaulatError where no release has that id.
    """
    root = trace(journey, release)
    if root.kind != "release" or root.index is None:
        raise DaulatError(f"`{release}` is a {root.kind}, and only a release has a bill of materials", "name a release")
    entry = journey.entry(root.index)
    scores = [score for node in _nodes(root) for score in node.facts.get("scorecard", {}).get("scores", ())]
    nodes = {node.id: node for node in reversed(list(_nodes(root))) if node.kind == "artefact" and not node.again}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_SPACE, entry.digest)}",
        "version": 1,
        "metadata": {
            "timestamp": root.at,
            "tools": {"components": [{"type": "application", "name": "daulat"}]},
            "component": _release(root, entry.statement["predicate"]["release"], nodes, scores),
            "properties": [
                {"name": "daulat:log", "value": journey.log.checkpoint().origin},
                {"name": "daulat:statement", "value": entry.digest},
                {"name": "daulat:signed-by", "value": entry.key_id},
            ],
        },
        "components": [_component(node) for _, node in sorted(nodes.items())],
        "dependencies": _dependencies(root),
    }


def _release(root: Node, said: dict[str, Any], nodes: dict[str, Node], scores: list[dict[str, Any]]) -> dict[str, Any]:
    data = [{"ref": node.id} for _, node in sorted(nodes.items()) if _is_data(node)]
    return {
        "type": "machine-learning-model",
        "bom-ref": root.id,
        "name": root.id,
        "version": said["model"].removeprefix("sha256:")[:12],
        "hashes": [_hash(said["model"])],
        "modelCard": {
            "modelParameters": {"datasets": data},
            "quantitativeAnalysis": {"performanceMetrics": [_metric(score) for score in scores]},
        },
    }


def _component(node: Node) -> dict[str, Any]:
    source = node.facts.get("source")
    facts = source if isinstance(source, dict) else node.facts
    found: dict[str, Any] = {
        "type": "machine-learning-model" if node.name in _MODELS else "data",
        "bom-ref": node.id,
        "name": str(facts.get("name") or node.name),
        "hashes": [_hash(node.id)],
    }
    if facts.get("version"):
        found["version"] = str(facts["version"])
    if facts.get("owner"):
        found["supplier"] = {"name": str(facts["owner"])}
    if facts.get("licence"):
        found["licenses"] = [{"expression": str(facts["licence"])}]
    if _is_data(node):
        found["data"] = [{"type": "dataset", "name": found["name"]}]
    known = {"step": node.step, "entry": node.index, "at": node.at, "place": node.place, "signed-by": node.by}
    known |= {key: facts.get(key) for key in ("origin", "country", "basis", "personal_data")}
    found["properties"] = [
        {"name": f"daulat:{key}", "value": str(value)} for key, value in known.items() if value not in (None, "")
    ]
    return found


def _is_data(node: Node) -> bool:
    return node.name == "corpus" or node.name.startswith("snapshot") or isinstance(node.facts.get("source"), dict)


def _dependencies(root: Node) -> list[dict[str, Any]]:
    below: dict[str, set[str]] = {}
    for node in _nodes(root):
        found = below.setdefault(node.id, set())
        found |= {child.id for child in node.made_from if child.kind == "artefact"}
    return [{"ref": ref, "dependsOn": sorted(found)} for ref, found in sorted(below.items())]


def _metric(score: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": str(score["metric"]),
        "value": str(score["value"]),
        "slice": f"{score.get('language', '')}, {score.get('model', '')}",
    }
    if score.get("low") is not None and score.get("high") is not None:
        found["confidenceInterval"] = {"lowerBound": str(score["low"]), "upperBound": str(score["high"])}
    return found


def _hash(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest.removeprefix("sha256:")}


def _nodes(root: Node) -> Iterator[Node]:
    todo = [root]
    while todo:
        node = todo.pop()
        yield node
        todo += node.made_from
