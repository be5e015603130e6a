"""When the law changes: which rules differ between two packs, and which verdicts of this project would."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from daulat.errors import DaulatError, NotVerified
from daulat.nation.law import LawPack, strictest
from daulat.nation.profile import nations
from daulat.nation.question import Question
from daulat.records import Record
from daulat.work.lineage import lineage
from daulat.work.project import Project
from daulat.work.query import releases
from daulat.work.questions import base_question, beneath, fetch_questions, source_question
from daulat.work.release import question


class Verdict(Record, frozen=True):
    """One question that the two packs answer differently."""

    subject: str
    action: str
    before: str
    after: str
    cites: tuple[str, ...]
    """What the new pack cites."""


class Amendment(Record, frozen=True):
    """Ids of rules, and verdicts, that differ."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    verdicts: tuple[Verdict, ...]


def compare(project: Project, packs: Path) -> Amendment:
    """This project's law as it stands against that in another folder of packs.

    Raises: DaulatError where that folder has no pack of this country, or it has a mistake.
    """
    old, country = project.law, project.nation.code
    if not (packs / country / "law" / "rules.toml").is_file():
        raise DaulatError(f"`{packs}` has no pack `{country}`", "name a folder that holds `CODE/law/rules.toml`")
    new = LawPack(country, old.day, packs)
    theirs = {code: LawPack(code, old.day) for code in nations()}
    theirs |= {code: LawPack(code, old.day, packs) for code in _codes(packs)}
    both = sorted(set(old.rules) & set(new.rules))
    changed = [id_ for id_ in both if (old.rules[id_], old.policies[id_]) != (new.rules[id_], new.policies[id_])]
    verdicts = []
    for asked in _questions(project):
        before = strictest(project.decide(asked))
        after = strictest(project.decide(asked, {**theirs, country: new}))
        if before.outcome != after.outcome:
            verdicts.append(Verdict(after.subject, asked.action, before.outcome, after.outcome, after.cites))
    grants = [{grant.id: grant for grant in pack.grants} for pack in (old, new)]
    changed += sorted(id_ for id_ in grants[0].keys() & grants[1].keys() if grants[0][id_] != grants[1][id_])
    ids = [{*pack.rules, *granted} for pack, granted in zip((old, new), grants, strict=True)]
    return Amendment(
        added=tuple(sorted(ids[1] - ids[0])),
        removed=tuple(sorted(ids[0] - ids[1])),
        changed=tuple(changed),
        verdicts=tuple(verdicts),
    )


def _codes(packs: Path) -> list[str]:
    return sorted(folder.parent.name for folder in packs.glob("*/law") if (folder / "rules.toml").is_file())


def _questions(project: Project) -> Iterator[Question]:
    """Everything that this project does or serves."""
    for source in project.config.source:
        yield from fetch_questions(project, source)
        for action in ("curate", "train", "measure"):
            yield source_question(project, source, action)
    for action in ("adopt", "train", "measure"):
        yield base_question(project, action)  # type: ignore[arg-type]
    for release in releases(project).values():
        if release.state == "approved":
            yield question(project, release, "deploy")
            with suppress(NotVerified):  # what nobody can say anything of, no law changes
                yield from beneath(project, lineage(project, release), serving=True)
