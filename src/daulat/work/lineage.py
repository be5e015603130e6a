"""What a release stands on, as the journey has it: the base and the sources of its weights, whatever daulat.toml says today.

```
Release.weights <── pretrain <─┬─ corpus <── fetch SOURCE, ...
                               └─ base   <── adopt
```
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from daulat.errors import DaulatError, NotVerified
from daulat.journey import statement as st
from daulat.model.options import BaseOptions
from daulat.nation.question import Question
from daulat.records import Digest, Release
from daulat.work.project import Project
from daulat.work.questions import Action, base_question, on_record, questions


@dataclass(frozen=True)
class Lineage:
    """Sources as the statements of their fetching have them, and the base as it was adopted."""

    sources: tuple[dict[str, Any], ...]
    base: BaseOptions

    def questions(self, project: Project, action: Action) -> tuple[Question, ...]:
        """May this be done with all that it stands on, here and now?"""
        base = project.config.base if project.config.base.location == self.base.location else self.base
        about_base = base_question(project, "train" if action == "train" else "deploy", base)
        return (about_base, *questions(project, action, [on_record(project, source) for source in self.sources]))


def lineage(project: Project, release: Release) -> Lineage:
    """What that release stands on.

    Raises: NotVerified where a step between its sources and its weights is not on record: nobody can say.
    """
    project.journey.refresh()
    trained = _made(project, release, release.weights, "pretrain")
    inputs = st.inputs(trained)
    corpus = _made(project, release, inputs.get("corpus", ""), "corpus")
    sources = []
    for name, digest in st.inputs(corpus).items():
        fetched = _made(project, release, digest, name.replace("snapshot", "fetch", 1))
        sources.append(st.facts(fetched)["source"])
    adopted = _made(project, release, inputs.get("base", ""), "adopt")
    options = adopted["predicate"]["buildDefinition"]["externalParameters"]["options"]
    try:
        return Lineage(tuple(sources), msgspec.convert(options["base"], BaseOptions))
    except (KeyError, msgspec.ValidationError):
        raise _unknown(release, "adopt") from None


def _made(project: Project, release: Release, digest: Digest, step: str) -> dict[str, Any]:
    """The newest statement of that step that made it."""
    for number in reversed(project.journey.index.entries("made", digest)):
        entry = project.journey.entry(number)
        if entry.kind == "step" and st.step_name(entry.statement) == step:
            return entry.statement
    raise _unknown(release, step)


def _unknown(release: Release, step: str) -> DaulatError:
    return NotVerified(
        f"what `{release.id}` stands on is not on record: no `{step}` made it",
        "run `daulat verify`, then develop again",
    )
