"""Cosignatures: a witness vouches that a checkpoint continues the last one that it saw.

Source: c2sp.org/tlog-cosignature, the Ed25519 type.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from daulat.errors import NotVerified
from daulat.journey import note
from daulat.journey.keys import COSIGNATURE, PublicKey, SigningKey

_MAX_SECONDS = 2**63 - 1


@dataclass(frozen=True)
class CosignerKey:
    """A witness's public key. The same 32 bytes have another id here than as a log's key."""

    public: PublicKey

    def __post_init__(self) -> None:
        if self.public.kind != COSIGNATURE:
            object.__setattr__(self, "public", PublicKey(self.public.name, self.public.raw, COSIGNATURE))

    @classmethod
    def parse(cls, text: str) -> "CosignerKey":
        """The key in `NAME+HASH+base64`, of signature type 4.

        Raises: DaulatError where it is not that.
        """
        return cls(PublicKey.parse(text, (COSIGNATURE,)))

    @property
    def name(self) -> str:
        """Who cosigns."""
        return self.public.name

    @property
    def id(self) -> bytes:
        """The four bytes which stand before its cosignatures."""
        return self.public.id

    def __str__(self) -> str:
        return str(self.public)


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


def witnesses(text: bytes, keys: Iterable[CosignerKey]) -> dict[str, int]:
    """Which of these witnesses cosigned the note, and when, in seconds since 1970 UTC.

    Raises: NotVerified where a cosignature in the name and id of one of them is wrong.
    """
    _, signatures = note.split(text)
    named = {(name, blob[:4]) for name, blob in signatures}
    return {key.name: check(text, key) for key in keys if (key.name, key.id) in named}
