"""The page of a corpus: every number is the corpus's own, nothing comes from outside, and anybody can read it."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from corpus_samples import ENGLISH, THAI, indonesian, page, snapshot

from daulat import paper
from daulat.corpus import page as pages
from daulat.corpus.build import CorpusReport, build
from daulat.corpus.options import CorpusOptions
from daulat.corpus.overview import Overview, overview
from daulat.corpus.plots import Fall, flow
from daulat.errors import DaulatError
from daulat.paper import beginning

DIGEST = "sha256:" + "a" * 64
LONG = "ARSIP-BERITA-PROVINSI-DAN-KABUPATEN-SE-INDONESIA"
LANGUAGES = {LONG: "id", "letters": "th", "thai": "th"}
PERSON = "Hubungi Pak Lurah di lurah@desa.example.id atau 0812-3456-7890 pada jam kerja untuk keterangan lebih lanjut."
NASTY = "</text></svg><script>alert(1)</script><img src=x onerror=alert(2)>"


def made(folder: Path) -> tuple[Path, CorpusReport]:
    """Two languages, a source that is held, and documents that are dropped and held for several reasons."""
    files: dict[str, str | bytes] = {f"p{n:02}.html": page(indonesian(n * 10)) for n in range(30)}
    files |= {f"m{n}.html": page([*indonesian(900 + n * 10), f"{ENGLISH} It was number {n}."]) for n in range(5)}
    files |= {"kept.html": page([*indonesian(500), PERSON]), "short.txt": f"{NASTY} {PERSON}", "x.pdf": b"%PDF-1.7"}
    thai = {f"t{n:02}.txt": f"{THAI}{n * n + 17} {THAI[::-1][n : n + 40]}" for n in range(30)}
    corpus = folder / "corpus"
    corpus.mkdir()
    sources = (
        snapshot(folder / "a", files, name=LONG),
        snapshot(folder / "b", thai, name="thai", language="th", country="th"),
        snapshot(folder / "c", {"a.txt": "x"}, name="letters", language="th", licence=None),
    )
    return corpus, build(sources, CorpusOptions(), b"k" * 32, corpus)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CorpusReport]:
    return made(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def found(corpus: tuple[Path, CorpusReport]) -> Overview:
    return overview(corpus[0], LANGUAGES)


@pytest.fixture(scope="module")
def html(found: Overview) -> str:
    return pages.page(found, DIGEST)


def test_the_numbers_are_those_of_the_report(corpus: tuple[Path, CorpusReport], found: Overview) -> None:
    report = corpus[1]
    assert found.tallies == report.tallies
    assert found.removed == report.removed
    assert found.languages == report.languages
    assert set(found.identifiers) == set(report.identifiers)
    assert sum(distinct for distinct, _ in found.identifiers.values()) == report.subjects
    left = sum(sum(t.dropped.values()) + sum(t.held.values()) for t in report.tallies)
    assert sum(one.documents for one in found.left) == left
    kept = {size.language: size.train_documents + size.heldout_documents for size in report.languages}
    assert {one.language: sum(one.counts) for one in found.lengths} == kept


def test_every_number_of_the_tallies_stands_in_a_table(html: str, corpus: tuple[Path, CorpusReport]) -> None:
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)]
    shown = {tuple(unescape(cell) for cell in row) for row in rows}
    for tally in corpus[1].tallies:
        for outcome in ("dropped", "held"):
            for reason, n in getattr(tally, outcome).items():
                assert (tally.stage, f"{outcome}: {reason}", f"−{n}") in shown
    for size in corpus[1].languages:
        assert any(str(size.train_documents) in row and str(size.heldout_documents) in row for row in shown)


def test_the_same_corpus_is_the_same_page(tmp_path: Path, html: str) -> None:
    assert pages.page(overview(made(tmp_path)[0], LANGUAGES), DIGEST) == html


class Elements(HTMLParser):
    """What there is on a page, and whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "input", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_asks_for_nothing(html: str) -> None:
    read = Elements(html)
    assert not read.open
    assert not {"script", "img", "link", "iframe", "object", "form"} & {tag for tag, _ in read.found}
    for tag, attributes in read.found:
        addresses = [value for name, value in attributes.items() if name in ("href", "src", "xlink:href", "style")]
        assert not addresses, tag
        assert not [name for name in attributes if name.startswith("on")], tag
    assert not re.findall(r"url\((?!#)", html)
    assert "default-src 'none'" in html


