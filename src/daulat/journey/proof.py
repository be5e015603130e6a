"""One file that proves one statement, or one answer, to somebody who has nothing of the project but a public key.

```
answer ──leaf──> batch root ──in──> statement ──signed by──> a key in force there ──listed by──> keyrings 0, 1, ...
                                        └──leaf──┐                                                  └──leaf──┐
                                                 └──────────> root ──in──> checkpoint <──────────────────────┘
                                                                             signed by the log, cosigned by witnesses
```
Source: c2sp.org/tlog-proof. What a verifier needs besides index, path and checkpoint is in the `extra` line as canonical
JSON; it is believed only as far as the checkpoint's root bears it out. This file checks; `prove.py` makes.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daulat.errors import DaulatError, NotVerified
from daulat.journey import canonical, cosignature, durable, merkle, note, shape
from daulat.journey.cosignature import CosignerKey
from daulat.journey.envelope import Signed, open_envelope, peek
from daulat.journey.keyring import Keyring
from daulat.journey.keys import PublicKey
from daulat.journey.note import Checkpoint

HEADER = "c2sp.org/tlog-proof@v1"
EXTRA = "urn:daulat:proof:v1"
MAX_PROOF_BYTES = 16 * 1024 * 1024
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,17})\Z", re.ASCII)
_AGAIN = "make it again: `daulat prove`"


@dataclass(frozen=True)
class Proof:
    """A proof as it is written; nothing in it is checked yet."""

    index: int
    path: tuple[bytes, ...]
    note: bytes
    extra: dict[str, Any]

    def text(self) -> bytes:
        """The file's bytes."""
        lines = [HEADER, f"extra {_encode(canonical.canonical(self.extra))}", f"index {self.index}"]
        lines += [_encode(node) for node in self.path]
        return "\n".join([*lines, "", ""]).encode() + self.note


@dataclass(frozen=True)
class Proved:
    """What a proof shows."""

    checkpoint: Checkpoint
    index: int
    statement: dict[str, Any]
    by: str
    """Key id of who signed the statement."""
    signed: tuple[str, ...]
    """Key ids of those in force that signed the checkpoint."""
    answer: dict[str, Any] | None
    witnessed: tuple[tuple[str, int], ...]
    """Names of the witnesses asked for, and when each cosigned: seconds since 1970 UTC."""


def parse(content: bytes) -> Proof:
    """The proof in a file.

    Raises: NotVerified where it is none, naming the line; where a newer format wrote it.
    """
    head, gap, text = content.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise NotVerified("this is not a proof: its first lines are not ASCII", _AGAIN) from None
    if lines[0] != HEADER:
        newer = lines[0].startswith(HEADER.rpartition("@")[0])
        raise NotVerified(
            f"a proof begins with `{HEADER}`, this file with `{lines[0][:60]}`",
            "a newer daulat may know this format: update" if newer else "name a file that `daulat prove` wrote",
        )
    if not gap or len(lines) < 3 or not lines[1].startswith("extra ") or not _INDEX.match(lines[2]):
        raise NotVerified("the proof has no `extra` and `index` line, or no checkpoint", _AGAIN)
    extra = canonical.parse(_decode(lines[1].removeprefix("extra ")))
    if not isinstance(extra, dict) or extra.get("format") != EXTRA:
        raise NotVerified("the proof's extra data are not daulat's, or of a newer daulat", _AGAIN)
    path = tuple(_hash(line) for line in lines[3:])
    return Proof(int(lines[2].removeprefix("index ")), path, text, extra)


def check(content: bytes, operator: PublicKey, witnesses: Sequence[CosignerKey] = ()) -> Proved:
    """What the file proves to somebody who trusts that operator's key, and asks for these witnesses.

    `operator` is the key that began the log: it signed statement 0, from which all other keys follow.

    Raises: NotVerified, naming the link that does not hold.
    """
    proof = parse(content)
    checkpoint = note.read(proof.note)
    try:
        sealed = str(proof.extra["envelope"]).encode()
        keyrings = keyrings_of(proof.extra["keyrings"])
        answer = proof.extra.get("answer")
        batch = proof.extra.get("batch")
        place = (int(batch["index"]), _hashes(batch["path"])) if batch else None
    except (KeyError, TypeError, ValueError):
        raise NotVerified("the proof's extra data lack a part", _AGAIN) from None
    _included(checkpoint, proof.index, sealed, proof.path)
    at_entry, at_end = _keyrings(checkpoint, keyrings, operator, proof.index, sealed)
    signed = tuple(key.key_id for key in note.signers(proof.note, at_end.writers()))
    statement = open_envelope(sealed, at_entry)
    shape.check(statement.statement)
    if (answer is None) != (place is None):
        raise NotVerified("the proof has an answer without its place in the batch, or the reverse", _AGAIN)
    if answer is not None and place is not None:
        _answered(statement.statement, answer, *place)
    witnessed = tuple((key.name, cosignature.check(proof.note, key)) for key in witnesses)
    return Proved(checkpoint, proof.index, statement.statement, statement.key_id, signed, answer, witnessed)


