"""What each stage promises, on its own."""

import random
from pathlib import Path

import numpy as np
import pytest
from corpus_samples import ENGLISH, THAI, indonesian, source
from hypothesis import given
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from daulat.corpus import boilerplate, duplicates, identify, normalise, quality
from daulat.corpus.columns import flat
from daulat.corpus.kernels.paragraphs import paragraphs
from daulat.corpus.options import CorpusOptions
from daulat.corpus.split import draw, heldout
from daulat.corpus.stage import document, table
from daulat.corpus.words import tokens

OPTIONS = CorpusOptions()
RAW = Path(__file__).parents[2].parent / "shared" / "data" / "corpus" / "raw-messy"


def documents(texts: list[str], language: str = "id") -> object:
    rows = [document(source(language=language), f"{n:04}", f"{n:04}", text) for n, text in enumerate(texts)]
    return table(rows)


@given(st.text(max_size=200))
def test_normalising_twice_changes_nothing(raw: str) -> None:
    once = normalise.text(raw)
    assert normalise.text(once) == once


def test_thai_marks_are_put_in_order_and_sara_am_is_one_letter() -> None:
    assert normalise.text("ท\u0e48\u0e35") == "ท\u0e35\u0e48"
    assert normalise.text("น\u0e4d\u0e49\u0e32") == "น\u0e49\u0e33"
    assert normalise.text("เเละ") == "และ"
    assert normalise.text("ﬁ ①") == "ﬁ ①", "compatibility letters stay: NFKC is not used"


def test_burmese_in_the_order_it_is_seen_in_is_put_right_or_held() -> None:
    right, old = "\u1000\u1031 \u1019\u1031 " * 10, "\u1031\u1000 \u1031\u1019 " * 10
    judged = normalise.normalise(documents([right, old, old + right], "my"))
    assert [verdict.outcome for verdict in judged.verdicts] == ["keep", "keep", "hold"]
    assert judged.documents["text"].to_pylist()[:2] == [right.strip(), right.strip()]


def test_the_kernel_names_the_language_that_py3langid_names() -> None:
    import pyarrow as pa

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages(set(identify.RIVALS))
    texts = [
        *indonesian(3),
        ENGLISH,
        "Bạn có thể đặt các thuộc tính của điều khiển.",
        "Ang mga bata ay naglalaro sa labas.",
    ]
    scores, names = identify.language_scores(pa.array(texts, pa.large_string()), "id")
    for text, row in zip(texts, scores, strict=True):
        theirs, confidence = model.classify(text)
        assert names[int(row.argmax())] == theirs
        assert float(row.max()) == pytest.approx(confidence, abs=0.02)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("th", THAI),
        ("id", indonesian(1)[0]),
        ("en", ENGLISH),
        ("vi", "Chính quyền địa phương cung cấp dịch vụ y tế cho mọi người dân."),
    ],
)
def test_text_in_the_promised_language_is_kept(language: str, text: str) -> None:
    (verdict,) = identify.identify(documents([text], language), OPTIONS).verdicts
    assert verdict.outcome == "keep"


def test_text_that_no_model_can_tell_is_held() -> None:
    (verdict,) = identify.identify(documents(["OK 12\n34 A"]), OPTIONS).verdicts
    assert verdict.outcome == "hold"


def test_a_short_paragraph_counts_with_its_neighbours() -> None:
    text = "\n".join([indonesian(1)[0], "Menu File", ENGLISH, "Edit - Undo", indonesian(2)[0]])
    judged = identify.identify(documents([text]), OPTIONS)
    assert judged.documents["text"][0].as_py().split("\n") == [indonesian(1)[0], "Menu File", indonesian(2)[0]]


def test_a_repeated_paragraph_stays_in_the_first_documents() -> None:
    texts = [f"{indonesian(n)[0]}\nCatatan untuk semua halaman" for n in range(0, 400, 10)]
    rows = documents(texts)
    hashes, _, _, starts = paragraphs(*flat(rows["text"]))
    parent = np.repeat(np.arange(40), np.diff(starts))
    gone = boilerplate.furniture(hashes, parent, OPTIONS.repeats)
    judged = boilerplate.without_furniture(rows, gone, starts)
    kept = dict(zip(judged.documents["id"].to_pylist(), judged.documents["text"].to_pylist(), strict=True))
    assert [id_ for id_, text in kept.items() if "Catatan" in text] == [f"{n:04}" for n in range(OPTIONS.repeats)]
    taken = [what for _, what in judged.taken_out]
    assert sum(one["paragraphs"] for one in taken) == 40 - OPTIONS.repeats
    assert sum(one["utf8_bytes"] for one in taken) == (40 - OPTIONS.repeats) * len("Catatan untuk semua halaman")


