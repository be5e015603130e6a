"""What the law is asked before a step: about each source, and the base, with all that is on record of it.

```
daulat.toml ──terms──┐
snapshot of opt-outs ┼──> Question ──> law pack
journey ──findings───┘
```
"""

from pathlib import Path
from typing import Literal

from daulat.corpus import optout
from daulat.journey import canonical
from daulat.model.base import known_licence
from daulat.nation.licence import UNKNOWN, recorded
from daulat.nation.question import Question, source_facts
from daulat.records import Digest, Source
from daulat.work.findings import in_force
from daulat.work.project import Project


def questions(project: Project, action: Literal["fetch", "curate", "train", "measure"]) -> tuple[Question, ...]:
    """The same action asked for every source: a corpus is only as free as each of its parts."""
    return tuple(source_question(project, source, action) for source in project.config.source)


def source_question(
    project: Project, source: Source, action: Literal["fetch", "curate", "train", "measure"]
) -> Question:
    """May this be done with this source, here?"""
    facts = source_facts(
        source,
        opt_out=opt_out(project, source)[0],
        findings=[finding.kind for finding in in_force(project, source.name)],
    )
    if evidence(project, source) is None:
        facts["access"] = UNKNOWN  # said, and not shown
    return Question(
        action=action,
        kind="Source",
        name=source.name,
        facts=facts,
        place=project.config.place,
        sector=project.config.nation.sector,
        redaction=project.config.corpus.redact,
        purpose=project.config.nation.purpose or UNKNOWN,
        origin=source.country or UNKNOWN,
    )


def opt_out(project: Project, source: Source) -> tuple[str, str]:
    """What the source's publisher said of mining, as of its snapshot, and why that is so."""
    if source.opt_out_snapshot is None:
        return UNKNOWN, "no snapshot of what its publisher says is recorded"
    return optout.read(project.folder / Path(source.opt_out_snapshot).expanduser())


def evidence(project: Project, source: Source) -> Digest | None:
    """The digest of the paper that shows lawful access, as it lies there now; None where there is none."""
    if source.access_evidence is None:
        return None
    path = project.folder / Path(source.access_evidence).expanduser()
    return canonical.digest_file(path) if path.is_file() else None


def base_question(project: Project, action: Literal["adopt", "train", "measure"]) -> Question:
    """May this be done with this base model, here?"""
    options = project.config.base
    licence, needs_acceptance = known_licence(options)
    return Question(
        action=action,
        kind="Base",
        name=options.location,
        facts={"licence": recorded(licence), "terms_accepted": options.accept_terms or not needs_acceptance},
        place=project.config.place,
        sector=project.config.nation.sector,
    )
