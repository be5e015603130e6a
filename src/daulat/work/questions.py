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
    today = {source.name: source for source in project.config.source}
    recorded = [one.source for one in stands_on.sources]
    present = [today.get(source.name, source) for source in recorded]
    asked = [question for one in stands_on.sources for question in _here_and_there(project, one, recorded)]
    for one in stands_on.sources:
        if one.source.name in today:
            said = replace(terms(project, today[one.source.name]), redacted=one.redacted)
            asked += _here_and_there(project, said, present)
    if serving:
        asked = [_as_served(one) for one in asked]
    bases = [base_question(project, "train", base) for base in stands_on.bases]
    here = expanded(project.config.base.location).resolve()
    if any(expanded(base.location).resolve() == here for base in stands_on.bases):  # however it is written
        bases.append(base_question(project, "train"))
    return (*bases, *asked)


def _here_and_there(project: Project, said: Terms, together: Iterable[Source]) -> list[Question]:
    """May it be trained on here; and, where its bytes lie under another law, may they be read there?"""
    here = _question(project, said, "train", together)
    there = _where_it_lies(replace(here, action="fetch"), said.source)
    return [here] if there is None else [here, there]


def _as_served(question: Question) -> Question:
    """That the time to keep text is over bars building, not serving."""
    if question.facts.get("retention") != "over":
        return question
    return replace(question, facts={**question.facts, "retention": "running"})


def source_question(project: Project, source: Source, action: Action) -> Question:
    """May this be done with this source of daulat.toml, here?"""
    return _question(project, terms(project, source), action, project.config.source)


def fetch_questions(project: Project, source: Source) -> tuple[Question, ...]:
    """May it be read into here; and, where its bytes lie under another law, may they be read there?"""
    here = source_question(project, source, "fetch")
    there = _where_it_lies(here, source)
    return (here,) if there is None else (here, there)


def _where_it_lies(here: Question, source: Source) -> Question | None:
    """The same asked of the place where its bytes lie; None where that is here. Of a service elsewhere it must be said."""
    host = urlsplit(source.endpoint or source.location).hostname if source.kind in ("objects", "table") else None
    elsewhere = source.kind == "objects" or (host is not None and source.location.partition(":")[0] != "sqlite")
    is_local = host in ("localhost", "127.0.0.1", "::1")
    jurisdiction = source.jurisdiction or (UNKNOWN if elsewhere and not is_local else None)
    if jurisdiction in (None, here.place.jurisdiction):
        return None
    there = Place(
        name=f"where {source.name} lies",
        jurisdiction=jurisdiction or UNKNOWN,
        operator=here.place.operator,
        provider=host or "own",
        region=source.region or "-",
    )
    return replace(here, place=there)


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
    keys = (project.folder / "keys").resolve()
    try:
        shows = path.is_file() and not path.is_symlink() and keys not in path.resolve().parents
        shows = shows and not path.samefile(project.folder / FILE) and _says_something(path)
        return canonical.digest_file(path) if shows else None
    except OSError:
        return None


def _says_something(path: Path) -> bool:
    """Whether there is more in it than white space and zeros."""
    with path.open("rb") as file:
        return any(chunk.strip(b" \t\r\n\x0b\x0c\0") for chunk in iter(lambda: file.read(1 << 20), b""))


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
