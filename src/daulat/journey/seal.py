"""Sign statements: what goes into the log. `envelope.py` opens what stands there, and needs nothing of this."""

import base64
from typing import Any

from daulat.journey import canonical, shape
from daulat.journey.envelope import PAYLOAD_TYPE, pae
from daulat.journey.keys import SigningKey


def checked(statement: dict[str, Any], key: SigningKey) -> bytes:
    """As `seal`, for a statement that is looked at first; its predicate is written once for both.

    Raises: NotVerified where the statement has not the shape that its predicate type asks for.
    """
    predicate = canonical.canonical(statement.get("predicate"))
    shape.check(statement, predicate)
    if len(statement) > _PARTS:
        return seal(statement, key)  # something more at its top, which is signed as well
    known, subject = _KNOWN[statement["predicateType"]], canonical.canonical(statement["subject"])
    # In the order of canonical JSON; what shapes have in common is written out once.
    return _sealed(b'{%s,"predicate":%s,"predicateType":%s,"subject":%s}' % (_TYPE, predicate, known, subject), key)


_PARTS = 4
"""`_type`, `predicate`, `predicateType`, `subject`: all that an in-toto Statement has."""
_TYPE = b'"_type":' + canonical.canonical(shape.STATEMENT)
_KNOWN = {name: canonical.canonical(name) for name in shape.KINDS}


def seal(statement: dict[str, Any], key: SigningKey) -> bytes:
    """The signed statement as one log entry: its envelope in canonical JSON, put together from its four parts."""
    return _sealed(canonical.canonical(statement), key)


def _sealed(payload: bytes, key: SigningKey) -> bytes:
    return b'{"payload":"%s","payloadType":"%s","signatures":[{"keyid":%s,"sig":"%s"}]}' % (
        base64.b64encode(payload),
        PAYLOAD_TYPE.encode(),
        canonical.canonical(key.key_id),
        base64.b64encode(key.sign(pae(payload))),
    )
