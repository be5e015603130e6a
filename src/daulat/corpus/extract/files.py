"""Files become documents: unpack, choose the reader, cut into parts; what cannot be read is counted with its reason."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from daulat.corpus.columns import flat
from daulat.corpus.extract import confined, fluent, html, messages, ocr, pak, plain, records, roff, xml
from daulat.corpus.extract.reading import Reading, Unreadable
from daulat.corpus.extract.unpack import packing, unpacked
from daulat.corpus.options import CorpusOptions
from daulat.corpus.stage import KEEP, Verdict, drop, hold
from daulat.records import Source

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_MAGIC = {b"%PDF": (".pdf",), b"PK\x03\x04": (".xpi", ".zip", ".docx", ".odt"), b"\x7fELF": ()}
"""How some files begin, and what their names then end with."""
_PACKS = (".xpi", ".zip")


BLOCK_UTF8_BYTES = 16_000_000
"""Documents are handed on in blocks of about so much text."""


@dataclass(frozen=True)
class LeftOut:
    """Paragraphs of a file that are not its text."""

    reason: str
    paragraphs: int
    utf8_bytes: int


@dataclass(frozen=True)
class Documents:
    """Some documents as they were read, one after the other, and a verdict for each."""

    ids: list[str]
    paths: list[str]
    texts: "pa.Array"
    """`large_string`, as long as the others; empty where a document could not be read."""
    verdicts: list[Verdict]
    owners: "npt.NDArray[np.int64]"
    """Which file each is of, by its place in the list that was given."""
    ended: list[int] = field(default_factory=list)
    """Files that are read to their end with these."""
    left_out: list[tuple[int, LeftOut]] = field(default_factory=list)
    """By file."""


def named(folder: Path) -> list[tuple[str, Path]]:
    """Regular files below the folder with their names there, in the order of their names' bytes."""
    return [(os.fsencode(path.relative_to(folder)).decode("utf-8", "replace"), path) for path in all_files(folder)]


def ready(source: Source, options: CorpusOptions, files: Iterable[Path]) -> None:
    """Raises: DaulatError where scanned pages are to be read, and what reads them is not installed."""
    if options.ocr and any(path.name.lower().endswith(".pdf") for path in files):
        ocr.languages(source.language)


def extract_blocks(source: Source, listed: Sequence[tuple[str, Path]], options: CorpusOptions) -> Iterator[Documents]:
    """The documents of these files, block by block: memory does not grow with their number.

    A document's id is the digest of the source's name and the file's original bytes, and of the part's number from the
    second part on; of a file of many records, the digest of the source's name, the record's key and its text.
    """
    found = _Found(source, options)
    for number, (name, path) in enumerate(listed):
        many = path.stat().st_size > 0 and records.holds_records(name)
        for batch in records.batches(path, name, source, options) if many else (None,):
            if found.size >= BLOCK_UTF8_BYTES:
                yield found.documents()
                found = _Found(source, options)
            if batch is None:
                found.add_file(name, path, number)
            else:
                found.add_batch(name, batch, number)
        found.ended.append(number)
    if found.ids or found.ended:
        yield found.documents()


