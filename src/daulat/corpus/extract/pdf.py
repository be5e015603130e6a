"""The text of a PDF, through PDFium; runs in a process of its own (confined.py). Source: ISO 32000-2, 9.10."""

import ctypes
import math
import re
from typing import Any

from daulat.corpus.extract import legacy, ocr
from daulat.corpus.extract.layout import HYPHEN, Line, paragraphs
from daulat.corpus.extract.reading import Reading, Unreadable

MAX_PAGES = 10_000
"""More are held. Ours: the longest volumes of laws have 4,000."""
_LINE_END = re.compile(f"\r\n|\r|\n|(?<={HYPHEN})|(?<=\x02)")
_FEWEST_CHARACTERS = 16
"""Of a page that is text and no scan with a stamp on it."""
_SCAN_RESOLUTION = 300 / 72
_MAX_PIXELS = 40_000_000
"""A page is drawn smaller beyond: A3 at 300 dots an inch has 17 million."""


def read(data: bytes, ocr_languages: tuple[str, ...] = ()) -> Reading:
    """The paragraphs of every page; of scanned ones too where `ocr_languages` are named.

    Raises: Unreadable for what is broken or encrypted, has too many pages, only scanned ones, or fonts whose letters
    cannot be told.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
        count = len(document)
    except pypdfium2.PdfiumError as error:
        locked = getattr(error, "err_code", None) == pypdfium2.raw.FPDF_ERR_PASSWORD
        raise Unreadable("needs a password" if locked else "broken or not what its name says") from None
    if count > MAX_PAGES:
        raise Unreadable("too many pages")
    pages: list[list[Line]] = []
    scanned = broken = 0
    for number in range(count):
        try:
            page = document[number]
            lines = _lines(page.get_textpage())
            if sum(len(line.text) for line in lines) < _FEWEST_CHARACTERS and _has_images(page):
                lines = ocr.lines(_drawn(page), ocr_languages, page.get_height()) if ocr_languages else lines
                scanned += not lines
            page.close()
        except pypdfium2.PdfiumError:
            broken += 1
            continue
        pages.append(lines)
    if not any(pages):
        if scanned:
            raise Unreadable("scanned pages: no text in it")
        raise Unreadable("broken or not what its name says" if broken else "no text in it", worthless=not broken)
    _restore(pages)
    reading = paragraphs(pages)
    for reason, pages_of_it in (("scanned page without text", scanned), ("broken page", broken)):
        if pages_of_it:
            reading.left_out[reason] += pages_of_it
    return reading


def _lines(page: Any) -> list[Line]:
    """The lines of a page, each with the place of its first and last character."""
    text = page.get_text_range()
    found, at = [], 0
    for end in [*_LINE_END.finditer(text), None]:
        stop = len(text) if end is None else end.start()
        raw, start = text[at:stop], at
        at = stop if end is None else end.end()
        tidy = raw.replace("\x02", HYPHEN).strip()
        if not tidy.strip(HYPHEN):
            continue
        first = start + len(raw) - len(raw.lstrip())
        found.append(_line(page, tidy, first, first + len(tidy) - 1))
    return found


def _line(page: Any, text: str, first: int, last: int) -> Line:
    import pypdfium2.raw as pdfium

    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(page, first, x, y)
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    while last > first and not pdfium.FPDFText_GetCharBox(page, last, left, right, bottom, top):
        last -= 1
    matrix = pdfium.FS_MATRIX()
    scale = 1.0
    if pdfium.FPDFText_GetMatrix(page, first, matrix):
        scale = math.hypot(matrix.b, matrix.d)
    size = pdfium.FPDFText_GetFontSize(page, first) * scale
    return Line(text, x.value, max(x.value, right.value), y.value, max(1.0, size))


def _has_images(page: Any) -> bool:
    import pypdfium2.raw as pdfium

    return next(page.get_objects([pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3), None) is not None


def _drawn(page: Any) -> bytes:
    """The page in grey as a portable graymap, no larger than `_MAX_PIXELS`."""
    width, height = page.get_size()
    scale = min(_SCAN_RESOLUTION, (_MAX_PIXELS / max(1.0, width * height)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True)
    grey: bytes = bitmap.to_numpy().reshape(bitmap.height, -1)[:, : bitmap.width].tobytes()
    head = f"P5 {bitmap.width} {bitmap.height} 255\n"
    return head.encode() + grey


def _restore(pages: list[list[Line]]) -> None:
    """Letters that the fonts keep in places of their own become letters, by all of the text together.

    Raises: Unreadable where many characters stay without a meaning.
    """
    lines = [line for page in pages for line in page]
    whole = "\n".join(line.text for line in lines)
    right = legacy.restored(whole)
    if right != whole:
        for line, text in zip(lines, right.split("\n"), strict=True):
            line.text = text
    if legacy.is_lost(right.replace(HYPHEN, "")):
        raise Unreadable("characters lost in the PDF's fonts")
