"""The text of word processors' files: DOCX and ODT, a zip of XML; runs in a process of its own (confined.py).

Sources: ECMA-376 part 1, 17 (WordprocessingML); OASIS OpenDocument 1.3, part 3.
"""

import io
import re
import zipfile
import zlib
from xml.parsers import expat

from daulat.corpus.extract import legacy
from daulat.corpus.extract.reading import CELL, Reading, Unreadable
from daulat.corpus.extract.unpack import MAX_RATIO

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
MAX_DEPTH = 400
"""Deeper documents are held. Ours: a table in a table in a text box has 40."""
MAX_MEMBERS = 20_000
_BROKEN = "broken or not what its name says"
_NO_TEXT = frozenset(
    re.findall(r"[\w-]+", "instrText delText moveFrom pict object binData tracked-changes annotation fallback Fallback")
)
"""Fields, what was deleted, drawings kept twice, remarks."""
_PARAGRAPHS = frozenset(("p", "h"))
_GAPS = {"tab": " ", "br": "\n", "cr": "\n", "line-break": "\n", "s": " ", "noBreakHyphen": "-"}


def read_docx(data: bytes, max_bytes: int) -> Reading:
    """The paragraphs of the body, of foot- and endnotes; a row of a table is one line of its cells.

    Raises: Unreadable for what is no such file, is encrypted or broken, or unpacks to too much.
    """
    if data.startswith(_OLE):
        raise Unreadable("needs a password" if _ENCRYPTED in data else "not what its name says")
    parts = _members(data, ("word/document.xml", "word/footnotes.xml", "word/endnotes.xml"), max_bytes)
    return _reading(parts, "word/document.xml")


def read_odt(data: bytes, max_bytes: int) -> Reading:
    """The same of an OpenDocument text."""
    parts = _members(data, ("content.xml", "META-INF/manifest.xml"), max_bytes)
    if b"encryption-data" in parts.pop("META-INF/manifest.xml", b""):
        raise Unreadable("needs a password")
    return _reading(parts, "content.xml")


def _reading(parts: dict[str, bytes], needed: str) -> Reading:
    if needed not in parts:
        raise Unreadable("not what its name says")
    reading = Reading([])
    for content in parts.values():
        _Text(reading).parse(content)
    whole = "\n".join(reading.paragraphs)
    right = legacy.restored(whole)
    if right != whole:
        reading.paragraphs = right.split("\n")
    if legacy.is_lost(right):
        raise Unreadable("characters lost in its fonts")
    return reading


def _members(data: bytes, names: tuple[str, ...], max_bytes: int) -> dict[str, bytes]:
    """Those members of the zip that are there; nothing else is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as pack:
            known = {member.filename: member for member in pack.infolist()}
            found = {name: known[name] for name in names if name in known}
            if len(known) > MAX_MEMBERS:
                raise Unreadable("unpacks to too much")
            if any(member.flag_bits & 1 for member in found.values()):
                raise Unreadable("needs a password")
            unpacked = sum(member.file_size for member in found.values())
            packed = sum(member.compress_size for member in found.values())
            if unpacked > max_bytes or (unpacked > 1 << 20 and unpacked > MAX_RATIO * packed):
                raise Unreadable("unpacks to too much")
            return {name: _content(pack, member) for name, member in found.items()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error, ValueError):
        raise Unreadable(_BROKEN) from None


def _content(pack: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """At most as many bytes as the pack's own directory says: a header may lie, a read does not."""
    with pack.open(member) as file:
        return file.read(member.file_size)


class _Text:
    """Collects paragraphs and rows of tables from the XML, without building a tree; no entity is ever declared."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.line: list[str] = []
        self.cells: list[list[str]] = []
        """Of the open rows, from the outermost in: the text of each cell so far."""
        self.depth = self.skipping = 0
        self.in_text = 0

    def parse(self, content: bytes) -> None:
        """Read one part.

        Raises: Unreadable for broken or too deep XML, and for XML that declares a document type.
        """
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._refuse
        try:
            parser.Parse(content, True)
        except expat.ExpatError:
            raise Unreadable("broken XML") from None
        self._flush()

    def _refuse(self, *_: object) -> None:
        raise Unreadable("XML that declares entities")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable("nested too deeply")
        local = name.rpartition("}")[2]
        if self.skipping:
            return
        if local in _NO_TEXT:
            self.skipping = self.depth
        elif local in _PARAGRAPHS:
            self._flush()
            self.in_text += 1
        elif local in ("tr", "table-row"):
            self._flush()
            self.cells.append([])
        elif local in ("tc", "table-cell") and self.cells:
            self._flush()
            self.cells[-1].append("")
        elif local in _GAPS:
            self.line.append(_GAPS[local])

    def _characters(self, text: str) -> None:
        if self.in_text and not self.skipping:
            self.line.append(text)

    def _end(self, name: str) -> None:
        local = name.rpartition("}")[2]
        if self.skipping == self.depth:
            self.skipping = 0
        elif self.skipping:
            pass
        elif local in _PARAGRAPHS:
            self._flush()
            self.in_text -= 1
        elif local in ("tr", "table-row") and self.cells:
            self._flush()
            row = CELL.join(cell for cell in self.cells.pop() if cell)
            self._put(row)
        self.depth -= 1

    def _flush(self) -> None:
        """The line goes to the open cell, or is a paragraph."""
        lines = "".join(self.line).split("\n")
        self.line.clear()
        for line in lines:
            self._put(" ".join(line.split()))

    def _put(self, text: str) -> None:
        if not text:
            return
        if self.cells and self.cells[-1]:
            self.cells[-1][-1] = f"{self.cells[-1][-1]} {text}".strip()
        else:
            self.reading.paragraphs.append(text)
