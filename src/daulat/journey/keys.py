"""Ed25519 keys, in the text formats of C2SP signed notes, so that other tools read them too.

```
public    NAME+HASH+base64(0x01 || 32 bytes)              a "verifier key"; 0x04 for a witness's, which only cosigns
private   as `keyfile.py` keeps it
```
HASH is the key id in 8 hex digits: the first 4 bytes of SHA-256(NAME || 0x0A || type || public key). Source:
c2sp.org/signed-note, c2sp.org/tlog-cosignature; golang.org/x/mod/sumdb/note. A name has no spaces and no plus.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from daulat.errors import DaulatError

ED25519, COSIGNATURE = b"\x01", b"\x04"
"""Types of keys: what signs anything, and what only cosigns checkpoints. The same 32 bytes have another id as each."""
SIGNATURE_BYTES = 64


@dataclass(frozen=True)
class PublicKey:
    """A named key that checks signatures."""

    name: str
    raw: bytes
    kind: bytes = ED25519
    _key: Ed25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_name(self.name)
        object.__setattr__(self, "_key", Ed25519PublicKey.from_public_bytes(self.raw))

    @classmethod
    def parse(cls, text: str, kinds: tuple[bytes, ...] = (ED25519,)) -> "PublicKey":
        """The key in `NAME+HASH+base64`, of one of those types.

        Raises: DaulatError where it is not that, or where the hash is another key's.
        """
        key = cls(*decode(text.strip().split("+", 2), "a public key is written `NAME+HASH+BASE64`", kinds))
        name = key.name
        if str(key) != text.strip():
            raise DaulatError(f"the public key of `{name}` does not match its own hash", "copy the whole line again")
        return key

    @cached_property
    def id(self) -> bytes:
        """The four bytes which stand before its signatures in a signed note."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.raw).digest()[:4]

    @cached_property
    def key_id(self) -> str:
        """`NAME+HASH`: how envelopes and the keyring name it."""
        return f"{self.name}+{self.id.hex()}"

    def verify(self, signature: bytes, data: bytes) -> bool:
        """Whether this key signed exactly these bytes."""
        try:
            self._key.verify(signature, data)
        except InvalidSignature:
            return False
        return True

    def __str__(self) -> str:
        return f"{self.key_id}+{base64.b64encode(self.kind + self.raw).decode()}"


@dataclass(frozen=True)
class SigningKey:
    """A named key that signs. Its secret is never in `repr`."""

    name: str
    seed: bytes = field(repr=False)
    public: PublicKey = field(init=False)
    _key: Ed25519PrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "public", PublicKey(self.name, key.public_key().public_bytes_raw()))

    @property
    def key_id(self) -> str:
        """`NAME+HASH`, as of its public key."""
        return self.public.key_id

    def sign(self, data: bytes) -> bytes:
        """The 64 bytes of its signature; the same data give the same bytes."""
        return self._key.sign(data)


def decode(parts: list[str], form: str, kinds: tuple[bytes, ...]) -> tuple[str, bytes, bytes]:
    """Name, key and type of a key in its text form, split at its plus signs.

    Raises: DaulatError with that `form` as its hint where it is none, or of another type.
    """
    try:
        name, _, encoded = parts
        raw = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise DaulatError("this is not a key", form) from None
    if len(raw) != 33 or raw[:1] not in kinds:
        wanted = " or ".join(
            {ED25519: "an Ed25519 key", COSIGNATURE: "a witness's key (type 4)"}[kind] for kind in kinds
        )
        raise DaulatError(f"the key of `{name}` is not {wanted}", form)
    return name, raw[1:], raw[:1]


def _check_name(name: str) -> None:
    if not name or "+" in name or not name.isprintable() or any(letter.isspace() for letter in name):
        raise DaulatError(f"a key cannot be called `{name}`", "use a name without spaces and without `+`")
