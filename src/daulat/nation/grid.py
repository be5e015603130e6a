"""Every answer that a pack can give: the grid of all that its rules look at, decided cell by cell.

```
each rule ──attributes it names──> all their values, and its actions, around an allowed case ──> does it fire, and when?
all rules ──the six that most look at──> all their values at once ──> is every cell decided, by whom?
```
A cell that no rule decides, that a policy errs on, or that says yes to something unknown is a mistake of the pack.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any, get_args

from daulat.nation.law import LawPack
from daulat.nation.licence import UNKNOWN
from daulat.nation.question import Question
from daulat.records import Basis, FindingKind, Place

Value = str | bool | int | list[str]
ACTIONS = {
    "Source": ("fetch", "curate", "train", "measure"),
    "Base": ("adopt", "train", "measure"),
    "Release": ("release", "deploy"),
}
_PERSONAL = ("none", "incidental", "present", "sensitive", UNKNOWN)
_KINDS = get_args(FindingKind)
VALUES: dict[str, dict[str, tuple[Value, ...]]] = {
    "Source": {
        "licence": ("CC-BY-4.0", UNKNOWN),
        "commercial_use": ("allowed", "excluded", UNKNOWN),
        "basis": ("open-licence", *(basis for basis in get_args(Basis) if basis != "open-licence"), UNKNOWN),
        "country": ("international", UNKNOWN),
        "personal_data": _PERSONAL,
        "owner": ("somebody", UNKNOWN),
        "purposes": ([], ["research"]),
        "retention": ("running", "open", "over"),
        "consent": ("explicit", "given", UNKNOWN),
        "access": ("lawful", UNKNOWN),
        "opt_out": ("none", "reserved", UNKNOWN),
        "subjects": (0, 1, 20_000, 20_001, 999_999, 1_000_000, -1),
        "sensitive_subjects": (0, 1, 10_000, 10_001, 99_999, 100_000, -1),
        "findings": (list(_KINDS), [], *([kind] for kind in _KINDS)),
    },
    "Base": {
        "licence": ("Apache-2.0", UNKNOWN),
        "commercial_use": ("allowed", "excluded", UNKNOWN),
        "terms_accepted": (True, False),
    },
    "Release": {
        "state": ("approved", "proposed", "rejected"),
        "gate_passed": (True, False),
        "records_match": (True, False),
        "withdrawn": (False, True),
        "findings": (list(_KINDS), [], *([kind] for kind in _KINDS)),
    },
}
"""Each attribute's values, the allowed one first; numbers around every threshold that a pack has."""
AROUND: dict[str, tuple[Value, ...]] = {
    "sector": ("private", "public", UNKNOWN),
    "jurisdiction": ("home", "us", UNKNOWN),
    "redaction": (True, False),
    "purpose": ("research", "commercial", UNKNOWN),
}
"""The same of the operator and the circumstances; `home` stands for the pack's own country."""
TOGETHER = ("licence", "basis", "personal_data", "sector", "jurisdiction", "redaction")
"""What most rules look at: enumerated all at once."""


@dataclass
class Grid:
    """What was found in one pack."""

    rules: int
    cells: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    undecided: list[str] = field(default_factory=list)
    """Cells that no rule decided, or that a policy could not be evaluated on."""
    wrong: list[str] = field(default_factory=list)
    """Cells that said yes to something unknown."""
    dead: list[str] = field(default_factory=list)
    """Rules that never fire, or always."""


def enumerate_pack(law: LawPack) -> Grid:
    """The whole grid of that pack, with the rules of the house."""
    grid = Grid(len(law.policies))
    for id_, policy in law.policies.items():
        if policy["effect"] == "forbid":
            _one_rule(law, id_, policy, grid)
    for cell in cells(law, "Source", ACTIONS["Source"], set(TOGETHER)):
        _decide(law, cell, grid)
    return grid


