"""Messages in Fluent (`.ftl`), one by one or inside a Firefox language pack (`.xpi`). Source: Project Fluent, syntax
1.0."""

import io
import re
import zipfile
from collections.abc import Iterator

from daulat.corpus.extract.charset import decode
from daulat.corpus.extract.messages import read_properties, reading
from daulat.corpus.extract.reading import Reading, Unreadable

_ENTRY = re.compile(r"^(-?[A-Za-z][\w-]*)\s*=[ \t]?(.*)$|^[ \t]+\.([A-Za-z][\w-]*)\s*=[ \t]?(.*)$")
_VARIANT = re.compile(r"^\s*\*?\[[^\]]*\]\s?(.*)$")
_PLACEABLE = re.compile(r"\{\s*(?:\"([^\"]*)\"|(-[A-Za-z][\w-]*)[^{}]*|[^{}]*)\}")
MAX_RATIO = 200
"""Unpacked to packed bytes; more is a bomb. Ours: a language pack has 4."""
MAX_MEMBERS = 20_000
"""Files in a pack. Ours: a language pack has 500."""


def read(data: bytes, min_characters: int) -> Reading:
    """The messages of one `.ftl` file."""
    text = decode(data)
    return reading((("", message) for message in _messages(text, _terms(text))), min_characters)


def read_pack(data: bytes, min_characters: int, max_bytes: int) -> Reading:
    """The messages of every `.ftl` and `.properties` file in a zip.

    Raises: Unreadable for what is no zip, is broken, or unpacks to more than the limits.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as pack:
            members = sorted((m for m in pack.infolist() if not m.is_dir()), key=lambda m: m.filename)
            unpacked = sum(member.file_size for member in members)
            if len(members) > MAX_MEMBERS or unpacked > max_bytes or unpacked > MAX_RATIO * max(1, len(data)):
                raise Unreadable("unpacks to too much")
            files = {m.filename: _member(pack, m) for m in members if m.filename.endswith((".ftl", ".properties"))}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
        raise Unreadable("broken or not what its name says") from None
    if not files:
        raise Unreadable("pack without messages", worthless=True)
    terms: dict[str, str] = {}
    texts = {name: decode(content) for name, content in files.items() if name.endswith(".ftl")}
    for text in texts.values():
        terms.update(_terms(text))
    fluent = (("", message) for text in texts.values() for message in _messages(text, terms))
    found = reading(fluent, min_characters)
    known = set(found.paragraphs)
    for name, content in files.items():
        if name.endswith(".properties"):
            more = read_properties(content, min_characters)
            found.paragraphs += [message for message in more.paragraphs if message not in known]
            known.update(more.paragraphs)
            found.left_out.update(more.left_out)
            found.left_out_utf8_bytes.update(more.left_out_utf8_bytes)
    return found


def _member(pack: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """At most as many bytes as the pack's own directory says: a header may lie, a read does not."""
    import zlib

    try:
        with pack.open(member) as file:
            return file.read(member.file_size)
    except zlib.error:
        raise Unreadable("broken or not what its name says") from None


def _terms(text: str) -> dict[str, str]:
    """`-brand-short-name = Firefox` and the like."""
    return dict(re.findall(r"^(-[A-Za-z][\w-]*)\s*=\s*([^{}\n]+)$", text, re.MULTILINE))


def _messages(text: str, terms: dict[str, str]) -> Iterator[str]:
    """Every value, attribute and variant, its placeables filled in where a term is known."""
    for pattern in _patterns(text):
        for variant in _variants(pattern):
            yield _PLACEABLE.sub(lambda m: m[1] if m[1] is not None else terms.get(m[2] or "", "{x}"), variant)


def _patterns(text: str) -> Iterator[str]:
    pattern: list[str] | None = None
    for line in text.splitlines():
        entry = _ENTRY.match(line)
        if entry:
            if pattern:
                yield "\n".join(pattern)
            pattern = [entry[2] if entry[2] is not None else entry[4]]
        elif pattern is not None and (not line.strip() or line[0] in " \t}"):
            pattern.append(line)
        else:
            if pattern:
                yield "\n".join(pattern)
            pattern = None
    if pattern:
        yield "\n".join(pattern)


def _variants(pattern: str) -> list[str]:
    """The pattern itself, or each variant of its selector: one for each number or gender."""
    if "->" not in pattern:
        return [" ".join(pattern.split())]
    before, _, rest = pattern.partition("{")
    found: list[str] = []
    for line in rest.splitlines()[1:]:
        variant = _VARIANT.match(line)
        if variant:
            found.append(variant[1])
        elif found and line.strip() != "}":
            found[-1] += " " + line.strip()
    return [" ".join(f"{before} {variant}".split()) for variant in found]
