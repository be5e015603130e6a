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
