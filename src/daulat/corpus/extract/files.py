"""Files become documents: unpack, choose the reader, cut into parts; what cannot be read is counted with its reason."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from daulat.corpus.extract import confined, fluent, html, messages, ocr, pak, plain, records, roff, xml
from daulat.corpus.extract.reading import Reading, Unreadable
from daulat.corpus.extract.unpack import packing, unpacked
from daulat.corpus.options import CorpusOptions
from daulat.corpus.stage import KEEP, Judged, TakenOut, Verdict, document, drop, hold, table
from daulat.records import Source

_MAGIC = {b"%PDF": (".pdf",), b"PK\x03\x04": (".xpi", ".zip", ".docx", ".odt"), b"\x7fELF": ()}
"""How some files begin, and what their names then end with."""
_PACKS = (".xpi", ".zip")


BLOCK_UTF8_BYTES = 16_000_000
"""Documents are handed on in blocks of about so much text."""
Block: TypeAlias = "tuple[Judged, list[int], list[bool]]"
"""Documents as they were read; of each, which file it is of, and whether it is that file's last."""


def extract(source: Source, folder: Path, options: CorpusOptions) -> Judged:
    """Every file below `folder`, in the order of its path, as one or more documents; all in one table.

    A document's id is the digest of the source's name and the file's original bytes, and of the part's number from the
    second part on; of a file of many records, the digest of the source's name, the record's key and its text.
    Raises: DaulatError where scanned pages are to be read, and what reads them is not installed.
    """
    import pyarrow as pa

    listed = named(folder)
    ready(source, options, [path for _, path in listed])
    rows, verdicts, taken = [table([])], list[Verdict](), list[TakenOut]()
    for judged, _, _ in extract_blocks(source, listed, options):
        taken += [(len(verdicts) + row, what) for row, what in judged.taken_out]
        verdicts += judged.verdicts
        rows.append(judged.documents)
    return Judged(pa.concat_tables(rows), verdicts, taken)


def named(folder: Path) -> list[tuple[str, Path]]:
    """Regular files below the folder with their names there, in the order of their names' bytes."""
    return [(os.fsencode(path.relative_to(folder)).decode("utf-8", "replace"), path) for path in all_files(folder)]


def ready(source: Source, options: CorpusOptions, files: Iterable[Path]) -> None:
    """Raises: DaulatError where scanned pages are to be read, and what reads them is not installed."""
    if options.ocr and any(path.name.lower().endswith(".pdf") for path in files):
        ocr.languages(source.language)


def extract_blocks(source: Source, listed: Sequence[tuple[str, Path]], options: CorpusOptions) -> Iterator[Block]:
    """The documents of these files, block by block: memory does not grow with their number."""
    found = _Found(source, options)
    for number, (name, path) in enumerate(listed):
        many = path.stat().st_size > 0 and records.holds_records(name)
        for batch in records.batches(path, name, source, options) if many else (None,):
            if found.size >= BLOCK_UTF8_BYTES:
                yield found.block()
                found = _Found(source, options)
            if batch is None:
                found.add_file(name, path, number)
            else:
                found.add_batch(name, batch, number)
        found.end(number)
    if found.rows:
        yield found.block()


