"""Log: look after the journey itself, its index and its tiles."""

from dataclasses import asdict
from pathlib import Path

import click

from daulat.cli.talk import colour, data

SHOWN = 20


@click.group()
def journey() -> None:
    """Look after the journey itself: its index, its tiles."""


@journey.command()
@click.pass_obj
def reindex(project: Path) -> None:
    """Make the index anew from the log. It is a cache: nothing is lost with it."""
    from daulat.journey.journey import LOG, Journey
    from daulat.journey.log import Log

    Log.open(project / LOG)
    size = Journey.reindexed(project).index.state()[0]
    click.echo(f"indexed {size} statements")


@journey.command()
@click.argument("kind", type=click.Choice(["openlineage", "cyclonedx"]))
@click.argument("thing", required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file (default: stdout).")
@click.pass_obj
def export(project: Path, kind: str, thing: str | None, output: Path | None) -> None:
    """The journey in another format: OpenLineage events of every step; CycloneDX of a release (default: the newest)."""
    import json

    from daulat.errors import DaulatError
    from daulat.journey.journey import Journey

    opened = Journey.open(project)
    if kind == "openlineage":
        from daulat.journey.views.openlineage import events

        if thing is not None:
            raise DaulatError("OpenLineage events are of the whole journey", "leave the name out")
        found = events(opened.statements(), opened.log.checkpoint().origin)
        text = "".join(json.dumps(event, ensure_ascii=False, sort_keys=True) + "\n" for event in found)
    else:
        from daulat.journey.views.cyclonedx import bom

        newest = opened.index.newest("release")
        if thing is None and not newest:
            raise DaulatError("there is no release on record yet", "run `daulat release propose` first")
        name = thing or str(opened.entry(newest[-1]).statement["predicate"]["release"]["id"])
        text = json.dumps(bom(opened, name), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


@journey.command()
@click.option("--mend", is_flag=True, help="Write wrong or missing hash tiles again, from the entries.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def fsck(project: Path, mend: bool, as_json: bool) -> None:
    """Check the log by its tiles alone, without keys or store. Exit code 3 if anything is wrong and not mended."""
    from daulat.journey.fsck import fsck as check
    from daulat.journey.journey import LOG

    found = check(project / LOG, mend=mend)
    if as_json:
        data(asdict(found))
    else:
        click.echo(
            f"log {found.origin}: {found.size} entries give the checkpoint's root; {found.checked} tiles checked"
        )
        for path in found.wrong[:SHOWN]:
            click.echo(f"WRONG  journey/{path}" + ("  written again" if path in found.mended else ""))
        if len(found.wrong) > SHOWN:
            click.echo(f"and {len(found.wrong) - SHOWN} more (--json lists them)")
        left = len(found.wrong) - len(found.mended)
        hint = "; `daulat journey fsck --mend` writes them again from the entries"
        click.echo(f"{left} tiles are wrong{hint}" if left else colour("whole", fg="green", bold=True))
    if len(found.wrong) > len(found.mended):
        raise click.exceptions.Exit(3)
