"""A PDF gives its paragraphs as they were written, or one reason; what breaks its reader breaks nothing else."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from corpus_files import WORD, column, docx, odt, pdf, word, zipped
from corpus_samples import THAI, extracted, indonesian, page, snapshot, source

from daulat.corpus.extract import confined, files
from daulat.corpus.extract.layout import HYPHEN, Line, paragraphs
from daulat.corpus.extract.reading import Reading, Unreadable
from daulat.corpus.options import CorpusOptions
from daulat.errors import DaulatError

OPTIONS = CorpusOptions()
SHARED = Path(os.environ.get("DAULAT_SHARED", Path(__file__).parents[2].parent / "shared"))
RAW = SHARED / "data" / "corpus" / "raw-messy" / "pdf"
WIDE = "Pemerintah daerah menyediakan layanan kesehatan bagi seluruh warga desa di wilayah pegunungan"


def read(data: bytes, name: str = "a.pdf", options: CorpusOptions = OPTIONS, language: str = "id") -> Reading:
    return files.read(name, data, source(language=language), options)


def reason(data: bytes, name: str = "a.pdf", options: CorpusOptions = OPTIONS) -> str:
    with pytest.raises(Unreadable) as why:
        read(data, name, options)
    return why.value.reason


def test_lines_become_paragraphs_and_what_repeats_on_pages_is_left_out() -> None:
    texts = [
        [
            WIDE,
            "yang jauh dari kota, dan memperbaiki jalan.",
            "Paragraf kedua " + WIDE[:78],
        ],
        ["dan berlanjut ke halaman ini, lalu selesai.", "1. satu", "2. dua", "Kalimat biasa, pendek.", "Akhir."],
        ["Pasal 1", WIDE + " dari kota itu", "dan selesai."],
    ]
    pages = [
        [(72, 810, 9, b"Buku Contoh"), *column(lines), (290, 30, 9, b"- %d -" % (number + 7))]
        for number, lines in enumerate(texts)
    ]
    pages[0] = [*pages[0][:3], (72, pages[0][2][1] - 30, 11, pages[0][3][3]), pages[0][-1]]
    reading = read(pdf(pages))
    assert reading.paragraphs == [
        f"{WIDE} yang jauh dari kota, dan memperbaiki jalan.",
        f"Paragraf kedua {WIDE[:78]} dan berlanjut ke halaman ini, lalu selesai.",
        "1. satu",
        "2. dua",
        "Kalimat biasa, pendek.",
        "Akhir.",
        "Pasal 1",
        f"{WIDE} dari kota itu dan selesai.",
    ]
    assert reading.left_out == {"running head or foot": 6}


def line(text: str, height: float = 700) -> Line:
    return Line(text, 72, 500, height, 11)


def test_a_hyphen_at_the_end_of_a_line_goes_unless_it_is_spelling() -> None:
    lines = [f"kemanu{HYPHEN}", f"siaan dan undang{HYPHEN}", f"undang tentang peri{HYPHEN}", "keadilan; peri-keadilan."]
    (text,) = paragraphs([[line(text, 700 - 14 * n) for n, text in enumerate(lines)]]).paragraphs
    assert text == "kemanusiaan dan undang-undang tentang peri-keadilan; peri-keadilan."


def test_lines_of_a_script_without_spaces_are_joined_without_one() -> None:
    half = len(THAI) // 2
    (text,) = paragraphs([[line(THAI[:half]), line(THAI[half:], 686)]]).paragraphs
    assert text == THAI


def test_thai_in_the_places_of_latin_letters_is_read() -> None:
    tones = THAI.encode("cp874").replace(b"\xe8", b"\x8b")
    assert b"\x8b" in tones, "mai ek, moved down as fonts of that time have it"
    assert "".join(read(pdf([column([tones[n : n + 40] for n in range(0, len(tones), 40)])])).paragraphs) == THAI


def test_vietnamese_in_tcvn3_is_read() -> None:
    garbled = "Céng hßa x· héi chñ nghÜa ViÖt Nam, §éc lËp - Tù do - H¹nh phóc".encode("latin-1")
    assert read(pdf([column([garbled])])).paragraphs == [
        "Cộng hòa xã hội chủ nghĩa Việt Nam, Độc lập - Tự do - Hạnh phúc"
    ]


def graymap(lines: list[str]) -> tuple[int, int, bytes]:
    """A page with these lines, drawn at 200 dots an inch."""
    import pypdfium2

    bitmap = pypdfium2.PdfDocument(pdf([column(lines, size=16)]))[0].render(scale=200 / 72, grayscale=True)
    return bitmap.width, bitmap.height, bitmap.to_numpy().reshape(bitmap.height, -1)[:, : bitmap.width].tobytes()


def test_a_scanned_page_is_held_unless_it_is_to_be_read() -> None:
    assert reason(pdf([[]], graymap(["Jalan menuju sungai"]))) == "scanned pages: no text in it"


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_a_scanned_page_is_read_where_ocr_is_on() -> None:
    installed = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=True).stdout.split()
    if "ind" not in installed:
        pytest.skip("tesseract has no model for Indonesian")
    lines = ["Jalan menuju sungai sudah diperbaiki oleh warga", "desa bersama petani dan nelayan."]
    reading = read(pdf([[]], graymap(lines)), options=CorpusOptions(ocr=True))
    assert reading.paragraphs == [" ".join(lines)]


def test_ocr_without_its_program_is_one_clear_error_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    whole = snapshot(tmp_path, {"a.pdf": pdf([[]])}, language="th")
    with pytest.raises(DaulatError, match="apt-get install tesseract-ocr tesseract-ocr-tha"):
        extracted(whole, CorpusOptions(ocr=True))


ENCRYPTED = (
    b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n"
    b"3 0 obj\n<< /Filter /Standard /V 1 /R 2 /O <" + b"41" * 32 + b"> /U <" + b"42" * 32 + b"> /P -4 >>\nendobj\n"
    b"trailer\n<< /Size 4 /Root 1 0 R /Encrypt 3 0 R /ID [<00> <00>] >>\n%%EOF"
)
GOOD = pdf([column([WIDE] * 20)] * 3)
DEEP = docx("<w:tbl>" * 500 + "</w:tbl>" * 500)
LAUGHS = (
    f'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "{"&a;" * 10}">]><w:document {WORD}><w:body>&b;</w:body></w:document>'
)
BROKEN = {
    "cut.pdf": (GOOD[: len(GOOD) // 3], "broken or not what its name says"),
    "head.pdf": (b"%PDF-1.7", "broken or not what its name says"),
    "locked.pdf": (ENCRYPTED, "needs a password"),
    "many.pdf": (pdf([[]] * 10_001), "too many pages"),
    "text.docx": (b"hello", "broken or not what its name says"),
    "locked.docx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "needs a password"),
    "old.docx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"WordDocument", "not what its name says"),
    "other.docx": (zipped({"a.txt": "x"}), "not what its name says"),
    "cut.docx": (docx(word("a" * 5000))[:150], "broken or not what its name says"),
    "open.docx": (docx("<w:p>"), "broken XML"),
    "deep.docx": (DEEP, "nested too deeply"),
    "laughs.docx": (zipped({"word/document.xml": LAUGHS}), "XML that declares entities"),
    "bomb.docx": (docx(word("a" * 30_000_000)), "unpacks to too much"),
    "bomb.odt": (odt("<x/>" + " " * 30_000_000), "unpacks to too much"),
    "locked.odt": (
        zipped({"content.xml": "x", "META-INF/manifest.xml": "<encryption-data/>"}),
        "needs a password",
    ),
    "pdf.docx": (GOOD, "not what its name says"),
    "docx.pdf": (docx(word("a")), "not what its name says"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_held_with_its_reason(name: str) -> None:
    data, why = BROKEN[name]
    began = time.monotonic()
    assert reason(data, name) == why
    assert time.monotonic() - began < 5


def test_a_page_larger_than_any_paper_is_read() -> None:
    huge = pdf([column([WIDE])]).replace(b"[0 0 595 842]", b"[0 0 9e9 9e9]")
    assert read(huge).paragraphs == [WIDE]


def test_a_document_gives_paragraphs_and_rows_of_tables() -> None:
    row = "<w:tr>" + "".join(f"<w:tc>{word(cell)}</w:tc>" for cell in ("satu", "dua", "")) + "</w:tr>"
    note = f"<w:footnotes {WORD}><w:footnote>{word('catatan kaki')}</w:footnote></w:footnotes>"
    gone = (
        "<w:p><w:del><w:r><w:delText>lama</w:delText></w:r></w:del><w:r><w:t>baru</w:t><w:tab/><w:t>a</w:t></w:r></w:p>"
    )
    field = "<w:p><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
    data = docx(f"{word('Judul &amp; isi')}<w:tbl>{row * 2}</w:tbl>{gone}{field}", **{"word/footnotes.xml": note})
    assert read(data, "a.docx").paragraphs == ["Judul & isi", "satu | dua", "satu | dua", "baru a", "catatan kaki"]


def test_an_open_document_gives_paragraphs_and_rows_of_tables() -> None:
    cells = "".join(f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in ("satu", "dua"))
    table = f"<table:table><table:table-row>{cells}</table:table-row></table:table>"
    body = f"<office:body><office:text><text:h>Judul</text:h>{table}<text:p>a<text:s/>b</text:p></office:text></office:body>"
    assert read(odt(body), "a.odt").paragraphs == ["Judul", "satu | dua", "a b"]


def test_a_reader_that_takes_too_long_or_too_much_is_replaced_and_the_next_file_is_read() -> None:
    slow = CorpusOptions(reader_timeout_s=0.0005)
    assert reason(pdf([column([WIDE] * 50)] * 300), options=slow) == confined.TOO_LONG
    assert read(GOOD).paragraphs
    large = docx(word("".join(f"{n:x} " for n in range(5_000_000))))
    tight = CorpusOptions(reader_memory_bytes=250_000_000)
    assert reason(large, "a.docx", tight) == confined.TOO_MUCH_MEMORY
    assert read(GOOD, options=tight).paragraphs


def test_a_reader_that_dies_costs_no_other_file(tmp_path: Path) -> None:
    assert read(GOOD).paragraphs
    with confined._one(OPTIONS.reader_memory_bytes) as reader:
        assert reader.process is not None
        os.kill(reader.process.pid, signal.SIGKILL)
        reader.process.wait()
    whole = snapshot(tmp_path, {"a.pdf": GOOD, "b.pdf": GOOD, "c.html": page(indonesian(1))})
    found = extracted(whole, OPTIONS)
    assert [verdict.reason for verdict in found.verdicts] == [confined.BROKE_DOWN, "", ""]


@pytest.mark.skipif(not RAW.is_dir(), reason="the messy originals are not beside this checkout")
def test_messy_originals_are_read() -> None:
    found = {path.name: read(path.read_bytes()) for path in sorted(RAW.glob("*.pdf"))}
    thai = "".join(found["th_lshort_lsh132.pdf"].paragraphs)
    assert sum("\u0e01" <= letter <= "\u0e5b" for letter in thai) > 60_000
    assert thai.count("ที่") > 500, "stacked tone marks, which other readers lose"
    law = found["id_UU-11-2008.pdf"]
    assert law.left_out["running head or foot"] > 70
    assert not any(text == "REPUBLIK INDONESIA" for text in law.paragraphs)
    assert any(text.startswith("12. Tanda Tangan Elektronik adalah") and text.endswith(".") for text in law.paragraphs)
