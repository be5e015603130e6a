"""Pages of a web archive (`.warc`, `.warc.gz`). Source: ISO 28500:2017 (WARC 1.1)."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from daulat.corpus.extract import html, plain
from daulat.corpus.extract.charset import decode
from daulat.corpus.extract.columns import Columns
from daulat.corpus.extract.reading import Reading, Unreadable
from daulat.corpus.extract.unpack import MAX_RATIO, packing, unpacked
from daulat.corpus.options import CorpusOptions
from daulat.records import Source

_BATCH_CHARACTERS = 4_000_000
_BATCH_RECORDS = 1_000
_BROKEN = "broken or not what its name says"
_PAGES = ("text/html", "application/xhtml+xml")


def read(path: Path, name: str, source: Source, options: CorpusOptions) -> Iterator[Columns]:
    """Each HTTP response as a record, its key the record's id; requests and metadata are no documents.

    Raises: Unreadable for what is no WARC, or breaks off.
    """
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    found, size, seen = Columns([], []), 0, 0
    if path.stat().st_size and packing(name) == "" and not _begins_as_warc(path):
        raise Unreadable("not what its name says")
    try:
        for record in ArchiveIterator(str(path), record_types=WarcRecordType.response, fsspec_args=False):
            seen += record.content_length
            if seen > options.max_file_bytes and seen > MAX_RATIO * path.stat().st_size:
                raise Unreadable("unpacks to too much")
            size += _add(found, record, source, options)
            if size > _BATCH_CHARACTERS or len(found) >= _BATCH_RECORDS:
                yield found
                found, size = Columns([], []), 0
    except (OSError, ValueError, EOFError):
        if len(found):
            yield found
        raise Unreadable(_BROKEN) from None
    if len(found):
        yield found


def _begins_as_warc(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(5) == b"WARC/"


def _add(found: Columns, record: Any, source: Source, options: CorpusOptions) -> int:
    """Put one response to the others; how many characters it has."""
    assert isinstance(found.keys, list)
    assert isinstance(found.texts, list)
    found.keys.append(record.record_id or record.headers.get("WARC-Target-URI"))
    try:
        reading = _page(record, source, options)
        text = "\n".join(reading.paragraphs)
    except Unreadable as why:
        found.unreadable[len(found.texts)] = why
        found.texts.append(None)
        return 0
    found.texts.append(text.encode("utf-8", "replace").decode("utf-8"))
    found.left_out.update(reading.left_out)
    found.left_out_utf8_bytes.update(reading.left_out_utf8_bytes)
    return len(text)


def _page(record: Any, source: Source, options: CorpusOptions) -> Reading:
    """The main text of a page.

    Raises: Unreadable for what is no page, was not there, or cannot be read.
    """
    if not record.is_http or record.http_headers is None:
        raise Unreadable("not an HTTP response", worthless=True)
    if record.http_headers.status_code != 200:
        raise Unreadable("not there when it was asked for", worthless=True)
    kind = (record.http_content_type or "").lower()
    if kind not in (*_PAGES, "text/plain"):
        raise Unreadable("not a page of text", worthless=True)
    text = decode(_body(record, options.max_file_bytes), record.http_charset)
    return html.read_text(text, source.main) if kind in _PAGES else plain.read_text(text)


def _body(record: Any, max_bytes: int) -> bytes:
    """The page's bytes, as its server meant them.

    Raises: Unreadable where there are more than `max_bytes` of them, the archive breaks off, or they are packed in an
    unknown way.
    """
    if record.content_length > max_bytes:
        raise Unreadable("too large")
    body: bytes = record.reader.read(record.content_length)
    if len(body) < record.content_length:
        raise Unreadable(_BROKEN)
    headers = record.http_headers
    if "chunked" in (headers.get("Transfer-Encoding") or "").lower():
        body = _of_chunks(body)
    packed = (headers.get("Content-Encoding") or "identity").strip().lower()
    if packed in ("gzip", "x-gzip"):
        return unpacked(body, ".gz", max_bytes) if body.startswith(b"\x1f\x8b") else body
    if packed == "deflate":
        return _inflated(body, max_bytes)
    if packed == "br":
        return _unbrotlied(body, max_bytes)
    if packed not in ("identity", "none", ""):
        raise Unreadable("packed in a way that is not known")
    return body


def _of_chunks(body: bytes) -> bytes:
    """Without the lengths between the parts; as it is where an archive has taken them out already. Source: RFC 9112,
    7.1."""
    parts, at = list[bytes](), 0
    while (end := body.find(b"\r\n", at)) >= 0:
        try:
            size = int(body[at:end].split(b";")[0], 16)
        except ValueError:
            return b"".join(parts) if parts else body
        if size == 0:
            break
        parts.append(body[end + 2 : end + 2 + size])
        at = end + 2 + size + 2
    return b"".join(parts)


def _inflated(body: bytes, max_bytes: int) -> bytes:
    """With zlib's frame or, as some servers send it, without."""
    for window in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        try:
            found = zlib.decompressobj(window).decompress(body, max_bytes + 1)
        except zlib.error:
            continue
        if len(found) > max_bytes:
            raise Unreadable("unpacks to too much")
        return found
    raise Unreadable(_BROKEN)


def _unbrotlied(body: bytes, max_bytes: int) -> bytes:
    import brotli

    unpacker = brotli.Decompressor()
    try:
        found = bytes(unpacker.process(body, output_buffer_limit=max_bytes + 1))
    except brotli.error:
        raise Unreadable(_BROKEN) from None
    if not unpacker.is_finished():
        raise Unreadable("unpacks to too much" if len(found) > max_bytes else _BROKEN)
    return found
