"""The same corpus, byte for byte, from one thread, from several, and from the machines of a Ray cluster."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from corpus_samples import THAI, indonesian, page, snapshot

from daulat.corpus import raw, where
from daulat.corpus.build import Snapshot, build
from daulat.corpus.extract import delimited
from daulat.corpus.extract import files as reading
from daulat.corpus.options import CorpusOptions
from daulat.corpus.where import Local, Where, place
from daulat.errors import DaulatError

OPTIONS = CorpusOptions(repeats=3)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small blocks, where there would be one."""
    monkeypatch.setattr(reading, "BLOCK_UTF8_BYTES", 40_000)
    monkeypatch.setattr(delimited, "_BATCH_ROWS", 20)
    monkeypatch.setattr(raw, "PART_BYTES", 30_000)


def sources(folder: Path) -> list[Snapshot]:
    pages: dict[str, str | bytes] = {f"p{n:03}.html": page(indonesian(n % 70 * 3, 5)) for n in range(160)}
    lines = ["id,text", *(f'r{n},"{" ".join(indonesian(2_000 + n * 7, 4))}"' for n in range(300))]
    thai: dict[str, str | bytes] = {f"t{n}.txt": "\n".join(f"{THAI} {n} {k}" for k in range(4)) for n in range(30)}
    return [
        snapshot(folder / "a", {**pages, "m.csv": "\n".join(lines)}),
        snapshot(folder / "b", thai, name="b", language="th"),
    ]


def built(into: Path, snapshots: list[Snapshot], on: Where | None, state: Path | None = None) -> dict[str, bytes]:
    into.mkdir()
    build(snapshots, OPTIONS, b"k" * 32, into, state=state, version="1", where=on)
    return {path.name: path.read_bytes() for path in into.iterdir()}


@pytest.mark.usefixtures("small")
def test_any_number_of_threads_makes_the_same_bytes(tmp_path: Path) -> None:
    snapshots = sources(tmp_path)
    one = built(tmp_path / "one", snapshots, None)
    for workers in (2, 5):
        assert built(tmp_path / str(workers), snapshots, Local(workers)) == one


def test_threads_give_every_answer_of_a_part_in_its_order_and_stop_when_nobody_listens() -> None:
    before = threading.active_count()
    answers: dict[int, list[int]] = {}
    for part, answer in Local(3).each(
        lambda part: part, lambda given: (given * 10 + n for n in range(given)), range(9)
    ):
        answers.setdefault(part, []).append(answer)
    assert answers == {part: [part * 10 + n for n in range(part)] for part in range(1, 9)}
    endless = Local(3).each(lambda part: part, lambda given: iter(lambda: given, None), range(9))
    assert next(endless) is not None
    endless.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


@pytest.mark.parametrize("at", ["gather", "work"])
def test_what_goes_wrong_in_a_thread_is_raised_where_it_is_waited_for(at: str) -> None:
    def fails(given: int) -> Any:
        if given == 5:
            raise DaulatError("no space left", "make room")
        return given if at == "gather" else [given]

    gather, work = (fails, lambda given: [given]) if at == "gather" else (lambda part: part, fails)
    before = threading.active_count()
    with pytest.raises(DaulatError, match="no space left"):
        list(Local(3).each(gather, work, range(40)))
    assert threading.active_count() == before


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes on this machine, each with one core."""
    ray = pytest.importorskip("ray", reason="ray is not installed")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # the nodes do not have this file
    found = Cluster()
    for _ in range(2):
        found.add_node(num_cpus=1, object_store_memory=100_000_000, include_dashboard=False)
    yield found
    ray.shutdown()
    found.shutdown()


def test_two_nodes_of_a_ray_cluster_make_the_same_bytes(tmp_path: Path, cluster: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(raw, "PART_BYTES", 30_000)
    snapshots = sources(tmp_path)
    one = built(tmp_path / "one", snapshots, None)
    with place("ray", cluster.address) as on:
        assert built(tmp_path / "two", snapshots, on, tmp_path / "state") == one
        assert built(tmp_path / "three", snapshots, on, tmp_path / "state") == one
    assert built(tmp_path / "four", snapshots, None, tmp_path / "state") == one, "what one place keeps the other takes"


def test_workers_that_are_killed_are_replaced_and_the_bytes_are_the_same(
    tmp_path: Path, cluster: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(raw, "PART_BYTES", 40_000)
    snapshots = sources(tmp_path)
    one = built(tmp_path / "one", snapshots, None)
    killed = list[int]()

    def kill() -> None:
        for _ in range(2):
            time.sleep(1)
            for name in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    if name.read_bytes().startswith(b"ray::apart"):
                        os.kill(int(name.parent.name), signal.SIGKILL)
                        killed.append(int(name.parent.name))
                        break
                except (FileNotFoundError, ProcessLookupError):
                    continue

    with place("ray", cluster.address) as on:
        real, slow = on.each, threading.Thread(target=kill)

        def each(gather: Any, work: Any, parts: Any) -> Any:
            return real(gather, Slow(work), parts)

        monkeypatch.setattr(on, "each", each)
        slow.start()
        assert built(tmp_path / "two", snapshots, on) == one
        slow.join()
    assert killed


class Slow:
    """Work that takes a while, so that it can be killed."""

    def __init__(self, work: Any) -> None:
        self.work = work

    def __call__(self, given: Any) -> Any:
        time.sleep(0.2)
        return self.work(given)


def test_a_node_with_other_code_is_refused_by_name(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(where, "version", lambda name: "0.1")
    with (
        pytest.raises(DaulatError, match=r"has pyarrow .*, this machine 0\.1: .* other bytes"),
        place("ray", cluster.address),
    ):
        pass


def test_a_sentence_from_a_node_arrives_as_it_was_said(cluster: Any) -> None:
    with place("ray", cluster.address) as on, pytest.raises(DaulatError, match="tesseract"):
        list(on.each(lambda part: part, _fails, [1]))


def test_no_cluster_is_one_sentence() -> None:
    pytest.importorskip("ray", reason="ray is not installed")
    with pytest.raises(DaulatError, match="no Ray cluster"), place("ray", "127.0.0.1:1"):
        pass


def _fails(given: int) -> Any:
    raise DaulatError("tesseract is not here", "install it")
    yield given
