"""Where something came from, and where it went: a tree read off the index, never off the whole log.

```
answer ◂── deployment ◂── release ◂── model ◂── weights ◂── corpus ◂── source        up:   made_from
source ──▸ corpus ──▸ weights ──▸ model ──▸ release ──▸ deployment ──▸ usage         down: went_into
```
Something that is met twice is shown once, and then referred to. Nothing here is recursive: a chain may have any length.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from daulat.errors import DaulatError
from daulat.journey import statement as st
from daulat.journey.index import Entry
from daulat.journey.journey import Journey
from daulat.journey.usage import find_answer

Documents: TypeAlias = Callable[[str], dict[str, dict[str, Any]]]
"""Document id -> what became of it in each corpus: `part` (`train`, `heldout`, `dropped`, `held`), `source`, and why;
in `models`, for each model of that corpus, `first_step` of `steps` that saw it (0: none did) and `tokens` of it; in `tokens`,
for all that the corpus was packed into, the `shard`, `start` and number of `tokens`."""

MIN_PREFIX = 8
_NUMBER = re.compile(r"#?[0-9]{1,7}")
"""A statement's number; from `MIN_PREFIX` digits on, it is the beginning of a digest."""
SHORT = 12
_NAMED = 5
"""How many candidates an error names."""


@dataclass
class Node:
    """One thing, and what is on record about how it came to be."""

    kind: str
    """`artefact`, `source`, `document`, `release`, `deployment`, `usage`, `answer`."""
    name: str
    id: str
    """A digest, or the id of a release, a deployment or an answer."""
    index: int | None = None
    """Statement that says so; None for an artefact which no step on record made."""
    step: str = ""
    at: str = ""
    by: str = ""
    """Name of the key that signed it."""
    place: str = ""
    decisions: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    again: bool = False
    """Shown before, with all that hangs on it."""
    made_from: list["Node"] = field(default_factory=list)
    went_into: list["Node"] = field(default_factory=list)


def trace(
    journey: Journey, thing: str, *, up: bool = True, down: bool = False, documents: Documents | None = None
) -> Node:
    """The tree of what `thing` was made from (`up`) and what was made from it (`down`).

    `thing` is an answer, release, deployment or document id, the name of a source or of a step (what it made last), a
    statement's number, a digest, or 8 or more of its hex digits.

    Raises: DaulatError where nothing or more than one thing has that name.
    """
    journey.refresh()
    tracer = _Tracer(journey)
    root = tracer.find(thing, documents)
    if up:
        _grow(root, tracer.up, lambda node: node.made_from)
    if down:
        _grow(root, tracer.down, lambda node: node.went_into)
    return root


def render(node: Node) -> str:
    """The tree as lines of text: `◂` made from, `▸` went into."""
    lines: list[str] = []
    todo = [(node, "", "", "")]
    while todo:
        this, indent, branch, below = todo.pop()
        lines.append(f"{indent}{branch}{_line(this)}")
        inner = indent + below
        children = [("◂", child) for child in this.made_from] + [("▸", child) for child in this.went_into]
        margin = inner + ("│ " if children else "  ")
        lines += [margin + words for words in _details(this)]
        for number, (arrow, child) in reversed(list(enumerate(children, 1))):
            last = number == len(children)
            todo.append((child, inner, f"{'└' if last else '├'}─{arrow} ", "    " if last else "│   "))
    return "\n".join(line.rstrip() for line in lines)


def as_json(node: Node) -> dict[str, Any]:
    """The same tree as JSON; fields without a value are left out."""
    order, todo = [], [node]
    while todo:
        this = todo.pop()
        order.append(this)
        todo += [*this.made_from, *this.went_into]
    done: dict[int, dict[str, Any]] = {}
    for this in reversed(order):
        fields = {name: value for name, value in vars(this).items() if value or (name == "index" and value == 0)}
        for name in ("made_from", "went_into"):
            if name in fields:
                fields[name] = [done[id(child)] for child in fields[name]]
        done[id(this)] = fields
    return done[id(node)]


