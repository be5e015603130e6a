"""What native speakers are shown and say: blind, the same for everybody, read strictly, counted by known formulas."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from corpus_samples import ENGLISH, indonesian, page, snapshot
from hypothesis import given
from hypothesis import strategies as some

from daulat.corpus.agreement import cohen, fleiss, kappa, wilson
from daulat.corpus.build import build
from daulat.corpus.options import CorpusOptions
from daulat.corpus.review import (
    KEPT,
    MOST_FILE_BYTES,
    Sample,
    Sampled,
    Verdicts,
    _allotted,
    read,
    review,
    sample,
    together,
)
from daulat.corpus.sheet import sheet
from daulat.errors import DaulatError

DIGEST = "sha256:" + "a" * 64
LANGUAGES = {"pages": "id"}
PERSON = "Hubungi Pak Lurah di lurah@desa.example.id atau 0812-3456-7890 pada jam kerja."


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kept, dropped for two reasons, held for one that can be seen and for one that cannot."""
    folder = tmp_path_factory.mktemp("review")
    files: dict[str, str | bytes] = {f"p{n:02}.html": page(indonesian(n * 10)) for n in range(40)}
    files |= {f"copy{n}.html": page(indonesian(n * 10)) for n in range(5)}
    files |= {f"short{n}.txt": f"{PERSON} <script>alert({n})</script>" for n in range(8)}
    files |= {f"en{n}.html": page([f"{ENGLISH} It was number {n}."] * 6) for n in range(6)}
    files |= {"x.pdf": b"%PDF-1.7"}
    (folder / "corpus").mkdir()
    build([snapshot(folder / "a", files)], CorpusOptions(), b"k" * 32, folder / "corpus")
    return folder / "corpus"


@pytest.fixture(scope="module")
def shown(corpus: Path) -> Sample:
    return sample(corpus, DIGEST, "id", LANGUAGES, 20)


def test_half_of_the_sheet_was_kept_and_each_rule_has_its_share(shown: Sample) -> None:
    counts = Counter(one.rule for one in shown.documents)
    assert counts[KEPT] == 10
    assert sum(counts.values()) == 20
    assert counts["dropped by quality: too short"] == 5
    assert counts["dropped by identify: mostly in another language"] == 5
    assert shown.population["dropped by quality: too short"] == 8
    assert all(one.text for one in shown.documents)


def test_rules_that_nobody_can_see_in_one_document_are_not_asked_about(corpus: Path) -> None:
    everything = sample(corpus, DIGEST, "id", LANGUAGES, 500)
    rules = {one.rule for one in everything.documents}
    assert not any("copy of" in rule or "PDF" in rule for rule in rules)
    ids = [one.id for one in everything.documents]
    assert len(ids) == len(set(ids))


def test_everybody_gets_the_same_sheet_and_another_corpus_another_one(corpus: Path, shown: Sample) -> None:
    assert sample(corpus, DIGEST, "id", LANGUAGES, 20) == shown
    other = sample(corpus, "sha256:" + "b" * 64, "id", LANGUAGES, 20)
    assert {one.id for one in other.documents} != {one.id for one in shown.documents}
    assert other.digest != shown.digest
    kept = [one.rule == KEPT for one in shown.documents]
    assert kept != sorted(kept)
    assert kept != sorted(kept, reverse=True)


def test_a_language_that_the_corpus_has_not_is_named_with_those_it_has(corpus: Path) -> None:
    with pytest.raises(DaulatError, match="no text in `km`") as raised:
        sample(corpus, DIGEST, "km", LANGUAGES, 20)
    assert "id" in raised.value.hint


