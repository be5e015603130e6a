"""The law pack: asked before every step, answers with articles, and holds what it does not know.

Cedar skips a `forbid` whose evaluation errs and then allows, so an error of any policy is a hold here. A rule that is a
draft, guidance, not yet in force, or not surely known never refuses: it warns.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec

from daulat.errors import DaulatError, NotAllowed
from daulat.nation.licence import UNKNOWN, recorded
from daulat.nation.profile import PACKS, load_toml
from daulat.records import Decision, Digest, Place, Record, Source

HOUSE = Path(__file__).parent


class Rule(Record, frozen=True):
    """A provision in words; its policy of the same id is in a `.cedar` file beside it."""

    id: str
    provision: str
    rule: str
    remedy: str
    act: str = "rules of the house"
    effective_from: date | None = None
    effective_to: date | None = None
    status: Literal["in-force", "draft", "guidance"] = "in-force"
    confidence: Literal["S", "H", "M", "U"] = "S"
    """S seen in published summaries, H well known, M fairly sure, U not verified; M and U only warn."""
    source: str = ""

    @property
    def cite(self) -> str:
        """Act and provision, as a person reads them."""
        return f"{self.act}, {self.provision}"

    def binds(self, day: date) -> bool:
        """Whether it is enforced on that day, and not merely told."""
        begun = self.effective_from is None or self.effective_from <= day
        ended = self.effective_to is not None and self.effective_to < day
        return begun and not ended and self.status == "in-force" and self.confidence in ("S", "H")


class _Rules(Record, frozen=True):
    verified_on: date
    rule: tuple[Rule, ...]


@dataclass(frozen=True)
class Question:
    """What is about to be done, with what, by whom and where."""

    action: Literal["fetch", "curate", "train", "measure", "adopt", "release", "deploy"]
    kind: Literal["Source", "Base", "Release"]
    name: str
    facts: dict[str, str | bool]
    place: Place
    sector: str = UNKNOWN
    """`public` or `private`: some acts do not bind a government, others bind only it."""
    redaction: bool = False


class LawPack:
    """The rules of one country and of the house, parsed once. The date is that of the decision, not of the parsing."""

    def __init__(self, country: str, day: date, packs: Path = PACKS) -> None:
        import cedarpy

        folder = packs / country / "law"
        policy_files = [HOUSE / "house.cedar", *sorted(folder.glob("*.cedar"))]
        rule_files = [HOUSE / "house.toml", folder / "rules.toml"]
        schema_file = HOUSE / "schema.cedarschema"
        self.country = country
        self.day = day
        self.rules = {rule.id: rule for file in rule_files for rule in load_toml(file, _Rules).rule}
        policies = _policies(policy_files, schema_file)
        missing = sorted(set(policies) ^ set(self.rules))
        if missing:
            raise DaulatError(
                f"law pack `{country}`: `{missing[0]}` has a policy or words, not both", "give each policy its rule"
            )
        self._outcomes = {id_: policy["annotations"].get("outcome", "permit") for id_, policy in policies.items()}
        self._schema = cedarpy.Schema.from_str(schema_file.read_text(encoding="utf-8"))
        self._binding = _policy_set({k: p for k, p in policies.items() if self.rules[k].binds(day)})
        telling = {k: p for k, p in policies.items() if not self.rules[k].binds(day)}
        self._telling = _policy_set({"house-permit": policies["house-permit"], **telling})
        files = [*policy_files, *rule_files, schema_file]
        self._bytes = b"".join(f.name.encode() + b"\0" + f.read_bytes() + b"\0" for f in files)

    @cached_property
    def digest(self) -> Digest:
        """Names exactly these rules: the digest of every file of the pack and of the house."""
        return f"sha256:{hashlib.sha256(self._bytes).hexdigest()}"

    def decide(self, question: Question) -> Decision:
        """Allow only what no binding rule forbids and no policy fails on; everything else is refused or held."""
        request, entities = _request(question)
        answer = self._ask(self._binding, request, entities)
        fired = sorted(answer.diagnostics.id_annotations_by_reason.values())
        if answer.diagnostics.errors or (not answer.allowed and not fired):
            return self._decision(question, "hold", (), "a policy could not be evaluated: correct the law pack")
        told = self._ask(self._telling, request, entities)
        warned = sorted(told.diagnostics.id_annotations_by_reason.values()) if not told.allowed else []
        warnings = tuple(f"{self.rules[id_].cite} ({self._standing(id_)}): {self.rules[id_].rule}" for id_ in warned)
        if answer.allowed:
            return msgspec.structs.replace(
                self._decision(question, "allow", tuple(fired), "", warnings), cites=self._asked
            )
        refused = any(self._outcomes[id_] == "refuse" for id_ in fired)
        remedy = "; ".join(dict.fromkeys(self.rules[id_].remedy for id_ in fired if self.rules[id_].remedy))
        return self._decision(question, "refuse" if refused else "hold", tuple(fired), remedy, warnings)

    @cached_property
    def _asked(self) -> tuple[str, ...]:
        binding = sum(rule.binds(self.day) for rule in self.rules.values()) - 1  # the permit forbids nothing
        return (f"none of the {binding} rules in force for `{self.country}` forbids it",)

    def _standing(self, id_: str) -> str:
        rule = self.rules[id_]
        if rule.status != "in-force":
            return rule.status
        if rule.effective_from is not None and rule.effective_from > self.day:
            return f"in force from {rule.effective_from}"
        return f"confidence {rule.confidence}, not confirmed"

    def _ask(self, policies: Any, request: dict[str, Any], entities: list[dict[str, Any]]) -> Any:
        import cedarpy

        return cedarpy.is_authorized(request, policies, entities, schema=self._schema)

    def _decision(
        self,
        question: Question,
        outcome: Literal["allow", "refuse", "hold"],
        rules: tuple[str, ...],
        remedy: str,
        warnings: tuple[str, ...] = (),
    ) -> Decision:
        return Decision(
            outcome=outcome,
            action=question.action,
            subject=f"{question.kind.lower()} {question.name}",
            rules=rules,
            cites=tuple(self.rules[id_].cite for id_ in rules),
            law=self.digest,
            remedy=remedy,
            warnings=warnings,
        )


def source_facts(source: Source) -> dict[str, str | bool]:
    """What the law asks of a source; what nobody recorded is `unknown`."""
    return {
        "licence": recorded(source.licence),
        "basis": source.basis or UNKNOWN,
        "country": source.country or UNKNOWN,
        "personal_data": source.personal_data or UNKNOWN,
        "owner": source.owner or UNKNOWN,
    }


def require(decision: Decision) -> None:
    """Go on only if the decision allows it.

    Raises: NotAllowed with outcome, articles and remedy.
    """
    if decision.outcome != "allow":
        verb = "refused" if decision.outcome == "refuse" else "held"
        cited = "; ".join(f"{cite} [{rule}]" for cite, rule in zip(decision.cites, decision.rules, strict=True))
        problem = f"{decision.action} of {decision.subject} is {verb} by {cited or 'the law pack'}"
        raise NotAllowed(problem, decision.remedy or "see `daulat law explain`")


def _policies(files: list[Path], schema_file: Path) -> dict[str, dict[str, Any]]:
    """Every policy by its `@id`, as Cedar's JSON; a typo is named with its file."""
    import cedarpy

    found: dict[str, dict[str, Any]] = {}
    for file in files:
        text = file.read_text(encoding="utf-8")
        try:
            parsed = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
        except ValueError as error:
            raise DaulatError(f"`{file.name}`: {error}", "correct the policy") from None
        valid = cedarpy.validate_policies(text, schema_file.read_text(encoding="utf-8"))
        if not valid.validation_passed:
            raise DaulatError(f"`{file.name}`: {valid.errors[0]}", "correct the policy")
        for policy in parsed.values():
            id_ = policy.get("annotations", {}).get("id")
            if id_ is None or id_ in found:
                raise DaulatError(f"`{file.name}`: a policy's `@id` is missing or given twice ({id_})", "name it")
            outcome = policy["annotations"].get("outcome")
            if policy["effect"] == "forbid" and outcome not in ("refuse", "hold"):
                raise DaulatError(f"`{file.name}`: `{id_}` has no `@outcome`", 'write `@outcome("refuse")` or "hold"')
            found[id_] = policy
    return found


def _policy_set(policies: dict[str, dict[str, Any]]) -> Any:
    import cedarpy

    return cedarpy.PolicySet.from_json_str(
        json.dumps({"staticPolicies": policies, "templates": {}, "templateLinks": []})
    )


def _request(question: Question) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The question as Cedar reads it. Names are only labels; rules look at attributes alone."""
    principal = {"type": "Operator", "id": question.place.operator}
    resource = {"type": question.kind, "id": question.name}
    context = {"jurisdiction": question.place.jurisdiction or UNKNOWN, "redaction": question.redaction}
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
