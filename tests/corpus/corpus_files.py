"""Files that the readers' tests write themselves: PDF, DOCX, ODT, WARC, Parquet."""

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

TextAt = tuple[float, float, float, bytes]
"""Left, baseline, size in points; the text in WinAnsi."""


def pdf(pages: list[list[TextAt]], image: tuple[int, int, bytes] | None = None) -> bytes:
    """A PDF with these lines on its pages, in Helvetica; on each page the grey image, if there is one."""
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    shown = b"<< /Font << /F 3 0 R >>" + (b" /XObject << /I %d 0 R >> >>" % (4 + 2 * len(pages)) if image else b" >>")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        font,
    ]
    for number, lines in enumerate(pages):
        content = b"q 595 0 0 842 0 0 cm /I Do Q " if image else b""
        for left, baseline, size, text in lines:
            content += b"BT /F %g Tf %g %g Td <%s> Tj ET\n" % (size, left, baseline, text.hex().encode())
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources %s /Contents %d 0 R >>"
        objects += [
            page % (shown, 5 + 2 * number),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        ]
    if image:
        width, height, grey = image
        packed = zlib.compress(grey)
        head = b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8" % (
            width,
            height,
        )
        objects.append(head + b" /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(packed), packed))
    return _numbered(objects, b"/Root 1 0 R")


def _numbered(objects: list[bytes], trailer: bytes) -> bytes:
    data, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return bytes(data) + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF" % (
        size,
        table,
        size,
        trailer,
        len(data),
    )


def column(lines: list[str | bytes], left: float = 72, top: float = 770, size: float = 11) -> list[TextAt]:
    """Lines below each other, as a page of a book has them."""
    encoded = [line if isinstance(line, bytes) else line.encode("cp1252") for line in lines]
    return [(left, top - 1.3 * size * n, size, line) for n, line in enumerate(encoded)]


def zipped(members: dict[str, bytes | str]) -> bytes:
    """A zip with these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def docx(body: str, **more: str) -> bytes:
    """A DOCX with this body; `<p>`, `<r>`, `<t>` and the like are in Word's own namespace."""
    return zipped({"word/document.xml": f"<w:document {WORD}><w:body>{body}</w:body></w:document>", **more})


def word(text: str) -> str:
    """A paragraph of it."""
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


ODF = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
)


def odt(body: str) -> bytes:
    """An ODT with this body."""
    return zipped({"content.xml": f"<office:document-content {ODF}>{body}</office:document-content>"})


def warc(pages: list[tuple[str, str, bytes]], status: int = 200) -> bytes:
    """HTTP responses: URL, content type, body."""
    return b"".join(_response(number, *page, status) for number, page in enumerate(pages))


def _response(number: int, url: str, kind: str, body: bytes, status: int) -> bytes:
    http = f"HTTP/1.1 {status} OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    head = (
        f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-{number:012}>\r\n"
        f"WARC-Date: 2026-01-01T00:00:00Z\r\nWARC-Target-URI: {url}\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
    )
    return head.encode() + http + b"\r\n\r\n"


def parquet(path: Path, **columns: Any) -> None:
    """A Parquet file with these columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), path)
