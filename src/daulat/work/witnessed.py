"""Checkpoints of this project that a witness cosigned, kept in `witnessed/SIZE`."""

from pathlib import Path

from daulat.errors import DaulatError
from daulat.journey import durable, note
from daulat.journey.cosignature import witnesses
from daulat.journey.journey import Journey
from daulat.journey.verify import WITNESSED

FOLDER = WITNESSED


def keep(project: Path, journey: Journey, text: bytes) -> int:
    """Keep a cosigned checkpoint, with the signatures of those kept for the same size; the size.

    Raises: NotVerified where it is not of this log, or a witness's cosignature is wrong; DaulatError where none of the
    keyring's witnesses cosigned it: a signature that nobody can check is not kept.
    """
    size = note.read(journey.own(text)).size
    ours = note.signers(text, journey.writers_at(size))
    known = journey.keyring.witnesses()
    if not witnesses(text, known):
        names = ", ".join(f"`{key.name}`" for key in known) or "none yet"
        raise DaulatError(
            f"no witness of this project cosigned that checkpoint; its witnesses: {names}",
            "`daulat key add witness --public ...` puts a witness's public key on record first",
        )
    body, signatures = note.split(text)
    counts = {(key.name, key.id) for key in ours} | {(key.name, key.id) for key in known}
    fresh = {(name, blob[:4]): blob for name, blob in signatures if (name, blob[:4]) in counts}
    merged = list({**dict(_signatures(project, size)), **fresh}.items())
    durable.make_folder(project / FOLDER)
    durable.replace(project / FOLDER / str(size), note.join(body, [(name, blob) for (name, _), blob in merged]))
    return size


def newest(project: Path, at_least: int = 0) -> bytes | None:
    """The newest cosigned checkpoint of at least that size, or None."""
    names = [file.name for file in (project / FOLDER).glob("[0-9]*")]
    sizes = sorted((int(name) for name in names if name.isascii() and name.isdecimal()), reverse=True)
    if not sizes or sizes[0] < at_least:
        return None
    return durable.read(project / FOLDER / str(sizes[0]), note.MAX_NOTE_BYTES)


def read_note(file: Path) -> bytes:
    """A checkpoint that somebody handed over.

    Raises: DaulatError where the file is missing.
    """
    try:
        return durable.read(file, note.MAX_NOTE_BYTES)
    except FileNotFoundError:
        raise DaulatError(f"there is no file `{file}`", "name the file that holds the checkpoint") from None


def _signatures(project: Path, size: int) -> list[tuple[tuple[str, bytes], bytes]]:
    try:
        kept = note.split(durable.read(project / FOLDER / str(size), note.MAX_NOTE_BYTES))[1]
    except FileNotFoundError:
        return []
    return [((name, blob[:4]), blob) for name, blob in kept]
