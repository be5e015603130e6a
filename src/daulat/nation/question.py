"""What the law is asked: about to do what, with what, by whom and where. What nobody recorded is `unknown`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

import msgspec

from daulat.nation.licence import UNKNOWN, commercial_use, recorded
from daulat.records import Place, Source

Facts: TypeAlias = dict[str, str | bool | int | list[str]]
"""What is asked about: attributes by the names of `schema.cedarschema`."""


@dataclass(frozen=True)
class Question:
    """What is about to be done, with what, by whom and where."""

    action: Literal["fetch", "curate", "train", "measure", "adopt", "release", "deploy"]
    kind: Literal["Source", "Base", "Release"]
    name: str
    facts: Facts
    place: Place
    sector: str = UNKNOWN
    """`public` or `private`: some acts do not bind a government, others bind only it."""
    redaction: bool = False
    purpose: str = UNKNOWN
    origin: str = UNKNOWN
    """Where a source was published: the law of that country is asked too. No rule looks at it."""

    def key(self) -> bytes:
        """All that an answer may depend on, and nothing else: not the name, which no rule may look at."""
        parts = (self.action, self.kind, self.facts, self.place.jurisdiction, self.sector, self.redaction, self.purpose)
        return msgspec.json.encode(parts)


def source_facts(
    source: Source, day: date | None = None, opt_out: str = UNKNOWN, findings: Iterable[str] = ()
) -> Facts:
    """What the law asks of a source on that day (default: today); what nobody recorded is `unknown`.

    `opt_out`: what its publisher said of mining; `findings`: kinds of signed findings on record about it.
    """
    over = source.retain_until is not None and source.retain_until < (day or date.today())  # noqa: DTZ011
    return {
        "purposes": sorted(source.purposes),
        "retention": "open" if source.retain_until is None else "over" if over else "running",
        "access": source.access or UNKNOWN,
        "consent": source.consent or UNKNOWN,
        "opt_out": opt_out,
        "subjects": -1 if source.subjects is None else source.subjects,
        "sensitive_subjects": -1 if source.sensitive_subjects is None else source.sensitive_subjects,
        "findings": sorted(set(findings)),
        "licence": recorded(source.licence),
        "commercial_use": commercial_use(source.licence),
        "basis": source.basis or UNKNOWN,
        "country": source.country or UNKNOWN,
        "personal_data": source.personal_data or UNKNOWN,
        "owner": (source.owner or "").strip() or UNKNOWN,
    }


def request(question: Question, exceptions: list[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The question as Cedar reads it. Names are only labels; rules look at attributes alone."""
    principal = {"type": "Operator", "id": question.place.operator}
    resource = {"type": question.kind, "id": question.name}
    context = {
        "jurisdiction": question.place.jurisdiction or UNKNOWN,
        "redaction": question.redaction,
        "purpose": question.purpose,
        "exceptions": exceptions,
    }
    request: dict[str, Any] = {
        "principal": principal,
        "action": {"type": "Action", "id": question.action},
        "resource": resource,
        "context": context,
    }
    entities: list[dict[str, Any]] = [
        {"uid": principal, "attrs": {"sector": question.sector}, "parents": []},
        {"uid": resource, "attrs": question.facts, "parents": []},
    ]
    return request, entities
