"""Each kernel says what a slow and plain reading of its source says, on any text."""

import os
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import icu
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpus_samples import THAI, indonesian, source
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daulat.corpus import burmese, normalise, quality
from daulat.corpus.columns import flat
from daulat.corpus.dictionaries import NAMES, dictionary
from daulat.corpus.kernels import borders as rules
from daulat.corpus.kernels.characters import LETTER, SYMBOL, WORD, unit_kinds
from daulat.corpus.kernels.clusters import clusters, unit_classes
from daulat.corpus.kernels.dictionary import SCRIPT, SCRIPTS, unit_parts
from daulat.corpus.kernels.lines import COLUMNS, lines
from daulat.corpus.kernels.minhash import signatures
from daulat.corpus.kernels.paragraphs import paragraphs
from daulat.corpus.kernels.repetition import repetition
from daulat.corpus.stage import document, table
from daulat.corpus.words import borders, tokens, utf16

SHARED = Path(os.environ.get("DAULAT_SHARED", Path(__file__).parents[2].parent / "shared"))
by_class: dict[int, list[str]] = {}
for code, kind in enumerate(rules.unit_classes()):
    if not 0xD800 <= code < 0xE000:
        by_class.setdefault(int(kind), []).append(chr(code))
every_class = st.sampled_from(sorted(by_class)).flatmap(lambda kind: st.sampled_from(by_class[kind]))
few_letters = st.text(st.sampled_from("ab c.\n…#-•X1ก่ก\u200b😀"), max_size=120)


def with_pyicu(text: str, language: str = "th") -> list[int]:
    breaker = icu.BreakIterator.createWordInstance(icu.Locale(language))
    breaker.setText(icu.UnicodeString(text))
    return [0, *breaker]


@settings(max_examples=400, deadline=None)
@example(["\u05d0\u3031\u0300", "\u30fc\u2e80"])  # ICU's iterator remembers U+3031 when it comes to U+30FC
@given(st.lists(st.lists(every_class, max_size=12).map("".join), min_size=1, max_size=4))
def test_borders_are_those_of_icu_whichever_rules_and_dictionaries_they_need(texts: list[str]) -> None:
    units, offsets = utf16(texts)
    found, starts = borders(units, offsets, "th")
    for number, text in enumerate(texts):
        own = (found[starts[number] : starts[number + 1]] - offsets[number]).tolist()
        assert own == (with_pyicu(text) if text else [0]), [hex(ord(one)) for one in text]


LISTED = {name: "".join(map(chr, np.flatnonzero(unit_parts() & SCRIPT == n))) for n, name in enumerate(SCRIPTS, 1)}
SENTENCES = (
    "ข้าวและน้ำเป็นสิ่งสำคัญของชาวนาไทยฯ ต่าง ๆ นานาๆ", "ປະເທດລາວມີແມ່ນ້ຳຂອງແລະພູເຂົາ", "မြန်မာနိုင်ငံသည်အရှေ့တောင်အာရှတွင်ရှိသည်",
    "ប្រជាជនកម្ពុជារស់នៅតាមដងទន្លេ", "由于核苷酸序列同源性很高，研究人员认为这是同一种病毒。",
)  # fmt: skip
piece = st.one_of(
    st.sampled_from(SENTENCES).flatmap(
        lambda text: st.tuples(st.integers(0, len(text)), st.integers(1, 12)).map(lambda at: text[at[0] : sum(at)])
    ),
    st.sampled_from(list(LISTED.values())).flatmap(lambda letters: st.text(st.sampled_from(letters), max_size=6)),
    st.sampled_from([" ", "\u200d", "\u200b", "ฯ", "ๆ", "a", "1", ".", "\u0301", "\n"]),
)


