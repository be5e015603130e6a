"""Shards: where they end, and that one which would be the same is not made again."""

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpus_samples import THAI, indonesian, page, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from daulat.corpus import made
from daulat.corpus.build import Snapshot, build
from daulat.corpus.options import CorpusOptions
from daulat.corpus.shards import cuts
from daulat.journey.store import Store

OPTIONS = CorpusOptions(shard_utf8_bytes=8_000)
DOCUMENTS = st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 2**64 - 1)), max_size=200)


def cut(documents: list[tuple[int, int]], about: int) -> list[int]:
    sizes = np.array([size for size, _ in documents], np.int64)
    return cuts(sizes, np.array([mark for _, mark in documents], np.uint64), about)


@settings(deadline=None)
@given(DOCUMENTS, st.integers(1, 10_000))
def test_shards_have_every_document_once_and_about_the_size_that_was_asked_for(
    documents: list[tuple[int, int]], about: int
) -> None:
    ends = cut(documents, about)
    assert ends[0] == 0
    assert ends[-1] == len(documents)
    assert ends == sorted(set(ends))
    for start, end in pairwise(ends):
        size = sum(one for one, _ in documents[start:end])
        assert size <= about * 2 or end == start + 1
        assert size > about // 2 or end == len(documents) or size + documents[end][0] > about * 2


def test_a_document_that_comes_or_goes_changes_the_shard_that_it_is_in() -> None:
    chance = np.random.default_rng(3)
    documents = list(
        zip(chance.integers(100, 3_000, 2_000).tolist(), chance.integers(0, 2**63, 2_000).tolist(), strict=True)
    )
    before = {tuple(documents[a:b]) for a, b in pairwise(cut(documents, 50_000))}
    assert 40 < len(before) < 90
    changed = []
    for at in range(0, 2_000, 40):
        for other in (documents[:at] + documents[at + 1 :], [*documents[:at], (700, 12345 * at), *documents[at:]]):
            after = {tuple(other[a:b]) for a, b in pairwise(cut(other, 50_000))}
            changed.append(len(after - before))
    assert np.mean(changed) < 2
    assert max(changed) < 12


def built(into: Path, snapshots: list[Snapshot], state: Path | None, store: Store | None) -> None:
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    build(snapshots, OPTIONS, b"k" * 32, into, state=state, version="1", store=store)


def pages(count: int) -> dict[str, str | bytes]:
    return {f"p{n:03}.html": page(indonesian(n * 10)) for n in range(count)}


def made_anew(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the shards that are written."""
    names: list[str] = []
    real = made.Made.add

    def add(self: made.Made, what: str, file: Path) -> None:
        names.append(file.name)
        real(self, what, file)

    monkeypatch.setattr(made.Made, "add", add)
    return names


def test_shards_that_would_be_the_same_are_taken_from_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, state, files = Store(tmp_path / "store"), tmp_path / "state", pages(120)
    built(tmp_path / "one", [snapshot(tmp_path / "a", files)], state, store)
    shards_before = sorted((tmp_path / "one").glob("train.*"))
    assert len(shards_before) > 4
    store.put_tree(tmp_path / "one", move=False)
    names = made_anew(monkeypatch)
    built(tmp_path / "two", [snapshot(tmp_path / "a", files)], state, store)
    assert names == []
    more = {**files, "zz.html": page(indonesian(9_000))}
    built(tmp_path / "three", [snapshot(tmp_path / "a", more)], state, store)
    assert 1 <= len([name for name in names if name.startswith("train")]) <= 2
    linked = [path for path in (tmp_path / "three").glob("train.*") if path.stat().st_nlink > 1]
    assert len(linked) >= len(shards_before) - 2
    built(tmp_path / "scratch", [snapshot(tmp_path / "a", more)], None, None)
    for path in (tmp_path / "scratch").iterdir():
        assert path.read_bytes() == (tmp_path / "three" / path.name).read_bytes(), path.name
    assert store.put_tree(tmp_path / "three") == store.put_tree(tmp_path / "scratch")


@pytest.mark.parametrize("how", ["emptied", "record", "torn", "none"])
def test_shards_that_are_not_kept_any_more_are_made_anew(tmp_path: Path, how: str) -> None:
    store, state, snapshots = Store(tmp_path / "store"), tmp_path / "state", [snapshot(tmp_path / "a", pages(60))]
    built(tmp_path / "one", snapshots, state, store)
    store.put_tree(tmp_path / "one", move=False)
    if how == "emptied":
        shutil.rmtree(tmp_path / "store")
    elif how == "record":
        (state / "shards.json").unlink()
    elif how == "torn":
        (state / "shards.json").write_bytes(b'{"a": ')
    built(tmp_path / "two", snapshots, state, None if how == "none" else store)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "two").iterdir())
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in names)


def test_what_was_dropped_is_in_shards_too_and_there_is_always_one(tmp_path: Path) -> None:
    files = {**pages(60), **{f"x{n}.html": page([f"{n} {THAI} {n}"] * 2) for n in range(300)}}
    built(tmp_path / "one", [snapshot(tmp_path / "a", files)], None, None)
    dropped = sorted((tmp_path / "one").glob("dropped.*.parquet"))
    rows = pa.concat_tables([pq.read_table(path) for path in dropped])
    assert rows.num_rows == 300
    assert len(dropped) > 20
    assert rows["path"].to_pylist() == sorted(f"x{n}.html" for n in range(300))
    (held,) = (tmp_path / "one").glob("held.*.parquet")
    assert pq.read_metadata(held).num_rows == 0