def _grow(root: Node, expand: Callable[[Node], list[Node]], children: Callable[[Node], list[Node]]) -> None:
    """Hang on every node what `expand` finds, in the order in which `render` shows it."""
    seen: set[tuple[str, str]] = set()
    todo = [root]
    while todo:
        node = todo.pop()
        if (node.kind, node.id) in seen:
            node.again = True
            continue
        seen.add((node.kind, node.id))
        found = list({(child.kind, child.id): child for child in expand(node)}.values())
        children(node).extend(found)
        todo += reversed(found)


class _Tracer:
    """Makes nodes from entries, and knows what hangs on each kind."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.index = journey.index
        self.inside: dict[str, dict[str, dict[str, Any]]] = {}  # document -> corpus -> what became of it

    def find(self, thing: str, documents: Documents | None) -> Node:
        """The one thing of that name."""
        if thing.startswith("ans-"):
            return self.answer(thing)
        if _NUMBER.fullmatch(thing):
            return self.entry(int(thing.removeprefix("#")))
        makers = {"release": self.release, "deployment": self.deployment, "source": self.source, "named": self.step}
        found = [make(thing) for kind, make in makers.items() if self.index.entries(kind, thing)]
        hexadecimal = thing.lower().removeprefix("sha256:")
        if len(hexadecimal) >= MIN_PREFIX:
            found += [self.artefact(digest) for digest in self.index.digests(f"sha256:{hexadecimal}")]
        if documents is not None and (inside := documents(thing)):
            self.inside[thing] = inside
            found.append(Node("document", thing, thing, facts={"corpora": inside}))
        if len(found) > 1:
            names = ", ".join(f"{node.kind} `{node.id}`" for node in found[:_NAMED])
            raise DaulatError(f"`{thing}` is {len(found)} things: {names}", "give the whole digest or id")
        return found[0] if found else self._unknown(thing)

    def up(self, node: Node) -> list[Node]:
        """What it was made from."""
        match node.kind:
            case "answer" if "deployment" in node.facts:
                return [self.deployment(node.facts["deployment"])]
            case "deployment" if node.index is not None:
                return [self.release(self._said(node)["deployment"]["release"])]
            case "release" if node.index is not None:
                release = self._said(node)["release"]
                return [self.artefact(release[name], name) for name in ("model", "weights", "scorecard")]
            case "artefact":
                return self._inputs([] if node.index is None else [node.index])
            case "source":
                return self._inputs([] if node.index is None else [node.index])
            case "document":
                names = dict.fromkeys(str(said.get("source")) for said in self.inside[node.id].values())
                return [self.source(name) for name in names if self.index.entries("source", name)]
            case "usage" if node.index is not None:
                return [self.deployment(name) for name in self._said(node)["deployments"]]
        return []

    def down(self, node: Node) -> list[Node]:
        """What was made from it."""
        match node.kind:
            case "artefact":
                users = [self.journey.entry(number) for number in self.index.entries("used", node.id)]
                return [child for user in users for child in self._reached(user) if child.id != node.id]
            case "source":
                makers = [self.journey.entry(number) for number in self.index.entries("source", node.id)]
                return [child for maker in makers for child in self._reached(maker)]
            case "document":  # what was held out, dropped or held back reached no model
                reached = [digest for digest, said in self.inside[node.id].items() if said["part"] == "train"]
                return [self.artefact(digest) for digest in reached]
            case "release":
                entries = map(self.journey.entry, self.index.entries("deployed", node.id))
                return [self.deployment(entry.statement["predicate"]["deployment"]["id"]) for entry in entries]
            case "deployment":
                return [self._usage(self.journey.entry(number)) for number in self.index.entries("usage", node.id)]
        return []

    def answer(self, answer: str) -> Node:
        """One answer, as its batch has it."""
        record, entry = find_answer(self.journey, answer)
        place = f"{record.get('place', '')} ({record.get('country', '')})"
        return Node("answer", answer, answer, entry.index, "", str(record.get("at", "")), entry.by, place, facts=record)

    def release(self, name: str) -> Node:
        """The release of that id, as last stated."""
        stated = self.index.entries("release", name)
        if not stated:
            return Node("release", name, name)
        entry = self.journey.entry(stated[-1])
        said = entry.statement["predicate"]
        facts = {
            **st.facts(entry.statement),
            **{k: v for k, v in said["release"].items() if k in ("state", "by", "reason") and v},
        }
        return Node("release", name, name, entry.index, "", said["at"], entry.by, facts=facts)

    def deployment(self, name: str) -> Node:
        """The deployment of that id, as last stated."""
        stated = self.index.entries("deployment", name)
        if not stated:
            return Node("deployment", name, name)
        entry = self.journey.entry(stated[-1])
        said = entry.statement["predicate"]
        place = _place(said["deployment"]["place"])
        facts = {k: v for k, v in said["deployment"].items() if k in ("engine", "url")}
        return Node("deployment", name, name, entry.index, "", said["at"], entry.by, place, facts=facts)

    def source(self, name: str) -> Node:
        """The source of that name, as last read."""
        entry = self.journey.entry(self.index.entries("source", name)[-1])
        return self._step(entry, "source", name, name)

    def step(self, name: str) -> Node:
        """What the step of that name made last."""
        return self.entry(self.index.entries("named", name)[-1])

    def entry(self, number: int) -> Node:
        """What the statement of that number says.

        Raises: DaulatError where there is none, or where it is about the record itself: a keyring, a decision.
        """
        entry = self.journey.entry(number)
        match entry.kind:
            case "step":
                name, digest = next(iter(st.outputs(entry.statement).items()))
                return self._step(entry, "artefact", name, digest)
            case "usage":
                return self._usage(entry)
        reached = self._reached(entry)
        if not reached:
            raise DaulatError(
                f"statement {number} is a {entry.kind}: it made nothing", f"`daulat prove {number}` shows it"
            )
        return reached[0]

    def artefact(self, digest: str, name: str = "", before: int | None = None) -> Node:
        """An artefact, with the last step on record that made it: of those before that entry, which used it.

        The same bytes may be stated again, under other terms; who used them earlier used them under the earlier ones.
        """
        makers = self.index.entries("made", digest)
        if not makers:
            return Node("artefact", name or "artefact", digest)
        earlier = [maker for maker in makers if before is None or maker < before]
        entry = self.journey.entry((earlier or makers)[-1])
        if entry.kind == "usage":
            return self._usage(entry)
        made = next(made for made, found in st.outputs(entry.statement).items() if found == digest)
        return self._step(entry, "artefact", made, digest)

    def _step(self, entry: Entry, kind: str, name: str, identity: str) -> Node:
        build = entry.statement["predicate"]["buildDefinition"]
        inner = build["internalParameters"]
        finished = entry.statement["predicate"]["runDetails"]["metadata"]["finishedOn"]
        return Node(
            kind,
            name,
            identity,
            entry.index,
            st.step_name(entry.statement),
            finished,
            entry.by,
            _place(inner["place"]),
            inner["decisions"],
            st.facts(entry.statement),
        )

    def _usage(self, entry: Entry) -> Node:
        said = entry.statement["predicate"]
        name = f"{said['count']} answers, {said['first']} to {said['last']}"
        return Node("usage", name, st.outputs(entry.statement)["batch"], entry.index, "", said["at"], entry.by)

    def _inputs(self, makers: Iterable[int]) -> list[Node]:
        """What the steps at these indices were made from."""
        entries = map(self.journey.entry, makers)
        return [
            self.artefact(found, name, entry.index)
            for entry in entries
            for name, found in st.inputs(entry.statement).items()
        ]

    def _reached(self, user: Entry) -> list[Node]:
        """What a statement that names an artefact makes of it."""
        said = user.statement["predicate"]
        match user.kind:
            case "step":
                return [self.artefact(digest) for digest in st.outputs(user.statement).values()]
            case "scorecard":
                return [self.artefact(st.inputs(user.statement)["scorecard"], "scorecard")]
            case "release":
                return [self.release(said["release"]["id"])]
            case "deployment":
                return [self.deployment(said["deployment"]["id"])]
        return []

    def _said(self, node: Node) -> dict[str, Any]:
        assert node.index is not None
        said: dict[str, Any] = self.journey.entry(node.index).statement["predicate"]
        return said

    def _unknown(self, thing: str) -> Node:
        things = {kind: self.index.things(kind) for kind in ("release", "deployment", "source")}
        names = [name for known in things.values() for name in known]
        near = difflib.get_close_matches(thing, names, 3)
        known = (
            f"{len(things['release'])} releases, {len(things['deployment'])} deployments, {len(things['source'])} sources, "
            f"{len(self.index.digests())} digests and {self.index.batches()} batches of answers"
        )
        hint = "name a release, deployment, answer, source or step, a statement's number, or a digest"
        if near:
            hint = f"did you mean {', '.join(f'`{name}`' for name in near)}?"
        elif re.fullmatch(r"[0-9a-f]{1,7}", thing.lower()):
            hint = f"give {MIN_PREFIX} or more digits of a digest"
        raise DaulatError(f"nothing on record is called `{thing}`: {known} were searched", hint)


def _place(place: dict[str, Any]) -> str:
    """`name (jurisdiction)`."""
    return f"{place['name']} ({place['jurisdiction']})" if "jurisdiction" in place else str(place.get("name", ""))


def _line(node: Node) -> str:
    """One node in one line: what, by which step, when, where, by whom, which statement."""
    short = node.id.removeprefix("sha256:")[:SHORT] if node.id.startswith("sha256:") else ""
    name = node.name if node.kind in ("artefact",) else f"{node.kind} {node.name}"
    parts = [name, short, f"by step {node.step}" if node.step else ""]
    if node.again:
        return "  ".join([part for part in parts if part] + ["(shown above)"])
    if node.index is None and node.kind != "document":
        return "  ".join([part for part in parts if part] + ["(not made by any step on record)"])
    parts += [node.at, node.place, f"signed {node.by}" if node.by else ""]
    return "  ".join([part for part in parts if part] + ([f"#{node.index}"] if node.index is not None else []))


_PARTS = {"train": "trained on", "heldout": "held out, to measure with,", "dropped": "dropped", "held": "held back"}
NAMED = 2
"""Subjects of a decision that are named in the tree; `as_json` has them all."""


def _grouped(decisions: Iterable[dict[str, Any]]) -> dict[tuple[str, str, str], list[str]]:
    """Subjects by what was said of them: a law that says the same of six sources is told once."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for decision in decisions:
        cites = "; ".join(decision.get("cites", ())) or ", ".join(decision.get("rules", ()))
        said = (str(decision.get("outcome")), str(decision.get("action")), cites)
        found.setdefault(said, []).append(str(decision.get("subject")))
    return found


