"""Which keys are in force, and what each may sign: set by statements in the log itself.

```
index 0   keyring {operator A, gateway G}   signed by A: the trust anchor
index k   keyring {operator B, gateway G}   signed by A; from k + 1 on A signs nothing more
```
A keyring statement lists all keys; one that it leaves out is revoked for everything after it.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from daulat.errors import DaulatError, NotVerified
from daulat.journey import shape
from daulat.journey.cosignature import CosignerKey
from daulat.journey.keys import COSIGNATURE, ED25519, PublicKey

ROLES: dict[str, frozenset[str]] = {
    "operator": frozenset(shape.KINDS),
    "approver": frozenset({shape.RELEASE, shape.FINDING}),
    "gateway": frozenset({shape.USAGE}),
    "witness": frozenset(),
}
"""What a role may sign. A witness signs no statement: it cosigns checkpoints."""


@dataclass(frozen=True)
class Keyring:
    """Keys in force, by key id: their role and the key."""

    keys: dict[str, tuple[str, PublicKey]]
    publisher: bytes | None = None
    """The key (DER) that folders are signed with for other people's tools; it signs nothing in the log."""

    @classmethod
    def of(cls, statement: dict[str, Any]) -> "Keyring":
        """The keys that a keyring statement lists.

        Raises: NotVerified for an unknown role, a key id twice, or no operator.
        """
        keys: dict[str, tuple[str, PublicKey]] = {}
        for item in statement["predicate"]["keys"]:
            try:
                kinds = (ED25519, COSIGNATURE) if item["role"] == "witness" else (ED25519,)
                key = PublicKey.parse(item["key"], kinds)
            except (DaulatError, ValueError) as error:
                raise NotVerified(
                    f"the keyring lists a key that is none: {error}", "record a keyring that is whole"
                ) from None
            if item["role"] not in ROLES or key.key_id in keys:
                raise NotVerified(
                    f"the keyring lists `{key.key_id}` twice or in an unknown role", f"roles: {', '.join(ROLES)}"
                )
            keys[key.key_id] = (item["role"], key)
        if not any(role == "operator" for role, _ in keys.values()):
            raise NotVerified("the keyring has no operator", "a log needs at least one operator key")
        return cls(keys, _publisher(statement["predicate"].get("publisher")))

    @classmethod
    def anchor(cls, statement: dict[str, Any]) -> "Keyring":
        """The keyring of index 0, under which that statement itself must verify.

        Raises: NotVerified where the log does not begin with a keyring.
        """
        shape.check(statement)
        if statement["predicateType"] != shape.KEYRING:
            raise NotVerified("the log does not begin with a keyring", "this is not the journey of a daulat project")
        return cls.of(statement)

    def after(self, statement: dict[str, Any]) -> "Keyring":
        """The keys in force for what comes after this statement, which has been checked."""
        return Keyring.of(statement) if statement["predicateType"] == shape.KEYRING else self

    def check(self, key_id: str, signature: bytes, data: bytes, statement: dict[str, Any]) -> None:
        """Nothing, if that key is in force, signed these bytes, and its role lets it say so.

        Raises: NotVerified otherwise.
        """
        _, key = self._in_force(key_id)
        if not key.verify(signature, data):
            raise NotVerified(
                f"the signature by `{key_id}` is wrong", "the statement was changed: restore it from a copy"
            )
        self.permit(key_id, statement)

    def permit(self, key_id: str, statement: dict[str, Any]) -> None:
        """Nothing, if that key is in force and its role may sign such a statement.

        Raises: NotVerified otherwise.
        """
        role, _ = self._in_force(key_id)
        kind = statement.get("predicateType")
        if not isinstance(kind, str) or kind not in ROLES[role]:
            raise NotVerified(f"`{key_id}` is a {role} key and may not sign `{kind}`", "sign it with an operator key")

    def writers(self) -> Iterable[PublicKey]:
        """Keys whose role may sign statements, and so the checkpoint that makes them durable."""
        return [key for role, key in self.keys.values() if ROLES[role]]

    def witnesses(self) -> list[CosignerKey]:
        """Whose cosignatures under this log's checkpoints count."""
        return [CosignerKey(key) for role, key in self.keys.values() if role == "witness"]

    def _in_force(self, key_id: str) -> tuple[str, PublicKey]:
        if key_id not in self.keys:
            known = ", ".join(f"`{name}`" for name in self.keys)
            raise NotVerified(f"the key `{key_id}` is not in force", f"keys in force: {known}")
        return self.keys[key_id]


def _publisher(text: Any) -> bytes | None:
    if text is None:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError):
        raise NotVerified("the keyring's publisher key is not base64", "record a keyring that is whole") from None