def _one_rule(law: LawPack, id_: str, policy: dict[str, Any], grid: Grid) -> None:
    kinds = _kinds(policy)
    named = _named(policy["conditions"])
    fired = {False: 0, True: 0}
    for kind in kinds:
        for cell in cells(law, kind, _actions(policy, kind), named):
            rules, warnings = _decide(law, cell, grid)
            fired[id_ in rules or any(law.rules[id_].rule in warning for warning in warnings)] += 1
    whole_kind = not policy["conditions"]  # fires whenever it is asked about that kind
    if "exceptions" in named:
        return  # what the pack grants decides it, which does not change from cell to cell
    if not fired[True] or (not fired[False] and not whole_kind):
        grid.dead.append(f"{id_}: fires in {fired[True]} of {sum(fired.values())} cells")


def cells(law: LawPack, kind: str, actions: tuple[str, ...], named: set[str]) -> Iterator[Question]:
    """Every question of that kind over all values of the named attributes; the others have their allowed value."""
    inside, around = VALUES[kind], AROUND
    own = {key: values if key in named else values[:1] for key, values in inside.items()}
    other = {key: values if key in named else values[:1] for key, values in around.items()}
    for action, *values in product(actions, *own.values(), *other.values()):
        facts = dict(zip(own, values, strict=False))
        where = dict(zip(other, values[len(own) :], strict=True))
        jurisdiction = law.country if where["jurisdiction"] == "home" else str(where["jurisdiction"])
        place = Place(name="grid", jurisdiction=jurisdiction, operator="grid")
        yield Question(
            action=action,  # type: ignore[arg-type]
            kind=kind,  # type: ignore[arg-type]
            name="cell",
            facts=facts,
            place=place,
            sector=str(where["sector"]),
            redaction=bool(where["redaction"]),
            purpose=str(where["purpose"]),
        )


def _decide(law: LawPack, cell: Question, grid: Grid) -> tuple[tuple[str, ...], tuple[str, ...]]:
    decision = law.decide(cell)
    grid.cells += 1
    grid.outcomes[decision.outcome] += 1
    said = f"{cell.action} {cell.kind} {cell.facts} at {cell.place.jurisdiction}, {cell.sector}"
    if not decision.rules:
        grid.undecided.append(said)
    unknown = cell.place.jurisdiction == UNKNOWN or any(
        cell.facts.get(key) == UNKNOWN for key in ("basis", "country", "personal_data", "owner")
    )
    mining = cell.facts.get("basis") == "text-and-data-mining"
    unknown |= cell.facts.get("licence") == UNKNOWN and not mining
    unknown |= mining and UNKNOWN in (cell.facts.get("access"), cell.facts.get("opt_out"))
    unknown |= cell.facts.get("commercial_use") == "excluded" and cell.purpose == UNKNOWN and not mining
    about_people = cell.facts.get("personal_data") in ("present", "sensitive") and cell.action in ("curate", "train")
    unknown |= about_people and cell.facts.get("basis") == "consent" and cell.facts.get("consent") == UNKNOWN
    if unknown and decision.outcome == "allow":
        grid.wrong.append(said)
    return decision.rules, decision.warnings


def _kinds(policy: dict[str, Any]) -> tuple[str, ...]:
    resource = policy["resource"]
    named = resource.get("entity_type") if resource.get("op") == "is" else None
    return (named,) if named else tuple(ACTIONS)


def _actions(policy: dict[str, Any], kind: str) -> tuple[str, ...]:
    action = policy["action"]
    listed = action.get("entities") or ([action["entity"]] if "entity" in action else [])
    wanted = {entity["id"] for entity in listed}
    return tuple(name for name in ACTIONS[kind] if not wanted or name in wanted)


def _named(part: Any) -> set[str]:
    """Every attribute that a condition looks at, in Cedar's JSON."""
    if isinstance(part, dict):
        own = {part["."]["attr"]} if "." in part else set()
        return own.union(*(_named(inner) for inner in part.values()))
    return set().union(*(_named(item) for item in part)) if isinstance(part, list) else set()
