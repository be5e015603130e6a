"""A corpus built with what was worked out before is the corpus built from scratch, byte for byte, and costs what changed."""

import csv
import io
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from corpus_samples import ALLOW, THAI, indonesian, page, snapshot

from daulat.corpus import blocks, judge, raw
from daulat.corpus import build as build_module
from daulat.corpus.build import STAGES, CorpusReport, Snapshot, build
from daulat.corpus.extract import delimited
from daulat.corpus.extract import files as extracted
from daulat.corpus.options import CorpusOptions
from daulat.corpus.stage import drop

KEY = b"k" * 32
OPTIONS = CorpusOptions(repeats=3)


def built(into: Path, snapshots: list[Snapshot], state: Path | None, options: CorpusOptions = OPTIONS) -> CorpusReport:
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    return build(snapshots, options, KEY, into, state=state, version="1")


def same_bytes(one: Path, other: Path) -> bool:
    names = sorted(path.name for path in one.iterdir())
    assert names == sorted(path.name for path in other.iterdir())
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


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
    real = {"blocks": raw._blocks, "block": judge._block}

    def reading(*arguments: object) -> object:
        for table, spans in real["blocks"](*arguments):  # type: ignore[operator]
            found["read"] += table.num_rows
            yield table, spans

    def block(source: object, rows: object, *more: object) -> object:
        found["judged"] += rows.num_rows  # type: ignore[attr-defined]
        return real["block"](source, rows, *more)  # type: ignore[operator]

    monkeypatch.setattr(raw, "_blocks", reading)
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


def test_a_paragraph_that_becomes_furniture_changes_the_documents_that_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = "Catatan untuk semua halaman dari daerah ini, yang berulang di mana-mana setiap kali."
    files: dict[str, str | bytes] = {f"p{n:03}.html": page(indonesian(n * 10)) for n in range(30)}
    files |= {f"n{n}.html": page([*indonesian(1000 + n * 10), note]) for n in range(3)}
    work = counted(monkeypatch)
    built(tmp_path / "one", [snapshot(tmp_path / "a", files)], tmp_path / "state")
    files["n3.html"] = page([*indonesian(2000), note])
    built(tmp_path / "two", [snapshot(tmp_path / "a", files)], tmp_path / "state")
    # Of the four that have it one keeps it, perhaps the new one; those that lose it are judged anew.
    assert work["judged"] in (33 + 1 + 2, 33 + 1 + 3)
    built(tmp_path / "scratch", [snapshot(tmp_path / "a", files)], None)
    assert same_bytes(tmp_path / "two", tmp_path / "scratch")


@pytest.mark.parametrize("how", ["cut", "changed", "partial"])
def test_a_block_that_is_not_whole_is_not_believed(tmp_path: Path, how: str) -> None:
    files: dict[str, str | bytes] = {f"p{n:03}.html": page(indonesian(n * 10)) for n in range(40)}
    snapshots = [snapshot(tmp_path / "a", files)]
    built(tmp_path / "one", snapshots, tmp_path / "state")
    blocks = sorted((tmp_path / "state").rglob("*.arrow"))
    assert len(blocks) == 2
    for path in blocks:
        data = path.read_bytes()
        if how == "cut":
            path.write_bytes(data[: len(data) // 2])
        elif how == "changed":
            path.write_bytes(data[:2000] + bytes([data[2000] ^ 1]) + data[2001:])
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


def test_copies_keep_the_same_one_whatever_the_order_of_sources(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"p{n:03}.txt": "\n".join(indonesian(n * 10)) for n in range(40)}
    a, b = (snapshot(tmp_path / name, files, name=name) for name in ("a", "b"))
    kept = []
    for number, snapshots in enumerate(([a, b], [b, a])):
        report = built(tmp_path / str(number), snapshots, None)
        kept.append({(t.source, t.kept) for t in report.tallies if t.stage == "duplicates"})
        assert sum(t.dropped.get("copy of another document", 0) for t in report.tallies) == 40
    assert kept[0] == kept[1]


def test_what_was_withdrawn_is_in_no_block_any_more(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"p{n:03}.html": page(indonesian(n * 10)) for n in range(40)}
    built(tmp_path / "one", [snapshot(tmp_path / "a", files)], tmp_path / "state")
    secret = page(
        [*indonesian(5_000), "Kalimat ini ditarik kembali oleh pemiliknya dan tidak boleh tinggal di mana pun."]
    )
    with_it = {**files, "secret.html": secret}
    built(tmp_path / "two", [snapshot(tmp_path / "a", with_it)], tmp_path / "state")
    assert held_texts(tmp_path / "state", "ditarik kembali") == 2
    shutil.rmtree(tmp_path / "a")
    built(tmp_path / "three", [snapshot(tmp_path / "a", files)], tmp_path / "state")
    assert held_texts(tmp_path / "state", "ditarik kembali") == 0
    assert held_texts(tmp_path / "state", " ") == 80
    assert same_bytes(tmp_path / "one", tmp_path / "three")


def held_texts(state: Path, words: str) -> int:
    texts = [text for path in state.rglob("*.arrow") for text in blocks.read(path, ["text"])["text"].to_pylist()]
    return sum(words in text for text in texts)


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


def test_any_number_of_workers_makes_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from daulat.corpus.extract import files as reading

    monkeypatch.setattr(reading, "BLOCK_UTF8_BYTES", 20_000)
    files: dict[str, str | bytes] = {f"p{n:03}.html": text_of(n) for n in range(120)}
    snapshots = [snapshot(tmp_path / "a", files)]
    for workers in (1, 2, 5):
        (tmp_path / str(workers)).mkdir()
        build(snapshots, OPTIONS, KEY, tmp_path / str(workers), version="1", workers=workers)
    assert same_bytes(tmp_path / "1", tmp_path / "2")
    assert same_bytes(tmp_path / "1", tmp_path / "5")
