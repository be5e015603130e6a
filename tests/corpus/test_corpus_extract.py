"""Every kind of file becomes paragraphs or one counted reason; nothing that is broken breaks more than itself."""

import gzip
import io
import os
import random
import struct
import time
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest
from corpus_samples import THAI, extracted, indonesian, page, snapshot, source

from daulat.corpus.extract import files, html, legacy, plain
from daulat.corpus.extract.charset import decode
from daulat.corpus.extract.messages import clean
from daulat.corpus.extract.reading import Unreadable
from daulat.corpus.options import CorpusOptions

SHARED = Path(os.environ.get("DAULAT_SHARED", Path(__file__).parents[2].parent / "shared"))
RAW = SHARED / "data" / "corpus" / "raw-messy"
OPTIONS = CorpusOptions()


def read(name: str, data: bytes, main: str | None = None) -> list[str]:
    return files.read(name, data, source(main=main), OPTIONS).paragraphs


def mo(pairs: dict[str, str]) -> bytes:
    pairs = {"": "Content-Type: text/plain; charset=UTF-8\n", **pairs}
    encoded = [(key.encode(), value.encode()) for key, value in sorted(pairs.items())]
    tables, blob, start = ([], []), b"", 28 + 16 * len(encoded)
    for column in (0, 1):
        for pair in encoded:
            tables[column].append(struct.pack("<2I", len(pair[column]), start + len(blob)))
            blob += pair[column] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(encoded), 28, 28 + 8 * len(encoded), 0, 0)
    return head + b"".join(tables[0]) + b"".join(tables[1]) + blob


def pak(strings: list[str]) -> bytes:
    blobs = [string.encode() for string in strings]
    start = 12 + 6 * (len(blobs) + 1)
    entries = [struct.pack("<HI", n, start + sum(map(len, blobs[:n]))) for n in range(len(blobs) + 1)]
    return struct.pack("<IBBBBHH", 5, 1, 0, 0, 0, len(blobs), 0) + b"".join(entries) + b"".join(blobs)


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_page_gives_its_main_text_a_paragraph_a_line() -> None:
    inner = "<h1>Judul</h1><p>Satu <b>dua</b> tiga.<br>Empat.</p><pre>kode()</pre><table><tr><td>sel a<td>sel b</table>"
    markup = f"<body><nav>Menu</nav><main>{inner}<script>x()</script></main><footer>kaki</footer></body>"
    assert read("a.html", markup.encode()) == ["Judul", "Satu dua tiga.", "Empat.", "sel a | sel b"]


LONG = [" ".join(indonesian(number, 1)) for number in range(4)]
MENU = "<ul>" + "".join(f"<li><a href=/{n}>Tautan {n}</a></li>" for n in range(6)) + "</ul>"


def test_a_page_without_a_marked_part_loses_its_menus_and_nothing_else() -> None:
    see = '<p>Lihat <a href="/x">halaman lain</a> juga.</p><p><a href="/y">Satu tautan</a></p>'
    text = f"<h1>Judul</h1><p>{LONG[0]}</p><h2>Bagian</h2><p>{LONG[1]}</p>{see}<p>{LONG[2]}</p><p>Pendek.</p>"
    markup = f"<body><div>{MENU}</div><div>{text}</div><div>{MENU}<p>kaki</p></div></body>"
    reading = files.read("a.html", markup.encode(), source(), OPTIONS)
    see_lines = ["Lihat halaman lain juga.", "Satu tautan"]
    assert reading.paragraphs == ["Judul", LONG[0], "Bagian", LONG[1], *see_lines, LONG[2], "Pendek."]
    assert reading.left_out["menus and the like"] == 13


def test_a_page_of_short_lines_or_of_many_articles_is_read_whole() -> None:
    assert read("a.html", f"<body>{MENU}<p>baris satu<p>baris dua</body>".encode())[-2:] == ["baris satu", "baris dua"]
    articles = "".join(f"<article><p>{line}</p></article>" for line in LONG)
    assert read("a.html", f"<body>{articles}</body>".encode()) == LONG


def test_rows_of_tables_are_lines_and_layouts_stay_paragraphs() -> None:
    rows = "<tr><th><p>Kota</p></th><th>Warga</th></tr><tr><td>Solo<td><b>520</b> ribu</tr><tr><td>x</tr>"
    layout = "<table><tr><td><p>satu</p><p>dua</p></td><td><table><tr><td>a<td>b</table></td></tr></table>"
    markup = f"<main><p>awal</p><table>{rows}</table>{layout}<p>akhir</p></main>"
    lines = ["awal", "Kota | Warga", "Solo | 520 ribu", "x", "satu", "dua", "a | b", "akhir"]
    assert read("a.html", markup.encode()) == lines


