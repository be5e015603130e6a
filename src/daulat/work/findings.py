"""What is not mechanical: a person finds it, signs, and the law takes it as a fact for as long as it holds."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import msgspec

from daulat.errors import DaulatError, NotVerified
from daulat.journey import canonical
from daulat.journey import statement as st
from daulat.journey.keys import SigningKey
from daulat.records import FindingKind, HumanFinding, Source
from daulat.work.lineage import lineage
from daulat.work.project import Project
from daulat.work.query import releases
from daulat.work.run import now, plain


def find(
    project: Project,
    kind: FindingKind,
    source: str,
    words: str,
    document: Path | None = None,
    until: date | None = None,
    key: SigningKey | None = None,
) -> int:
    """The number of the statement by which that is found of a source or a release, signed by that key (default: the operator's).

    Raises: DaulatError for an unknown one, no words, a day that has passed, or a document that cannot be read.
    """
    names = [*(one.name for one in project.config.source), *releases(project)]
    if source not in names and _named(project, source) is None:
        raise DaulatError(f"no source or release is called `{source}`", f"there are: {', '.join(names) or 'none yet'}")
    if not words.strip():
        raise DaulatError("a finding needs words", 'say what was found, and on what it rests: `--words "..."`')
    if until is not None and until < project.today:
        raise DaulatError(f"the finding would have ended on {until}", "give a day that is still to come")
    if document is not None and not document.is_file():
        raise DaulatError(f"there is no file `{document}`", "name the paper that the finding rests on")
    digest = canonical.digest_file(document) if document else None
    terms = _terms(project, source, kind)
    found = HumanFinding(kind=kind, about=source, words=words, terms=terms, document=digest, until=until)
    return project.journey.record(st.finding_statement(finding=plain(found), at=now()), key or project.operator)


def take_back(project: Project, number: int, words: str, key: SigningKey | None = None) -> int:
    """The number of the statement by which the finding of statement `number` no longer holds; both stay on record.

    Raises: DaulatError where that statement is no finding, or was taken back, or no reason is given.
    """
    known = {one.number: one for name in about(project) for one in standing(project, name)}
    if number not in known:
        listed = ", ".join(map(str, known)) or "none yet"
        raise DaulatError(f"statement {number} is no finding", f"findings are: {listed}")
    if known[number].taken:
        raise DaulatError(known[number].words, "it opens nothing")
    if not words.strip():
        raise DaulatError("taking a finding back needs words", 'say why: `--words "..."`')
    finding = known[number].finding
    taken = HumanFinding(kind=finding.kind, about=finding.about, words=words, terms=finding.terms, takes_back=number)
    return project.journey.record(st.finding_statement(finding=plain(taken), at=now()), key or project.operator)


def about(project: Project) -> list[str]:
    """All that something was found about."""
    project.journey.refresh()
    return sorted(project.journey.index.things("finding"))


@dataclass(frozen=True)
class Standing:
    """A finding on record, and whether it still holds."""

    number: int
    by: str
    finding: HumanFinding
    ended: str = ""
    """Why it no longer holds; empty while it does."""
    taken: bool = False
    """Taken back: it will not hold again, whatever changes."""

    @property
    def words(self) -> str:
        """That it no longer holds, and why, in a sentence."""
        return f"the finding `{self.finding.kind}` of statement {self.number} no longer holds: {self.ended}"


def standing(project: Project, name: str, day: date | None = None, source: Source | None = None) -> list[Standing]:
    """Every finding about that source or release as it stands on that day (default: today), the newest last.

    `source`: as it is asked about (default: as daulat.toml has it).
    """
    today = day or project.today
    found = found_about(project, name)
    taken = {one.finding.takes_back: one.number for one in found if one.finding.takes_back is not None}

    def why(one: Standing) -> str:
        finding = one.finding
        if one.number in taken:
            return f"taken back by statement {taken[one.number]}"
        if finding.until is not None and finding.until < today:
            return f"it ended on {finding.until}"
        if finding.terms != _terms(project, name, finding.kind, source):
            return "what it was found about has changed since"
        return ""

    return [replace(one, ended=why(one), taken=one.number in taken) for one in found if one.finding.takes_back is None]


def in_force(project: Project, name: str, day: date | None = None, source: Source | None = None) -> list[HumanFinding]:
    """The findings about that source or release that hold on that day (default: today), the newest last."""
    return [one.finding for one in standing(project, name, day, source) if not one.ended]


def _terms(project: Project, name: str, kind: str, source: Source | None = None) -> str:
    """What a finding of that kind about that source is about, as it stands now."""
    named = source or _named(project, name)
    said = plain(named) if named else {}
    about = {key: said.get(key) for key in _ABOUT if said.get(key) not in (None, [])}
    where = project.config.place.jurisdiction if kind == "transfer" else ""
    return canonical.digest(canonical.canonical({"source": about, "where": where}))


_ABOUT = (
    *("kind", "location", "paths", "owner", "licence", "basis", "country", "personal_data", "purposes"),
    *(
        "consent",
        "subjects",
        "sensitive_subjects",
        "tables",
        "query",
        "text_columns",
        "endpoint",
        "region",
        "jurisdiction",
    ),
)


def _named(project: Project, name: str) -> Source | None:
    """The source of that name in daulat.toml; one that left it, as the newest release that stands on it has it."""
    for source in project.config.source:
        if source.name == name:
            return source
    for release in reversed(releases(project).values()):
        with suppress(NotVerified):
            for terms in lineage(project, release).sources:
                if terms.source.name == name:
                    return terms.source
    return None


def found_about(project: Project, name: str) -> list[Standing]:
    """Every finding about that source or release on record, the newest last."""
    entries = [project.journey.entry(index) for index in project.journey.index.entries("finding", name)]
    found: list[Standing] = []
    for entry in entries:
        with suppress(msgspec.ValidationError):  # signed, and no finding: it opens nothing
            finding = msgspec.convert(entry.statement["predicate"]["finding"], HumanFinding)
            found.append(Standing(entry.index, entry.by, finding))
    return found
