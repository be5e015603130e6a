"""A corpus built with what was worked out before is the corpus built from scratch, byte for byte, and costs what changed."""

import csv
import io
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpus_samples import ALLOW, THAI, indonesian, page, same_bytes, snapshot

from daulat.corpus import blocks, judge, raw
from daulat.corpus import build as build_module
from daulat.corpus.build import STAGES, CorpusReport, Snapshot, build
from daulat.corpus.extract import delimited
from daulat.corpus.extract import files as extracted
from daulat.corpus.options import CorpusOptions
from daulat.corpus.stage import drop
from daulat.journey.store import Store

KEY = b"k" * 32
OPTIONS = CorpusOptions(repeats=3)


def built(into: Path, snapshots: list[Snapshot], state: Path | None, options: CorpusOptions = OPTIONS) -> CorpusReport:
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    return build(snapshots, options, KEY, into, state=state, version="1")


def text_of(number: int) -> str:
    """Pages of which some are copies, some near copies, some share paragraphs and furniture, and some name somebody."""
    parts = indonesian(number % 37 * 3, 5)
    if number % 3 == 0:
        parts.append("Catatan untuk semua halaman dari daerah ini, yang berulang di mana-mana setiap kali.")
    if number % 5 == 0:
        parts.append(
            f"Hubungi kantor di warga{number}@desa.example.id atau 0812-3456-78{number % 90 + 10} pada jam kerja."
        )
    if number % 11 == 0:
        parts = parts[:1]
    return page(parts)


def test_any_order_of_changes_gives_what_a_build_from_scratch_gives(tmp_path: Path) -> None:
    chance = random.Random(7)
    files: dict[str, dict[str, str | bytes]] = {"a": {}, "b": {}}
    for number in range(90):
        files["ab"[number % 2]][f"p{number:03}.html"] = text_of(number)
    for step in range(8):
        for name in files:
            folder = tmp_path / name
            shutil.rmtree(folder, ignore_errors=True)
        snapshots = [snapshot(tmp_path / name, own, name=name) for name, own in files.items()]
        first = built(tmp_path / "with", snapshots, tmp_path / "state")
        again = built(tmp_path / "scratch", snapshots, None)
        assert first == again, step
        assert same_bytes(tmp_path / "with", tmp_path / "scratch"), step
        for own in files.values():  # withdraw some, change some, add some
            for gone in chance.sample(sorted(own), 4):
                del own[gone]
            for at in chance.sample(sorted(own), 2):
                own[at] = text_of(chance.randrange(1000))
            for _ in range(4):
                own[f"q{chance.randrange(10**6)}.html"] = text_of(chance.randrange(1000))


