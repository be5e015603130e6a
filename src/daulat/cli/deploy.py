"""Deploy: a signed release becomes answers."""

import os
from pathlib import Path
from typing import Any

import click
import msgspec

from daulat.cli.talk import Bars, colour, data, say, short, table
from daulat.errors import DaulatError
from daulat.records import Release


@click.group()
def release() -> None:
    """The gate: what may be served, signed by name."""


@release.command(name="propose")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def release_propose(project: Path, as_json: bool) -> str:
    """Judge the latest model against its base; exit code 1 if a threshold is not met."""
    from daulat.work.project import Project
    from daulat.work.release import propose

    found = propose(Project.open(project))
    _show(found, as_json)
    if not all(finding.passed for finding in found.findings):
        raise click.exceptions.Exit(1)
    return found.id


@release.command(name="approve")
@click.argument("release_id", required=False)
@click.option("--reason", required=True, help="Why; it stands on record.")
@click.option(
    "--key", "key", type=click.Path(path_type=Path), help="The approver's private key (default: the operator's)."
)
@click.pass_obj
def release_approve(project: Path, release_id: str | None, reason: str, key: Path | None) -> None:
    """Sign a release (the last one proposed) by name; refused where a threshold is not met."""
    from daulat.journey.keyfile import load_key
    from daulat.work.project import Project
    from daulat.work.release import decide

    opened = Project.open(project)
    found = decide(opened, release_id, "approved", reason, load_key(key) if key else None)
    say(f"{found.id} is approved by `{found.by}`: {found.reason}")
    say("next: `daulat deploy`")


@release.command(name="reject")
@click.argument("release_id", required=False)
@click.option("--reason", required=True, help="Why; it stands on record.")
@click.option(
    "--key", "key", type=click.Path(path_type=Path), help="The approver's private key (default: the operator's)."
)
@click.pass_obj
def release_reject(project: Path, release_id: str | None, reason: str, key: Path | None) -> None:
    """Sign that a release is not to be served; one that was approved is withdrawn, and answers from it stop."""
    from daulat.journey.keyfile import load_key
    from daulat.work.project import Project
    from daulat.work.release import decide

    opened = Project.open(project)
    found = decide(opened, release_id, "rejected", reason, load_key(key) if key else None)
    say(f"{found.id} is rejected by `{found.by}`: {found.reason}")


@release.command(name="publish")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--release", "release_id", default=None, help="Which release (default: the last one approved).")
@click.pass_obj
def release_publish(project: Path, folder: Path, release_id: str | None) -> None:
    """An approved release in FOLDER, with what it takes to check it elsewhere.

    Weights, GGUF, the base's notice, a bill of materials, a proof, and an OpenSSF model signature over all of them.
    """
    from daulat.work.project import Project
    from daulat.work.publish import PUBLIC, publish

    bars = Bars()
    made = publish(Project.open(project), folder, release_id, bars("publish"))
    bars.close()
    say(f"{folder}: {made.facts['release']}, {made.facts['files']} files signed, statement {made.index}")
    say(
        f"anyone checks it: model_signing verify key {folder} --signature {folder}/model.sig --public_key {folder}/{PUBLIC}"
    )
    say(f"give {PUBLIC} by another way too: its fingerprint is in `daulat key list`, signed by the operator")


@release.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def release_list(project: Path, as_json: bool) -> None:
    """Every release and its state."""
    from daulat.work.project import Project
    from daulat.work.query import releases

    found = releases(Project.open(project)).values()
    if not found:
        say("none yet: `daulat release propose` after `daulat develop`")
    if as_json:
        data([msgspec.to_builtins(r) for r in found])
    else:
        click.echo(
            table(
                ("release", "state", "by", "model", "reason"),
                [(r.id, r.state, r.by, short(r.model), r.reason) for r in found],
            )
        )


@release.command(name="show")
@click.argument("release_id", required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def release_show(project: Path, release_id: str | None, as_json: bool) -> None:
    """A release with its findings (the last one, if none is named)."""
    from daulat.work.project import Project
    from daulat.work.release import find

    _show(find(Project.open(project), release_id), as_json)


def _show(found: Release, as_json: bool) -> None:
    if as_json:
        data(msgspec.to_builtins(found))
        return
    rows = [("yes" if f.passed else "NO", f.rule, f.words) for f in found.findings]
    click.echo(table(("met", "threshold", "base -> ours"), rows))
    click.echo(f"  {found.id}: {found.state}" + (f" by {found.by}: {found.reason}" if found.by else ""))
    missed = sum(not finding.passed for finding in found.findings)
    if found.state == "proposed":
        say(
            f"{missed} of {len(rows)} thresholds are not met: it cannot be approved; train longer, or change [release]"
            if missed
            else 'next: `daulat release approve --reason "..."`'
        )


@click.group(invoke_without_command=True, short_help="Serve an approved release on this machine.")
@click.option("--release", "release_id", default=None, help="Which release (default: the last one approved).")
@click.pass_context
def deploy(ctx: click.Context, release_id: str | None) -> None:
    """Serve an approved release on this machine: an engine and a gateway, on loopback, in the background."""
    if ctx.invoked_subcommand is not None:
        return
    from daulat.work.project import Project
    from daulat.work.serving import start

    served = start(Project.open(ctx.obj), release_id)
    say(("still serving" if served.already else "serving") + f" {served.deployment.release} as {served.deployment.id}")
    say(f"  {served.deployment.url}/v1  (OpenAI-compatible; the key is in keys/tenant.key, mode 0600)")


@deploy.command(name="status")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def deploy_status(project: Path, as_json: bool) -> None:
    """What runs, and how much it answered."""
    from daulat.work.project import Project
    from daulat.work.serving import status

    found = status(Project.open(project))
    if as_json:
        data(found)
    else:
        tenants = found.pop("usage", [])
        shown = {True: "yes", False: "no"}
        rows = [(key, shown[value] if isinstance(value, bool) else str(value)) for key, value in found.items()]
        click.echo(table(("what", "value"), rows))
        if tenants:
            click.echo("")
            header = ("tenant", "answers", "prompt tokens", "completion tokens")
            click.echo(table(header, [tuple(str(value) for value in one.values()) for one in tenants]))


@deploy.command(name="stop")
@click.pass_obj
def deploy_stop(project: Path) -> None:
    """Stop the gateway, then the engine; answers under way have 30 seconds to end, and are recorded either way."""
    from daulat.work.project import Project
    from daulat.work.serving import stop

    stopped = stop(Project.open(project))
    say("stopped" if stopped else "nothing was running")


@click.command()
@click.argument("question")
@click.option("--max-tokens", default=120, show_default=True, help="How long the answer may be.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def ask(project: Path, question: str, max_tokens: int, as_json: bool) -> Any:
    """Ask the served model.

    The answer goes to stdout as it comes, its id to stderr.
    """
    from daulat.work.project import Project
    from daulat.work.serving import ask as put

    if not question.strip():
        raise DaulatError("the question is empty", 'ask something: `daulat ask "..."`')
    opened = Project.open(project)
    write = (lambda piece: None) if as_json else (lambda piece: click.echo(piece, nl=False))
    reply = put(opened, question, max_tokens, write, key=os.environ.get("DAULAT_API_KEY"))
    if as_json:
        data(msgspec.to_builtins(reply))
    else:
        click.echo("")
        say(
            colour(f"answer {reply.answer_id}", bold=True)
            + f"  {reply.prompt_tokens} + {reply.completion_tokens} tokens, {reply.seconds:.1f} s"
        )
    return reply.answer_id
