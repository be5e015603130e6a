"""One value, one sequence of bytes: canonical JSON, and the digests that name bytes.

Source: RFC 8785 (JCS). Objects are sorted by UTF-16 code units, numbers are written as ECMAScript writes doubles, text
is UTF-8 with the shortest escapes. Whole numbers beyond 2^53 - 1 are refused: another reader would round them.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from daulat.errors import DaulatError, NotVerified

MAX_EXACT_INT = 2**53 - 1
"""Source: RFC 8785, section 3.2.2.3; RFC 7493, section 2.2."""

_TEXT = json.JSONEncoder(ensure_ascii=False).encode
_PLAIN = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")


def canonical(value: Any) -> bytes:
    """The one way to write this JSON value.

    Raises: DaulatError for NaN, infinity, whole numbers that are not exact as doubles, lone surrogates, other types.
    """
    if _is_plain(value):
        text = _PLAIN(value)
    else:
        parts: list[str] = []
        _write(value, parts.append)
        text = "".join(parts)
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise DaulatError(
            "a text holds half of a surrogate pair", "mend the text: it cannot be written as UTF-8"
        ) from None


def parse(data: bytes) -> Any:
    """The value of canonical JSON bytes.

    Raises: NotVerified where they are not JSON, or are not written in the one canonical way (a key twice, a space).
    """
    try:
        value = json.loads(data.decode(), parse_int=_int, parse_constant=_refuse)
        same = canonical(value) == data
    except (ValueError, RecursionError, DaulatError):
        raise NotVerified("not JSON", "it was changed or cut off: restore it from a copy") from None
    if not same:
        raise NotVerified("JSON that is not canonical (RFC 8785)", "it was changed: restore it from a copy")
    return value


def digest(data: bytes) -> str:
    """`sha256:` and 64 hex digits."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def digest_file(path: Path) -> str:
    """The digest of a file's content, read in pieces."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def is_digest(text: object) -> bool:
    """Whether it is written as a digest is."""
    return isinstance(text, str) and _DIGEST.match(text) is not None


def _is_plain(value: Any) -> bool:
    """Whether the standard library writes it canonically: text, lists, exact whole numbers, objects with ASCII keys.

    INVARIANT: `_PLAIN` and `_write` give the same for such a value; for all others `_write` decides, errors included.
    """
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is dict:
        for key, inner in value.items():
            if type(key) is not str or not key.isascii():
                return False
            if type(inner) is not str and not _is_plain(inner):
                return False
        return True
    if kind is list or kind is tuple:
        return all(type(item) is str or _is_plain(item) for item in value)
    return kind is int and -MAX_EXACT_INT <= value <= MAX_EXACT_INT


def _write(value: Any, out: Callable[[str], None]) -> None:
    match value:
        case str():
            out(_TEXT(value))
        case None | True | False:
            out({None: "null", True: "true", False: "false"}[value])
        case int():
            out(_exact(value))
        case float():
            out(_double(value))
        case dict():
            _write_object(value, out)
        case list() | tuple():
            out("[")
            for number, item in enumerate(value):
                if number:
                    out(",")
                _write(item, out)
            out("]")
        case _:
            raise DaulatError(f"a {type(value).__name__} has no place in JSON", "use text, numbers, lists and objects")


def _write_object(value: dict[Any, Any], out: Callable[[str], None]) -> None:
    for key in value:
        if not isinstance(key, str):
            raise DaulatError(f"an object's key is a {type(key).__name__}: {key!r}", "keys of JSON objects are text")
    out("{")
    for number, key in enumerate(sorted(value, key=_utf16)):
        out(("," if number else "") + _TEXT(key) + ":")
        _write(value[key], out)
    out("}")


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def _exact(value: int) -> str:
    if abs(value) > MAX_EXACT_INT:
        raise DaulatError(f"{value} is beyond 2^53 - 1 and not exact in JSON", "write it as text")
    return str(value)


def _double(value: float) -> str:
    """As ECMAScript's Number::toString writes it: the shortest digits that read back as the same double."""
    if not math.isfinite(value):
        raise DaulatError(f"{value} has no place in JSON", "leave the field out where there is no number")
    if value == 0:
        return "0"
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    sign = "-" if value < 0 else ""
    if 0 < point <= 21:
        tail = f".{digits[point:]}" if len(digits) > point else ""
        return sign + digits[:point].ljust(point, "0") + tail
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{point - 1:+d}"


def _int(text: str) -> int | float:
    number = int(text)
    return number if abs(number) <= MAX_EXACT_INT else float(text)


def _refuse(text: str) -> Any:
    raise ValueError(text)
