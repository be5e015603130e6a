"""Log: look after the journey itself, its index and its tiles."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daulat.cli.talk import colour, data, say
from daulat.errors import DaulatError

if TYPE_CHECKING:
    from daulat.journey.journey import Journey

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
@click.argument("kind", type=click.Choice(["openlineage", "croissant", "cyclonedx", "processing"]))
@click.argument("thing", required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file (default: stdout).")
@click.pass_obj
def export(project: Path, kind: str, thing: str | None, output: Path | None) -> None:
    """The journey in another format.

    OpenLineage events of every step; Croissant of a corpus; CycloneDX of a release; the record of processing of each source.
    THING is a corpus' digest or a release's id (default: the newest).
    """
    from daulat.journey.journey import Journey

    text = _VIEWS[kind](Journey.open(project), thing)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        say(f"{output}: {kind}")


def _openlineage(journey: "Journey", thing: str | None) -> str:
    from daulat.journey.views.openlineage import events

    if thing is not None:
        raise DaulatError("OpenLineage events are of the whole journey", "leave the name out")
    found = events(journey.statements(), journey.log.checkpoint().origin)
    return "".join(json.dumps(event, ensure_ascii=False, sort_keys=True) + "\n" for event in found)


def _processing(journey: "Journey", thing: str | None) -> str:
    from daulat.journey.views.processing import record

    found = [one for one in record(journey.statements()) if thing in (None, one["source"])]
    if thing is not None and not found:
        raise DaulatError(f"nothing on record was done with a source `{thing}`", "leave the name out for all of them")
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _croissant(journey: "Journey", thing: str | None) -> str:
    from daulat.journey import shape
    from daulat.journey.views.croissant import dataset

    made = journey.index.entries("named", "corpus")
    if thing is None and not made:
        raise DaulatError("there is no corpus on record yet", "run `daulat develop` first")
    name = thing or shape.outputs(journey.entry(made[-1]).statement)["corpus"]
    return _page(dataset(journey, name))


def _cyclonedx(journey: "Journey", thing: str | None) -> str:
    from daulat.journey.views.cyclonedx import bom

    newest = journey.index.newest("release")
    if thing is None and not newest:
        raise DaulatError("there is no release on record yet", "run `daulat release propose` first")
    name = thing or str(journey.entry(newest[-1]).statement["predicate"]["release"]["id"])
    return _page(bom(journey, name))


def _page(found: dict[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


_VIEWS = {"openlineage": _openlineage, "croissant": _croissant, "cyclonedx": _cyclonedx, "processing": _processing}


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
