"""The `daulat` command: names every verb, and turns errors into a sentence, a hint and an exit code."""

import errno
import importlib
import sys
from pathlib import Path

import click

from daulat import __version__
from daulat.errors import DaulatError

COMMANDS = {
    "quickstart": "quickstart",
    "init": "manage",
    "nation": "manage",
    "law": "law",
    "config": "manage",
    "source": "develop",
    "develop": "develop",
    "corpus": "corpus",
    "model": "model",
    "release": "deploy",
    "deploy": "deploy",
    "ask": "deploy",
    "trace": "journey",
    "verify": "journey",
    "prove": "proof",
    "witness": "proof",
    "journey": "log",
    "key": "keys",
}
"""Which file has which command: only that one is imported."""


class Verbs(click.Group):
    """Imports a command's file when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the journey."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command, from its file."""
        if name not in COMMANDS:
            return None
        found = getattr(importlib.import_module(f"daulat.cli.{COMMANDS[name]}"), name)
        assert isinstance(found, click.Command)
        return found


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="daulat")
@click.option(
    "--project", type=click.Path(path_type=Path), default=Path(), help="The project's folder (default: here)."
)
@click.pass_context
def daulat(ctx: click.Context, project: Path) -> None:
    """A nation's own AI: from its own text to its own answers, with every step accounted for."""
    ctx.obj = project


def main() -> None:
    """Run a command; never a traceback for what the user can mend."""
    try:
        # click gives back what the command returned, or the code that it raised `Exit` with.
        found = daulat(standalone_mode=False)
        code = found if isinstance(found, int) else 0
    except click.ClickException as wrong:
        wrong.show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nstopped; run the same command again: it goes on", err=True)
        code = 1
    except DaulatError as error:
        _tell(error.problem, error.hint)
        code = error.exit_code
    except UnicodeEncodeError:
        _tell("a word on the command line is not UTF-8", "write it in UTF-8")
        code = 1
    except BrokenPipeError:
        sys.stderr.close()
        code = 0
    except OSError as error:
        full = error.errno == errno.ENOSPC
        name = f" `{error.filename}`" if error.filename else ""
        hint = (
            "free some space and run again: it goes on"
            if full
            else "check that the path exists and that you may use it"
        )
        _tell("the disk is full" if full else f"{error.strerror or error}{name}", hint)
        code = 1
    sys.exit(code)


def _tell(problem: str, hint: str) -> None:
    click.echo(f"error: {problem}\nhint: {hint}", err=True)
