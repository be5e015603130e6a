"""What the law is asked before a step: about each source, and the base, with all that is on record of it.

```
daulat.toml ──terms──┐
snapshot of opt-outs ┼──> Question ──> law pack
journey ──findings───┘
```
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from daulat.config import FILE
from daulat.corpus import optout
from daulat.journey import canonical
from daulat.model.base import known_licence
from daulat.model.options import BaseOptions
from daulat.nation.licence import UNKNOWN, commercial_use, recorded
from daulat.nation.question import Question, source_facts
from daulat.records import Digest, Place, Source
from daulat.work.findings import in_force
from daulat.work.lineage import Lineage, Terms
from daulat.work.project import Project

Action: TypeAlias = Literal["fetch", "curate", "train", "measure"]
"""What may be done with a source."""


def terms(project: Project, source: Source) -> Terms:
    """As daulat.toml has them now, with the papers that lie there now."""
    papers = evidence(project, source.access_evidence), evidence(project, source.consent_record)
    return Terms(source, project.config.corpus.privacy != "hold", opt_out(project, source)[0], *papers)


def questions(project: Project, action: Action) -> tuple[Question, ...]:
    """The same action asked for every source of daulat.toml: a corpus is only as free as each part."""
    return tuple(source_question(project, source, action) for source in project.config.source)


def beneath(project: Project, stands_on: Lineage, *, serving: bool = False) -> tuple[Question, ...]:
    """May a model be made of all that a release stands on, here and now?

    Asked under the terms on record, and, of what daulat.toml still names, under those of today: terms that changed since are
    asked about twice, until the corpus is built again. `serving`: how long text is kept bars building, not serving.
    """
    now = {(s.name, s.kind, s.location, s.paths): s for s in project.config.source}
    together = [one.source for one in stands_on.sources]
    asked = [_question(project, one, "train", together) for one in stands_on.sources]
    for one in stands_on.sources:
        s = one.source
        today = now.get((s.name, s.kind, s.location, s.paths))
        if today is not None:
            asked.append(_question(project, replace(terms(project, today), redacted=one.redacted), "train", together))
    if serving:
        asked = [replace(one, facts={**one.facts, "retention": "running"}) for one in asked]
    bases = [base_question(project, "train", base) for base in stands_on.bases]
    if any(base.location == project.config.base.location for base in stands_on.bases):
        bases.append(base_question(project, "train"))
    return (*bases, *asked)


def source_question(project: Project, source: Source, action: Action) -> Question:
    """May this be done with this source of daulat.toml, here?"""
    return _question(project, terms(project, source), action, project.config.source)


def fetch_questions(project: Project, source: Source) -> tuple[Question, ...]:
    """May it be read into here; and, where its bytes lie under another law, may they be read there?"""
    here = source_question(project, source, "fetch")
    if source.jurisdiction in (None, here.place.jurisdiction):
        return (here,)
    there = Place(
        name=f"where {source.name} lies",
        jurisdiction=source.jurisdiction or UNKNOWN,
        operator=here.place.operator,
        provider=urlsplit(source.endpoint or source.location).hostname or "own",
        region=source.region or "-",
    )
    return here, replace(here, place=there)


def _question(project: Project, said: Terms, action: Action, together: Iterable[Source]) -> Question:
    source = said.source
    facts = source_facts(
        source,
        project.today,
        opt_out=said.opt_out,
        findings=[finding.kind for finding in in_force(project, source.name, project.today, source)],
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
        redaction=said.redacted,
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
    """The digest of the paper at that location, as it lies there now; None where there is none, or nothing in it."""
    if location is None:
        return None
    path = project.folder / expanded(location)
    try:
        shows = path.is_file() and path.stat().st_size > 0 and not path.samefile(project.folder / FILE)
    except OSError:
        return None
    return canonical.digest_file(path) if shows else None


def expanded(location: str) -> Path:
    """A path as daulat.toml writes it, with `~` for a home that is there."""
    try:
        return Path(location).expanduser()
    except RuntimeError:  # nobody of that name
        return Path(location)


def base_question(
    project: Project, action: Literal["adopt", "train", "measure"], base: BaseOptions | None = None
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