@given(some.dictionaries(some.sampled_from([KEPT, "a", "b", "c", "d"]), some.integers(1, 50)), some.integers(1, 120))
def test_a_sheet_is_as_full_as_it_can_be_and_even(have: dict[str, int], count: int) -> None:
    found = _allotted(have, count)
    assert sum(found.values()) == min(count, sum(have.values()))
    assert all(0 <= n <= have[rule] for rule, n in found.items())
    others = {rule: n for rule, n in found.items() if rule != KEPT}
    unfilled = [n for rule, n in others.items() if n < have[rule]]
    assert not unfilled or max(others.values()) - min(unfilled) <= 1
    if unfilled and KEPT in have:
        assert found.get(KEPT, 0) >= min(have[KEPT], count - count // 2)


def articles(html: str) -> list[str]:
    return re.findall(r"<article.*?</article>", html, re.DOTALL)


def test_the_sheet_does_not_tell_what_was_kept(shown: Sample) -> None:
    html = sheet(shown, DIGEST, "id", 20)
    assert len(articles(html)) == 20
    shells = set()
    for number, article in enumerate(articles(html), 1):
        bare = re.sub(r'<div class="text".*?</div>|<details class="rest">.*?</details>', "", article, flags=re.DOTALL)
        bare = re.sub(r'data-document="[0-9a-f]{64}"', "", bare)
        shells.add(re.sub(rf'([ "][dhnv]|Text ){number}(?=[ "])', r"\1#", bare))
    assert len(shells) == 1, "but for the text, one document's part is like every other's"
    said = html[html.index("<body>") :]
    assert not re.search(r"\b(dropped|too short|held|quality|identify)\b", said.split("<script>")[0])
    assert html == sheet(shown, DIGEST, "id", 20)


def test_the_sheet_shows_no_identifier_and_obeys_no_document(shown: Sample) -> None:
    html = sheet(shown, DIGEST, "id", 20)
    assert "lurah@desa" not in html
    assert "&lt;EMAIL&gt;" in html
    assert "&lt;script&gt;alert" in html
    assert html.count("<script>") == 1
    assert not re.findall(r"https?://|src=|href=|@import|url\(", html.replace("link.href", ""))


# What reviewers say


def verdicts(shown: Sample, reviewer: str, said: dict[int, str], **changes: Any) -> Verdicts:
    judgements = [{"document": shown.documents[row].id, "verdict": verdict} for row, verdict in said.items()]
    plain = {"form": "daulat-review-1", "corpus": DIGEST, "language": "id", "samples": 20, "sheet": shown.digest}
    return msgspec.convert({**plain, "reviewer": reviewer, "judgements": judgements, **changes}, Verdicts)


def test_a_document_counts_once_by_the_majority() -> None:
    rules = [KEPT, KEPT, KEPT, "dropped by quality: too short", "dropped by quality: too short"]
    shown = Sample(tuple(Sampled(f"d{n}", rule, "x") for n, rule in enumerate(rules)), {KEPT: 90, rules[3]: 8})
    said = [
        verdicts(shown, "AA", {0: "good", 1: "bad", 2: "good", 3: "good", 4: "bad"}),
        verdicts(shown, "BB", {0: "good", 1: "other-language", 2: "bad", 3: "good", 4: "other-language"}),
    ]
    found = review(shown, said)
    kept, short = found.rules
    assert (kept.rule, kept.in_corpus, kept.judged, kept.tied, kept.disagree, kept.share) == (KEPT, 90, 2, 1, 1, 0.5)
    assert (short.judged, short.tied, short.disagree, short.share) == (2, 0, 1, 0.5)
    assert (found.reviewers, found.judgements, found.kappa_documents) == (2, 10, 5)
    table = np.array([[2, 1, 0], [0, 0, 2], [0, 0, 0]])  # good, bad, other-language
    assert found.kappa == pytest.approx(cohen(table), abs=1e-4)


def test_verdicts_of_another_sheet_count_for_nothing(corpus: Path, shown: Sample) -> None:
    other = sample(corpus, DIGEST, "id", LANGUAGES, 10)
    with pytest.raises(DaulatError, match="another sheet"):
        review(shown, [verdicts(other, "AA", {0: "good"})])
    stranger = verdicts(shown, "AA", {}, judgements=[{"document": "0" * 64, "verdict": "good"}])
    with pytest.raises(DaulatError, match="another sheet"):
        review(shown, [stranger])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sheet": "sha256:" + "c" * 64}, "two sheets"),
        ({"language": "th"}, "are on `th`"),
        ({"reviewer": "aa"}, "reviewer `aa`"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(shown: Sample, changes: dict[str, Any], words: str) -> None:
    other = msgspec.structs.replace(verdicts(shown, "BB", {0: "good"}), **changes)
    with pytest.raises(DaulatError, match=words):
        together([verdicts(shown, "AA", {0: "good"}), other], "id")


WHOLE = {"document": "d1", "verdict": "good", "reasons": [], "note": ""}


@pytest.mark.parametrize(
    "changes",
    [
        {"form": "daulat-review-2"},
        {"name": "Siti"},
        {"reviewer": "Siti Rahayu"},
        {"reviewer": "siti@contoh.id"},
        {"corpus": "sha256:xyz"},
        {"judgements": []},
        {"judgements": [WHOLE] * 501},
        {"judgements": [WHOLE, WHOLE]},
        {"judgements": [{**WHOLE, "verdict": "perhaps"}]},
        {"judgements": [{**WHOLE, "reasons": ["dull"]}]},
        {"judgements": [{**WHOLE, "note": "x" * 501}]},
        {"judgements": [{**WHOLE, "rule": "kept"}]},
        {"samples": 0},
        {"samples": "20"},
    ],
    ids=str,
)
def test_a_verdict_file_is_read_to_the_letter(tmp_path: Path, changes: dict[str, Any]) -> None:
    plain = {"form": "daulat-review-1", "corpus": DIGEST, "language": "id", "samples": 20, "sheet": DIGEST}
    path = tmp_path / "v.json"
    path.write_text(json.dumps({**plain, "reviewer": "A-1", "judgements": [WHOLE]}))
    assert read(path).reviewer == "A-1"
    path.write_text(json.dumps({**plain, "reviewer": "A-1", "judgements": [WHOLE], **changes}))
    with pytest.raises(DaulatError, match=r"`v\.json`"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b'{"form": ' + b"[" * 100_000, b'{"form":"\\ud800"}'])
def test_a_file_that_is_no_json_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "v.json"
    path.write_bytes(content)
    with pytest.raises(DaulatError, match="not a verdict file"):
        read(path)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "v.json"
    path.write_bytes(b" " * (MOST_FILE_BYTES + 1))
    with pytest.raises(DaulatError, match="too large"):
        read(path)


# Known numbers


def test_wilson_is_the_published_interval() -> None:
    """Source: Newcombe (1998), Statistics in Medicine 17, table I, method 3."""
    for found, of, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson(found, of) == pytest.approx((low, high), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


@given(some.integers(1, 500).flatmap(lambda of: some.tuples(some.integers(0, of), some.just(of))))
def test_wilson_holds_the_share_and_mirrors(pair: tuple[int, int]) -> None:
    found, of = pair
    low, high = wilson(found, of)
    assert 0 <= low <= found / of <= high <= 1
    assert wilson(of - found, of) == pytest.approx((1 - high, 1 - low))


def test_cohen_is_the_published_kappa() -> None:
    """Source: Cohen (1960), table 1, as proportions of 200: kappa .492."""
    assert cohen([[88, 14, 18], [10, 40, 10], [2, 6, 12]]) == pytest.approx(0.492, abs=5e-4)
    assert cohen([[5, 0], [0, 5]]) == 1
    assert cohen([[5, 0], [0, 0]]) is None
    assert cohen(np.zeros((0, 0))) is None


FLEISS_1971 = [
    [0, 0, 0, 6, 0], [0, 3, 0, 0, 3], [0, 1, 4, 0, 1], [0, 0, 0, 0, 6], [0, 3, 0, 3, 0], [2, 0, 4, 0, 0], [0, 0, 4, 0, 2],
    [2, 0, 3, 1, 0], [2, 0, 0, 4, 0], [0, 0, 0, 0, 6], [1, 0, 0, 5, 0], [1, 1, 0, 4, 0], [0, 3, 3, 0, 0], [1, 0, 0, 5, 0],
    [0, 2, 0, 3, 1], [0, 0, 5, 0, 1], [3, 0, 0, 1, 2], [5, 1, 0, 0, 0], [0, 2, 0, 4, 0], [1, 0, 2, 0, 3], [0, 0, 0, 0, 6],
    [0, 1, 0, 5, 0], [0, 2, 0, 1, 3], [2, 0, 0, 4, 0], [1, 0, 0, 4, 1], [0, 5, 0, 1, 0], [4, 0, 0, 0, 2], [0, 2, 0, 4, 0],
    [1, 0, 5, 0, 0], [0, 0, 0, 0, 6],
]  # fmt: skip


def test_fleiss_is_the_published_kappa() -> None:
    """Source: Fleiss (1971), table 1: 30 patients, 6 psychiatrists, 5 diagnoses, kappa .430."""
    assert fleiss(FLEISS_1971) == pytest.approx(0.430, abs=1e-3)
    assert fleiss([[3, 0], [3, 0]]) is None


def test_kappa_rests_on_what_all_of_them_judged() -> None:
    one, two = {"a": "good", "b": "bad", "c": "good"}, {"a": "good", "b": "bad", "d": "bad"}
    assert kappa([one]) == (None, 0)
    assert kappa([one, two]) == (1.0, 2)
    assert kappa([one, two, {"a": "good"}]) == (None, 1)
    assert kappa([one, {"x": "good"}]) == (None, 0)
    assert kappa([one, two, {"x": "good"}]) == (None, 0)
    assert kappa([one, one, {**one, "c": "bad"}]) == (pytest.approx(fleiss([[3, 0], [0, 3], [2, 1]])), 3)