@settings(max_examples=600, deadline=None)
@given(st.lists(st.lists(piece, max_size=24).map("".join), min_size=1, max_size=4))
def test_words_of_scripts_without_spaces_are_those_of_icu(texts: list[str]) -> None:
    units, offsets = utf16(texts)
    assert not (rules.survey(units, offsets, rules.unit_classes(), unit_parts()) & 1).any(), "none is left to ICU"
    found, starts = borders(units, offsets, "th")
    for number, text in enumerate(texts):
        own = (found[starts[number] : starts[number + 1]] - offsets[number]).tolist()
        assert own == (with_pyicu(text) if text else [0]), ascii(text)


@pytest.mark.parametrize("language", ["th", "lo", "my", "km", "zh", "id", "vi", "ta"])
def test_words_of_real_text_are_those_of_icu(language: str) -> None:
    file = SHARED / "data" / "corpus" / f"{language}.parquet"
    if not file.is_file():
        pytest.skip("the collection of real text is not here (DAULAT_SHARED)")
    texts = [text for text in pq.read_table(file, columns=["text"]).slice(0, 60)["text"].to_pylist() if text]
    units, offsets = utf16(texts)
    found, starts = borders(units, offsets, language)
    left = rules.survey(units, offsets, rules.unit_classes(), unit_parts()) & 1
    assert left.mean() < 0.1
    for number, text in enumerate(texts):
        own = (found[starts[number] : starts[number + 1]] - offsets[number]).tolist()
        assert own == with_pyicu(text, language)


def test_each_word_list_is_read() -> None:
    assert all((dictionary(name).values >= 0).sum() > 20_000 for name in NAMES)
    known = dictionary("thaidict")
    row = 0
    for letter in "ประเทศไทย":
        ahead = (known.cells[row, 0] >> 1) + known.codes[ord(letter)]
        assert known.cells[ahead, 1] == row
        row = ahead
    assert known.values[row] == 0
    assert known.cells[row, 0] & 1


def test_no_word_of_latin_text_needs_a_list_and_all_of_thai_do() -> None:
    assert not (unit_parts()[utf16(indonesian(1))[0]] & SCRIPT).any()
    assert (unit_parts()[utf16([THAI])[0]] & SCRIPT > 0).mean() > 0.9


def words_of(text: str) -> list[str]:
    raw = text.encode("utf-16-le")
    parts = (raw[2 * a : 2 * b].decode("utf-16-le") for a, b in pairwise(with_pyicu(text)))
    return [word for word in (part.strip(" \n\u200b") for part in parts) if word]


@settings(max_examples=200, deadline=None)
@given(st.lists(few_letters, min_size=1, max_size=3))
def test_tokens_are_the_segments_that_are_no_white_space(texts: list[str]) -> None:
    found = tokens(texts, "th")
    for number, text in enumerate(texts):
        own = slice(found.offsets[number], found.offsets[number + 1])
        plain = words_of(text) if text else []
        assert found.lengths[own].tolist() == [len(word) for word in plain]
        assert len(set(found.hashes[own].tolist())) == len(set(plain))
        symbols = [all(unit_kinds()[ord(c)] & SYMBOL if ord(c) < 0x10000 else 0 for c in word) for word in plain]
        assert (found.kinds[own] & SYMBOL > 0).tolist() == symbols
        letters = [any(c.isalpha() or c == "😀" for c in word) for word in plain]
        assert (found.kinds[own] & LETTER > 0).tolist() == letters
    assert ((found.kinds & WORD) > 0).sum() == sum(
        any(c.isalnum() or c in "่😀" for c in word) for text in texts for word in (words_of(text) if text else [])
    )


def top(words: list[str], n: int) -> int:
    grams = [" ".join(words[at : at + n]) for at in range(len(words) - n + 1)]
    if not grams:
        return 0
    most, count = Counter(grams).most_common(1)[0]
    return len(most) * count


