"""What a release stands on, as the journey has it: the base and the sources of its weights, whatever daulat.toml says today.

```
Release.weights <── pretrain <─┬─ corpus <── sources, as they stood in daulat.toml; what `fetch` saw of their papers
                               └─ base   <── adopt;  one that was trained here stands on its own sources too
```
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from daulat.errors import DaulatError, NotVerified
from daulat.journey import canonical
from daulat.journey import statement as st
from daulat.model.options import BaseOptions
from daulat.nation.licence import UNKNOWN
from daulat.records import Digest, Release, Source
from daulat.work.project import Project


@dataclass(frozen=True)
class Terms:
    """A source, what its publisher said of mining, and the papers that were shown for it, by their digests."""

    source: Source
    redacted: bool
    """Whether its text is or was curated with identifiers taken out."""
    opt_out: str = UNKNOWN
    access_evidence: Digest | None = None
    consent_record: Digest | None = None


@dataclass(frozen=True)
class Lineage:
    """Sources under the terms of the corpus that was trained on, and the bases as they were adopted."""

    sources: tuple[Terms, ...]
    bases: tuple[BaseOptions, ...]


def lineage(project: Project, release: Release) -> Lineage:
    """What that release stands on.

    Raises: NotVerified where a step between its sources and its weights is not on record: nobody can say.
    """
    project.journey.refresh()
    return _of_weights(project, release.id, release.weights, frozenset())


def _of_weights(project: Project, release: str, weights: Digest, seen: frozenset[Digest]) -> Lineage:
    _, trained = _made(project, release, weights, "pretrain")
    inputs = st.inputs(trained)
    sources = _sources(project, release, inputs.get("corpus", ""))
    _, adopted = _made(project, release, inputs.get("base", ""), "adopt")
    try:
        said = _options(adopted)["base"]
        base = msgspec.convert({"location": said["location"], **said}, BaseOptions)
    except (KeyError, TypeError, msgspec.ValidationError):
        raise _unknown(release, "adopt") from None
    earlier = st.facts(adopted).get("trained_here")
    if earlier is not None and not canonical.is_digest(earlier):
        raise _unknown(release, "adopt")
    if earlier is None or earlier in seen:
        return Lineage(sources, (base,))
    before = _of_weights(project, release, earlier, seen | {weights})
    return Lineage((*sources, *before.sources), (base, *before.bases))


def _sources(project: Project, release: str, corpus: Digest) -> tuple[Terms, ...]:
    number, built = _made(project, release, corpus, "corpus")
    snapshots = {name.partition(" ")[2]: digest for name, digest in st.inputs(built).items()}
    try:
        options = _options(built)
        sources = msgspec.convert(options["sources"], tuple[Source, ...])
        redacted = options["corpus"]["privacy"] in ("redact", "pseudonymise")
    except (KeyError, TypeError, msgspec.ValidationError):
        raise _unknown(release, "corpus") from None
    if not snapshots or {source.name for source in sources} != set(snapshots):
        raise _unknown(release, "corpus")
    found = []
    for source in sources:
        _, fetched = _made(project, release, snapshots[source.name], f"fetch {source.name}", before=number)
        said = st.facts(fetched).get("source")
        if not isinstance(said, dict):
            raise _unknown(release, f"fetch {source.name}")
        papers = said.get("access_evidence"), said.get("consent_record")
        found.append(Terms(source, redacted, said.get("opt_out", UNKNOWN), *papers))
    return tuple(found)


def trained_here(project: Project, files: set[Digest]) -> Digest | None:
    """The weights that this project made itself and that hold one of those files, or were exported as one; None for none."""
    project.journey.refresh()
    store, index = project.journey.store, project.journey.index
    for number in reversed(index.entries("named", "pretrain")):
        weights = next(iter(st.outputs(project.journey.entry(number).statement).values()))
        if store.has(weights) and files & {
            d for name, d in store.read_tree(weights).items() if name.endswith(".safetensors")
        }:
            return weights
    for number in reversed(index.entries("named", "export")):
        exported = project.journey.entry(number).statement
        if files & set(st.outputs(exported).values()):
            return st.inputs(exported)["model"]
    return None


def _options(statement: dict[str, Any]) -> Any:
    return statement["predicate"]["buildDefinition"]["externalParameters"]["options"]


def _made(
    project: Project, release: str, digest: Digest, step: str, before: int | None = None
) -> tuple[int, dict[str, Any]]:
    """The newest statement of that step that made it (before that entry), and its number."""
    for number in reversed(project.journey.index.entries("made", digest)):
        entry = project.journey.entry(number)
        if (before is None or number < before) and entry.kind == "step" and st.step_name(entry.statement) == step:
            return number, entry.statement
    raise _unknown(release, step)


def _unknown(release: str, step: str) -> DaulatError:
    return NotVerified(
        f"what `{release}` stands on is not on record: no `{step}` made it", "run `daulat verify`, then develop again"
    )
