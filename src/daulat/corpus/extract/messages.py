"""Messages of a program: gettext catalogues (`.mo`, `.po`), `.properties`, and what makes a message a sentence."""

import re
import struct
from collections.abc import Iterable, Iterator

from daulat.corpus.extract.charset import decode
from daulat.corpus.extract.html import without_tags
from daulat.corpus.extract.reading import Reading, Unreadable

_PLACEHOLDER = re.compile(
    r"%(?:\d+\$)?(?:\([A-Za-z_]\w*\))?[-+#0]*\d*(?:\.\d+)?(?:hh|h|ll|l|z|j|t)?[sdiufgexXcCpS@](?![A-Za-z])"
    r"|%\d+|%[A-Z][A-Z_]{2,}%?|\$\([A-Za-z0-9_]+\)|\$\d|\$\{[^{}]{1,40}\}|\$[A-Z_]{2,}\$?|\{\{?[^{}]{0,40}\}\}?"
    r"|&[A-Za-z]+[A-Za-z.]*;"
)
_ACCELERATOR = re.compile(
    r"\((?:[&_~][A-Za-z0-9])\)|(?<![A-Za-z0-9&])&(?=[^\s&;])|~(?=\S)|(?<![A-Za-z0-9_])_(?=[^\W_])"
)
MISSING = "…"
"""Stands for what a program would fill in."""


def read_mo(data: bytes, min_characters: int) -> Reading:
    """The translated messages of a compiled catalogue. Source: GNU gettext manual, "The Format of GNU MO Files"."""
    return reading(_mo(data), min_characters)


def read_po(data: bytes, min_characters: int) -> Reading:
    """The translated messages of a catalogue's source: no fuzzy, no obsolete ones."""
    return reading(_po(decode(data)), min_characters)


def read_properties(data: bytes, min_characters: int) -> Reading:
    """The values of a Java-like `.properties` file."""
    joined = re.sub(r"\\\r?\n[ \t]*", "", decode(data))
    lines = (re.match(r"\s*(?![#!\s])[^=:]+?\s*[=:]\s*(.*)", line) for line in joined.splitlines())
    values = (_unescaped(line[1]) for line in lines if line)
    return reading((("", value) for value in values), min_characters)


def _unescaped(value: str) -> str:
    """`\\u0E01` as its character; half a pair becomes U+FFFD."""
    text = re.sub(r"\\u([0-9A-Fa-f]{4})", lambda m: chr(int(m[1], 16)), value)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def reading(messages: Iterable[tuple[str, str]], min_characters: int) -> Reading:
    """The messages (original, translation) that read as text, each once; the others are counted by reason."""
    found = Reading([], messages=True)
    seen: set[str] = set()
    for original, message in messages:
        if not message.strip():
            continue
        if message == original:
            found.leave_out("not translated", message)
            continue
        for line in re.split(r"(?:\\n|\n|<br ?/?>|</p>)+", message):
            text = clean(line)
            if len(text) < min_characters:
                found.leave_out("label", line)
            elif text in seen:
                found.leave_out("repeated message", line)
            else:
                seen.add(text)
                found.paragraphs.append(text)
    return found


def clean(message: str) -> str:
    """The message as a person reads it: no markup, no keyboard accelerators; what is filled in becomes `…`."""
    text = without_tags(message.replace("\\t", " ").replace('\\"', '"'))
    text = _ACCELERATOR.sub("", text)
    text = _PLACEHOLDER.sub(MISSING, text)
    return " ".join(re.sub(r"(?:…\s*){2,}", "… ", text).split())


def _mo(data: bytes) -> Iterator[tuple[str, str]]:
    order = {b"\xde\x12\x04\x95": "<", b"\x95\x04\x12\xde": ">"}.get(data[:4])
    if order is None:
        raise Unreadable("not what its name says")
    try:
        count, originals, translations = struct.unpack_from(f"{order}3I", data, 8)
        if count * 8 > len(data):
            raise Unreadable("broken catalogue")
        raw = [
            tuple(
                _slice(data, *struct.unpack_from(f"{order}2I", data, at + 8 * index))
                for at in (originals, translations)
            )
            for index in range(count)
        ]
    except struct.error:
        raise Unreadable("broken catalogue") from None
    header = next((value for key, value in raw if not key), b"")
    charset = re.search(rb"charset=([A-Za-z0-9_-]+)", header)
    for key, value in raw:
        if key:
            original = _text(key, charset).split("\x04")[-1].split("\0")[0]
            for form in _text(value, charset).split("\0"):
                yield original, form


def _slice(data: bytes, length: int, start: int) -> bytes:
    if start + length > len(data):
        raise Unreadable("broken catalogue")
    return data[start : start + length]


def _text(data: bytes, charset: re.Match[bytes] | None) -> str:
    try:
        return data.decode(charset[1].decode() if charset else "utf-8")
    except (UnicodeError, LookupError):
        raise Unreadable("bytes that its charset does not have") from None


_PO_LINE = re.compile(r'(?:(msgctxt|msgid_plural|msgid|msgstr)(?:\[\d+\])?\s+)?"(.*)"$')


def _po(text: str) -> Iterator[tuple[str, str]]:
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        if re.search(r"^#,.*\bfuzzy\b", block, re.MULTILINE):
            continue
        parts: list[tuple[str, str]] = []
        for line in block.splitlines():
            found = _PO_LINE.match(line.strip())
            if found and found[1]:
                parts.append((found[1], found[2]))
            elif found and parts:
                parts[-1] = (parts[-1][0], parts[-1][1] + found[2])
        original = next((value for key, value in parts if key == "msgid"), "")
        if original:
            for key, value in parts:
                if key == "msgstr":
                    yield original, value