class _Found:
    """The documents found so far, and what was left out of them."""

    def __init__(self, source: Source, options: CorpusOptions) -> None:
        self.source, self.options = source, options
        self.ids: list[str] = []
        self.paths: list[str] = []
        self.verdicts: list[Verdict] = []
        self.owners: list[int] = []
        self.ended: list[int] = []
        self.left_out: list[tuple[int, LeftOut]] = []
        self.size = 0
        self._texts: list[pa.Array] = []
        self._loose: list[bytes] = []

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
        self._leave_out(reading.left_out, reading.left_out_utf8_bytes, owner)
        self._add(name, key, [part.encode("utf-8", "replace") for part in parts], owner)

    def add_batch(self, name: str, batch: records.Batch, owner: int) -> None:
        """Some records of a file that has many: those that are documents as they are stay where they lie."""
        import numpy as np
        import pyarrow.compute as pc

        texts = batch.rows["text"]
        data, offsets = flat(texts)
        view, places = memoryview(data), offsets.tolist()  # type: ignore[arg-type]
        sizes = np.diff(offsets)
        valid = np.asarray(pc.is_valid(texts))
        plain = valid & (sizes <= self.options.part_utf8_bytes)
        blank = np.asarray(pc.fill_null(pc.utf8_is_space(texts), False))
        plain &= ~blank
        own = data[places[0] : places[-1]] if not plain.all() else data[:0]
        line_ends = np.flatnonzero(own == ord("\n")) + places[0]
        keys = batch.rows["key"].to_pylist()
        head = f"{self.source.name}\0".encode()

        def begun(record: str) -> "hashlib._Hash":
            return hashlib.sha256(head + f"{record}\0".encode("utf-8", "replace"))

        edges = [0, *(np.flatnonzero(np.diff(plain)) + 1).tolist(), len(keys)] if keys else []
        for start, end in pairwise(edges):
            if not plain[start]:
                for row in range(start, end):
                    here, key = f"{name}#{keys[row]}", begun(keys[row])
                    if valid[row] and not blank[row]:
                        mine = slice(*np.searchsorted(line_ends, places[row : row + 2]))
                        self._long(here, key, view[places[row] : places[row + 1]], line_ends[mine] - places[row], owner)
                    else:
                        self._unread(here, key, batch.rows.slice(row, 1), owner)
                continue
            for row in range(start, end):
                key = begun(keys[row])
                key.update(view[places[row] : places[row + 1]])
                self.ids.append(key.hexdigest())
                self.paths.append(f"{name}#{keys[row]}")
            self._settle()
            self._texts.append(texts.slice(start, end - start))
            self.verdicts += [KEEP] * (end - start)
            self.owners += [owner] * (end - start)
            self.size += places[end] - places[start]
        self._leave_out(batch.left_out, batch.left_out_utf8_bytes, owner)

    def documents(self) -> Documents:
        """All of them."""
        import numpy as np
        import pyarrow as pa

        self._settle()
        texts = pa.concat_arrays(self._texts) if self._texts else pa.array([], pa.large_string())
        owners = np.asarray(self.owners, np.int64)
        return Documents(self.ids, self.paths, texts, self.verdicts, owners, self.ended, self.left_out)

    def _unread(self, name: str, key: "hashlib._Hash", record: "pa.RecordBatch", owner: int) -> None:
        """A record that cannot be read, or has nothing but white space."""
        text, reason, worthless = (record[column][0].as_py() for column in ("text", "reason", "worthless"))
        key.update((name if text is None else text).encode("utf-8", "replace"))
        why = Unreadable(reason, worthless=worthless) if text is None else Unreadable(records.NO_TEXT, worthless=True)
        self._leave(name, key, why, owner)

    def _long(
        self, name: str, key: "hashlib._Hash", data: memoryview, line_ends: "npt.NDArray[np.int64]", owner: int
    ) -> None:
        """A record that must be cut."""
        key.update(data)
        parts = cut_text(len(data), line_ends, self.options.part_utf8_bytes)
        self._add(name, key, [data[start:end].tobytes() for start, end in parts], owner)

    def _leave_out(self, paragraphs: Counter[str], utf8_bytes: Counter[str], owner: int) -> None:
        self.left_out += [(owner, LeftOut(why, paragraphs[why], utf8_bytes[why])) for why in sorted(paragraphs)]

    def _add(self, name: str, key: "hashlib._Hash", parts: list[bytes], owner: int) -> None:
        for part, text in enumerate(parts):
            here = name if len(parts) == 1 else f"{name}#{part + 1}"
            self._row(here, part_id(key, part), text, KEEP, owner)

    def _leave(self, name: str, key: "hashlib._Hash", why: Unreadable, owner: int) -> None:
        verdict = drop(why.reason) if why.worthless else hold(why.reason)
        self._row(name, key.hexdigest(), b"", verdict, owner)

    def _row(self, path: str, id_: str, text: bytes, verdict: Verdict, owner: int) -> None:
        self.ids.append(id_)
        self.paths.append(path)
        self._loose.append(text)
        self.verdicts.append(verdict)
        self.owners.append(owner)
        self.size += len(text)

    def _settle(self) -> None:
        """Texts that came one by one become a column."""
        import pyarrow as pa

        if self._loose:
            self._texts.append(pa.array(self._loose, pa.large_binary()).cast(pa.large_string()))
            self._loose = []


def unread_blocks(source: Source, listed: Sequence[tuple[str, Path]]) -> Iterator[Documents]:
    """Every file as one document without its text: what may not be used is not opened beyond its digest."""
    import numpy as np
    import pyarrow as pa

    ids = list[str]()
    for _, path in listed:
        with path.open("rb") as file:
            key = hashlib.sha256(source.name.encode() + b"\0")
            for block in iter(lambda: file.read(1 << 20), b""):
                key.update(block)
        ids.append(key.hexdigest())
    if ids:
        texts = pa.array([""] * len(ids), pa.large_string())
        every = np.arange(len(ids))
        yield Documents(ids, [name for name, _ in listed], texts, [KEEP] * len(ids), every, every.tolist())


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


def cut_text(size: int, line_ends: "npt.NDArray[np.int64]", utf8_bytes: int) -> list[tuple[int, int]]:
    """The same for a text of so many bytes with a paragraph a line: where each part begins and ends."""
    import numpy as np

    if size <= utf8_bytes:
        return [(0, size)]
    after = np.append(line_ends + 1, size + 1)
    ends, begun = list[int](), 0
    while begun <= size:
        first = int(np.searchsorted(after, begun, side="right"))
        last = int(np.searchsorted(after, begun + utf8_bytes, side="right")) - 1
        begun = int(after[max(first, last)])
        ends.append(begun)
    if len(ends) > 1 and (ends[-1] - ends[-2]) * 2 < utf8_bytes:
        ends[-2:] = ends[-1:]
    return [(start, end - 1) for start, end in zip([0, *ends], ends, strict=False)]


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
