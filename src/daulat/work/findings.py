"""What is not mechanical: a person finds it, signs, and the law takes it as a fact for as long as it holds."""

from contextlib import suppress
from datetime import date
from pathlib import Path

import msgspec

from daulat.errors import DaulatError
from daulat.journey import canonical
from daulat.journey import statement as st
from daulat.journey.keys import SigningKey
from daulat.records import FindingKind, HumanFinding
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
    if source not in names:
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


def in_force(project: Project, source: str, day: date | None = None) -> list[HumanFinding]:
    """The findings about that source that hold on that day (default: today), the newest last."""
    today = day or project.today
    return [
        finding
        for finding in found_about(project, source)
        if (finding.until is None or finding.until >= today) and finding.terms == _terms(project, source, finding.kind)
    ]


def _terms(project: Project, name: str, kind: str) -> str:
    """What a finding of that kind about that source is about, as it stands now."""
    said = [plain(source) for source in project.config.source if source.name == name]
    about = {key: said[0].get(key) for key in _ABOUT} if said else {}
    where = project.config.place.jurisdiction if kind == "transfer" else ""
    return canonical.digest(canonical.canonical({"source": about, "where": where}))


_ABOUT = ("kind", "location", "paths", "owner", "licence", "basis", "country", "personal_data", "purposes")


def found_about(project: Project, source: str) -> list[HumanFinding]:
    """Every finding about that source, those that ended too, the newest last."""
    entries = [project.journey.entry(index) for index in project.journey.index.entries("finding", source)]
    found: list[HumanFinding] = []
    for entry in entries:
        with suppress(msgspec.ValidationError):  # signed, and no finding: it opens nothing
            found.append(msgspec.convert(entry.statement["predicate"]["finding"], HumanFinding))
    return found
