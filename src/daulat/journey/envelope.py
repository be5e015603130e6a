"""A statement in its envelope: DSSE v1 around in-toto JSON, one Ed25519 signature.

Source: github.com/secure-systems-lab/dsse, protocol.md and envelope.md, version 1.
"""

import base64
from dataclasses import dataclass
from typing import Any

from daulat.errors import NotVerified
from daulat.journey import canonical
from daulat.journey.keyring import Keyring

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_AGAIN = "it was changed or cut off: restore it from a copy"


@dataclass(frozen=True)
class Signed:
    """A statement, and the key that it says signed it."""

    statement: dict[str, Any]
    key_id: str
    signature: bytes
    signed_bytes: bytes

    @property
    def by(self) -> str:
        """The key's name."""
        return self.key_id.rpartition("+")[0]


def pae(payload: bytes) -> bytes:
    """What is signed: type and payload with their lengths, so that neither passes for the other."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def peek(entry: bytes) -> Signed:
    """What an entry says, its signature not yet checked.

    Raises: NotVerified where it is not an envelope around canonical JSON.
    """
    found = canonical.parse(entry)
    match found:
        case {
            "payload": str(body),
            "payloadType": str(kind),
            "signatures": [{"keyid": str(key_id), "sig": str(signature)}],
        }:
            payload, raw = _base64(body), _base64(signature)
        case _:
            raise NotVerified("the entry is not a DSSE envelope with one signature", _AGAIN)
    if kind != PAYLOAD_TYPE or len(found) != 3 or len(found["signatures"][0]) != 2:
        raise NotVerified(f"the entry is not a plain envelope of type `{PAYLOAD_TYPE}`", _AGAIN)
    statement = canonical.parse(payload)
    if not isinstance(statement, dict):
        raise NotVerified("the envelope holds no statement", _AGAIN)
    return Signed(statement, key_id, raw, pae(payload))


def open_envelope(entry: bytes, keyring: Keyring) -> Signed:
    """What an entry says, signed by a key in force whose role lets it say so.

    Raises: NotVerified, naming the key.
    """
    signed = peek(entry)
    keyring.check(signed.key_id, signed.signature, signed.signed_bytes, signed.statement)
    return signed


def _base64(text: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except ValueError:
        raise NotVerified("the envelope holds something that is not base64", _AGAIN) from None
    if base64.b64encode(found).decode() != text:
        raise NotVerified("the envelope holds base64 with stray bits", _AGAIN)
    return found