def test_the_main_selector_decides_what_a_page_is() -> None:
    markup = b"<body><div id=x><p>dalam</p></div><p>luar</p></body>"
    assert read("a.html", markup, main="#x") == ["dalam"]
    with pytest.raises(Unreadable, match="main text not found"):
        read("a.html", markup, main="#y")


def test_a_fence_that_nothing_closes_is_text() -> None:
    assert plain.read_markdown(b"satu\n\n~~~ x\n\ndua\n\n```\n").paragraphs == ["satu", "~~~ x", "dua", "```"]
    reading = plain.read_markdown(b"```py\na\n~~~\n```  \ntiga\n~~~\n")
    assert reading.paragraphs == ["tiga", "~~~"]
    assert reading.left_out["listing"] == 1


def test_a_listing_is_left_out_and_counted() -> None:
    reading = files.read("a.html", b"<p>teks</p><pre>0123456789</pre>", source(), OPTIONS)
    assert (reading.left_out["listing"], reading.left_out_utf8_bytes["listing"]) == (1, 10)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp874"])
def test_thai_without_a_declared_charset_is_read(codec: str) -> None:
    assert decode(THAI.encode(codec)) == THAI


def test_a_declared_tis_620_is_read_as_windows_874() -> None:
    assert THAI in decode(f"<meta charset=tis-620><p>{THAI}".encode("cp874"))


def test_a_charset_that_is_not_found_is_held_not_guessed() -> None:
    with pytest.raises(Unreadable, match="charset not found"):
        decode("Les élèves étudient la géographie à l'école près du café".encode("latin-1"))


VIETNAMESE = "Nhà nước bảo đảm quyền của mọi người dân về học tập, chữa bệnh và làm việc ở các tỉnh miền núi."
CHINESE = "政府为所有的人民提供医疗服务，这是我们国家的大事，他们在山里的村子也不例外。"
TRADITIONAL = "政府為所有的人民提供醫療服務，這是我們國家的大事，他們在山裡的村子也不例外。"


def vietnamese(codec: str) -> bytes:
    """The same in a charset from before Unicode."""
    bytes_of = {letter: byte for byte, letter in legacy.TABLES[codec].items()}
    return bytes(bytes_of.get(letter) or ord(letter) for letter in VIETNAMESE)


@pytest.mark.parametrize("codec", ["viscii", "tcvn3", "utf-16-le", "utf-16-be"])
def test_vietnamese_without_a_declared_charset_is_read(codec: str) -> None:
    data = VIETNAMESE.encode(codec) if codec.startswith("utf") else vietnamese(codec)
    assert decode(data) == VIETNAMESE


@pytest.mark.parametrize("codec", ["viscii", "tcvn3"])
def test_a_declared_western_charset_is_not_believed_of_vietnamese(codec: str) -> None:
    assert decode(b"<meta charset=iso-8859-1>" + vietnamese(codec)).endswith(VIETNAMESE)


def test_vietnamese_of_windows_is_read_without_being_declared() -> None:
    marks = {"\u0300": "\xcc", "\u0309": "\xd2", "\u0303": "\xde", "\u0301": "\xec", "\u0323": "\xf2"}
    data = b""
    for letter in VIETNAMESE:
        parts = unicodedata.normalize("NFD", letter)
        tone = "".join(mark for mark in parts if mark in marks)
        bare = unicodedata.normalize("NFC", "".join(mark for mark in parts if mark not in marks))
        data += (bare + tone).encode("cp1258")
    assert unicodedata.normalize("NFC", decode(data)) == VIETNAMESE


@pytest.mark.parametrize(
    ("text", "codec"),
    [(CHINESE, "gb18030"), (TRADITIONAL, "big5"), (CHINESE + "\n", "utf-16-le"), (TRADITIONAL + "\n", "utf-16-be")],
)
def test_chinese_without_a_declared_charset_is_read(text: str, codec: str) -> None:
    assert decode(text.encode(codec)) == text


