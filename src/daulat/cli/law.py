"""Law: what a country's pack says of this project, why, by when, and whether the pack itself is right."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import get_args

import click
import msgspec

from daulat.cli.talk import colour, data, plain, say, table
from daulat.errors import DaulatError
from daulat.nation.clocks import Event
from daulat.records import FindingKind


@click.group()
def law() -> None:
    """The law pack of this project: what it says, and why."""


@law.command(name="check")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def law_check(project: Path, as_json: bool) -> None:
    """Ask the law about every source and the base, for everything that develop would do. Nothing is read or written."""
    from daulat.work.findings import standing
    from daulat.work.project import Project
    from daulat.work.questions import base_question, fetch_questions, source_question

    opened = Project.open(project)
    asked = [
        *(one for s in opened.config.source for one in fetch_questions(opened, s)),
        *(source_question(opened, s, a) for s in opened.config.source for a in ("curate", "train", "measure")),
        *(base_question(opened, a) for a in ("adopt", "train", "measure")),
    ]
    decisions = [decision for question in asked for decision in opened.decide(question)]
    if as_json:
        data([msgspec.to_builtins(decision) for decision in decisions])
    else:
        alike: dict[tuple[str, str, str, str], list[str]] = {}
        for d in sorted(decisions, key=lambda one: one.outcome == "allow"):
            alike.setdefault((d.outcome, d.subject, "; ".join(d.cites), d.remedy), []).append(d.action)
        rows = [(key[0], key[1], ", ".join(actions), *key[2:]) for key, actions in alike.items()]
        click.echo(table(("outcome", "subject", "actions", "by", "what would make it allowed"), rows))
        for one in (one for source in opened.config.source for one in standing(opened, source.name) if one.ended):
            say(f"{one.finding.about}: {one.words}")
    if any(decision.outcome != "allow" for decision in decisions):
        raise click.exceptions.Exit(1)


@law.command(name="finding")
@click.argument("kind", type=click.Choice(get_args(FindingKind)))
@click.argument("about")
@click.option("--words", required=True, help="What was found, and on what it rests; it stands on record.")
@click.option("--document", type=click.Path(path_type=Path, dir_okay=False), help="The paper: only its digest is kept.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day on which it holds.")
@click.option("--key", type=click.Path(path_type=Path), help="Who signs: an approver's key (default: the operator's).")
@click.pass_obj
def law_finding(
    project: Path, kind: FindingKind, about: str, words: str, document: Path | None, until: datetime | None,
    key: Path | None,
) -> None:  # fmt: skip
    """Sign what no rule can decide: KIND of finding ABOUT a source or a release. The law takes it as a fact from then on."""
    from daulat.journey.keyfile import load_key
    from daulat.work.findings import find
    from daulat.work.project import Project

    opened = Project.open(project)
    signer = load_key(key) if key else None
    number = find(opened, kind, about, words, document, until.date() if until else None, signer)
    say(f"{kind} of {about} is found, statement {number}" + (f", until {until.date()}" if until else ""))


@law.command(name="findings")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def law_findings(project: Path, as_json: bool) -> None:
    """Every finding on record, who signed it, and whether it still holds."""
    from daulat.work.findings import about, standing
    from daulat.work.project import Project

    opened = Project.open(project)
    found = [one for name in about(opened) for one in standing(opened, name)]
    if as_json:
        data([msgspec.to_builtins(one) for one in found])
        return
    header = ("statement", "kind", "about", "by", "until", "holds", "words")
    rows = [
        (str(one.number), one.finding.kind, one.finding.about, one.by, str(one.finding.until or "-"),
         f"no: {one.ended}" if one.ended else "yes", plain(one.finding.words))
        for one in sorted(found, key=lambda one: one.number)
    ]  # fmt: skip
    click.echo(table(header, rows) if rows else "nothing was found yet: `daulat law finding`")


@law.command(name="take-back")
@click.argument("number", type=int)
@click.option("--words", required=True, help="Why it no longer holds; it stands on record.")
@click.option("--key", type=click.Path(path_type=Path), help="Who signs: an approver's key (default: the operator's).")
@click.pass_obj
def law_take_back(project: Path, number: int, words: str, key: Path | None) -> None:
    """Take back the finding of statement NUMBER: what it opened is held again from now on."""
    from daulat.journey.keyfile import load_key
    from daulat.work.findings import take_back
    from daulat.work.project import Project

    opened = Project.open(project)
    taken = take_back(opened, number, words, load_key(key) if key else None)
    say(f"the finding of statement {number} is taken back, statement {taken}")


@law.command(name="test")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def law_test(as_json: bool) -> None:
    """Ask every pack about everything its rules look at: each cell must be decided, none by default, none by an error."""
    from datetime import date

    from daulat.nation.grid import enumerate_pack
    from daulat.nation.law import LawPack
    from daulat.nation.profile import nations

    today = date.today()  # noqa: DTZ011  the country's law changes at its own midnight
    found = {code: enumerate_pack(LawPack(code, today)) for code in nations()}
    if as_json:
        data({code: asdict(grid) for code, grid in found.items()})
    else:
        header = ("pack", "rules", "cells", "allow", "hold", "refuse", "undecided", "yes to unknown", "dead rules")
        rows = [
            (code, grid.rules, grid.cells, *(grid.outcomes[name] for name in ("allow", "hold", "refuse")),
             len(grid.undecided), len(grid.wrong), len(grid.dead))
            for code, grid in found.items()
        ]  # fmt: skip
        click.echo(table(header, [tuple(map(str, row)) for row in rows]))
        for grid in found.values():
            for line in (*grid.dead, *grid.undecided[:3], *grid.wrong[:3]):
                say(f"WRONG  {line}")
    if any(grid.undecided or grid.wrong or grid.dead for grid in found.values()):
        raise click.exceptions.Exit(1)


@law.command(name="diff")
@click.argument("packs", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def law_diff(project: Path, packs: Path, as_json: bool) -> None:
    """What changes for this project if its law were that in PACKS, a folder of packs: rules, and verdicts of today.

    Exit code 1 where a verdict on a source, the base or an approved release changes.
    """
    from daulat.work.amendment import compare
    from daulat.work.project import Project

    found = compare(Project.open(project), packs)
    if as_json:
        data(msgspec.to_builtins(found))
    else:
        for words, rules in (("new", found.added), ("gone", found.removed), ("changed", found.changed)):
            for rule in rules:
                click.echo(f"{words}  {rule}")
        rows = [(v.subject, v.action, v.before, v.after, "; ".join(v.cites)) for v in found.verdicts]
        if rows:
            click.echo(table(("subject", "action", "before", "after", "by"), rows))
        say(f"{len(found.verdicts)} verdicts change" if rows else "no verdict of this project changes")
    if found.verdicts:
        raise click.exceptions.Exit(1)


@law.command(name="clock")
@click.argument("event", type=click.Choice(get_args(Event)))
@click.option(
    "--from",
    "begun",
    type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d"]),
    required=True,
    help="When it was received or discovered, in the country's own time.",
)
@click.option("--nation", "code", default=None, help="Whose law (default: this project's).")
@click.option("--processor", is_flag=True, help="A processor or a third party holds the data too.")
@click.option("--extended", is_flag=True, help="The one extension that the act allows was taken.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def law_clock(
    project: Path, event: Event, begun: datetime, code: str | None, processor: bool, extended: bool, as_json: bool
) -> None:  # fmt: skip
    """By when a duty ends after EVENT, in the country's own time and working days, with the act that says so."""
    from daulat.config import load
    from daulat.nation.clocks import as_json as to_json
    from daulat.nation.clocks import due

    found = due(code or load(project).nation.code, event, begun, processor=processor, extended=extended)
    if as_json:
        data(to_json(found))
        return
    rows = [
        (f"{one.at:%Y-%m-%d %H:%M}", one.clock.duty, one.clock.where or "always",
         f"{one.clock.act}, {one.clock.provision}" + ("" if one.confirmed else " (not confirmed)"))
        for one in found
    ]  # fmt: skip
    click.echo(table(("due", "duty", "where", "by"), rows))


@law.command(name="explain")
@click.argument("rule", required=False)
@click.pass_obj
def law_explain(project: Path, rule: str | None) -> None:
    """What a RULE says, where it comes from, and whether it binds today; without RULE, all of them."""
    from daulat.work.project import Project

    pack = Project.open(project).law
    if rule is not None and rule not in pack.rules:
        raise DaulatError(f"the law pack `{pack.country}` has no rule `{rule}`", f"it has {', '.join(pack.rules)}")
    for id_, found in pack.rules.items():
        if rule in (None, id_):
            standing = pack.standing(id_)
            binds = standing if standing == "binds" else f"warns only: {standing}"
            click.echo(colour(id_, bold=True) + f"  {found.cite}  [{binds}]\n  {found.rule}")
            if found.remedy:
                click.echo(f"  to be allowed: {found.remedy}")
