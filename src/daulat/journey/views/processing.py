"""A record of processing: for each source, what was done with it, where, on which basis, and what the law said.

What the acts of the six countries ask a controller to keep (such as UU 27/2022 art. 31, PDPA B.E. 2562 s. 39), as far as
the journey knows it: names of sources, terms and places, never a person or a text.
"""

from collections.abc import Iterable
from typing import Any

from daulat.journey import statement as st
from daulat.journey.index import Entry

_TERMS = ("owner", "licence", "basis", "personal_data", "purposes", "country", "retain_until", "subjects")


def record(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """One object a source, sorted by name: its terms as last stated, every step on it, refusals and findings about it."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if entry.kind == "step":
            _step(entry, found)
        elif entry.kind == "decision":
            _refusal(entry, found)
        elif entry.kind == "finding":
            said = entry.statement["predicate"]
            about = _source(found, said["finding"]["about"])
            about["findings"].append({**said["finding"], "at": said["at"], "by": entry.by, "statement": entry.index})
    return [found[name] for name in sorted(found)]


def _step(entry: Entry, found: dict[str, dict[str, Any]]) -> None:
    build = entry.statement["predicate"]["buildDefinition"]
    fetched = st.facts(entry.statement).get("source")
    if isinstance(fetched, dict) and fetched.get("name"):
        _terms(_source(found, str(fetched["name"])), fetched)
    for terms in build["externalParameters"]["options"].get("sources", ()):
        _terms(_source(found, str(terms["name"])), terms)
    inner = build["internalParameters"]
    for decision in inner["decisions"]:
        name = str(decision["subject"]).removeprefix("source ")
        if name == decision["subject"]:
            continue  # it is about a base or a release
        _source(found, name)["processing"].append(
            {
                "step": st.step_name(entry.statement),
                "action": decision["action"],
                "at": entry.statement["predicate"]["runDetails"]["metadata"]["finishedOn"],
                "place": {key: inner["place"].get(key) for key in ("name", "jurisdiction", "operator", "provider")},
                "decision": decision["outcome"],
                "cites": list(decision["cites"]),
                "signed_by": entry.by,
                "statement": entry.index,
            }
        )


def _refusal(entry: Entry, found: dict[str, dict[str, Any]]) -> None:
    said = entry.statement["predicate"]
    decision = said["daulat_decision"]
    if decision["subject"].startswith("source "):
        about = _source(found, decision["subject"].removeprefix("source "))
        about["refused"].append(
            {
                "step": said["daulat_step"],
                "at": said["timeVerified"],
                "decision": decision["outcome"],
                "cites": list(decision["cites"]),
                "statement": entry.index,
            }
        )


def _source(found: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    return found.setdefault(name, {"source": name, "terms": {}, "processing": [], "refused": [], "findings": []})


def _terms(about: dict[str, Any], said: dict[str, Any]) -> None:
    about["terms"] = {key: said[key] for key in _TERMS if said.get(key) not in (None, [], "")}
