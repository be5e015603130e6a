"""What the law is asked before a step: about each source, and the base, with all that is on record of it.

```
daulat.toml ──terms──┐
snapshot of opt-outs ┼──> Question ──> law pack
journey ──findings───┘
```
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from daulat.corpus import optout
from daulat.journey import canonical
from daulat.model.base import known_licence
from daulat.model.options import BaseOptions
from daulat.nation.licence import UNKNOWN, commercial_use, recorded
from daulat.nation.question import Question, source_facts
from daulat.records import Digest, Source
from daulat.work.findings import in_force
from daulat.work.project import Project

Action: TypeAlias = Literal["fetch", "curate", "train", "measure", "deploy"]
"""What may be done with a source."""


@dataclass(frozen=True)
class Terms:
    """A source, what its publisher said of mining, and the papers that were shown for it, by their digests."""

    source: Source
    opt_out: str = UNKNOWN
    access_evidence: Digest | None = None
    consent_record: Digest | None = None


def terms(project: Project, source: Source) -> Terms:
    """As daulat.toml has them now, with the papers that lie there now."""
    papers = evidence(project, source.access_evidence), evidence(project, source.consent_record)
    return Terms(source, opt_out(project, source)[0], *papers)


def on_record(project: Project, source: dict[str, Any]) -> Terms:
    """As the statement of its fetching has them; what daulat.toml still names is asked about as it stands there now.

    A source that was taken out of daulat.toml stays in what was made of it.
    """
    for named in project.config.source:
        if named.name == source["name"]:
            return terms(project, named)
    known = {field.name for field in msgspec.structs.fields(Source)} - {"access_evidence", "consent_record"}
    said = {"location": "", **{key: value for key, value in source.items() if key in known}}
    papers = source.get("access_evidence"), source.get("consent_record")
    return Terms(msgspec.convert(said, Source), source.get("opt_out", UNKNOWN), *papers)


def questions(project: Project, action: Action, sources: Iterable[Terms] | None = None) -> tuple[Question, ...]:
    """The same action asked for every source (default: those of daulat.toml): a corpus is only as free as each part."""
    together = tuple(terms(project, source) for source in project.config.source) if sources is None else tuple(sources)
    return tuple(_question(project, one, action, [other.source for other in together]) for one in together)


def source_question(project: Project, source: Source, action: Action) -> Question:
    """May this be done with this source of daulat.toml, here?"""
    return _question(project, terms(project, source), action, project.config.source)


def _question(project: Project, said: Terms, action: Action, together: Iterable[Source]) -> Question:
    source = said.source
    facts = source_facts(
        source,
        project.today,
        opt_out=said.opt_out,
        findings=[finding.kind for finding in in_force(project, source.name, project.today)],
    )
    facts |= _people(source, together)
    if said.access_evidence is None:
        facts["access"] = UNKNOWN  # said, and not shown
    if said.consent_record is None:
        facts["consent"] = UNKNOWN
    return Question(
        action=action,
        kind="Source",
        name=source.name,
        facts=facts,
        place=project.config.place,
        sector=project.config.nation.sector,
        redaction=project.config.corpus.privacy != "hold",
        purpose=project.config.nation.purpose or UNKNOWN,
        origin=source.country or UNKNOWN,
    )


_ABOUT_PEOPLE = ("present", "sensitive")


def _people(source: Source, sources: Iterable[Source]) -> dict[str, int]:
    """Counts over all sources that name people: thresholds are of a corpus, not of a part. -1 where one is not counted."""
    if source.personal_data not in _ABOUT_PEOPLE:
        return {}
    together = [one for one in sources if one.personal_data in _ABOUT_PEOPLE]
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


def evidence(project: Project, location: str | None) -> Digest | None:
    """The digest of the paper at that location, as it lies there now; None where there is none."""
    if location is None:
        return None
    path = project.folder / expanded(location)
    return canonical.digest_file(path) if path.is_file() else None


def expanded(location: str) -> Path:
    """A path as daulat.toml writes it, with `~` for a home that is there."""
    try:
        return Path(location).expanduser()
    except RuntimeError:  # nobody of that name
        return Path(location)


def base_question(
    project: Project, action: Literal["adopt", "train", "measure", "deploy"], base: BaseOptions | None = None
) -> Question:
    """May this be done with this base model (default: that of daulat.toml), here?"""
    options = base or project.config.base
    licence, needs_acceptance = known_licence(options)
    return Question(
        action=action,
        kind="Base",
        name=options.location,
        facts={
            "licence": recorded(licence),
            "commercial_use": commercial_use(licence),
            "terms_accepted": options.accept_terms or not needs_acceptance,
        },
        place=project.config.place,
        sector=project.config.nation.sector,
        purpose=project.config.nation.purpose or UNKNOWN,
    )
