"""Files become documents: unpack, choose the reader, cut into parts; what cannot be read is counted with its reason."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from daulat.corpus.extract import confined, fluent, html, messages, ocr, pak, plain, records, roff, xml
from daulat.corpus.extract.reading import Reading, Unreadable
from daulat.corpus.extract.unpack import packing, unpacked
from daulat.corpus.options import CorpusOptions
from daulat.corpus.stage import KEEP, Judged, Removed, Verdict, document, drop, hold, table
from daulat.records import Digest, Progress, Source, no_progress

_MAGIC = {b"%PDF": (".pdf",), b"PK\x03\x04": (".xpi", ".zip", ".docx", ".odt"), b"\x7fELF": ()}
"""How some files begin, and what their names then end with."""
_PACKS = (".xpi", ".zip")


def extract(
    source: Source, snapshot: Digest, folder: Path, options: CorpusOptions, progress: Progress = no_progress
) -> Judged:
    """Every file below `folder`, in the order of its path, as one or more documents.

    A document's id is the digest of the source's name and the file's original bytes, and of the part's number from the
    second part on; of a file of many records, the digest of the source's name, the record's key and its text.
    Raises: DaulatError where scanned pages are to be read, and what reads them is not installed.
    """
    files = all_files(folder)
    if options.ocr and any(path.name.lower().endswith(".pdf") for path in files):
        ocr.languages(source.language)
    found = _Found(source, snapshot, options)
    for number, path in enumerate(files):
        name = os.fsencode(path.relative_to(folder)).decode("utf-8", "replace")
        if path.stat().st_size and records.holds_records(name):
            for record in records.records(path, name, source, options):
                found.add_record(name, record)
        else:
            found.add_file(name, path)
        if number % 50 == 0:
            progress(number / len(files), f"reading {source.name}")
    return found.judged()


class _Found:
    """The documents found so far, and what was left out of them."""

    def __init__(self, source: Source, snapshot: Digest, options: CorpusOptions) -> None:
        self.source, self.snapshot, self.options = source, snapshot, options
        self.rows: list[dict[str, Any]] = []
        self.verdicts: list[Verdict] = []
        self.left_out, self.left_out_bytes = Counter[str](), Counter[str]()

    def add_file(self, name: str, path: Path) -> None:
        """A file that is one document."""
        size = path.stat().st_size
        key = hashlib.sha256(self.source.name.encode() + b"\0")
        data = path.read_bytes() if size <= self.options.max_file_bytes else b""
        key.update(data or name.encode())
        try:
            if not data:
                raise Unreadable("empty" if size == 0 else "too large", worthless=size == 0)
            self._add(name, key, read(name, data, self.source, self.options))
        except Unreadable as why:
            self._leave(name, key, why)

    def add_record(self, name: str, record: records.Record) -> None:
        """A record of a file that has many."""
        name = f"{name}#{record.key}"
        key = hashlib.sha256(f"{self.source.name}\0{record.key}\0".encode("utf-8", "replace"))
        if isinstance(record.found, Unreadable):
            key.update(name.encode("utf-8", "replace"))
            self._leave(name, key, record.found)
            return
        key.update("\n".join(record.found.paragraphs).encode("utf-8", "replace"))
        try:
            self._add(name, key, record.found)
        except Unreadable as why:
            self._leave(name, key, why)

    def _add(self, name: str, key: "hashlib._Hash", reading: Reading) -> None:
        size = self.options.message_group_utf8_bytes if reading.messages else self.options.part_utf8_bytes
        parts = list(cut(reading.paragraphs, size))
        if not any(part.strip() for part in parts):
            raise Unreadable(records.NO_TEXT, worthless=True)
        self.left_out.update(reading.left_out)
        self.left_out_bytes.update(reading.left_out_utf8_bytes)
        for part, text in enumerate(parts):
            here = name if len(parts) == 1 else f"{name}#{part + 1}"
            self.rows.append(document(self.source, self.snapshot, here, part_id(key, part), text))
            self.verdicts.append(KEEP)

    def _leave(self, name: str, key: "hashlib._Hash", why: Unreadable) -> None:
        self.rows.append(document(self.source, self.snapshot, name, key.hexdigest(), ""))
        self.verdicts.append(drop(why.reason) if why.worthless else hold(why.reason))

    def judged(self) -> Judged:
        """All of them, a verdict for each."""
        out, size = self.left_out, self.left_out_bytes
        removed = (Removed("extract", self.source.name, why, out[why], size[why]) for why in sorted(out))
        return Judged(table(self.rows), self.verdicts, tuple(removed))


def unread(source: Source, snapshot: Digest, folder: Path) -> Judged:
    """Every file as one document without its text: what may not be used is not opened beyond its digest."""
    rows = []
    for path in all_files(folder):
        name = os.fsencode(path.relative_to(folder)).decode("utf-8", "replace")
        with path.open("rb") as file:
            key = hashlib.sha256(source.name.encode() + b"\0")
            for block in iter(lambda: file.read(1 << 20), b""):
                key.update(block)
        rows.append(document(source, snapshot, name, key.hexdigest(), ""))
    return Judged(table(rows), [KEEP] * len(rows))


def all_files(folder: Path) -> list[Path]:
    """Regular files below the folder, in the order of their names' bytes."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(found, key=lambda path: os.fsencode(path.relative_to(folder)))


