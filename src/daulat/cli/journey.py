"""Journey: where from, where to, and is it true."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daulat.cli.talk import Bars, colour, data, key_text, plain, say, short, size, table
from daulat.errors import DaulatError

if TYPE_CHECKING:
    from daulat.journey.verify import Report

SHOWN = 20
"""Problems that are printed; the rest is counted."""


@click.command()
@click.argument("thing")
@click.option("--up", is_flag=True, help="Where did it come from? (default; with --down both)")
@click.option("--down", is_flag=True, help="Where did it go?")
@click.option("--documents", is_flag=True, help="Also the documents that its model was trained on, by source.")
@click.option("--json", "as_json", is_flag=True, help="For programs; with --documents every id.")
@click.pass_obj
def trace(project: Path, thing: str, up: bool, down: bool, documents: bool, as_json: bool) -> None:
    """Where THING came from, or where it went.

    THING is the id of an answer, release, deployment or document, the name of a source or of a step (what it made last), a
    statement's number, or the beginning of a digest.
    """
    from daulat.journey.trace import as_json as to_json
    from daulat.journey.trace import render
    from daulat.work.project import Project
    from daulat.work.trail import trail

    opened = Project.open(project)
    node = trail(opened, thing, up=up or not down, down=down)
    if not documents:
        data(to_json(node)) if as_json else click.echo(render(node))
        return
    from daulat.work.documents import seen_by

    seen = seen_by(opened, node)
    if as_json:
        data({"trace": to_json(node), "documents": seen})
        return
    click.echo(render(node))
    for corpus, sources in seen.items():
        click.echo(f"\ndocuments of corpus {short(corpus)} that were trained on (--json lists every id)")
        rows = [(source, f"{len(ids)}", f"{ids[0][:12]} ...") for source, ids in sources.items()]
        click.echo(table(("source", "documents", "first"), rows))


@click.command(short_help="Check statements, signatures and artefacts, offline.")
@click.option(
    "--key", default=None, help="The operator's public key that you trust: a file, or `NAME+HASH+BASE64` itself."
)
@click.option("--proof", type=click.Path(path_type=Path, dir_okay=False), help="Check one proof; no project is needed.")
@click.option("--witness-key", "witness_keys", multiple=True, help="With --proof: a witness that must have cosigned.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def verify(project: Path, key: str | None, proof: Path | None, witness_keys: tuple[str, ...], as_json: bool) -> None:
    """Check every statement, signature, artefact and checkpoint, offline. Exit code 3 if anything is not as signed."""
    if proof is not None:
        _check_proof(proof, key, witness_keys, as_json)
        return
    if witness_keys:
        raise click.UsageError("--witness-key goes with --proof: a project's own witnesses are in its keyring")
    from daulat.journey.journey import LOG
    from daulat.journey.keys import PublicKey
    from daulat.journey.verify import verify as check

    if not (project / LOG).exists() and not (project / "daulat.toml").exists():
        raise DaulatError(f"there is no project in `{project}`", "go to its folder, or name it: `--project`")
    pinned = None
    if key is not None:
        pinned = PublicKey.parse(key_text(key))
    bars = Bars()
    report = check(project, pinned, bars("verify"))
    bars.close()
    if as_json:
        data({**asdict(report), "verified": report.ok})
    else:
        _show(report)
    if not report.ok:
        raise click.exceptions.Exit(3)


def _check_proof(file: Path, key: str | None, witness_keys: tuple[str, ...], as_json: bool) -> None:
    """Say what a proof shows; raises where it shows nothing."""
    from datetime import UTC, datetime

    from daulat.journey import shape
    from daulat.journey.cosignature import CosignerKey
    from daulat.journey.keys import PublicKey
    from daulat.journey.proof import check, read_file

    if key is None:
        raise DaulatError(
            "a proof is checked with the key that began the log", "give it: `--key`, from the log's operator"
        )
    operator = PublicKey.parse(key_text(key))
    found = check(read_file(file), operator, [CosignerKey.parse(key_text(one)) for one in witness_keys])
    times = {name: datetime.fromtimestamp(at, UTC).isoformat() for name, at in found.witnessed}
    if as_json:
        data({**asdict(found), "checkpoint": {**asdict(found.checkpoint), "root": found.checkpoint.root.hex()},
              "witnessed": times, "verified": True})  # fmt: skip
        return
    click.echo(f"log {found.checkpoint.origin}: statement {found.index} of {found.checkpoint.size}")
    click.echo(f"checkpoint signed by {', '.join(found.signed)}")
    for name, at in times.items():
        click.echo(f"witnessed by {name} at {at}")
    click.echo(f"a {shape.kind(found.statement)} signed by {found.by}, about:")
    if found.statement["predicateType"] == shape.RELEASE:
        release = found.statement["predicate"]["release"]
        decided = "" if release["state"] == "proposed" else f" by {found.by}: {release.get('reason', '')}"
        click.echo(plain(f"  release {release['id']}: {release['state']}{decided}"))
    for subject in found.statement["subject"]:
        click.echo(plain(f"  {subject['name']}  sha256:{subject['digest']['sha256']}"))
    if found.answer is not None:
        told = ", ".join(f"{name} {value}" for name, value in found.answer.items())
        click.echo(plain(f"the answer on record: {told}"))
    click.echo(colour("verified", fg="green", bold=True))


def _show(report: "Report") -> None:
    """What was checked, then what is wrong, the first problem first."""
    click.echo(f"log {report.origin}: {report.statements} statements, {report.tiles} tiles, root {short(report.root)}")
    kept = f"{report.files} files, {size(report.file_bytes)}"
    click.echo(f"store: {report.artefacts} artefacts, {kept}; {report.answers} answers in batches")
    click.echo(f"trusted: {report.trusted}")
    for name, seen in report.witnessed.items():
        click.echo(f"witnessed: the first {seen} statements, by {name}")
    for note in report.notes:
        say(f"note: {note}")
    for problem in report.problems[:SHOWN]:
        click.echo(f"WRONG  {problem.where}: {problem.what}")
    hidden = len(report.problems) - SHOWN + report.more_problems
    if hidden > 0:
        click.echo(f"and {hidden} more (--json lists them)")
    verdict = colour("verified", fg="green", bold=True) if report.ok else colour("NOT VERIFIED", fg="red", bold=True)
    click.echo(verdict)
    if any(problem.where.startswith("store/") for problem in report.problems):
        say("hint: delete a wrong file of store/ and `daulat develop` makes it again, or restore it from a copy")
