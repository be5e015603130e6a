"""Develop: from a nation's text to a measured model."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from daulat.cli.talk import Bars, data, say, short, table
from daulat.errors import DaulatError, NotAllowed

if TYPE_CHECKING:
    from daulat.config import WorkOptions


@click.group()
def source() -> None:
    """The text that goes in, and on which terms."""


@source.command(name="check")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def source_check(project: Path, as_json: bool) -> None:
    """What the law says of each source, before anything is read."""
    from daulat.nation.law import strictest
    from daulat.work.findings import standing
    from daulat.work.project import Project
    from daulat.work.questions import fetch_questions, opt_out, source_question

    opened = Project.open(project)
    asked = {s.name: (source_question(opened, s, "curate"), *fetch_questions(opened, s)) for s in opened.config.source}
    decided = {name: strictest(one for q in some for one in opened.decide(q)) for name, some in asked.items()}
    if as_json:
        data({name: msgspec.to_builtins(decision) for name, decision in decided.items()})
    else:
        rows = [
            (
                s.name,
                s.language,
                s.licence or "unknown",
                s.basis or "unknown",
                decided[s.name].outcome,
            )
            for s in opened.config.source
        ]
        click.echo(table(("source", "language", "licence", "basis", "verdict"), rows))
    barred = {name: decision for name, decision in decided.items() if decision.outcome != "allow"}
    for source in opened.config.source:
        for one in standing(opened, source.name):
            if one.ended:
                say(f"{source.name}: {one.words}")
        if source.opt_out_snapshot is not None:
            said, why = opt_out(opened, source)
            say(f"{source.name}: its publisher reserved {'nothing' if said == 'none' else said}: {why}")
    for name, decision in barred.items():
        say(f"{name} is {'held' if decision.outcome == 'hold' else 'refused'}; to be allowed:")
        for remedy in decision.remedy.split("; "):
            say(f"  {remedy}")
    if barred:
        raise NotAllowed(
            f"{len(barred)} of {len(decided)} sources may not be read: {', '.join(barred)}",
            "what would make each allowed stands above; nothing was read",
        )


@source.command(name="fetch")
@click.pass_obj
def source_fetch(project: Path) -> None:
    """Take a snapshot of every source, and fetch the base model: all that needs a network."""
    from daulat.work.plan import fetch_model, fetch_sources
    from daulat.work.project import Project

    opened = Project.open(project)
    bars = Bars()
    found = fetch_sources(opened, bars)
    base = fetch_model(opened, bars)
    bars.close()
    rows = [(name, short(o.output), "cached" if o.cached else f"{o.seconds:.1f} s") for name, o in found.items()]
    click.echo(
        table(
            ("source", "snapshot", "made in"),
            [*rows, ("base model", short(base.output), "cached" if base.cached else f"{base.seconds:.1f} s")],
        )
    )


@click.command(short_help="Sources -> corpus -> tokenizer -> model -> scorecard.")
@click.option("--budget", default=None, help="Training: 90s, 4m, 2h, or money: 5usd (default: `[pretrain] budget_s`).")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def develop(project: Path, budget: str | None, as_json: bool) -> None:
    """Sources -> corpus -> tokenizer -> model -> scorecard; what is on record already is not done again."""
    from daulat.work.plan import TRAINING_PAGE
    from daulat.work.plan import develop as run_all
    from daulat.work.project import Project

    opened = Project.open(project)
    if budget is not None:
        opened = with_budget(opened, seconds(budget, opened.config.work))
    if opened.config.pretrain.max_steps is None:
        say(f"training: {planned(opened.config)}; watch it in {opened.folder / TRAINING_PAGE}")
    bars = Bars()
    developed = run_all(opened, bars)
    bars.close()
    if as_json:
        data(
            [
                {
                    "step": o.step,
                    "output": o.output,
                    "cached": o.cached,
                    "index": o.index,
                    "seconds": o.seconds,
                    "facts": o.facts,
                }
                for o in developed.outcomes
            ]
        )
        return
    rows = [
        (o.step, short(o.output), "cached" if o.cached else f"{o.seconds:.1f} s", str(o.index))
        for o in developed.outcomes
    ]
    click.echo(table(("step", "artefact", "made in", "entry"), rows))
    say("next: `daulat release propose`")


def with_budget(project: Any, budget_s: float) -> Any:
    """The same project with another training budget."""
    from dataclasses import replace

    pretrain = msgspec.structs.replace(project.config.pretrain, budget_s=budget_s)
    return replace(project, config=msgspec.structs.replace(project.config, pretrain=pretrain))


def planned(config: Any) -> str:
    """How long it is to train, and what that costs."""
    from daulat.model.page import Price, clock

    budget_s, work = config.pretrain.budget_s, config.work
    cost = f", {Price(work.price_per_hour, work.currency).of(budget_s)}" if work.price_per_hour else ""
    return f"{clock(budget_s)} of this machine{cost}"


def seconds(words: str, work: "WorkOptions") -> float:
    """`90s`, `4m`, `2h` or a plain number of seconds; or, where `[work]` says what an hour costs, so much money: `5usd`.

    Raises: DaulatError for anything else, and for nothing or less.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", words.strip().lower())
    units = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
    if found and found[2] == work.currency.lower():
        if not work.price_per_hour:
            raise DaulatError(
                f"`{words}` is money, and nobody said what an hour of this machine costs",
                "write `price_per_hour` in `[work]`",
            )
        units[found[2]] = 3600 / work.price_per_hour
    value = float(found[1]) * units.get(found[2], 0.0) if found else 0.0
    if value <= 0:
        money = f", or as money: 5{work.currency.lower()}" if work.price_per_hour else ""
        raise DaulatError(f"`{words}` is no budget", f"write it as 90s, 4m or 2h{money}")
    return value
