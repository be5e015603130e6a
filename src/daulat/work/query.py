"""What the journey says of this project: the latest step of a name, its scorecard, releases as they stand."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from daulat.errors import DaulatError
from daulat.journey import statement
from daulat.journey.index import Index
from daulat.records import Deployment, Digest, Release, Scorecard
from daulat.work.project import Project


@dataclass(frozen=True)
class Made:
    """A step that happened."""

    name: str
    index: int
    inputs: dict[str, Digest]
    outputs: dict[str, Digest]
    facts: dict[str, Any]

    @property
    def output(self) -> Digest:
        """The one artefact that it made."""
        return next(iter(self.outputs.values()))


def latest_step(project: Project, name: str) -> Made:
    """The last step of that name on record.

    Raises: DaulatError where there is none yet.
    """
    found = steps(project, name)
    if not found:
        raise DaulatError(f"no `{name}` is on record in this project", "run `daulat develop` first")
    return found[-1]


def steps(project: Project, name: str) -> list[Made]:
    """Every step of that name on record, the newest last."""
    project.journey.refresh()
    entries = [project.journey.entry(index) for index in project.journey.index.entries("named", name)]
    return [
        Made(name, entry.index, statement.inputs(said), statement.outputs(said), statement.facts(said))
        for entry in entries
        for said in [entry.statement]
    ]


def latest_scorecard(project: Project) -> Scorecard:
    """The last scorecard on record, as the step stated it."""
    return msgspec.convert(latest_step(project, "score").facts["scorecard"], Scorecard)


def releases(project: Project) -> dict[str, Release]:
    """Every release by its id, as its statements tell it in their order; the one signed last comes last.

    What an operator proposed stays what it is: later statements decide on it, once, and a rejection is final.
    """
    project.journey.refresh()
    index = project.journey.index
    return {
        release.id: release for release in (_release(project, name) for name in _by_last(index, "release")) if release
    }


def _by_last(index: Index, kind: str) -> list[str]:
    """Names of that kind, the one that was stated last at the end."""
    return sorted(index.things(kind), key=lambda name: index.entries(kind, name)[-1])


_MAY_FOLLOW = {"proposed": ("approved", "rejected"), "approved": ("rejected",), "rejected": ()}


def _release(project: Project, name: str) -> Release | None:
    found: Release | None = None
    for number in project.journey.index.entries("release", name):
        entry = project.journey.entry(number)
        try:
            said = msgspec.convert(entry.statement["predicate"]["release"], Release)
        except msgspec.ValidationError:
            continue  # signed, and no release: it decides nothing
        if found is None:
            operator = project.journey.role(entry.key_id) == "operator"
            found = msgspec.structs.replace(said, by=entry.by if said.state != "proposed" else "") if operator else None
        elif said.state in _MAY_FOLLOW[found.state] and _same(said, found):
            found = msgspec.structs.replace(found, state=said.state, by=entry.by, reason=said.reason)
    return found


def _same(one: Release, other: Release) -> bool:
    """Whether a decision is on what was proposed, and on nothing else."""
    keys = ("id", "model", "weights", "scorecard", "findings")
    return all(getattr(one, key) == getattr(other, key) for key in keys)


def deployments(project: Project) -> dict[str, Deployment]:
    """Every deployment by its id."""
    project.journey.refresh()
    newest = project.journey.index.newest("deployment")
    found = (project.journey.entry(index).statement["predicate"]["deployment"] for index in newest)
    return {deployment.id: deployment for deployment in (msgspec.convert(record, Deployment) for record in found)}


@contextmanager
def artefact_folder(project: Project, digest: Digest) -> Iterator[Path]:
    """A tree artefact as a folder to read, taken away afterwards."""
    project.work.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=project.work, prefix="read-"))
    try:
        project.journey.store.materialise(digest, folder / "tree")
        yield folder / "tree"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def copy_out(project: Project, digest: Digest, to: Path) -> None:
    """A tree artefact's files below `to`, as copies: whoever changes one changes nothing in the store."""
    to.mkdir(parents=True, exist_ok=True)
    for name, own in project.journey.store.read_tree(digest).items():
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(project.journey.store.path(own), target)