def test_messages_of_a_catalogue_are_cleaned() -> None:
    data = mo(
        {
            "Open the _file": "_เปิดแฟ้มเอกสารที่เลือก (~O)",
            "Delete %s now?": "ลบ <b>%s</b> ออกจากเครื่องนี้ตอนนี้หรือไม่",
            "OK": "ตกลง",
        }
    )
    assert read("a.mo", data) == ["ลบ … ออกจากเครื่องนี้ตอนนี้หรือไม่", "เปิดแฟ้มเอกสารที่เลือก"]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("~File baru %PRODUCTNAME", "File baru …"),
        ("Simpan &sebagai…", "Simpan sebagai…"),
        ("100% selesai dan 50 %d", "100% selesai dan 50 …"),
        ("<a href='x'>Lihat</a> $(ARG1) &amp; {0}", "Lihat … & …"),
        ("snake_case tetap", "snake_case tetap"),
    ],
)
def test_what_a_program_fills_in_becomes_an_ellipsis(message: str, text: str) -> None:
    assert clean(message) == text


def test_fuzzy_and_untranslated_messages_are_not_text() -> None:
    po = """msgid ""\nmsgstr "charset=UTF-8"\n\n#, fuzzy\nmsgid "a"\nmsgstr "tidak pasti benar atau tidak"\n
msgid "Same text in both of them"\nmsgstr "Same text in both of them"\n
msgid "b"\nmsgstr "kalimat yang sudah "\n"diterjemahkan"\n"""
    assert read("a.po", po.encode()) == ["kalimat yang sudah diterjemahkan"]


def test_a_language_pack_gives_its_fluent_messages() -> None:
    ftl = (
        "-brand = Firefox\nopen =\n    .label = เปิดแท็บใหม่ใน { -brand } เดี๋ยวนี้\n"
        "n = { $n ->\n    [one] หน้าต่างหนึ่งบานถูกปิด\n   *[other] หน้าต่าง { $n } บานถูกปิดแล้ว\n }\n"
    )
    found = read("a.xpi", zipped({"b.ftl": ftl.encode(), "c.properties": "k=ข้อความยาวพอที่จะอ่านได้".encode()}))
    assert found == ["เปิดแท็บใหม่ใน Firefox เดี๋ยวนี้", "หน้าต่างหนึ่งบานถูกปิด", "หน้าต่าง … บานถูกปิดแล้ว", "ข้อความยาวพอที่จะอ่านได้"]


def test_a_data_pack_gives_its_strings_and_their_forms() -> None:
    strings = ["เปิดหน้าต่างใหม่ในโหมดนี้", "{N, plural, =1 {มีหน้าเดียวที่ถูกเปิดไว้} other {มี # หน้าที่ถูกเปิดไว้แล้ว}}"]
    assert read("th.pak", pak(strings)) == [strings[0], "มีหน้าเดียวที่ถูกเปิดไว้", "มี … หน้าที่ถูกเปิดไว้แล้ว"]


def test_a_manual_in_xml_gives_its_running_text() -> None:
    manual = (
        '<?xml version="1.0"?><!DOCTYPE book [<!ENTITY app "Caja">]><book xmlns="http://docbook.org/ns/docbook">'
        "<title>คู่มือ</title>"
        "<legalnotice><para>law</para></legalnotice>"
        "<para>ใช้ &app; <guilabel>เปิด</guilabel></para><screen>ls</screen></book>"
    )
    assert read("a.xml", manual.encode()) == ["คู่มือ", "ใช้ Caja เปิด"]


def test_no_entity_is_expanded_twice() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]><p>x&b;&f;</p>'
    assert read("a.xml", bomb.encode()) == ["x"]


def test_a_manual_page_gives_its_text() -> None:
    roff = '.\\" c\n.TH LS 1\n.SH TÊN\nls \\- liệt kê\n.PP\nDùng \\fBls\\fP để\nxem.\n.nf\nmã\n.fi\n'
    assert read("ls.1.gz", gzip.compress(roff.encode())) == ["TÊN", "ls - liệt kê", "Dùng ls để xem."]


def test_hard_wrapped_lines_become_a_paragraph() -> None:
    wrapped = "Baris pertama yang cukup panjang untuk dianggap dibungkus tangan\nbaris kedua pendek.\n\nParagraf lain."
    assert read("a.txt", wrapped.encode()) == [wrapped.split("\n\n")[0].replace("\n", " "), "Paragraf lain."]
    assert read("a.txt", b"judul\nisi\n") == ["judul", "isi"]
    assert read("a.md", b"# Judul\n\nLihat [situs](http://x) **tebal**.\n\n```\nkode\n```\n") == [
        "Judul",
        "Lihat situs tebal.",
    ]


