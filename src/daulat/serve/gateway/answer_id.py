"""Names of answers: unique, sorted by time, and nothing in them about who asked."""

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32, lower case, no i, l, o, u. Source: github.com/ulid/spec."""
_PAIRS = tuple(high + low for high in _ALPHABET for low in _ALPHABET)
_RANDOM_BITS = 80


def new_answer_id(now_ms: int | None = None) -> str:
    """`ans-` and 26 characters: 48 bits of milliseconds, then 80 random bits (a ULID)."""
    milliseconds = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    number = (milliseconds << _RANDOM_BITS) | int.from_bytes(os.urandom(_RANDOM_BITS // 8))
    return "ans-" + "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])


def is_answer_id(text: str) -> bool:
    """Whether `text` has the form of an answer's name."""
    return len(text) == 30 and text.startswith("ans-") and all(c in _ALPHABET for c in text[4:])
