"""The whole pipeline: it adds up, it repeats itself, it fails closed."""

import itertools
import json
import random
import re
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest
from corpus_samples import ALLOW, ENGLISH, THAI, indonesian, page, snapshot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daulat.corpus import inspect
from daulat.corpus.build import STAGES, CorpusReport, Snapshot, build
from daulat.corpus.options import CorpusOptions
from daulat.errors import DaulatError

KEY = b"k" * 32


def made(
    tmp_path: Path, *snapshots: Snapshot, options: CorpusOptions | None = None, into: str = "corpus"
) -> tuple[Path, CorpusReport]:
    folder = tmp_path / into
    folder.mkdir()
    return folder, build(snapshots, options or CorpusOptions(), KEY, folder)


def pages(count: int) -> dict[str, str | bytes]:
    return {f"p{n:03}.html": page(indonesian(n * 10)) for n in range(count)}


def rows_of(corpus: Path, pattern: str) -> list[dict[str, object]]:
    return [row for path in sorted(corpus.glob(pattern)) for row in pq.read_table(path).to_pylist()]


def adds_up(report: CorpusReport, corpus: Path) -> None:
    """Every tally adds up, each stage takes what the last one kept, and what left is in the files."""
    for source in {tally.source for tally in report.tallies}:
        own = [tally for tally in report.tallies if tally.source == source]
        assert [tally.stage for tally in own] == list(STAGES)
        assert all(tally.adds_up() for tally in own)
        assert all(a.kept == b.taken for a, b in itertools.pairwise(own))
    kept = len(rows_of(corpus, "train.*.parquet")) + len(rows_of(corpus, "heldout.*.parquet"))
    assert kept == sum(tally.kept for tally in report.tallies if tally.stage == STAGES[-1])
    for name in ("dropped", "held"):
        counted = sum(sum(getattr(tally, name).values()) for tally in report.tallies)
        assert len(rows_of(corpus, f"{name}.*.parquet")) == counted


def test_documents_keep_where_they_are_from(tmp_path: Path) -> None:
    corpus, report = made(tmp_path, snapshot(tmp_path / "a", pages(60)))
    adds_up(report, corpus)
    row = rows_of(corpus, "train.id.00000.parquet")[0]
    known = ("source", "licence", "country", "role", "language")
    assert [row[key] for key in known] == ["pages", "CC-BY-4.0", "id", "nation", "id"]
    (of,) = json.loads((corpus / "sources.json").read_text())
    assert of == {"source": "pages", "snapshot": "sha256:" + "1" * 64}
    assert row["utf8_bytes"] == len(str(row["text"]).encode())


def test_text_without_a_licence_is_held_not_kept(tmp_path: Path) -> None:
    free, unknown = snapshot(tmp_path / "a", pages(30)), snapshot(tmp_path / "b", pages(3), name="b", licence=None)
    corpus, report = made(tmp_path, free, unknown)
    adds_up(report, corpus)
    assert {row["source"] for row in rows_of(corpus, "train.*.parquet")} == {"pages"}
    held = inspect.held(corpus, "no licence recorded", 10)
    assert [row["source"] for row in held] == ["b"] * 3
    assert {row["text"] for row in held} == {""}, "what may not be used is not read"


@pytest.mark.parametrize(("outcome", "file"), [("refuse", "dropped"), ("hold", "held")])
def test_only_what_the_law_allows_is_kept(tmp_path: Path, outcome: str, file: str) -> None:
    decision = msgspec.structs.replace(ALLOW, outcome=outcome)
    corpus, report = made(
        tmp_path, snapshot(tmp_path / "a", pages(30)), snapshot(tmp_path / "b", pages(4), decision, name="b")
    )
    adds_up(report, corpus)
    assert {row["source"] for row in rows_of(corpus, f"{file}.*.parquet")} == {"b"}


