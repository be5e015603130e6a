"""The pages in a real browser: opened from a file, clicked, typed into, printed, on a phone, in the dark, without a script."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_corpus_page import DIGEST, LANGUAGES, made

from daulat.corpus.overview import overview
from daulat.corpus.page import page
from daulat.corpus.review import Sample, Sampled, read, review, sample
from daulat.corpus.sheet import sheet
from daulat.paper import FONTS

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: `make install-dev`")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: on Debian, apt-get install chromium")

WORDS = {
    "th": "ที่นี่มีน้ำใส ปู่ญ่าตายายปลูกข้าว",
    "km": "ក្រុមគ្រួសារធ្វើស្រែ និងដាំដើមឈើ",
    "my": "ကျွန်ုပ်တို့၏ မိသားစုသည် စပါးစိုက်ပျိုးကြသည်",
    "lo": "ພວກເຮົາປູກເຂົ້າຢູ່ທົ່ງນາ",
    "ta": "நாங்கள் நெல் பயிரிடுகிறோம்",
}
NARROW = {"width": 360, "height": 780}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Sample]:
    """The page and the sheet of one corpus."""
    folder = tmp_path_factory.mktemp("browser")
    corpus, _ = made(folder)
    chosen = sample(corpus, DIGEST, "id", LANGUAGES, 8)
    (folder / "corpus.html").write_text(page(overview(corpus, LANGUAGES), DIGEST), encoding="utf-8")
    (folder / "review-id.html").write_text(sheet(chosen, DIGEST, "id", 8), encoding="utf-8")
    return folder / "corpus.html", folder / "review-id.html", chosen


class Opened:
    """A page, with all that the browser complained of and all that it asked for."""

    def __init__(self, chromium: Any, file: Path, **options: Any) -> None:
        self.context = chromium.new_context(**options)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.page.goto(file.as_uri())

    def __enter__(self) -> Any:
        return self.page

    def __exit__(self, *_: object) -> None:
        self.context.close()


@pytest.mark.parametrize("which", [0, 1], ids=["page", "sheet"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_opens_on_a_phone_and_asks_for_nothing_but_itself(
    chromium: Any, shown: tuple[Path, Path, Sample], which: int, scheme: str
) -> None:
    file: Path = shown[which]  # type: ignore[assignment]
    opened = Opened(chromium, file, viewport=NARROW, color_scheme=scheme)
    with opened as page:
        assert page.evaluate("document.documentElement.scrollWidth") == NARROW["width"], (
            "nothing stands out to the right"
        )
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(251, 250, 246)" if scheme == "light" else "rgb(16, 25, 27)")
        sizes = page.evaluate(
            "[...document.querySelectorAll('.plot text')].map(t => parseFloat(getComputedStyle(t).fontSize))"
        )
        assert all(size >= 11 for size in sizes), "letters keep their size"
    assert opened.complaints == []
    assert opened.asked == [file.as_uri()]


def test_no_two_words_of_a_plot_lie_on_each_other_on_a_phone(chromium: Any, shown: tuple[Path, Path, Sample]) -> None:
    with Opened(chromium, shown[0], viewport=NARROW) as page:
        found = page.evaluate(
            """[...document.querySelectorAll('svg.plot')].flatMap(plot => {
                const boxes = [...plot.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
                return boxes.flatMap(([words, a], i) => boxes.slice(i + 1).filter(([_, b]) =>
                    a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3
                ).map(([other]) => words + ' / ' + other));
            })"""
        )
    assert found == []


def test_clicks_become_a_verdict_file_that_is_taken(
    chromium: Any, shown: tuple[Path, Path, Sample], tmp_path: Path
) -> None:
    _, file, chosen = shown
    opened = Opened(chromium, file, viewport={"width": 1000, "height": 900})
    with opened as page:
        page.click("#save")
        assert "Choose a code first" in page.inner_text("#told")
        page.click("#d1 label:has-text('Not good')")
        page.click("#d1 label:has-text('Broken letters')")
        page.fill("#d1 textarea", "huruf rusak “ini”")
        page.click("#d2 .verdict label >> nth=0")
        page.click("#d3 label:has-text('Not in Indonesian')")
        page.click("#d5 summary:has-text('Why')")
        page.fill("#d5 textarea", "no verdict")
        assert "3 of 8 judged; not saved yet" in page.inner_text("#told")
        page.fill("#code", "padi-7")
        with page.expect_download() as download:
            page.press("#code", "Enter")
        assert download.value.suggested_filename == "verdicts-id-padi-7.json"
        download.value.save_as(tmp_path / "v.json")
        assert "Left out, for they say why but not what: 5." in page.inner_text("#told")
    assert opened.complaints == []
    assert [url for url in opened.asked if not url.startswith("blob:")] == [file.as_uri()]
    found = read(tmp_path / "v.json")
    assert [(one.document, one.verdict) for one in found.judgements] == [
        (chosen.documents[0].id, "bad"), (chosen.documents[1].id, "good"), (chosen.documents[2].id, "other-language")
    ]  # fmt: skip
    assert found.judgements[0].reasons == ("encoding",)
    assert found.judgements[0].note == "huruf rusak “ini”"
    assert review(chosen, [found]).judgements == 3


def test_what_was_saved_can_be_gone_on_with(chromium: Any, shown: tuple[Path, Path, Sample], tmp_path: Path) -> None:
    _, file, chosen = shown
    judgement = {"document": chosen.documents[3].id, "verdict": "bad", "reasons": ["advert"], "note": "n"}
    saved = {"form": "daulat-review-1", "corpus": DIGEST, "language": "id", "samples": 8, "sheet": chosen.digest,
             "reviewer": "A1", "judgements": [judgement]}  # fmt: skip
    (tmp_path / "v.json").write_text(json.dumps(saved))
    (tmp_path / "other.json").write_text(json.dumps({**saved, "sheet": DIGEST}))
    with Opened(chromium, file) as page:
        page.set_input_files("#open", tmp_path / "other.json")
        page.locator("#told", has_text="not saved from this sheet").wait_for()
        page.set_input_files("#open", tmp_path / "v.json")
        page.locator("#told", has_text="1 of 8 judged").wait_for()
        assert page.is_checked("#d4 input[value=bad]")
        assert page.is_checked("#d4 input[value=advert]")
        assert page.input_value("#d4 textarea") == "n"
        with page.expect_download() as download:
            page.click("#save")
        download.value.save_as(tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_text()) == saved


def test_keys_are_enough(chromium: Any, shown: tuple[Path, Path, Sample], tmp_path: Path) -> None:
    with Opened(chromium, shown[1]) as page:
        for key in ("n", "1", "n", "3", "p", "2"):
            page.keyboard.press(key)
        assert page.is_checked("#d1 input[value=bad]"), "the last word counts"
        assert page.is_checked("#d2 input[value=other-language]")
        assert page.evaluate("document.activeElement.name") == "v1"
        page.keyboard.press("Tab")  # out of the three answers, to why
        assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
        page.focus("#d1 textarea")
        page.keyboard.type("123 np")
        assert page.input_value("#d1 textarea") == "123 np", "letters typed are letters"
        assert page.is_checked("#d1 input[value=bad]")


def test_without_a_script_there_is_nothing_to_save_and_everything_to_print(
    chromium: Any, shown: tuple[Path, Path, Sample]
) -> None:
    with Opened(chromium, shown[1], java_script_enabled=False) as page:
        assert page.is_visible("noscript")
        assert not page.is_visible("#save")
        assert page.locator("input[type=radio]").count() == 24
        page.emulate_media(media="print")
        assert page.is_visible(".paper")
        assert page.locator("#d1 .reasons label").nth(8).is_visible(), (
            "reasons are printed, though not opened on the screen"
        )
        box = page.locator("#d1 input[type=radio] >> nth=0").bounding_box()
        assert box["width"] > 10


def test_each_script_has_its_line_height_and_no_line_touches_another(chromium: Any, tmp_path: Path) -> None:
    for language, words in WORDS.items():
        one = Sample((Sampled("d1", "kept", f"{words} " * 12),), {"kept": 1})
        file = tmp_path / f"{language}.html"
        file.write_text(sheet(one, DIGEST, language, 1), encoding="utf-8")
        with Opened(chromium, file, viewport=NARROW) as page:
            style = page.evaluate(
                """(() => { const s = getComputedStyle(document.querySelector('#d1 .text'));
                   return [parseFloat(s.lineHeight) / parseFloat(s.fontSize), s.fontFamily]; })()"""
            )
            ink = page.evaluate(
                """words => { const c = document.createElement('canvas').getContext('2d');
                   const s = getComputedStyle(document.querySelector('#d1 .text'));
                   c.font = s.fontSize + ' ' + s.fontFamily; const m = c.measureText(words);
                   return (m.actualBoundingBoxAscent + m.actualBoundingBoxDescent) / parseFloat(s.lineHeight); }""",
                words,
            )
        assert style[0] == pytest.approx(float(FONTS[language][0]), abs=0.01)
        assert style[1].startswith(FONTS[language][1].split(",")[0].replace("'", '"'))
        assert ink < 1, f"{language}: marks are {ink:.2f} of a line high"
