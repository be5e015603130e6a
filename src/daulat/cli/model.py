"""Model: what is made of a base, looked at."""

from pathlib import Path

import click
import msgspec

from daulat.cli.talk import data, say, table
from daulat.errors import DaulatError


@click.group()
def model() -> None:
    """The base, the nation's tokenizer and the model."""


@model.group(name="tokenizer")
def model_tokenizer() -> None:
    """How text is cut into tokens."""


@model_tokenizer.command(name="compare")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def compare(project: Path, folders: tuple[Path, ...], as_json: bool) -> None:
    """The nation's tokenizer beside its base's and those in FOLDERS, on held-out text.

    Of each folder only `tokenizer.json` is read.
    """
    from contextlib import ExitStack

    from daulat.model.compare import compare as compared
    from daulat.model.text import documents
    from daulat.work.project import Project
    from daulat.work.query import artefact_folder, latest_step

    opened = Project.open(project)
    made = latest_step(opened, "tokenizer")
    with ExitStack() as stack:
        own = {
            name: stack.enter_context(artefact_folder(opened, digest))
            for name, digest in (("base", made.inputs["base"]), ("ours", made.output))
        }
        names = [str(folder).rstrip("/") for folder in folders]
        if twice := next((name for name in names if names.count(name) > 1 or name in own), None):
            raise DaulatError(f"`{twice}` is named twice", "name each folder once")
        corpus = stack.enter_context(artefact_folder(opened, made.inputs["corpus"]))
        every = {**own, **dict(zip(names, folders, strict=True))}
        known, cuts = compared(every, documents(corpus, "heldout"))
    if as_json:
        data({"tokenizers": msgspec.to_builtins(known), "held_out": msgspec.to_builtins(cuts)})
        return
    rows = [(one.name, str(one.vocabulary), " ".join(one.number)) for one in known]
    click.echo(table(("tokenizer", "tokens", "1234567"), rows))
    shown = [
        (
            one.language,
            one.tokenizer,
            f"{one.bytes_per_token:.2f}",
            f"{one.tokens_per_character:.3f}",
            f"{one.given_back:.0%}",
        )
        for one in cuts
    ]
    click.echo(table(("language", "tokenizer", "bytes per token", "tokens per character", "given back"), shown))
    if any(one.given_back < 1 for one in cuts):
        say("what is not given back whole was changed before it was cut: spaces, letters that the vocabulary lacks")