def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many documents are read and judged."""
    found = {"read": 0, "judged": 0}
    real = {"read": raw._read, "block": judge._block}

    def reading(*arguments: object) -> object:
        for documents in real["read"](*arguments):  # type: ignore[operator]
            found["read"] += len(documents.ids)
            yield documents

    def block(source: object, given: judge.Given, *more: object) -> object:
        found["judged"] += given.raw.num_rows
        return real["block"](source, given, *more)  # type: ignore[operator]

    monkeypatch.setattr(raw, "_read", reading)
    monkeypatch.setattr(judge, "_block", block)
    return found


def test_what_did_not_change_is_neither_read_nor_judged_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files: dict[str, str | bytes] = {f"p{n:03}.html": page(indonesian(n * 10)) for n in range(60)}
    work = counted(monkeypatch)
    built(tmp_path / "one", [snapshot(tmp_path / "a", files)], tmp_path / "state")
    assert work == {"read": 60, "judged": 60}
    built(tmp_path / "two", [snapshot(tmp_path / "a", files)], tmp_path / "state")
    assert work == {"read": 60, "judged": 60}
    more = {**files, "new.html": page(indonesian(9_000))}
    del more["p007.html"]
    shutil.rmtree(tmp_path / "a")
    built(tmp_path / "three", [snapshot(tmp_path / "a", more)], tmp_path / "state")
    assert work == {"read": 61, "judged": 61}
    assert not same_bytes(tmp_path / "two", tmp_path / "three")


def test_what_comes_last_takes_no_furniture_from_what_was_there_and_what_goes_gives_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = "Catatan untuk semua halaman dari daerah ini, yang berulang di mana-mana setiap kali."
    files: dict[str, str | bytes] = {f"p{n:03}.html": page(indonesian(n * 10)) for n in range(30)}
    files |= {f"n{n}.html": page([*indonesian(1000 + n * 10), note]) for n in range(3)}
    work = counted(monkeypatch)
    built(tmp_path / "one", [snapshot(tmp_path / "a", files)], tmp_path / "state")
    files["n3.html"] = page([*indonesian(2000), note])
    built(tmp_path / "two", [snapshot(tmp_path / "a", files)], tmp_path / "state")
    assert work["judged"] == 33 + 1
    del files["n1.html"]
    shutil.rmtree(tmp_path / "a")
    built(tmp_path / "two", [snapshot(tmp_path / "a", files)], tmp_path / "state")
    assert work["judged"] == 33 + 1 + 1, "the fourth that has it is now the third"
    built(tmp_path / "scratch", [snapshot(tmp_path / "a", files)], None)
    assert same_bytes(tmp_path / "two", tmp_path / "scratch")


def test_paths_have_no_identifiers_in_any_file(tmp_path: Path) -> None:
    rows = [{"id": f"orang{n}@contoh.co.id", "text": "\n".join(indonesian(n * 10))} for n in range(60)]
    files: dict[str, str | bytes] = {
        "a.jsonl": "\n".join(json.dumps(row) for row in rows),
        "surat 3171234101900001.html": page(indonesian(9_000)),
        "Bapak Budi Santoso.html": page(indonesian(9_100)),
        "short orang@contoh.co.id.txt": "pendek",
    }
    for options in (CorpusOptions(names=True), CorpusOptions(names=True, privacy="pseudonymise")):
        built(tmp_path / "one", [snapshot(tmp_path / "a", files)], None, options)
        every = [pq.read_table(path) for path in (tmp_path / "one").glob("*.parquet")]
        paths = [path for table in every if "path" in table.column_names for path in table["path"].to_pylist()]
        assert len(paths) == 63
        assert not [path for path in paths if "orang" in path or "3171" in path or "Budi" in path]
        assert sum(path.startswith("a.jsonl#<EMAIL") for path in paths) == 60


@pytest.mark.parametrize("how", ["cut", "changed", "partial", "gone"])
@pytest.mark.parametrize(
    "which", ["raw/*/*.arrow", "raw/*/*.text", "judged/*/*.arrow", "judged/*/*.text", "files/*/*.arrow", "*"]
)
def test_a_block_that_is_not_whole_is_not_believed(tmp_path: Path, how: str, which: str) -> None:
    files: dict[str, str | bytes] = {f"p{n:03}.html": page(indonesian(n * 10)) for n in range(40)}
    snapshots = [snapshot(tmp_path / "a", files)]
    built(tmp_path / "one", snapshots, tmp_path / "state")
    blocks = [path for path in sorted((tmp_path / "state").rglob(which)) if path.suffix in (".arrow", ".text")]
    assert len(blocks) == (6 if which == "*" else 1)
    for path in blocks:
        data = path.read_bytes()
        if how == "cut":
            path.write_bytes(data[: len(data) // 2])
        elif how == "changed":
            at = len(data) // 2
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        elif how == "gone":
            path.unlink()
        else:
            path.rename(path.with_name(".partial"))
    built(tmp_path / "two", snapshots, tmp_path / "state")
    assert same_bytes(tmp_path / "one", tmp_path / "two")


def many(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | bytes]:
    """A file of so many records that it lies in several blocks, with a page before it and one behind it."""
    monkeypatch.setattr(extracted, "BLOCK_UTF8_BYTES", 200_000)
    monkeypatch.setattr(delimited, "_BATCH_ROWS", 50)
    table = io.StringIO()
    csv.writer(table).writerows(
        [("id", "text"), *((f"r{n}", "\n".join(indonesian(n * 7 % 500, 6))) for n in range(600))]
    )
    return {"a.html": page(indonesian(9_000)), "m.csv": table.getvalue(), "z.html": page(indonesian(9_500))}


def test_a_file_of_many_blocks_keeps_its_order_when_a_page_beside_it_is_withdrawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = many(monkeypatch)
    built(tmp_path / "one", [snapshot(tmp_path / "a", own)], tmp_path / "state")
    assert len(list((tmp_path / "state" / "raw").rglob("*.arrow"))) > 3
    del own["a.html"]
    shutil.rmtree(tmp_path / "a")
    snapshots = [snapshot(tmp_path / "a", own)]
    built(tmp_path / "scratch", snapshots, None)
    for step in range(2):  # the first takes the page out of its block, the second reads the block that was left
        built(tmp_path / "with", snapshots, tmp_path / "state")
        assert same_bytes(tmp_path / "with", tmp_path / "scratch"), step


@pytest.mark.parametrize("at", [0, 1, -1])
def test_a_file_of_many_blocks_is_read_again_where_one_is_not_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    snapshots = [snapshot(tmp_path / "a", many(monkeypatch))]
    built(tmp_path / "one", snapshots, tmp_path / "state")
    path = sorted((tmp_path / "state" / "raw").rglob("*.arrow"))[at]
    path.write_bytes(path.read_bytes()[:-100])
    built(tmp_path / "two", snapshots, tmp_path / "state")
    assert same_bytes(tmp_path / "one", tmp_path / "two")


def test_a_file_that_two_killed_builds_had_read_in_part_stands_in_the_corpus_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots = [snapshot(tmp_path / "a", many(monkeypatch))]
    built(tmp_path / "scratch", snapshots, None)
    real = blocks.Shelf.put

    def killed(left: int) -> Callable[..., Path]:
        each = iter(range(left))

        def put(shelf: blocks.Shelf, block: object) -> Path:
            if next(each, None) is None:
                raise KeyboardInterrupt
            return real(shelf, block)  # type: ignore[arg-type]

        return put

    def at_the_end(*arguments: object) -> None:
        raise KeyboardInterrupt

    for step in (
        (blocks.Shelf, "put", killed(2)),
        (blocks.Shelf, "put", killed(3)),
        (build_module, "write_all", at_the_end),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(*step)
            with pytest.raises(KeyboardInterrupt):
                built(tmp_path / "killed", snapshots, tmp_path / "state")
    work = counted(monkeypatch)
    built(tmp_path / "with", snapshots, tmp_path / "state")
    assert work["read"] == 0
    assert same_bytes(tmp_path / "with", tmp_path / "scratch")


def table(rows: dict[str, str]) -> bytes:
    """A Parquet file of so many records."""
    sink = io.BytesIO()
    pq.write_table(pa.table({"id": list(rows), "text": list(rows.values())}), sink)
    return sink.getvalue()


def test_any_order_of_changes_to_records_gives_what_a_build_from_scratch_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extracted, "BLOCK_UTF8_BYTES", 30_000)
    chance, store, options = (
        random.Random(11),
        Store(tmp_path / "store"),
        CorpusOptions(repeats=3, shard_utf8_bytes=9_000),
    )
    rows = {f"r{n}": "\n".join(indonesian(n % 40 * 3, 5)) + f"\nNomor {n}." for n in range(240)}
    for step in range(6):
        shutil.rmtree(tmp_path / "a", ignore_errors=True)
        names = sorted(rows)
        files: dict[str, str | bytes] = {"a.parquet": table({n: rows[n] for n in names[:150]})}
        files |= {
            "b.jsonl": "\n".join(json.dumps({"id": n, "text": rows[n]}) for n in names[150:]),
            "c.html": text_of(step),
        }
        snapshots = [snapshot(tmp_path / "a", files)]
        work = counted(monkeypatch)
        for name, state in (("with", tmp_path / "state"), ("scratch", None)):
            shutil.rmtree(tmp_path / name, ignore_errors=True)
            (tmp_path / name).mkdir()
            build(snapshots, options, KEY, tmp_path / name, state=state, version="1", store=store if state else None)
            if state and step:
                assert work["judged"] < 60, "records that were read before are not judged again"
            store.put_tree(tmp_path / name, move=False)
        monkeypatch.undo()
        monkeypatch.setattr(extracted, "BLOCK_UTF8_BYTES", 30_000)
        assert same_bytes(tmp_path / "with", tmp_path / "scratch"), step
        for gone in chance.sample(sorted(rows), 5):
            del rows[gone]
        for at in chance.sample(sorted(rows), 3):
            rows[at] = "\n".join(indonesian(chance.randrange(1000), 4)) if chance.random() < 0.7 else " "
        rows |= {f"n{step}{n}": "\n".join(indonesian(chance.randrange(1000), 4)) for n in range(5)}


def test_a_record_that_cannot_be_read_for_another_reason_is_told_with_that_reason(tmp_path: Path) -> None:
    """Its id is made of its name, since there is no text: what was worked out for the other is not for this one."""
    good = "\n".join(json.dumps({"id": str(n), "text": "\n".join(indonesian(n * 10))}) for n in range(40))
    reasons = []
    for number, bad in enumerate(('{"id": "bad", "text": ""}', '{"id": "bad", "text": 7}')):
        shutil.rmtree(tmp_path / "a", ignore_errors=True)
        snapshots = [snapshot(tmp_path / "a", {"a.jsonl": f"{good}\n{bad}"})]
        report = built(tmp_path / "with", snapshots, tmp_path / "state")
        built(tmp_path / f"scratch{number}", snapshots, None)
        assert same_bytes(tmp_path / "with", tmp_path / f"scratch{number}")
        reasons += [{**tally.dropped, **tally.held} for tally in report.tallies if tally.stage == "extract"]
    assert all(sum(one.values()) == 1 for one in reasons)
    assert reasons[0] != reasons[1]


def test_a_corpus_that_grows_a_little_every_day_does_not_become_all_small_blocks(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"p{n:03}.html": page(indonesian(n * 10)) for n in range(40)}
    for day in range(2 * blocks.FEW + 3):
        files[f"q{day:03}.html"] = page(indonesian(5_000 + day * 10))
        snapshots = [snapshot(tmp_path / "a", files)]
        built(tmp_path / "with", snapshots, tmp_path / "state")
        for kind in ("raw", "judged", "files"):
            assert len(list((tmp_path / "state" / kind).rglob("*.arrow"))) < blocks.FEW, kind
    built(tmp_path / "scratch", snapshots, None)
    assert same_bytes(tmp_path / "with", tmp_path / "scratch")


def test_other_settings_begin_anew_and_the_old_ones_are_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: dict[str, str | bytes] = {f"p{n:03}.html": page(indonesian(n * 10)) for n in range(40)}
    snapshots = [snapshot(tmp_path / "a", files)]
    built(tmp_path / "one", snapshots, tmp_path / "state")
    folders = set((tmp_path / "state").glob("*/*"))
    work = counted(monkeypatch)
    other = CorpusOptions(repeats=3, min_words=40)
    built(tmp_path / "two", snapshots, tmp_path / "state", other)
    assert work == {"read": 40, "judged": 40}
    assert not folders & set((tmp_path / "state").glob("*/*"))
    built(tmp_path / "scratch", snapshots, None, other)
    assert same_bytes(tmp_path / "two", tmp_path / "scratch")


def test_what_the_law_took_back_is_gone_though_it_was_judged_before(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"p{n:03}.html": page(indonesian(n * 10)) for n in range(40)}
    other: dict[str, str | bytes] = {f"t{n}.txt": "\n".join([THAI] * 3) + str(n) for n in range(3)}
    both = [snapshot(tmp_path / "a", files), snapshot(tmp_path / "b", other, name="b", language="th")]
    built(tmp_path / "one", both, tmp_path / "state")
    refused = Snapshot(
        both[1].source, both[1].digest, both[1].folder, type(ALLOW)(**{**_plain(ALLOW), "outcome": "refuse"})
    )
    report = built(tmp_path / "two", [both[0], refused], tmp_path / "state")
    gone = [tally for tally in report.tallies if (tally.stage, tally.source) == ("rights", "b")]
    assert gone[0].dropped == {drop("refused by the law").reason: 3}
    assert {tally.stage for tally in report.tallies} == set(STAGES)


def _plain(decision: object) -> dict[str, object]:
    return {name: getattr(decision, name) for name in decision.__struct_fields__}  # type: ignore[attr-defined]


def test_of_copies_the_one_in_the_source_that_is_named_first_stays(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"p{n:03}.txt": "\n".join(indonesian(n * 10)) for n in range(40)}
    a, b = (snapshot(tmp_path / name, files, name=name) for name in ("a", "b"))
    for number, snapshots in enumerate(([a, b], [b, a])):
        report = built(tmp_path / str(number), snapshots, None)
        first = snapshots[0].source.name
        assert {(t.source, t.kept) for t in report.tallies if t.stage == "duplicates" and t.kept} == {(first, 40)}
        assert sum(t.dropped.get("copy of another document", 0) for t in report.tallies) == 40


def test_documents_that_come_last_take_no_paragraph_from_those_before(tmp_path: Path) -> None:
    shared = [f"{indonesian(7_000 + n)[0]} {indonesian(8_000 + n)[0]}" for n in range(40)]
    files: dict[str, str | bytes] = {f"p{n:03}.txt": "\n".join([*indonesian(n * 10), shared[n]]) for n in range(40)}
    built(tmp_path / "few", [snapshot(tmp_path / "a", files)], None)
    more = {f"q{n:03}.txt": "\n".join([*indonesian(4_000 + n * 10), shared[n]]) for n in range(40)}
    report = built(tmp_path / "all", [snapshot(tmp_path / "b", {**files, **more})], None)
    few, every = (training_text(tmp_path / name) for name in ("few", "all"))
    assert few
    assert few.items() <= every.items()
    assert sum(one.paragraphs for one in report.removed if one.reason == "stands elsewhere") == 40


def training_text(corpus: Path) -> dict[str, str]:
    rows = pq.read_table(corpus / "train.id.00000.parquet", columns=["path", "text"]).to_pylist()
    return {row["path"]: row["text"] for row in rows}


def test_what_was_withdrawn_is_in_no_block_any_more(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"p{n:03}.html": page(indonesian(n * 10)) for n in range(40)}
    built(tmp_path / "one", [snapshot(tmp_path / "a", files)], tmp_path / "state")
    secret = page(
        [
            *indonesian(5_000),
            "Kalimat ini ditarik kembali oleh warga9@desa.example.id dan tidak boleh tinggal di mana pun.",
        ]
    )
    with_it = {**files, "secret.html": secret}
    built(tmp_path / "two", [snapshot(tmp_path / "a", with_it)], tmp_path / "state")
    assert held_texts(tmp_path / "state", "ditarik kembali") == 2, "as it was read, and without its number"
    shutil.rmtree(tmp_path / "a")
    built(tmp_path / "three", [snapshot(tmp_path / "a", files)], tmp_path / "state")
    assert held_texts(tmp_path / "state", "ditarik kembali") == 0
    assert held_texts(tmp_path / "state", " ") == 40, "what was not changed is kept once"
    assert same_bytes(tmp_path / "one", tmp_path / "three")


def held_texts(state: Path, words: str) -> int:
    paths = [path for kind in ("raw", "judged") for path in (state / kind).rglob("*.arrow")]
    texts = [text for path in paths for text in blocks.read(path, ["text"])["text"].to_pylist()]
    return sum(text is not None and words in text for text in texts)


def test_a_second_build_at_the_same_time_does_without_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: dict[str, str | bytes] = {f"p{n:03}.html": page(indonesian(n * 10)) for n in range(40)}
    snapshots = [snapshot(tmp_path / "a", files)]
    built(tmp_path / "one", snapshots, tmp_path / "state")
    before = sorted(path.name for path in (tmp_path / "state").rglob("*.arrow"))
    work = counted(monkeypatch)
    with blocks.alone(tmp_path / "state") as held:
        assert held == tmp_path / "state"
        built(tmp_path / "two", snapshots, tmp_path / "state", CorpusOptions(repeats=3, min_words=31))
    assert work["read"] == 40
    assert sorted(path.name for path in (tmp_path / "state").rglob("*.arrow")) == before, (
        "nothing was taken from the other"
    )
    built(tmp_path / "three", snapshots, tmp_path / "state")
    assert work["read"] == 40
    assert same_bytes(tmp_path / "one", tmp_path / "three")
