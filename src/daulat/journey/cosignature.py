"""Cosignatures: a witness vouches that a checkpoint continues the last one that it saw.

Source: c2sp.org/tlog-cosignature, the Ed25519 type.
"""

import base64
import hashlib
from dataclasses import dataclass

from daulat.errors import DaulatError, NotVerified
from daulat.journey import note
from daulat.journey.keys import PublicKey, SigningKey

_TYPE = b"\x04"
_MAX_SECONDS = 2**63 - 1


@dataclass(frozen=True)
class CosignerKey:
    """A witness's public key. The same 32 bytes have another id here than as a log's key."""

    public: PublicKey

    @classmethod
    def parse(cls, text: str) -> "CosignerKey":
        """The key in `NAME+HASH+base64`, of signature type 4.

        Raises: DaulatError where it is not that.
        """
        parts = text.strip().split("+", 2)
        try:
            raw = base64.b64decode(parts[2], validate=True)
        except (IndexError, ValueError):
            raw = b""
        if len(raw) != 33 or raw[:1] != _TYPE:
            raise DaulatError("this is not a witness's public key", "it is written `NAME+HASH+BASE64`, of type 4")
        key = cls(PublicKey(parts[0], raw[1:]))
        if str(key) != text.strip():
            raise DaulatError(
                f"the witness key of `{parts[0]}` does not match its own hash", "copy the whole line again"
            )
        return key

    @property
    def name(self) -> str:
        """Who cosigns."""
        return self.public.name

    @property
    def id(self) -> bytes:
        """The four bytes which stand before its cosignatures."""
        return hashlib.sha256(self.name.encode() + b"\n" + _TYPE + self.public.raw).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_TYPE + self.public.raw).decode()}"


def cosign(text: bytes, key: SigningKey, at: int) -> bytes:
    """The signed note with one more line: this key saw this checkpoint at that time (seconds since 1970 UTC)."""
    body, signatures = note.split(text)
    mine = CosignerKey(key.public)
    blob = mine.id + at.to_bytes(8, "big") + key.sign(_message(body, at))
    kept = [(name, found) for name, found in signatures if (name, found[:4]) != (mine.name, mine.id)]
    return note.join(body, [*kept, (mine.name, blob)])


def check(text: bytes, key: CosignerKey) -> int:
    """When that witness cosigned the note, in seconds since 1970 UTC.

    Raises: NotVerified where it did not, or its cosignature is wrong.
    """
    body, signatures = note.split(text)
    for name, blob in signatures:
        if (name, blob[:4]) == (key.name, key.id):
            at = int.from_bytes(blob[4:12], "big")
            if len(blob) != 76 or at > _MAX_SECONDS or not key.public.verify(blob[12:], _message(body, at)):
                raise NotVerified(
                    f"the cosignature by `{key.name}` is wrong", "ask the witness for the checkpoint again"
                )
            return at
    raise NotVerified(f"the checkpoint is not cosigned by `{key}`", "have it witnessed: `daulat witness cosign`")


def _message(body: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{body}".encode()
