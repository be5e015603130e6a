"""API keys: shown once, kept as keyed hashes, compared in constant time.

A key reads `dlt_<id>_<secret>_<checksum>`: the id may be logged, the secret has 256 random bits, the checksum lets a
scanner (and us) tell a mistyped key from a wrong one without a look-up. A slow password hash would add nothing to 256
random bits and cost 160 ms a request.
"""

import base64
import hashlib
import hmac
import secrets
import zlib

from daulat.records import Record

PREFIX = "dlt"
_SECRET_BYTES = 32


class ApiKey(Record, frozen=True):
    """What is kept of a key: enough to recognise it, nothing to use it with."""

    id: str
    hash: str
    """`hmac-sha256:` of the whole key under the pepper."""
    expires: str | None = None
    """UTC, RFC 3339 with `Z`; refused from then on."""


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


def _checksum(stem: str) -> str:
    return _base32(zlib.crc32(stem.encode()).to_bytes(4))


def hash_key(key: str, pepper: bytes) -> str:
    """The keyed hash that is stored for `key`; without the pepper it can not even be guessed at."""
    return "hmac-sha256:" + hmac.digest(pepper, key.encode(), hashlib.sha256).hex()


def new_key(pepper: bytes, expires: str | None = None) -> tuple[str, ApiKey]:
    """A fresh key to show once, and the record to keep."""
    assert len(pepper) >= 16, "a pepper below 128 bits protects nothing"
    stem = f"{PREFIX}_{_base32(secrets.token_bytes(5))}_{_base32(secrets.token_bytes(_SECRET_BYTES))}"
    key = f"{stem}_{_checksum(stem)}"
    return key, ApiKey(id=stem.split("_")[1], hash=hash_key(key, pepper), expires=expires)


def key_id(key: str) -> str | None:
    """The public id that `key` claims, or None where it has not the form of a key of ours."""
    parts = key.split("_")
    return parts[1] if len(parts) == 4 and parts[0] == PREFIX and key.isascii() else None


def is_mistyped(key: str) -> bool:
    """Whether `key` can be told, without any record of it, never to have been one of ours."""
    stem, _, checksum = key.rpartition("_")
    return key_id(key) is None or checksum != _checksum(stem)


def same_hash(left: str, right: str) -> bool:
    """Compare in a time that tells nothing about where they differ."""
    return hmac.compare_digest(left, right)
