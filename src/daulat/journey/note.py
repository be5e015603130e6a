"""Signed notes and checkpoints: the few lines by which a key vouches for a whole log.

Source: c2sp.org/signed-note and c2sp.org/tlog-checkpoint.
"""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass

from daulat.errors import NotVerified
from daulat.journey.keys import PublicKey, SigningKey

MAX_NOTE_BYTES = 64 * 1024
MAX_SIGNATURES = 16
"""Source: c2sp.org/signed-note: verifiers limit the number, and accept at least 16."""
_DASH = "\u2014 "
_SIZE = re.compile(r"(0|[1-9][0-9]{0,17})\Z", re.ASCII)
_AGAIN = "it was changed or cut off: restore it from a copy"


@dataclass(frozen=True)
class Checkpoint:
    """A log at one size: who the log is, how many entries, and the root over all of them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def sign(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    """The checkpoint as a signed note."""
    text = checkpoint.text()
    return join(text, [(key.name, key.public.id + key.sign(text.encode()))])


def join(text: str, signatures: Iterable[tuple[str, bytes]]) -> bytes:
    """The note of that text with these signatures: (key name, key id || signature)."""
    lines = [f"{_DASH}{name} {base64.b64encode(blob).decode()}\n" for name, blob in signatures]
    return f"{text}\n{''.join(lines)}".encode()


def read(note: bytes) -> Checkpoint:
    """What the note says, signed or not: nothing is to be believed before `signers`.

    Raises: NotVerified where it is not a checkpoint.
    """
    lines = split(note)[0].split("\n")
    if len(lines) != 4 or not lines[0] or not _SIZE.match(lines[1]):
        raise NotVerified("the checkpoint's three lines are not origin, size and root", _AGAIN)
    root = _base64(lines[2])
    if len(root) != 32:
        raise NotVerified("the checkpoint's root is not a SHA-256 hash", _AGAIN)
    return Checkpoint(lines[0], int(lines[1]), root)


def signers(note: bytes, keys: Iterable[PublicKey]) -> list[PublicKey]:
    """Those of `keys` that signed the note, at least one; signatures by other keys are passed over.

    Raises: NotVerified where a known key's signature is wrong, or where no known key signed.
    """
    text, signatures = split(note)
    known = {(key.name, key.id): key for key in keys}
    found = []
    for name, blob in signatures:
        key = known.get((name, blob[:4]))
        if key is None:
            continue
        if not key.verify(blob[4:], text.encode()):
            raise NotVerified(f"the checkpoint's signature by `{key.key_id}` is wrong", _AGAIN)
        found.append(key)
    if not found:
        by = ", ".join(f"`{name}+{blob[:4].hex()}`" for name, blob in signatures)
        raise NotVerified(
            f"the checkpoint is signed by {by}, not by a key in force", "check which key was meant to sign"
        )
    return found


def split(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """Note text, and (key name, key id || signature) of each signature.

    Raises: NotVerified where it is no signed note.
    """
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        raise NotVerified("the checkpoint is not UTF-8", _AGAIN) from None
    text, gap, rest = whole.rpartition("\n\n")
    lines = rest.split("\n")
    controls = any(letter < " " and letter != "\n" for letter in whole)
    if not gap or lines.pop() != "" or not 1 <= len(lines) <= MAX_SIGNATURES or controls:
        raise NotVerified("the checkpoint is not a signed note", _AGAIN)
    signatures = []
    for line in lines:
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        blob = _base64(encoded)
        if not line.startswith(_DASH) or not name or len(blob) < 5:
            raise NotVerified("the checkpoint has a line that is no signature", _AGAIN)
        signatures.append((name, blob))
    return f"{text}\n", signatures


def _base64(text: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except ValueError:
        raise NotVerified("the checkpoint holds something that is not base64", _AGAIN) from None
    if base64.b64encode(found).decode() != text:
        raise NotVerified("the checkpoint holds base64 with stray bits", _AGAIN)
    return found