BROKEN = {
    "pdf.html": (b"%PDF-1.7 ...", "not what its name says"),
    "zip.txt": (zipped({"a": b"b"}), "not what its name says"),
    "binary.txt": (b"a\0b\0c", "not what its name says"),
    "plain.html": (b"no markup here", "not what its name says"),
    "text.mo": (b"this is no catalogue", "not what its name says"),
    "cut.mo": (mo({"a": "b" * 40})[:60], "broken catalogue"),
    "lying.mo": (struct.pack("<7I", 0x950412DE, 0, 2**31, 28, 28, 0, 0), "broken catalogue"),
    "cut.pak": (pak(["a" * 30, "b" * 30])[:40], "broken data pack"),
    "text.gz": (b"not gzip", "broken or not what its name says"),
    "bomb.txt.gz": (gzip.compress(b"0" * 70_000_000, 1), "unpacks to too much"),
    "bomb.xpi": (zipped({"a.ftl": b"0" * 30_000_000}), "unpacks to too much"),
    "text.zst": (b"not zstd", "broken or not what its name says"),
    "text.xpi": (b"not a zip", "broken or not what its name says"),
    "open.xml": (b"<a><b></a>", "broken XML"),
    "deep.xml": (b"<p>" * 5000 + b"</p>" * 5000, "nested too deeply"),
    "deep.html": (b"<div>" * 300_000 + b"x", "nested too deeply"),
    "rows.html": (b"<table><tr><td>" * 100_000 + b"x", "nested too deeply"),
    "what.xyz": (b"text", "no reader for this kind of file"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_held_with_its_reason(tmp_path: Path, name: str) -> None:
    data, reason = BROKEN[name]
    began = time.monotonic()
    whole = snapshot(tmp_path, {name: data, "good.txt": "\n".join(indonesian(1))})
    found = extracted(whole, OPTIONS)
    outcomes = dict(zip(found.paths, found.verdicts, strict=True))
    assert outcomes[name] == ("hold", reason)
    assert outcomes["good.txt"].outcome == "keep"
    assert time.monotonic() - began < 5


def test_an_empty_file_is_dropped(tmp_path: Path) -> None:
    whole = snapshot(tmp_path, {"empty.html": b"", "blank.html": "<main><nav>Menu</nav></main>"})
    found = extracted(whole, OPTIONS)
    assert [verdict.reason for verdict in found.verdicts] == ["no text in it", "empty"]
    assert {verdict.outcome for verdict in found.verdicts} == {"drop"}


def test_a_long_page_is_cut_at_paragraphs_and_nothing_is_lost(tmp_path: Path) -> None:
    lines = [line for n in range(60) for line in indonesian(n * 10)]
    whole = snapshot(tmp_path, {"long.html": page(lines)})
    found = extracted(whole, OPTIONS)
    texts = found.texts.to_pylist()
    assert len(texts) > 3
    assert "\n".join(texts).split("\n") == lines
    assert all(len(text.encode()) <= OPTIONS.part_utf8_bytes * 1.5 for text in texts)
    assert len(set(found.ids)) == len(texts)


def test_nesting_counts_open_elements_only() -> None:
    assert html.nesting("<p>" * 9000 + "<br>" * 9000) == 0
    assert html.nesting("<i>" * 2500 + "</i>" * 2500) == 2500


@pytest.mark.skipif(not RAW.is_dir(), reason="the messy originals are not beside this checkout")
def test_messy_originals_are_read_or_held() -> None:
    thai = next(RAW.glob("legacy-encodings/th_*tis-620.tex")).read_bytes()
    assert sum("\u0e01" <= character <= "\u0e4e" for character in decode(thai)) > 500
    for path in sorted(RAW.glob("html/*.html")):
        assert read(path.name, path.read_bytes()), path.name


@pytest.mark.parametrize("seed", range(20))
def test_a_text_is_cut_where_its_paragraphs_would_be(seed: int) -> None:
    chance = random.Random(seed)
    lines = ["ก" * chance.randrange(40) + "a" * chance.randrange(40) for _ in range(chance.randrange(1, 60))]
    text = "\n".join(lines)
    for limit in (20, 100, 400, 100_000):
        expected = list(files.cut(lines, limit)) if len(text.encode()) > limit else [text]
        data = np.frombuffer(text.encode(), np.uint8)
        assert [
            bytes(data[start:end]).decode()
            for start, end in files.cut_text(len(data), np.flatnonzero(data == 10), limit)
        ] == expected
