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
    """Every release by its id, in the state that was signed last; the one signed last comes last."""
    project.journey.refresh()
    newest = project.journey.index.newest("release")
    found = (project.journey.entry(index).statement["predicate"]["release"] for index in newest)
    return {release.id: release for release in (msgspec.convert(record, Release) for record in found)}


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