def repeated(words: list[str], n: int) -> int:
    seen: set[tuple[str, ...]] = set()
    total, at = 0, 0
    while at < len(words) - n + 1:
        gram = tuple(words[at : at + n])
        if gram in seen:
            total += len("".join(gram))
            at += n
        else:
            seen.add(gram)
            at += 1
    return total


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["a", "bb", "ก", "ccc"]), max_size=80), min_size=1, max_size=3))
def test_repetition_is_counted_as_in_the_paper(texts: list[list[str]]) -> None:
    found = tokens([" ".join(words) for words in texts], "en")
    counted = repetition(found.hashes, found.lengths, found.offsets)
    for words, row in zip(texts, counted, strict=True):
        assert row.tolist() == [top(words, n) for n in (2, 3, 4)] + [repeated(words, n) for n in range(5, 11)]


@settings(max_examples=300, deadline=None)
@given(st.lists(few_letters, min_size=1, max_size=3))
def test_lines_are_counted_as_in_the_papers(texts: list[str]) -> None:
    found = lines(*utf16(texts), unit_kinds(), 3)
    for text, row in zip(texts, found, strict=True):
        said = dict(zip(COLUMNS, row.tolist(), strict=True))
        parts = text.splitlines()
        runs = [line for line in re.split("\n+", text) if line]
        full = [line for line in text.split("\n") if line.strip()]
        again = [line for at, line in enumerate(runs) if line in runs[:at]]
        full_again = [line for at, line in enumerate(full) if line in full[:at]]
        assert said == {
            "characters": len(text),
            "newlines": text.count("\n"),
            "hashes": text.count("#"),
            "ellipses": text.count("...") + text.count("…"),
            "lines": len(parts),
            "bulleted": sum(line.lstrip().startswith(("•", "-")) for line in parts),
            "trailing": sum(line.rstrip().endswith(("...", "…")) for line in parts),
            "runs": len(runs),
            "runs_again": len(again),
            "runs_again_characters": sum(map(len, again)),
            "full": len(full),
            "full_ended": sum(line.endswith(".") for line in full),
            "full_short": sum(len(line) <= 3 for line in full),
            "full_again_characters": sum(map(len, full_again)),
        }


def test_a_signature_is_the_smallest_of_each_permutation_over_all_shingles() -> None:
    hashes = np.array([7, 8, 9, 10, 7, 8, 9, 11, 7, 8], np.uint64)
    offsets = np.array([0, 4, 8, 10, 10])
    factors, addends = np.array([1, 3], np.uint32), np.array([0, 7], np.uint32)
    rows = signatures(hashes, offsets, 3, factors, addends)
    alone = [
        signatures(np.array(part, np.uint64), np.array([0, 3]), 3, factors, addends)[0]
        for part in ([7, 8, 9], [8, 9, 10])
    ]
    assert rows[0].tolist() == np.minimum(*alone).tolist()
    assert (rows[2] != rows[0]).any(), "a shorter text is one shingle"
    assert (rows[3] != rows[2]).any()
    more = signatures(np.array([*hashes[:4], 12], np.uint64), np.array([0, 5]), 3, factors, addends)
    assert (more[0] <= rows[0]).all(), "more shingles, smaller minima"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("halo, dunia-2!", ["halo", "dunia", "2"]),
        ("เด็กน้ำใจ x1", ["เด็", "ก", "น้ำ", "ใจ", "x1"]),
        ("ເດັກນ້ອຍ", ["ເດັ", "ກ", "ນ້", "ອ", "ຍ"]),
        ("ក្រុមហ៊ុន", ["ក្រុ", "ម", "ហ៊ុ", "ន"]),
        ("မြန်မာ", ["မြ", "န်", "မာ"]),
        ("中文，字ok", ["中", "文", "字", "ok"]),
        ("😀😀 a", ["😀😀", "a"]),
        ("", []),
    ],
)
def test_what_shingles_are_made_of_is_cut_by_rule(text: str, parts: list[str]) -> None:
    hashes, starts = clusters(*utf16([text, *parts]), unit_classes())
    assert (np.diff(starts)[1:] == 1).all(), "each part is one"
    assert hashes[: starts[1]].tolist() == hashes[starts[1] :].tolist()