class _Found:
    """The documents found so far, and what was left out of them."""

    def __init__(self, source: Source, options: CorpusOptions) -> None:
        self.source, self.options = source, options
        self.rows: list[dict[str, Any]] = []
        self.verdicts: list[Verdict] = []
        self.taken: list[TakenOut] = []
        self.owners: list[int] = []
        self.last: list[bool] = []
        self.size = 0

    def add_file(self, name: str, path: Path, owner: int) -> None:
        """A file that is one document."""
        size = path.stat().st_size
        key = hashlib.sha256(self.source.name.encode() + b"\0")
        data = path.read_bytes() if size <= self.options.max_file_bytes else b""
        key.update(data or name.encode("utf-8", "replace"))
        try:
            if not data:
                raise Unreadable("empty" if size == 0 else "too large", worthless=size == 0)
            reading = read(name, data, self.source, self.options)
            size = self.options.message_group_utf8_bytes if reading.messages else self.options.part_utf8_bytes
            parts = list(cut(reading.paragraphs, size))
            if not any(part.strip() for part in parts):
                raise Unreadable(records.NO_TEXT, worthless=True)
        except Unreadable as why:
            self._leave(name, key, why, owner)
            return
        self._left_out(reading.left_out, reading.left_out_utf8_bytes)
        self._add(name, key, parts, owner)

    def add_batch(self, name: str, batch: records.Batch, owner: int) -> None:
        """Some records of a file that has many."""
        before = len(self.rows)
        rows = batch.rows
        columns = (rows[column].to_pylist() for column in ("key", "text", "reason", "worthless"))
        for record, text, reason, worthless in zip(*columns, strict=True):
            here = f"{name}#{record}"
            key = hashlib.sha256(f"{self.source.name}\0{record}\0".encode("utf-8", "replace"))
            key.update((here if text is None else text).encode("utf-8", "replace"))
            if text is None:
                self._leave(here, key, Unreadable(reason, worthless=worthless), owner)
            elif not text.strip():
                self._leave(here, key, Unreadable(records.NO_TEXT, worthless=True), owner)
            else:
                self._add(here, key, cut_text(text, self.options.part_utf8_bytes), owner)
        if len(self.rows) > before:
            self._left_out(batch.left_out, batch.left_out_utf8_bytes, before)

    def end(self, owner: int) -> None:
        """The file is read to its end."""
        if self.owners and self.owners[-1] == owner:
            self.last[-1] = True

    def _left_out(self, paragraphs: Counter[str], utf8_bytes: Counter[str], row: int | None = None) -> None:
        """What was left out of a file or some records, told of the first document of them."""
        at = len(self.rows) if row is None else row
        self.taken += [
            (at, {"reason": why, "paragraphs": paragraphs[why], "utf8_bytes": utf8_bytes[why]})
            for why in sorted(paragraphs)
        ]

    def _add(self, name: str, key: "hashlib._Hash", parts: list[str], owner: int) -> None:
        for part, text in enumerate(parts):
            here = name if len(parts) == 1 else f"{name}#{part + 1}"
            self._row(here, part_id(key, part), text, KEEP, owner)

    def _leave(self, name: str, key: "hashlib._Hash", why: Unreadable, owner: int) -> None:
        verdict = drop(why.reason) if why.worthless else hold(why.reason)
        self._row(name, key.hexdigest(), "", verdict, owner)

    def _row(self, name: str, id_: str, text: str, verdict: Verdict, owner: int) -> None:
        self.rows.append(document(self.source, name, id_, text))
        self.verdicts.append(verdict)
        self.owners.append(owner)
        self.last.append(False)
        self.size += len(text) * 2

    def block(self) -> Block:
        """All of them, a verdict for each."""
        return Judged(table(self.rows), self.verdicts, self.taken), self.owners, self.last


def unread_blocks(source: Source, listed: Sequence[tuple[str, Path]]) -> Iterator[Block]:
    """Every file as one document without its text: what may not be used is not opened beyond its digest."""
    rows = []
    for name, path in listed:
        with path.open("rb") as file:
            key = hashlib.sha256(source.name.encode() + b"\0")
            for block in iter(lambda: file.read(1 << 20), b""):
                key.update(block)
        rows.append(document(source, name, key.hexdigest(), ""))
    if rows:
        yield Judged(table(rows), [KEEP] * len(rows)), list(range(len(rows))), [True] * len(rows)


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


def cut_text(text: str, utf8_bytes: int) -> list[str]:
    """The same for a text with a paragraph a line: most are short, and are not looked into."""
    if len(text) * 3 <= utf8_bytes:
        return [text]
    data = text.encode("utf-8", "replace")
    if len(data) <= utf8_bytes:
        return [text]
    ends, begun, at = list[int](), 0, 0
    for paragraph in data.split(b"\n"):
        end = at + len(paragraph) + 1
        if ends and end - begun <= utf8_bytes:
            ends[-1] = end
        else:
            ends.append(end)
            begun = at
        at = end
    if len(ends) > 1 and (ends[-1] - ends[-2]) * 2 < utf8_bytes:
        ends[-2:] = ends[-1:]
    return [data[start : end - 1].decode() for start, end in zip([0, *ends], ends, strict=False)]


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