def test_two_builds_are_the_same_bytes(tmp_path: Path) -> None:
    first, _ = made(tmp_path, snapshot(tmp_path / "a", pages(40)))
    second, _ = made(tmp_path, snapshot(tmp_path / "b", pages(40)), into="again")
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in second.iterdir())
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


def test_heldout_and_training_text_share_no_long_paragraph(tmp_path: Path) -> None:
    shared = {f"s{n:03}.html": page(indonesian(n * 3)) for n in range(120)}
    corpus, report = made(tmp_path, snapshot(tmp_path / "a", shared))
    adds_up(report, corpus)
    limit = CorpusOptions().unique_paragraph_characters
    train, heldout = (
        {line for row in rows_of(corpus, pattern) for line in str(row["text"]).split("\n") if len(line) >= limit}
        for pattern in ("train.*.parquet", "heldout.*.parquet")
    )
    assert train
    assert heldout
    assert not train & heldout


def test_paragraphs_in_another_language_are_left_out_and_counted(tmp_path: Path) -> None:
    mixed = {f"m{n}.html": page([*indonesian(n * 10), f"{ENGLISH} It was number {n}."]) for n in range(30)}
    corpus, report = made(tmp_path, snapshot(tmp_path / "a", mixed))
    assert not any("quick brown fox" in str(row["text"]) for row in rows_of(corpus, "[th]*.id*.parquet"))
    (gone,) = (one for one in report.removed if one.reason == "in en")
    assert gone.paragraphs == 30
    assert gone.utf8_bytes == sum(len(f"{ENGLISH} It was number {n}.") for n in range(30))


def test_a_page_that_is_mostly_in_another_language_is_dropped(tmp_path: Path) -> None:
    english = [f"{ENGLISH} It was number {n}, and then {n + 1}." for n in range(12)]
    corpus, report = made(tmp_path, snapshot(tmp_path / "a", {**pages(30), "en.html": page(english)}))
    adds_up(report, corpus)
    assert [row["path"] for row in inspect.dropped(corpus, "mostly in another language")] == ["en.html"]


def test_identifiers_are_in_no_file_of_the_corpus(tmp_path: Path) -> None:
    person = (
        "Hubungi Pak Lurah di lurah@desa.example.id atau 0812-3456-7890 pada jam kerja untuk keterangan lebih lanjut."
    )
    files = {**pages(30), "kept.html": page([*indonesian(5), person]), "short.html": page([person])}
    corpus, report = made(tmp_path, snapshot(tmp_path / "a", files))
    adds_up(report, corpus)
    assert "short.html" in {row["path"] for row in inspect.dropped(corpus, "too short")}
    rows = [row for path in corpus.glob("*.parquet") for row in pq.read_table(path).to_pylist()]
    assert not any("lurah@desa" in str(row) or "3456" in str(row) for row in rows)
    assert "<EMAIL>" in str(rows)
    assert report.identifiers == {"email": 2, "phone": 2}
    assert report.subjects == 2


def test_with_redaction_off_a_document_with_an_identifier_is_held(tmp_path: Path) -> None:
    files = {**pages(30), "kept.html": page([*indonesian(5), "Tulislah kepada lurah@desa.example.id hari ini juga."])}
    corpus, report = made(tmp_path, snapshot(tmp_path / "a", files), options=CorpusOptions(privacy="hold"))
    adds_up(report, corpus)
    (held,) = inspect.held(corpus, "personal identifiers in it")
    assert "<EMAIL>" in held["text"]


def test_nothing_left_to_train_on_says_why(tmp_path: Path) -> None:
    with pytest.raises(DaulatError, match="no licence recorded: 3"):
        made(tmp_path, snapshot(tmp_path / "a", pages(3), licence=None))


def test_an_unknown_reason_names_those_there_are(tmp_path: Path) -> None:
    corpus, _ = made(tmp_path, snapshot(tmp_path / "a", {**pages(30), "x.pdf": b"%PDF-1.7"}))
    with pytest.raises(DaulatError, match="broken or not what its name says"):
        inspect.held(corpus, "no such reason")