def part_id(key: "hashlib._Hash", part: int) -> str:
    """The file's own digest for its first part, a digest with the part's number for each other."""
    if part == 0:
        return key.hexdigest()
    numbered = key.copy()
    numbered.update(f"\0{part}".encode())
    return numbered.hexdigest()


def read(name: str, data: bytes, source: Source, options: CorpusOptions) -> Reading:
    """The file's paragraphs, by what its name and its first bytes say.

    Raises: Unreadable where nobody can read it, or where name and bytes differ.
    """
    lower = name.lower()
    if ending := packing(lower):
        data, lower = unpacked(data, ending, options.max_file_bytes), lower.removesuffix(ending)
    for magic, endings in _MAGIC.items():
        if data.startswith(magic) and not lower.endswith(endings):
            raise Unreadable("not what its name says")
    shortest = options.message_characters
    if lower.endswith(_PACKS):
        return fluent.read_pack(data, shortest, options.max_file_bytes)
    readers: dict[str, Callable[[], Reading]] = {
        **dict.fromkeys(("html", "htm", "xhtml"), lambda: html.read(data, source.main)),
        **dict.fromkeys(("xml", "docbook", "page"), lambda: xml.read(data)),
        **dict.fromkeys("12345678", lambda: roff.read(data)),
        "mo": lambda: messages.read_mo(data, shortest),
        "po": lambda: messages.read_po(data, shortest),
        "properties": lambda: messages.read_properties(data, shortest),
        "ftl": lambda: fluent.read(data, shortest),
        "pak": lambda: pak.read(data, shortest),
        "pdf": lambda: confined.read("pdf", data, options, ocr.languages(source.language) if options.ocr else ()),
        "docx": lambda: confined.read("docx", data, options),
        "odt": lambda: confined.read("odt", data, options),
        "txt": lambda: plain.read(data),
        **dict.fromkeys(("md", "markdown"), lambda: plain.read_markdown(data)),
    }
    reader = readers.get(lower.rpartition(".")[2])
    if reader is None:
        raise Unreadable("no reader for this kind of file")
    return reader()


def cut(paragraphs: Iterable[str], utf8_bytes: int) -> Iterator[str]:
    """Paragraphs, one a line, in parts of about that size; none is smaller than half, unless the whole is.

    A paragraph longer than that stays whole: where it may be cut is not known here.
    """
    parts: list[tuple[list[str], int]] = []
    for paragraph in paragraphs:
        size = len(paragraph.encode("utf-8", "replace")) + 1
        if not parts or parts[-1][1] + size > utf8_bytes:
            parts.append(([], 0))
        lines, so_far = parts[-1]
        lines.append(paragraph)
        parts[-1] = (lines, so_far + size)
    if len(parts) > 1 and parts[-1][1] * 2 < utf8_bytes:
        lines, size = parts.pop()
        parts[-1] = (parts[-1][0] + lines, parts[-1][1] + size)
    for lines, _ in parts:
        yield "\n".join(lines)
