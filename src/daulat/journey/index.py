"""Where in the log things are: built by reading it once, grown by what is appended."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from daulat.journey import shape


@dataclass(frozen=True)
class Entry:
    """One statement, as the log has it."""

    index: int
    statement: dict[str, Any]
    by: str
    """Name of the key that signed it."""
    key_id: str
    digest: str
    """Of the envelope's bytes."""

    @property
    def kind(self) -> str:
        """`step`, `decision`, `scorecard`, `release`, `deployment`, `usage` or `keyring`."""
        return shape.kind(self.statement)


Places = defaultdict[str, list[int]]


def _places() -> Places:
    return defaultdict(list)


@dataclass
class Index:
    """Entry indices by what they are about, in recorded order."""

    steps: dict[str, int] = field(default_factory=dict)
    """Step key -> its newest entry."""
    made: Places = field(default_factory=_places)
    """Artefact -> steps that made it."""
    used: Places = field(default_factory=_places)
    """Artefact -> steps made from it, scorecards measured with it, releases and deployments of it."""
    sources: Places = field(default_factory=_places)
    releases: Places = field(default_factory=_places)
    deployments: Places = field(default_factory=_places)
    deployed: Places = field(default_factory=_places)
    """Release id -> its deployments."""
    usage: Places = field(default_factory=_places)
    """Deployment id -> batches with answers of it."""
    batches: list[tuple[str, str, int]] = field(default_factory=list)
    """(first answer id, last answer id, entry)."""

    def add(self, entry: Entry) -> None:
        """Know one more entry."""
        said, number = entry.statement["predicate"], entry.index
        for digest in dict.fromkeys(shape.inputs(entry.statement).values()):
            self.used[digest].append(number)
        outputs = dict.fromkeys(shape.outputs(entry.statement).values())
        for digest in outputs:
            (self.made if entry.kind in ("step", "usage") else self.used)[digest].append(number)
        match entry.kind:
            case "step":
                self.steps[str(shape.step_key(entry.statement))] = number
                source = shape.facts(entry.statement).get("source")
                if isinstance(source, dict) and isinstance(source.get("name"), str):
                    self.sources[source["name"]].append(number)
            case "release":
                self.releases[said["release"]["id"]].append(number)
                if said["release"]["scorecard"] not in outputs:
                    self.used[said["release"]["scorecard"]].append(number)
            case "deployment":
                self.deployments[said["deployment"]["id"]].append(number)
                self.deployed[said["deployment"]["release"]].append(number)
            case "usage":
                self.batches.append((said["first"], said["last"], number))
                for deployment in said["deployments"]:
                    self.usage[deployment].append(number)
