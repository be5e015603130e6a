"""Proof: show one thing to somebody who has nothing of the project; and have checkpoints witnessed."""

import time
from pathlib import Path

import click

from daulat.cli.talk import key_text, say

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("thing")
@click.option("-o", "--output", type=FILE, required=True, help="The file to write, usually NAME.tlog-proof.")
@click.option("--latest", is_flag=True, help="In the newest checkpoint, even where an older one is witnessed.")
@click.pass_obj
def prove(project: Path, thing: str, output: Path, latest: bool) -> None:
    """A file that proves THING to somebody who has no project.

    THING is what `daulat trace` takes; `daulat verify --proof` checks the file.
    """
    from daulat.work.project import Project
    from daulat.work.proving import prove as make

    opened = Project.open(project)
    proof, words = make(opened, thing, latest=latest)
    output.write_bytes(proof.text())
    began = next(iter(opened.journey.entry(0).statement["predicate"]["keys"]))["key"]
    say(f"{output}: {words}, statement {proof.index}")
    say(f"who checks it needs the key that began this log:\n  daulat verify --proof {output} --key {began}")


@click.group(short_help="Checkpoints that another ministry's key cosigns.")
def witness() -> None:
    """Checkpoints that another key cosigns: nobody can then be shown another log."""


@witness.command(name="new-key")
@click.argument("file", type=FILE)
@click.option("--name", required=True, help="Who cosigns, such as `witness.ministry.example`.")
def witness_new_key(file: Path, name: str) -> None:
    """A witness's own key in FILE, mode 0600; prints the public half."""
    from daulat.journey.cosignature import CosignerKey
    from daulat.journey.keyfile import create_key

    click.echo(str(CosignerKey(create_key(file, name).public)))


@witness.command(name="ask")
@click.option("--since", type=FILE, help="The checkpoint that the witness saw last (default: the last one kept here).")
@click.option("--first", is_flag=True, help="The witness never saw this log.")
@click.option("-o", "--output", type=FILE, required=True, help="The file to write, for the witness.")
@click.pass_obj
def witness_ask(project: Path, since: Path | None, first: bool, output: Path) -> None:
    """What a witness needs to cosign the newest checkpoint of this project."""
    from daulat.journey.journey import Journey
    from daulat.journey.prove import keyrings
    from daulat.journey.witness import update
    from daulat.work import witnessed

    journey = Journey.open(project)
    seen = witnessed.read_note(since) if since else None if first else witnessed.newest(project)
    size = journey.log.checkpoint().size
    output.write_bytes(update(journey, seen, keyrings(journey, size)))
    say(f"{output}: {size} statements; the witness runs `daulat witness cosign {output} ...`")


@witness.command(name="cosign")
@click.argument("update", type=FILE)
@click.option("--key", "key_file", type=FILE, required=True, help="The witness's private key.")
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), required=True, help="What it saw before.")
@click.option(
    "--log-key", default=None, help="The first time: the key that began the log, a file or `NAME+HASH+BASE64`."
)
@click.option("-o", "--output", type=FILE, required=True, help="The cosigned checkpoint, for the log's operator.")
def witness_cosign(update: Path, key_file: Path, state: Path, log_key: str | None, output: Path) -> None:
    """Cosign the checkpoint in UPDATE if it continues the last one seen; else exit with 3 and keep both as evidence."""
    from daulat.journey import note
    from daulat.journey.keyfile import load_key
    from daulat.journey.keys import PublicKey
    from daulat.journey.witness import Witness, read

    content = update.read_bytes()
    told = None
    if log_key is not None:
        told = PublicKey.parse(key_text(log_key))
    checkpoint = note.read(read(content).note)
    cosigned = Witness(state, checkpoint.origin).cosign(content, told, load_key(key_file), int(time.time()))
    output.write_bytes(cosigned)
    say(f"{output}: `{checkpoint.origin}` at {checkpoint.size} statements, cosigned")


@witness.command(name="add")
@click.argument("cosigned", type=FILE)
@click.pass_obj
def witness_add(project: Path, cosigned: Path) -> None:
    """Keep a COSIGNED checkpoint of this project: proofs of what it covers then carry the cosignature."""
    from daulat.journey.journey import Journey
    from daulat.work import witnessed

    size = witnessed.keep(project, Journey.open(project), witnessed.read_note(cosigned))
    say(f"kept: the first {size} statements are witnessed")
