"""Files become documents: unpack, choose the reader, cut into parts; what cannot be read is counted with its reason."""

import gzip
import hashlib
import io
import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from daulat.corpus.extract import fluent, html, messages, pak, plain, roff, xml
from daulat.corpus.extract.reading import Reading, Unreadable
from daulat.corpus.options import CorpusOptions
from daulat.corpus.stage import KEEP, Judged, Removed, Verdict, document, drop, hold, table
from daulat.records import Digest, Progress, Source, no_progress

_MAGIC = {b"%PDF": "PDF is not read yet", b"PK\x03\x04": "not what its name says", b"\x7fELF": "not what its name says"}
_PACKS = (".xpi", ".zip")


def extract(
    source: Source, snapshot: Digest, folder: Path, options: CorpusOptions, progress: Progress = no_progress
) -> Judged:
    """Every file below `folder`, in the order of its path, as one or more documents.

    A document's id is the digest of the source's name and the file's original bytes, and of the part's number from the
    second part on.
    """
    rows: list[dict[str, Any]] = []
    verdicts: list[Verdict] = []
    left_out, left_out_bytes = Counter[str](), Counter[str]()
    files = all_files(folder)
    for number, path in enumerate(files):
        name = os.fsencode(path.relative_to(folder)).decode("utf-8", "replace")
        data = path.read_bytes() if path.stat().st_size <= options.max_file_bytes else b""
        key = hashlib.sha256(source.name.encode() + b"\0" + data)
        try:
            if not data:
                raise Unreadable(
                    "empty" if path.stat().st_size == 0 else "too large", worthless=path.stat().st_size == 0
                )
            reading = read(name, data, source, options)
            parts = list(
                cut(
                    reading.paragraphs,
                    options.message_group_utf8_bytes if reading.messages else options.part_utf8_bytes,
                )
            )
            if not parts:
                raise Unreadable("no text in it", worthless=True)
        except Unreadable as why:
            rows.append(document(source, snapshot, name, key.hexdigest(), ""))
            verdicts.append(drop(why.reason) if why.worthless else hold(why.reason))
            continue
        left_out.update(reading.left_out)
        left_out_bytes.update(reading.left_out_utf8_bytes)
        for part, text in enumerate(parts):
            here = name if len(parts) == 1 else f"{name}#{part + 1}"
            rows.append(document(source, snapshot, here, part_id(key, part), text))
            verdicts.append(KEEP)
        if number % 50 == 0:
            progress(number / len(files), f"reading {source.name}")
    removed = (Removed("extract", source.name, why, left_out[why], left_out_bytes[why]) for why in sorted(left_out))
    return Judged(table(rows), verdicts, tuple(removed))


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
    if lower.endswith(".gz"):
        data, lower = gunzip(data, options.max_file_bytes), lower.removesuffix(".gz")
    for magic, reason in _MAGIC.items():
        if data.startswith(magic) and not lower.endswith(_PACKS):
            raise Unreadable(reason)
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
        "txt": lambda: plain.read(data),
        **dict.fromkeys(("md", "markdown"), lambda: plain.read_markdown(data)),
    }
    reader = readers.get(lower.rpartition(".")[2])
    if reader is None:
        raise Unreadable("no reader for this kind of file")
    return reader()


def gunzip(data: bytes, max_bytes: int) -> bytes:
    """The unpacked bytes.

    Raises: Unreadable for what is no gzip, or unpacks to more than `max_bytes`.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            unpacked = file.read(max_bytes + 1)
    except (OSError, EOFError, zlib.error):
        raise Unreadable("broken or not what its name says") from None
    if len(unpacked) > max_bytes:
        raise Unreadable("unpacks to too much")
    return unpacked


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
