"""The law pack: asked before every step, answers with articles, and holds what it does not know.

Cedar skips a `forbid` whose evaluation errs and then allows, so an error of any policy is a hold here. A rule that is a
draft, guidance, not yet in force, or not surely known never refuses: it warns.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from daulat.errors import DaulatError, NotAllowed
from daulat.nation import mistake
from daulat.nation.profile import PACKS, load_toml
from daulat.nation.question import Question, request
from daulat.records import Basis, Decision, Digest, Record

HOUSE_ACT = "rules of the house"
_PERMIT = "house-permit"
"""The one rule that permits; every other one forbids."""
KNOWN_ANSWERS = 100_000
"""Answers that one pack remembers at most."""
HOUSE = Path(__file__).parent
DEEPEST, LONGEST_LINE = 60, 1_000
"""Brackets within brackets in a policy, and characters of a line. Ours: at 1,000 brackets Cedar's parser ends the process."""


class Rule(Record, frozen=True):
    """A provision in words; its policy of the same id is in a `.cedar` file beside it."""

    id: str
    provision: str
    rule: str
    remedy: str
    act: str = HOUSE_ACT
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


class Grant(Rule, frozen=True, kw_only=True):
    """An exception that an act grants: a basis that needs no licence and no consent. Without one in force there is none."""

    basis: Basis


class _Rules(Record, frozen=True):
    verified_on: date
    rule: tuple[Rule, ...]
    exception: tuple[Grant, ...] = ()


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
        packs_read = [load_toml(file, _Rules) for file in rule_files]
        _cited_once(country, packs_read[1], rule_files[1])
        self.rules = {rule.id: rule for read in packs_read for rule in read.rule}
        self.grants = tuple(grant for read in packs_read for grant in read.exception if grant.binds(day))
        policies = _policies(policy_files, schema_file)
        for id_ in sorted(set(policies) ^ set(self.rules)):
            has, lacks = ("law.cedar", "rules.toml") if id_ in policies else ("rules.toml", "law.cedar")
            where = (
                mistake.of_policy((folder / has).read_text(encoding="utf-8"), id_) if (folder / has).exists() else ""
            )
            raise DaulatError(
                f"`{country}/law/{has}`{where}: `{id_}` is not in {lacks}",
                "each policy has its rule in words, and each rule its policy",
            )
        permits = [id_ for id_, policy in policies.items() if policy["effect"] == "permit"]
        if permits != [_PERMIT] or policies[_PERMIT]["conditions"]:
            raise DaulatError(
                f"law pack `{country}` permits: `{', '.join(permits)}`",
                "only the house permits, all that nothing forbids",
            )
        self.policies = policies
        self._exceptions: list[str] = sorted({grant.basis for grant in self.grants})
        self._known: dict[bytes, _Answer] = {}
        self._outcomes = {id_: policy["annotations"].get("outcome", "permit") for id_, policy in policies.items()}
        self._schema = cedarpy.Schema.from_str(schema_file.read_text(encoding="utf-8"))
        self._binds = frozenset(id_ for id_ in policies if self.rules[id_].binds(day))
        self._all = _policy_set(policies)
        self._binding = _policy_set({id_: policy for id_, policy in policies.items() if id_ in self._binds})
        files = [*policy_files, *rule_files, schema_file]
        self._bytes = b"".join(f.name.encode() + b"\0" + f.read_bytes() + b"\0" for f in files)

    @cached_property
    def digest(self) -> Digest:
        """Names exactly these rules: the digest of every file of the pack and of the house."""
        return f"sha256:{hashlib.sha256(self._bytes).hexdigest()}"

    def decide(self, question: Question) -> Decision:
        """Allow only what no binding rule forbids and no policy fails on; everything else is refused or held."""
        key = question.key()
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= KNOWN_ANSWERS:
                self._known.clear()
            found = self._known[key] = self._answer(question)
        return Decision(
            outcome=found.outcome,
            action=question.action,
            subject=f"{question.kind.lower()} {question.name}",
            rules=found.rules,
            cites=found.cites,
            law=self.digest,
            remedy=found.remedy,
            warnings=found.warnings,
        )

    def _answer(self, question: Question) -> "_Answer":
        """What the policies say; an answer depends on the question's facts alone, so it is worked out once."""
        asked, entities = request(question, self._exceptions)
        answer = self._ask(self._all, asked, entities)
        unread: tuple[str, ...] = ()
        if answer.diagnostics.errors:  # of a rule that only warns it is told, of one that binds it holds
            answer, unread = self._ask(self._binding, asked, entities), ("a rule that only warns could not be read",)
        fired = sorted(answer.diagnostics.id_annotations_by_reason.values())
        if answer.diagnostics.errors or (not answer.allowed and not fired):
            return _Answer("hold", (), (), "a policy could not be evaluated: correct the law pack", ())
        warned = [id_ for id_ in fired if id_ not in self._binds]
        fired = [id_ for id_ in fired if id_ in self._binds]
        told = tuple(f"{self.rules[id_].cite} ({self.standing(id_)}): {self.rules[id_].rule}" for id_ in warned)
        warnings = (*told, *unread)
        if fired in ([], [_PERMIT]):  # everything is permitted by that one rule: what is not forbidden is allowed
            used = tuple(grant.cite for grant in self.grants if grant.basis == question.facts.get("basis"))
            return _Answer("allow", (_PERMIT,), (*self._asked, *used), "", warnings)
        refused = any(self._outcomes[id_] == "refuse" for id_ in fired)
        remedy = "; ".join(dict.fromkeys(self.rules[id_].remedy for id_ in fired if self.rules[id_].remedy))
        cites = tuple(self.rules[id_].cite for id_ in fired)
        return _Answer("refuse" if refused else "hold", tuple(fired), cites, remedy, warnings)

    @cached_property
    def _asked(self) -> tuple[str, ...]:
        binding = sum(rule.binds(self.day) for rule in self.rules.values()) - 1  # the permit forbids nothing
        return (f"none of the {binding} rules in force for `{self.country}` forbids it",)

    def standing(self, id_: str) -> str:
        """Whether and why not that rule binds today, in a few words."""
        rule = self.rules[id_]
        if rule.binds(self.day):
            return "binds"
        if rule.status != "in-force":
            return rule.status
        if rule.effective_from is not None and rule.effective_from > self.day:
            return f"in force from {rule.effective_from}"
        if rule.effective_to is not None and rule.effective_to < self.day:
            return f"ended on {rule.effective_to}"
        return f"confidence {rule.confidence}, not confirmed"

    def _ask(self, policies: Any, request: dict[str, Any], entities: list[dict[str, Any]]) -> Any:
        import cedarpy

        return cedarpy.is_authorized(request, policies, entities, schema=self._schema)


