"""Manuals in DocBook and Mallard: paragraphs of the running text. No entity is ever expanded, nothing else is read."""

import re
from xml.parsers import expat

from daulat.corpus.extract.charset import decode
from daulat.corpus.extract.reading import Reading, Unreadable

_BLOCKS = frozenset(
    re.findall(r"\w+", "para simpara title subtitle term entry seg p desc td th item listitem abstract caption subject")
)
_SKIPPED = frozenset(
    re.findall(
        r"\w+",
        "screen programlisting literallayout synopsis cmdsynopsis funcsynopsis indexterm legalnotice license revhistory"
        " copyright publisher publishername author authorgroup collab othercredit edition pubdate date releaseinfo"
        " textobject imageobject credit links media comment",
    )
)
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*(?:\[(.*?)\]\s*)?>", re.DOTALL)
_DECLARED = re.compile(r"""<!ENTITY\s+([\w.-]+)\s+(?:"([^"&%<]{0,200})"|'([^'&%<]{0,200})')\s*>""")
_USED = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9A-Fa-f]+);)([\w.-]+);")
MAX_DEPTH = 2_000
"""Deeper files are held. Ours: manuals have 20."""


def read(data: bytes) -> Reading:
    """The paragraphs of a manual.

    The document type, with every entity that it declares, is cut off before parsing: short plain ones are put in
    literally, once; others become nothing. So no entity can nest, and no file outside is named.
    Raises: Unreadable for what is no XML.
    """
    text = decode(data)
    doctype = _DOCTYPE.search(text)
    entities: dict[str, str] = {}
    if doctype:
        entities = {name: one or two for name, one, two in _DECLARED.findall(doctype[1] or "")}
        text = text[: doctype.start()] + text[doctype.end() :]
    text = re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", text)
    text = _USED.sub(lambda used: entities.get(used[1], ""), text)
    return _Paragraphs().of(text)


class _Paragraphs:
    """Collects text between the borders of blocks, without building a tree."""

    def __init__(self) -> None:
        self.reading = Reading([])
        self.line: list[str] = []
        self.depth = 0
        self.skipping = 0
        """Depth of the element that is being skipped, or 0."""

    def of(self, text: str) -> Reading:
        parser = expat.ParserCreate(encoding="utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self.line.append
        try:
            parser.Parse(text.encode("utf-8"), True)
        except (expat.ExpatError, UnicodeEncodeError):
            raise Unreadable("broken XML") from None
        self._flush()
        return self.reading

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable("nested too deeply")
        if self.skipping:
            return
        local = name.rpartition(":")[2]
        if local in _SKIPPED or attributes.get("mime"):
            self._flush()
            self.skipping = self.depth
        elif local in _BLOCKS:
            self._flush()

    def _end(self, name: str) -> None:
        if self.skipping == self.depth:
            self.reading.leave_out("not running text", "".join(self.line))
            self.line.clear()
            self.skipping = 0
        elif not self.skipping and name.rpartition(":")[2] in _BLOCKS:
            self._flush()
        self.depth -= 1

    def _flush(self) -> None:
        line = " ".join("".join(self.line).split())
        self.line.clear()
        if line:
            self.reading.paragraphs.append(line)
