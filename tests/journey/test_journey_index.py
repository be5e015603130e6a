"""The index is a cache: made anew it is the same, broken it is made anew, and it notices a log that was exchanged."""

import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from journey_world import ALLOW, AT, OPERATOR, PLACE, build, create, key, step

from daulat.errors import DaulatError, NotVerified
from daulat.journey import statement as st
from daulat.journey.journey import INDEX, Journey
from daulat.journey.trace import as_json, trace
from daulat.journey.verify import verify

SOME = "sha256:" + "22" * 32
DECISION = st.decision_statement(decision=ALLOW, step="source", place=PLACE, at=AT)


def rows(project: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(project / INDEX) as base:
        return [
            *base.execute("SELECT * FROM fact ORDER BY kind, thing, entry"),
            *base.execute("SELECT * FROM batch ORDER BY first, last, entry"),
            *base.execute("SELECT * FROM state"),
        ]


def test_made_anew_it_is_the_same(tmp_path: Path) -> None:
    journey = build(tmp_path)
    journey.refresh()
    before = rows(tmp_path)
    journey.index.close()
    assert Journey.reindexed(tmp_path).index.state()[0] == journey.log.checkpoint().size
    assert rows(tmp_path) == before


@pytest.mark.parametrize("content", [None, b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_missing_or_broken_it_is_made_anew(tmp_path: Path, content: bytes | None) -> None:
    journey = build(tmp_path)
    release = journey.index.things("release")[0]
    before = as_json(trace(journey, release))
    journey.index.close()
    for file in (tmp_path / INDEX).parent.iterdir():
        file.unlink()
    if content is not None:
        (tmp_path / INDEX).write_bytes(content)
    assert as_json(trace(Journey.open(tmp_path), release)) == before


def test_an_index_of_another_format_is_made_anew(tmp_path: Path) -> None:
    build(tmp_path).refresh()
    before = rows(tmp_path)
    with sqlite3.connect(tmp_path / INDEX) as base:
        base.execute("PRAGMA user_version = 99")
        base.execute("DELETE FROM fact")
    Journey.open(tmp_path)
    assert rows(tmp_path) == before


def test_where_nothing_may_be_written_it_is_kept_in_memory(tmp_path: Path) -> None:
    release = build(tmp_path).index.things("release")[0]
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").write_text("a file stands where the folder would be")
    assert trace(Journey.open(tmp_path), release).id == release


def test_another_process_notices_a_log_that_became_shorter(tmp_path: Path) -> None:
    journey = create(tmp_path)
    shutil.copytree(tmp_path / "journey", tmp_path / "older")
    journey.record(DECISION, OPERATOR)
    journey.refresh()
    shutil.rmtree(tmp_path / "journey")
    shutil.move(tmp_path / "older", tmp_path / "journey")
    code = "import sys; from pathlib import Path; from daulat.journey.journey import Journey; Journey.open(Path(sys.argv[1]))"
    found = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert "the journey had 2 statements and has 1" in found.stderr
    assert Journey.reindexed(tmp_path).index.state()[0] == 1, "where it was restored on purpose"


def test_a_log_that_was_exchanged_is_noticed_however_long_it_is(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    for folder, words in ((mine, SOME), (other, "sha256:" + "77" * 32)):
        folder.mkdir()
        journey = create(folder)
        step(journey, "source", {}, words, key=words)
        journey.refresh()
    Journey.open(other).record_many([DECISION] * 5, OPERATOR)
    shutil.rmtree(mine / "journey")
    shutil.copytree(other / "journey", mine / "journey")
    with pytest.raises(NotVerified, match="are not those that were here"):
        Journey.open(mine)


def test_an_entry_that_was_changed_is_not_read(tmp_path: Path) -> None:
    journey = create(tmp_path)
    journey.record_many([DECISION] * 300, OPERATOR)
    journey.refresh()
    bundle = tmp_path / "journey" / "tile" / "entries" / "000"
    content = bytearray(bundle.read_bytes())
    content[-1] ^= 1
    bundle.write_bytes(content)
    fresh = Journey.open(tmp_path)
    assert fresh.entry(254).index == 254
    with pytest.raises(NotVerified, match="entry 255"):
        fresh.entry(255)
    hashes = tmp_path / "journey" / "tile" / "0" / "000"
    changed = bytearray(hashes.read_bytes())
    changed[0] ^= 1
    hashes.write_bytes(changed)
    with pytest.raises(NotVerified, match="does not give the log's root"):
        Journey.open(tmp_path).entry(254)


def test_what_threads_record_at_once_is_one_write_and_each_gets_its_own_index(tmp_path: Path) -> None:
    journey = create(tmp_path)
    writes = 0
    append = journey.log.append_prepared

    def counted(prepare):  # type: ignore[no-untyped-def]
        nonlocal writes
        writes += 1
        return append(prepare)

    journey.log.append_prepared = counted  # type: ignore[method-assign]
    got: dict[str, int] = {}
    refused: list[DaulatError] = []

    def record(number: int) -> None:
        words = f"sha256:{number:064x}"
        got[words] = step(journey, "source", {}, words, key=words)

    def record_with_a_foreign_key() -> None:
        try:
            journey.record(DECISION, key("stranger"))
        except DaulatError as error:
            refused.append(error)

    threads = [threading.Thread(target=record, args=(number,)) for number in range(64)]
    threads += [threading.Thread(target=record_with_a_foreign_key) for _ in range(4)]
    with journey._lock:  # all of them wait, as they would while another write goes on
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 4
    assert sorted(got.values()) == list(range(1, 65))
    for words, index in got.items():
        assert journey.find_step(words).index == index
    assert writes < 40, f"{writes} writes for 68 threads"
    problems = [problem.what for problem in verify(tmp_path).problems]
    assert all("is not in the store" in what for what in problems), "nobody made these artefacts; all else is right"


def test_ctrl_c_during_a_write_is_taken_after_it_and_nobody_waits_for_ever(tmp_path: Path) -> None:
    code = """
import os, signal, sys, threading, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from journey_world import ALLOW, AT, OPERATOR, PLACE, create
from daulat.journey import statement as st
journey = create(Path(sys.argv[1]))
said = st.decision_statement(decision=ALLOW, step="s", place=PLACE, at=AT)
done = threading.Event()
def other():
    while not done.is_set():
        journey.record(said, OPERATOR)
threads = [threading.Thread(target=other, daemon=True) for _ in range(4)]
for thread in threads: thread.start()
signal.signal(signal.SIGINT, signal.default_int_handler)  # it may have been ignored where the tests were started
hit = 0
for turn in range(60):
    try:
        threading.Timer(0.002 * (turn % 7), lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        for _ in range(30): journey.record(said, OPERATOR)
        time.sleep(0.05)
    except KeyboardInterrupt:
        hit += 1
signal.signal(signal.SIGINT, signal.SIG_IGN)
done.set()
for thread in threads: thread.join(20)
assert not any(thread.is_alive() for thread in threads), "a thread waits for ever"
journey.record(said, OPERATOR)
print("hit", hit)
"""
    argv = [sys.executable, "-c", code, str(tmp_path / "p"), str(Path(__file__).parent)]
    found = subprocess.run(argv, capture_output=True, text=True, timeout=200, check=False)
    assert found.returncode == 0, found.stderr
    assert int(found.stdout.split()[1]) > 30