@dataclass(frozen=True)
class _Answer:
    """A decision without what it is about."""

    outcome: Literal["allow", "refuse", "hold"]
    rules: tuple[str, ...]
    cites: tuple[str, ...]
    remedy: str
    warnings: tuple[str, ...]


def strictest(decisions: Iterable[Decision]) -> Decision:
    """The one that bars most: a refusal before a hold, a hold before a yes."""
    return max(decisions, key=lambda decision: ("allow", "hold", "refuse").index(decision.outcome))


def require(decision: Decision) -> None:
    """Go on only if the decision allows it.

    Raises: NotAllowed with outcome, articles and remedy.
    """
    if decision.outcome != "allow":
        verb = "refused" if decision.outcome == "refuse" else "held"
        cited = "; ".join(f"{cite} [{rule}]" for cite, rule in zip(decision.cites, decision.rules, strict=True))
        problem = f"{decision.action} of {decision.subject} is {verb} by {cited or 'the law pack'}"
        raise NotAllowed(problem, decision.remedy or "see `daulat law explain`")


def _cited_once(country: str, read: _Rules, file: Path) -> None:
    """Raises: DaulatError for an id that is the house's or there twice, and for a rule that cites nothing."""
    text = file.read_text(encoding="utf-8")
    seen: set[str] = set()
    for rule in (*read.rule, *read.exception):
        where = f"`{country}/law/{file.name}`{mistake.of_policy(text, rule.id)}: `{rule.id}`"
        if rule.id.startswith("house-") or rule.id in seen:
            raise DaulatError(f"{where} is the id of another rule", f"begin its id with `{country}-`, and use it once")
        seen.add(rule.id)
        if rule.act.strip() in ("", HOUSE_ACT) or not rule.provision.strip():
            problem = f"{where} cites no act or no provision of it"
            raise DaulatError(problem, "a country's rule says where it is written: add `act` and `provision`")


def _not_too_deep(text: str, file: Path) -> None:
    """Raises: DaulatError for brackets within brackets beyond what a person writes: the parser would not come back."""
    deep = 0
    for number, line in enumerate(text.splitlines(), 1):
        deep += sum(line.count(one) for one in "([{") - sum(line.count(one) for one in ")]}")
        if deep > DEEPEST or len(line) > LONGEST_LINE:
            raise DaulatError(
                f"`{file.name}`, line {number}: brackets too deep, or too long a line", "write it plainly"
            )


def _policies(files: list[Path], schema_file: Path) -> dict[str, dict[str, Any]]:
    """Every policy by its `@id`, as Cedar's JSON; a typo is named with its file."""
    import cedarpy

    found: dict[str, dict[str, Any]] = {}
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise DaulatError(f"`{file.name}` is not UTF-8", "save it as UTF-8") from None
        _not_too_deep(text, file)
        try:
            parsed = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
        except ValueError as error:
            problem = f"`{file.name}`{mistake.in_policy(text, str(error))}: {error}"
            raise DaulatError(problem, "correct the policy") from None
        valid = cedarpy.validate_policies(text, schema_file.read_text(encoding="utf-8"))
        if not valid.validation_passed:
            problem = f"`{file.name}`{mistake.in_policy(text, str(valid.errors[0]))}: {valid.errors[0]}"
            raise DaulatError(problem, "correct the policy")
        for policy in parsed.values():
            id_ = policy.get("annotations", {}).get("id")
            if id_ is None or id_ in found:
                where = mistake.of_policy(text, id_) if id_ else ""
                raise DaulatError(
                    f"`{file.name}`{where}: a policy's `@id` is missing or given twice ({id_})", "name it"
                )
            outcome = policy["annotations"].get("outcome")
            if policy["effect"] == "forbid" and outcome not in ("refuse", "hold"):
                where = mistake.of_policy(text, id_)
                raise DaulatError(
                    f"`{file.name}`{where}: `{id_}` has no `@outcome`", 'write `@outcome("refuse")` or "hold"'
                )
            found[id_] = policy
    return found


def _policy_set(policies: dict[str, dict[str, Any]]) -> Any:
    import cedarpy

    return cedarpy.PolicySet.from_json_str(
        json.dumps({"staticPolicies": policies, "templates": {}, "templateLinks": []})
    )