@pytest.mark.parametrize("word", ["dan", "ที่", "မှာ", "astéroid"])
def test_a_stop_word_has_the_hash_that_it_has_in_a_text(word: str) -> None:
    assert quality.whole_words((word,)).tolist() == tokens([word], "en").hashes.tolist()
    assert quality.whole_words((word, "x")).tolist() == tokens([f"{word} x"], "en").hashes.tolist()


letters = st.sampled_from(
    [
        *"ab \t\n\r\x0b\x0c\x1c\x85\u00a0\u00ad\u2028\u3000\ufeff\u200b\u200d\ufffd\u0301\u0323ế각\u1100\u1161",
        *"กาำเแ\u0e31\u0e34\u0e38\u0e3a\u0e48\u0e4b\u0e4d\u0e4e\u0e47", *"ກາຳເ\u0eb1\u0eb4\u0ebb\u0ebc\u0ec8\u0ecb\u0ecd",
        *"ကမဥ\u1031\u103b\u103c\u1039\u103a\u102b\u1064\u1022ស\u17d2\u200c😀𠀀\U0001d15e\U000110ba\u0344\u2126",
    ]
)  # fmt: skip


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.lists(letters, max_size=14).map("".join), min_size=1, max_size=4))
def test_one_pass_normalises_as_the_rules_one_by_one_do(texts: list[str]) -> None:
    rows = [document(source(language="my"), f"{n}", f"{n}", text) for n, text in enumerate(texts)]
    judged = normalise.normalise(table(rows))
    for raw, found, verdict in zip(texts, judged.documents["text"].to_pylist(), judged.verdicts, strict=True):
        one = burmese.to_unicode(normalise.text(raw))
        assert found == (normalise.text(one.text) if one.converted else one.text), [hex(ord(c)) for c in raw]
        lost = one.text.count("\ufffd") > 0.005 * len(one.text)
        assert verdict.outcome == ("hold" if one.held or lost else "keep")


def test_a_mark_that_changes_places_with_one_in_a_composed_letter_is_put_in_order() -> None:
    for raw in ("𠀀\u0323", "ế\u0323", "ê\u0323\u0301", "ấ\u0323", "ớ\u0323", "e\u0323\u0302\u0301"):
        rows = [document(source(language="vi"), "0", "0", raw)]
        (found,) = normalise.normalise(table(rows)).documents["text"].to_pylist()
        assert found == normalise.text(raw), [hex(ord(one)) for one in raw]


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from("ab\n ก้é😀1"), max_size=60), max_size=12))
def test_paragraphs_are_told_apart_by_their_bytes_wherever_they_stand(texts: list[str]) -> None:
    hashes, characters, sizes, starts = paragraphs(*flat(pa.array(texts, pa.large_string())))
    lines = [text.split("\n") for text in texts]
    assert np.diff(starts).tolist() == list(map(len, lines))
    every = [line for own in lines for line in own]
    assert characters.tolist() == list(map(len, every))
    assert sizes.tolist() == [len(line.encode()) for line in every]
    by_hash = dict(zip(hashes.tolist(), every, strict=True))
    assert [by_hash[one] for one in hashes.tolist()] == every
    assert len(by_hash) == len(set(every))


@settings(deadline=None)
@given(st.lists(st.text(max_size=40), max_size=8))
def test_units_are_what_python_encodes(texts: list[str]) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    units, offsets = utf16(pa.array(texts, pa.large_string()))
    assert units.tobytes() == "".join(texts).encode("utf-16-le")
    assert np.diff(offsets).tolist() == [len(text.encode("utf-16-le")) // 2 for text in texts]
    assert utf16(texts)[0].tolist() == units.tolist()
