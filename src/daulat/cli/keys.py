"""Key: who may sign what in this project."""

from pathlib import Path

import click

from daulat.cli.talk import data, key_text, say, table

ROLE = click.Choice(["operator", "approver", "gateway", "witness"])


@click.group(short_help="Who may sign what in this project.")
def key() -> None:
    """Who may sign what: each change is a statement of its own in the journey."""


@key.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def key_list(project: Path, as_json: bool) -> None:
    """Keys in force, with their roles."""
    from daulat.journey.journey import Journey
    from daulat.work.publish import fingerprint

    journey = Journey.open(project)
    rows = [(role, found.name, str(found)) for role, found in journey.keyring.keys.values()]
    if journey.keyring.publisher is not None:
        rows.append(("publisher", "model_signing", f"sha256:{fingerprint(journey.keyring.publisher)} of its PEM"))
    if as_json:
        data([{"role": role, "name": name, "key": public} for role, name, public in rows])
    else:
        click.echo(table(("role", "name", "public key"), rows))


@key.command(name="rotate")
@click.argument("role", type=click.Choice(["operator", "gateway", "publisher"]))
@click.pass_obj
def key_rotate(project: Path, role: str) -> None:
    """A new key in place of ROLE's; what the old one signs from now on does not verify."""
    from daulat.work.keys import rotate
    from daulat.work.project import Project
    from daulat.work.publish import rotate_publisher

    if role == "publisher":
        say(f"published folders are signed with a new key: entry {rotate_publisher(Project.open(project))} names it")
        return
    change = rotate(Project.open(project), role)
    say(f"{change.key} signs as {role} from entry {change.entry + 1} on")
    say(f"keep a copy of {change.file} elsewhere: it is readable only by you")


@key.command(name="add")
@click.argument("role", type=ROLE)
@click.option("--name", required=True, help="Whose key it is, as it will stand on record.")
@click.option("--public", default=None, help="Their public key: a file, or `NAME+HASH+BASE64` (default: a new key).")
@click.pass_obj
def key_add(project: Path, role: str, name: str, public: str | None) -> None:
    """One more key: a new one, or another person's public one."""
    from daulat.errors import DaulatError
    from daulat.journey.keys import COSIGNATURE, ED25519, PublicKey
    from daulat.work.keys import add
    from daulat.work.project import Project

    theirs = None
    if public is not None:
        theirs = PublicKey.parse(key_text(public), (COSIGNATURE,) if role == "witness" else (ED25519,))
        if theirs.name != name:
            raise DaulatError(f"that key is called `{theirs.name}`, not `{name}`", f"give `--name {theirs.name}`")
    change = add(Project.open(project), role, name, theirs)
    may = "cosign checkpoints" if role == "witness" else "sign"
    say(f"{change.key} may {may} as {role} from entry {change.entry + 1} on")
    if change.file is not None:
        say(f"its private half is in {change.file}, readable only by you: hand it over, and delete it here")


@key.command(name="revoke")
@click.argument("key_id")
@click.pass_obj
def key_revoke(project: Path, key_id: str) -> None:
    """Take KEY_ID (or a name that only one key has) out of force; what it signed before stays signed."""
    from daulat.work.keys import revoke
    from daulat.work.project import Project

    change = revoke(Project.open(project), key_id)
    say(f"{change.key.key_id} signs nothing as {change.role} from entry {change.entry + 1} on")
