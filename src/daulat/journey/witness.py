"""A witness: another ministry's key that cosigns a log's checkpoint only if it continues the last one that it saw.

```
log's operator: update (checkpoint, consistency proof, keyrings) ──> witness: signed? consistent? ──> cosigned checkpoint
                                                                        │ no, and validly signed: split view
                                                                        └──> refused; both checkpoints kept as evidence
```
A witness keeps one folder a log: the operator's key that it was told, the last checkpoint, evidence.
Source: c2sp.org/tlog-witness for the rules; here files are carried instead of requests.
"""

import base64
import fcntl
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daulat.errors import DaulatError, NotVerified
from daulat.journey import canonical, cosignature, durable, merkle, note
from daulat.journey.journey import Journey
from daulat.journey.keys import PublicKey, SigningKey
from daulat.journey.note import Checkpoint
from daulat.journey.proof import encoded, keyrings_of, signers_at_end

HEADER = "urn:daulat:log-update:v1"
MAX_UPDATE_BYTES = 16 * 1024 * 1024
_AGAIN = "ask the log's operator for a new one: `daulat witness ask`"


@dataclass(frozen=True)
class Update:
    """What a witness is shown; nothing in it is checked yet."""

    old: int
    path: list[bytes]
    keyrings: list[tuple[int, bytes, list[bytes]]]
    note: bytes


def update(journey: Journey, since: bytes | None, listed: list[dict[str, Any]]) -> bytes:
    """The file for a witness that last saw the checkpoint of the note `since`, or none.

    Raises: NotVerified where that checkpoint is not of this log.
    """
    text = journey.log.note()
    size = note.read(text).size
    old = note.read(journey.own(since)).size if since else 0
    path = journey.log.consistency_proof(old, size) if old else []
    body = {"format": HEADER, "old": old, "path": encoded(path), "keyrings": listed}
    return f"{HEADER}\n{base64.b64encode(canonical.canonical(body)).decode()}\n\n".encode() + text


def read(content: bytes) -> Update:
    """The update in a file.

    Raises: NotVerified where it is none, or of a newer format.
    """
    head, gap, text = content.partition(b"\n\n")
    header, _, body = head.partition(b"\n")
    if header != HEADER.encode() or not gap or len(content) > MAX_UPDATE_BYTES:
        raise NotVerified("this is not an update for a witness", _AGAIN)
    try:
        said = canonical.parse(base64.b64decode(body, validate=True))
        if said["format"] != HEADER:
            raise ValueError("another format")
        path = [base64.b64decode(node, validate=True) for node in said["path"]]
        return Update(int(said["old"]), path, keyrings_of(said["keyrings"]), text)
    except (KeyError, TypeError, ValueError):
        raise NotVerified("the update for the witness lacks a part", _AGAIN) from None


class Witness:
    """What a witness knows of one log, in a folder of its own."""

    def __init__(self, state: Path, origin: str) -> None:
        self.folder = state / hashlib.sha256(origin.encode()).hexdigest()[:16]
        self.origin = origin

    def last(self) -> bytes | None:
        """The last checkpoint that was cosigned, or None."""
        try:
            return durable.read(self.folder / "checkpoint", note.MAX_NOTE_BYTES)
        except FileNotFoundError:
            return None

    def operator(self, told: PublicKey | None) -> PublicKey:
        """The key that the witness trusts for this log: told the first time, kept from then on.

        Raises: DaulatError where it was never told, or is told another.
        """
        file = self.folder / "operator.pub"
        kept = PublicKey.parse(file.read_text(encoding="utf-8")) if file.exists() else None
        if kept is None and told is None:
            raise DaulatError(
                f"the log `{self.origin}` was never seen here", "give its operator's first public key once: `--log-key`"
            )
        if kept is not None and told is not None and kept != told:
            raise DaulatError(
                f"the log `{self.origin}` was begun by `{kept}`, not by `{told}`",
                "if a log was begun anew, witness it in another folder: `--state`",
            )
        key = told or kept
        assert key is not None
        for other in self.folder.parent.glob("*/operator.pub"):
            if other != file and other.read_text(encoding="utf-8").strip() == str(key):
                raise NotVerified(
                    f"`{key.name}` began another log that was witnessed here, and calls this one `{self.origin}`",
                    f"one key begins one log: compare with {other.parent}; show both to whoever oversees it",
                )
        return key

    def cosign(self, content: bytes, told: PublicKey | None, key: SigningKey, at: int) -> bytes:
        """The cosigned checkpoint of that update; it is the last one seen once this returns.

        Raises: NotVerified for a checkpoint that is not signed by the log, older than the last one, or not its
        continuation: then both are kept in `evidence/`.
        """
        state = self.folder.parent
        with state.with_name(f".{state.name}.lock").open(
            "w"
        ) as lock:  # one at a time, or two forks would both be the first
            fcntl.flock(lock, fcntl.LOCK_EX)
            return self._cosign(content, told, key, at)

    def _cosign(self, content: bytes, told: PublicKey | None, key: SigningKey, at: int) -> bytes:
        shown = read(content)
        checkpoint = note.read(shown.note)
        operator = self.operator(told)
        signers_at_end(shown.note, shown.keyrings, operator)
        last = self.last()
        seen = note.read(last) if last is not None else None
        self._continues(seen, checkpoint, shown, last)
        durable.make_folder(self.folder)
        if told is not None:
            durable.replace(self.folder / "operator.pub", f"{operator}\n".encode())
        cosigned = cosignature.cosign(shown.note, key, at)
        durable.replace(self.folder / "checkpoint", cosigned)
        return cosigned

    def _continues(self, seen: Checkpoint | None, new: Checkpoint, shown: Update, last: bytes | None) -> None:
        if seen is None or last is None:
            if shown.old or shown.path:
                raise NotVerified(
                    f"the update starts from {shown.old} statements, and none were witnessed yet",
                    "the operator makes the right one with `daulat witness ask --first`",
                )
            return
        if new.size < seen.size:
            raise NotVerified(
                f"the checkpoint has {new.size} statements, and {seen.size} were witnessed already",
                "this update is older than the last one, or the log became shorter: ask its operator for a new one",
            )
        if new.size == seen.size:
            same = new.root == seen.root
        elif shown.old != seen.size:
            raise NotVerified(
                f"the update starts from {shown.old} statements, and {seen.size} were witnessed last",
                f"the operator makes the right one with `daulat witness ask --since`, given {self.folder / 'checkpoint'}",
            )
        else:
            same = merkle.check_consistency(seen.size, new.size, seen.root, new.root, shown.path)
        if not same:
            where = self._evidence(seen, last, new, shown.note)
            raise NotVerified(
                f"the checkpoint of size {new.size} does not continue that of size {seen.size}: a split view, or a false proof",
                f"both are kept in {where}: show them to whoever oversees the log",
            )

    def _evidence(self, seen: Checkpoint, last: bytes, new: Checkpoint, text: bytes) -> Path:
        folder = self.folder / "evidence"
        durable.make_folder(folder)
        for checkpoint, content in ((seen, last), (new, text)):
            durable.replace(folder / f"{checkpoint.size}-{checkpoint.root.hex()[:16]}", content)
        return folder