def keyrings_of(listed: Any) -> list[tuple[int, bytes, list[bytes]]]:
    """Index, envelope and inclusion path of each keyring, from JSON.

    Raises: KeyError, TypeError, ValueError, NotVerified where it is not that.
    """
    return [(int(one["index"]), str(one["envelope"]).encode(), _hashes(one["path"])) for one in listed]


def signers_at_end(text: bytes, keyrings: list[tuple[int, bytes, list[bytes]]], operator: PublicKey) -> list[PublicKey]:
    """Keys in force that signed this checkpoint, of a log that `operator` began.

    Raises: NotVerified, naming the link that does not hold.
    """
    _, ring = _keyrings(note.read(text), keyrings, operator, 0, None)
    return note.signers(text, ring.writers())


def _keyrings(
    checkpoint: Checkpoint,
    listed: list[tuple[int, bytes, list[bytes]]],
    operator: PublicKey,
    index: int,
    sealed: bytes | None,
) -> tuple[Keyring, Keyring]:
    """The keys in force for the statement at `index`, and for the last one in the log: who may sign the checkpoint.

    A proof shows what the keyrings in it say. One that is left out cannot be missed here: whoever still holds a key that
    was in force may leave out the statement that revoked another. `daulat verify` over the whole log finds that.
    """
    numbers = [number for number, _, _ in listed]
    if not numbers or numbers[0] != 0 or numbers != sorted(set(numbers)):
        raise NotVerified("the proof's keyrings are not in order from statement 0 on", _AGAIN)
    ring, at_entry, at_end = None, None, None
    for number, content, path in listed:
        _included(checkpoint, number, content, path)
        if ring is None:
            ring = _anchor(peek(content), operator)
        statement = open_envelope(content, ring).statement
        shape.check(statement)
        if statement["predicateType"] != shape.KEYRING or (number == index and sealed not in (None, content)):
            raise NotVerified(f"statement {number} is not the keyring that the proof says it is", _AGAIN)
        before, ring = ring, ring.after(statement)
        if number <= index:
            at_entry = before if number == index else ring
        at_end = before if number == checkpoint.size - 1 else ring
    assert at_entry is not None
    assert at_end is not None
    return at_entry, at_end


def _anchor(first: Signed, operator: PublicKey) -> Keyring:
    ring = Keyring.anchor(first.statement)
    role, key = ring.keys.get(first.key_id, ("", None))
    if role != "operator" or key != operator:
        raise NotVerified(
            f"the log was begun by `{key or first.key_id}`, and the key to trust is `{operator}`",
            "this is another log's proof, or the wrong key: ask the log's operator for the first public key",
        )
    return ring


def _included(checkpoint: Checkpoint, index: int, sealed: bytes, path: Sequence[bytes]) -> None:
    if not merkle.check_inclusion(merkle.leaf_hash(sealed), index, checkpoint.size, list(path), checkpoint.root):
        raise NotVerified(f"statement {index} is not in the log of that checkpoint", _AGAIN)


def _answered(statement: dict[str, Any], answer: Any, index: int, path: list[bytes]) -> None:
    if statement["predicateType"] != shape.USAGE:
        raise NotVerified("the statement is not about answers", _AGAIN)
    said = statement["predicate"]
    if not canonical.is_digest(said["root"]):
        raise NotVerified("the statement's batch root is no digest", _AGAIN)
    root = bytes.fromhex(said["root"].removeprefix("sha256:"))
    leaf = merkle.leaf_hash(canonical.canonical(answer))
    if not isinstance(answer, dict) or not merkle.check_inclusion(leaf, index, said["count"], path, root):
        raise NotVerified("the answer is not in the batch of that statement", "it was changed, or never given")


def _hashes(lines: list[str]) -> list[bytes]:
    return [_hash(line) for line in lines]


def _hash(line: str) -> bytes:
    found = _decode(line)
    if len(found) != 32:
        raise NotVerified("the proof's path holds something that is no SHA-256 hash", _AGAIN)
    return found


def encoded(path: Sequence[bytes]) -> list[str]:
    """A path as the extra data have it."""
    return [_encode(node) for node in path]


def _encode(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decode(text: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise NotVerified("the proof holds something that is not base64", _AGAIN) from None
    if base64.b64encode(found).decode() != text:
        raise NotVerified("the proof holds base64 with stray bits", _AGAIN)
    return found


def read_file(file: Path) -> bytes:
    """The bytes of a proof file.

    Raises: DaulatError where there is none; NotVerified where it is larger than any proof.
    """
    try:
        return durable.read(file, MAX_PROOF_BYTES)
    except FileNotFoundError:
        raise DaulatError(f"there is no proof `{file}`", "name a file that `daulat prove` wrote") from None