def test_tallies_are_written_as_they_are_reported(tmp_path: Path) -> None:
    corpus, report = made(tmp_path, snapshot(tmp_path / "a", pages(30)))
    written = json.loads((corpus / "tallies.json").read_text())
    assert written == json.loads(msgspec.json.encode(report.tallies))


PIECES = st.sampled_from(
    ["", "padi", "the", "ข้าว", "\n", "<p>", "</div>", "a@b.id", "1101700203451", "…", "\ufffd", "\x00", "&amp;", "#"]
)
FILES = st.dictionaries(
    st.from_regex(
        r"[a-z]{1,6}\.(html|txt|md|mo|po|pak|ftl|xpi|xml|gz|zst|bin|1|csv|tsv|jsonl|jsonl[.]gz|parquet|warc|pdf|docx|odt)",
        fullmatch=True,
    ),
    st.one_of(st.binary(max_size=60), st.lists(PIECES, max_size=60).map(lambda words: " ".join(words).encode())),
    max_size=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES)
def test_nothing_vanishes_uncounted(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    tmp_path = tmp_path_factory.mktemp("vanish")
    corpus, report = made(
        tmp_path, snapshot(tmp_path / "a", pages(25)), snapshot(tmp_path / "b", {"ok.txt": "x", **files}, name="b")
    )
    adds_up(report, corpus)
    taken = next(tally.taken for tally in report.tallies if tally.source == "b")
    assert taken >= len({"ok.txt", *files})


def test_what_a_source_says_of_its_people_is_held_against_its_text(tmp_path: Path) -> None:
    person = "Nomor induk kependudukan warga itu adalah 3171234567890123 menurut surat dari kantor kelurahan setempat."
    files = {**pages(30), "kept.html": page([*indonesian(5), person.replace("3171234567890123", "3171011203900001")])}
    _, report = made(tmp_path, snapshot(tmp_path / "a", files, personal_data="none"))
    assert len(report.contradictions) == 1
    assert 'says `personal_data = "none"`, and numbers of persons stood in it' in report.contradictions[0]
    _, quiet = made(tmp_path, snapshot(tmp_path / "b", pages(30), personal_data="none"), into="quiet")
    assert quiet.contradictions == ()


@pytest.mark.parametrize("language", ["id", "th"])
def test_a_document_with_a_run_of_a_tasks_words_is_dropped(tmp_path: Path, language: str) -> None:
    if language == "id":
        texts = [indonesian(n * 10) for n in range(30)]
        question = " ".join(texts[3][0].split()[2:18]).upper() + "?!"
    else:
        parts = re.findall(".{3,9}", THAI)
        texts = [["".join(random.Random(n * 9 + k).choices(parts, k=25)) for k in range(4)] for n in range(8)]
        question = texts[3][1][20:80]
    tasks = tmp_path / "tasks.jsonl"
    short = {"question": "Apa itu?", "choices": ["satu dua tiga", "empat"]}
    tasks.write_text(json.dumps(short) + "\n\n" + json.dumps({"a": {"b": [question]}}) + "\n", encoding="utf-8")
    files: dict[str, str | bytes] = {f"p{n:03}.html": page(parts) for n, parts in enumerate(texts)}
    into = tmp_path / "corpus"
    into.mkdir()
    given = [snapshot(tmp_path / "a", files, language=language)]
    report = build(given, CorpusOptions(), KEY, into, tasks=[tasks])
    adds_up(report, into)
    gone = inspect.dropped(into, "text of a task that measures")
    assert [row["path"] for row in gone] == ["p003.html"]


def test_a_task_file_that_is_none_is_named_with_its_line(tmp_path: Path) -> None:
    tasks = tmp_path / "tasks.jsonl"
    tasks.write_text('{"a": 1}\nnot json\n')
    with pytest.raises(DaulatError, match=r"line 2 of `tasks\.jsonl` is no JSON"):
        build([snapshot(tmp_path / "a", pages(5))], CorpusOptions(), KEY, tmp_path, tasks=[tasks])