def _details(node: Node) -> Iterable[str]:
    """Decisions with what they cite, and the terms of a source."""
    if node.again:
        return
    for said, subjects in _grouped(node.decisions).items():
        outcome, action, cites = said
        more = f" and {len(subjects) - NAMED} more" if len(subjects) > NAMED else ""
        yield f"{outcome} {action} of {', '.join(subjects[:NAMED])}{more}: {cites}"
    source = node.facts.get("source")
    if node.step == "adopt":
        terms = [f"{key} {node.facts[key]}" for key in ("origin", "licence", "owner") if node.facts.get(key)]
        yield f"base {node.facts.get('name', '')}: {', '.join(terms)}"
    if isinstance(source, dict):
        terms = [
            f"{key} {value}" for key, value in source.items() if key != "name" and isinstance(value, str) and value
        ]
        yield f"source {source.get('name', '')}: {', '.join(terms)}"
    for digest, said in node.facts.get("corpora", {}).items():
        why = f" at {said['stage']}: {said['reason']}" if said.get("reason") else ""
        yield f"{_PARTS[said['part']]} in corpus {digest.removeprefix('sha256:')[:SHORT]}{why}"
        for packed, place in said.get("tokens", {}).items():
            short = packed.removeprefix("sha256:")[:SHORT]
            yield f"tokens {short}: {place['tokens']} of {place['shard']}, from place {place['start']} on"
        for model, seen in said.get("models", {}).items():
            short = model.removeprefix("sha256:")[:SHORT]
            if seen["first_step"]:
                when = (
                    f"first seen in step {seen['first_step']} of {seen['steps']}, {seen['tokens']} tokens of it in all"
                )
            else:
                when = f"never seen: its {seen['steps']} steps ended before this document's turn"
            yield f"model {short}: {when}"
    if node.kind == "release":
        yield ", ".join(f"{key} {node.facts[key]}" for key in ("state", "by", "reason") if node.facts.get(key))
