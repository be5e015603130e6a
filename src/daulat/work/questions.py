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
        project.today,
        opt_out=opt_out(project, source)[0],
        findings=[finding.kind for finding in in_force(project, source.name, project.today)],
    )
    facts |= _people(project, source)
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


_ABOUT_PEOPLE = ("present", "sensitive")


def _people(project: Project, source: Source) -> dict[str, int]:
    """Counts over all sources that name people: thresholds are of a corpus, not of a part. -1 where one is not counted."""
    if source.personal_data not in _ABOUT_PEOPLE:
        return {}
    together = [one for one in project.config.source if one.personal_data in _ABOUT_PEOPLE]
    sensitive = [one for one in together if one.personal_data == "sensitive" or one.sensitive_subjects is not None]
    counts = {
        "subjects": [one.subjects for one in together],
        "sensitive_subjects": [one.sensitive_subjects for one in sensitive],
    }
    return {name: -1 if None in found else sum(n for n in found if n is not None) for name, found in counts.items()}


def opt_out(project: Project, source: Source) -> tuple[str, str]:
    """What the source's publisher said of mining, as of its snapshot, and why that is so."""
    if source.opt_out_snapshot is None:
        return UNKNOWN, "no snapshot of what its publisher says is recorded"
    return optout.read(project.folder / expanded(source.opt_out_snapshot))


def evidence(project: Project, source: Source) -> Digest | None:
    """The digest of the paper that shows lawful access, as it lies there now; None where there is none."""
    if source.access_evidence is None:
        return None
    path = project.folder / expanded(source.access_evidence)
    return canonical.digest_file(path) if path.is_file() else None


def expanded(location: str) -> Path:
    """A path as daulat.toml writes it, with `~` for a home that is there."""
    try:
        return Path(location).expanduser()
    except RuntimeError:  # nobody of that name
        return Path(location)


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
