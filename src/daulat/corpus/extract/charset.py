"""Bytes become text: what the file declares, unless the bytes say otherwise; never by guessing from little."""

import codecs
import re

from daulat.corpus.extract.reading import Unreadable

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
_DECLARED_WITHIN_BYTES = 4096
"""Source: WHATWG HTML, 13.2.3.2, has 1024; pages with long heads declare later."""
_ALIASES = {
    "tis-620": "cp874",
    "tis620": "cp874",
    "windows-874": "cp874",
    "iso-8859-11": "cp874",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
}
"""What a label means in practice. Source: WHATWG Encoding, names and labels."""
_THAI_SHARE = 0.4
"""High bytes among letters from which text is Thai and not a Western language. Ours: French has 0.05, Thai 0.8 and
more."""


def decode(data: bytes) -> str:
    """The text of the file.

    Raises: Unreadable where its charset is not found, or where it is not text at all.
    """
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return _decoded(data, codec)
    if b"\0" in data:
        raise Unreadable("not what its name says")
    text = _if_utf8(data)
    if text is not None:
        return text
    declared = _DECLARED.search(data[:_DECLARED_WITHIN_BYTES])
    if declared:
        label = declared[1].decode("ascii").lower()
        codec = _ALIASES.get(label, label)
        if not codec.replace("_", "-").startswith("utf-8"):
            return _decoded(data, codec)
    if _is_thai(data):
        return _decoded(data, "cp874")
    raise Unreadable("charset not found")


def _if_utf8(data: bytes) -> str | None:
    """Bytes that are valid UTF-8 are UTF-8, whatever is declared: other charsets hardly ever look like it."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _decoded(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except LookupError:
        raise Unreadable("charset not known") from None
    except UnicodeError:
        raise Unreadable("bytes that its charset does not have") from None


def _is_thai(data: bytes) -> bool:
    high = sum(map(data.count, map(bytes, zip(range(0xA1, 0xFC), strict=True))))
    letters = len(re.findall(rb"[A-Za-z]", data))
    return high / (high + letters or 1) >= _THAI_SHARE