@given(st.lists(st.lists(st.integers(0, 5), max_size=5), max_size=30), st.integers(1, 4))
def test_a_paragraph_goes_where_enough_documents_before_have_it(texts: list[list[int]], repeats: int) -> None:
    gone = iter(
        boilerplate.furniture(
            np.array([key for own in texts for key in own], np.uint64),
            np.repeat(np.arange(len(texts)), [len(own) for own in texts]),
            repeats,
        ).tolist()
    )
    for number, own in enumerate(texts):
        for key in own:
            assert next(gone) == (sum(key in before for before in texts[:number]) >= repeats)


def test_a_document_of_nothing_but_furniture_is_dropped_and_an_empty_line_of_none_is_lost() -> None:
    rows = documents(["a\nb\nc", "b", "b\nc", "x"])
    _, _, _, starts = paragraphs(*flat(rows["text"]))
    judged = boilerplate.without_furniture(rows, np.array([0, 1, 0, 1, 1, 0, 0], np.bool_), starts)
    assert judged.documents["text"].to_pylist() == ["a\nc", "", "c", "x"]
    assert [verdict.outcome for verdict in judged.verdicts] == ["keep", "drop", "keep", "keep"]


def edited(text: str, share: float, seed: int) -> str:
    pieces = text.split(" ")
    chosen = random.Random(seed).sample(range(len(pieces)), max(1, int(share * len(pieces))))
    return " ".join("kucing" if n in chosen else piece for n, piece in enumerate(pieces))


def test_near_copies_are_found_and_others_are_not() -> None:
    originals = [" ".join(indonesian(n * 10, 12)) for n in range(40)]
    copies = [edited(text, 0.01, n) for n, text in enumerate(originals)]
    groups = duplicates.near_groups(originals + copies, ["id"] * 80, OPTIONS)
    assert list(groups[:40]) == list(range(40)), "different texts stay apart"
    assert sum(groups[40:] == np.arange(40)) >= 39


def test_near_copies_of_unspaced_text_are_found() -> None:
    parts = THAI.split("ที่")
    text = "".join(f"{random.Random(n).choice(parts)}ปีที่{n}" for n in range(60))
    groups = duplicates.near_groups([text, text.replace("ปีที่30", "ปีที่99"), THAI], ["th"] * 3, OPTIONS)
    assert list(groups) == [0, 0, 2]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Terlalu pendek.", "too short"),
        ("\n".join([indonesian(1)[0]] * 4), "repeated lines"),
        (" ".join(["satu dua tiga empat lima enam tujuh"] * 12), "repeated words"),
        (" ".join(str(n) for n in range(1000, 1060)), "too few words with letters"),
        ("\n".join(f"• {line}" for line in indonesian(1, 12)), "mostly bullets"),
        (
            " ".join(f"{word} #" for word in indonesian(1, 3)[0].split()) + " " + " ".join(indonesian(5, 2)),
            "too many symbols",
        ),
    ],
)
def test_text_that_does_not_read_like_text_is_dropped(text: str, reason: str) -> None:
    (verdict,) = quality.quality(documents([text]), OPTIONS).verdicts
    assert verdict == ("drop", reason)


def test_thai_is_measured_in_characters_not_in_words_between_spaces() -> None:
    second = "ชาวนาปลูกข้าวในฤดูฝนแล้วเก็บเกี่ยวผลผลิตในอีกสี่เดือนต่อมา เด็กๆ ไปโรงเรียนทุกเช้าก่อนพระอาทิตย์ขึ้นสูง"
    (verdict,) = quality.quality(documents([f"{THAI}\n{second}"], "th"), OPTIONS).verdicts
    assert verdict.outcome == "keep"
    assert len(f"{THAI} {second}".split()) < OPTIONS.min_words < len(tokens([THAI, second], "th").hashes)


def chosen(texts: list[str], options: CorpusOptions = OPTIONS) -> list[bool]:
    draws = np.array([draw(f"{number:04}", options.seed) for number in range(len(texts))])
    sizes = np.array([len(text.encode()) for text in texts])
    return heldout(draws, sizes, np.zeros(len(texts), np.int64), options).tolist()  # type: ignore[no-any-return]


def test_the_choice_of_heldout_text_does_not_move_when_others_come() -> None:
    texts = [indonesian(n)[0] for n in range(1000)]
    some, more = chosen(texts[:900]), chosen(texts)
    assert some == more[:900]
    assert 20 <= sum(more) <= 80


def test_heldout_text_is_bounded_and_never_all() -> None:
    assert sum(chosen([indonesian(n)[0] for n in range(10)])) == 5
    small = CorpusOptions(heldout_bytes=500)
    texts = [indonesian(n)[0] for n in range(500)]
    sizes = [len(text.encode()) for text, one in zip(texts, chosen(texts, small), strict=True) if one]
    assert 0 < sum(sizes) <= 500