def test_every_plot_is_told_in_words_and_in_a_table(html: str) -> None:
    read = Elements(html)
    plots = [attributes for tag, attributes in read.found if tag == "svg" and attributes.get("class") == "plot"]
    ids = [str(attributes["id"]) for _, attributes in read.found if "id" in attributes]
    assert len(ids) == len(set(ids)), "an id names one thing"
    assert len(plots) >= 8
    for plot in plots:
        assert plot["role"] == "img"
        assert set(str(plot["aria-labelledby"]).split()) <= set(ids)
    for section in re.findall(r"<section>(.*?)</section>", html, re.DOTALL):
        assert ('class="plot"' in section) == ("<table" in section)


def test_no_bar_is_wider_than_the_page(html: str) -> None:
    for x, width in re.findall(r'<rect [^>]*?x="([\d.]+)%"[^>]*? width="([\d.]+)%"', html):
        assert float(x) + float(width) <= 100.01


def test_identifiers_and_markup_of_a_document_are_not_on_the_page(html: str) -> None:
    assert "lurah@desa" not in html
    assert "3456" not in html
    assert "&lt;EMAIL&gt;" in html, "the sample of what was too short"
    assert "<script" not in html
    assert "onerror" in unescape(html), "what a document says is shown, as text"


def test_titles_say_what_is_seen(found: Overview, html: str) -> None:
    titles = [unescape(title) for title in re.findall(r"<h2>(.*?)</h2>", html)]
    assert f"Most were left out for: {found.left[0].reason}, {found.left[0].documents} documents" in titles
    assert "% of the documents were kept" in titles[0]
    half = next(one for one in found.lengths if one.language == "id")
    assert f"Half of the Indonesian documents have fewer than {half.median:,} characters" in html


def test_the_stream_narrows_by_what_left() -> None:
    falls = [
        Fall("extract", 10, (("held", "too large", 4),)),
        Fall("rights", 6, ()),
        Fall("quality", 6, (("dropped", "<b>", 3),)),
    ]
    drawn = flow("f", "t", "d", falls, "in the corpus")
    widths = [float(width) for width in re.findall(r'<rect class="kept"[^>]*width="([\d.]+)%"', drawn)]
    assert widths == [60, 30, 30]
    assert "rights" not in drawn
    assert "&lt;b&gt;" in drawn


def test_a_folder_that_is_no_corpus_and_a_file_that_is_not_whole_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(DaulatError, match=r"no `tallies\.json`"):
        overview(tmp_path, {})
    corpus, _ = made(tmp_path)
    (corpus / "dropped.00000.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(DaulatError, match="cannot be read"):
        overview(corpus, {})


def test_text_is_cut_between_letters_and_their_marks() -> None:
    word = "กำนัน"  # the vowel AM and the tone marks belong to the consonant before
    assert beginning("ที่นี่" * 3, 2) in ("", "ที่")
    assert [beginning(word, n) for n in (1, 9)] == [beginning(word, 1), word]
    khmer = "ក្រុម"  # KA, COENG, RO, U: one cluster
    assert beginning(khmer + khmer, 2) in ("", "ក្រុ", "ក្")
    assert beginning("😀😀😀", 2) == "😀😀"


def test_what_was_kept_dropped_and_held_is_told_apart_in_light_and_in_dark() -> None:
    """Text 4.5:1, large signs 3:1. Source: WCAG 2.2, success criteria 1.4.3 and 1.4.11."""
    light, dark = (dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{3,6})", block))
                   for block in re.findall(r":root\{([^}]*)\}", paper._STYLE))  # fmt: skip
    for colours in (light, dark):
        for ink in ("ink", "soft"):
            assert min(contrast(colours[ink], colours[ground]) for ground in ("paper", "raised", "pale")) >= 4.5, ink
        for look in ("kept", "dropped", "held"):
            assert contrast(colours[look], colours["paper"]) >= 3, look
        assert contrast(colours["on-accent"], colours["accent"]) >= 4.5


def contrast(one: str, other: str) -> float:
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
