"""The log under ill treatment: killed, crowded, cut short, full."""

import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from journey_world import OPERATOR

from daulat.errors import DaulatError, NotVerified
from daulat.journey import merkle, note
from daulat.journey.log import Log

KILLS = 200
WRITERS, EACH = 4, 30
TESTS = Path(__file__).parent

APPENDER = """
import sys
from pathlib import Path
from journey_world import OPERATOR
from daulat.journey.log import Log
folder, writer, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
log = Log.open(folder)
for number in range(rounds):
    entries = [f"{writer} {number} {part} ".encode() * (1 + number % 9) for part in range(1 + number % 5)]
    first = log.append(entries, OPERATOR)
    for at, entry in enumerate(entries, first):
        print(at, entry.decode(), sep="\\t", flush=True)
"""


def start(folder: Path, writer: str, rounds: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", APPENDER, str(folder), writer, str(rounds)]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def acknowledged(output: str) -> dict[int, bytes]:
    """What a writer was told is durable; the last line may be cut off."""
    lines = [line for line in output.splitlines(keepends=True) if line.endswith("\n")]
    pairs = (line.rstrip("\n").split("\t") for line in lines)
    return {int(index): entry.encode() for index, entry in pairs}


@pytest.fixture
def log(tmp_path) -> Log:
    return Log.create(tmp_path / "log", "lab.example/log", OPERATOR)


def whole(folder: Path) -> list[bytes]:
    """Every entry, after the root was computed again from all of them."""
    log = Log.open(folder)
    entries = list(log.entries())
    assert merkle.root([merkle.leaf_hash(entry) for entry in entries]) == log.checkpoint().root
    assert note.signers(log.note(), [OPERATOR.public])
    return entries


def test_what_is_appended_is_read_in_the_same_order(log) -> None:
    expected = [f"entry {number}".encode() for number in range(700)]
    assert log.append(expected[:1], OPERATOR) == 0
    assert log.append(expected[1:300], OPERATOR) == 1
    assert log.append(expected[300:], OPERATOR) == 300
    assert whole(log.folder) == expected
    assert list(log.entries(254, 258)) == expected[254:258]


def test_the_folder_is_laid_out_as_c2sp_says(log) -> None:
    # Source: c2sp.org/tlog-tiles: 70,000 entries have 273 full tiles and one of 112, then 1 full and one of 17, then 1.
    log.append([b"x%d" % number for number in range(70_000)], OPERATOR)
    tiles = {path.relative_to(log.folder).as_posix() for path in log.folder.rglob("*") if path.is_file()}
    zero = {f"tile/0/{number:03d}" for number in range(273)} | {"tile/0/273.p/112"}
    bundles = {name.replace("tile/0", "tile/entries") for name in zero}
    upper = {"tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"}
    assert tiles == zero | bundles | upper | {"checkpoint", ".lock"}
    assert (log.folder / "tile/entries/000").read_bytes()[:4] == b"\x00\x02x0"
    assert (log.folder / "checkpoint").read_text().splitlines()[:2] == ["lab.example/log", "70000"]


def test_proofs_from_tiles_check_at_sizes_around_every_border(log) -> None:
    sizes = [1, 2, 255, 256, 257, 511, 512, 600]
    leaves = [merkle.leaf_hash(b"%d" % number) for number in range(600)]
    log.append([b"%d" % number for number in range(600)], OPERATOR)
    for new in sizes:
        root = merkle.root(leaves[:new])
        assert log.root_at(new) == root
        for index in {0, new // 2, new - 1}:
            assert merkle.check_inclusion(leaves[index], index, new, log.inclusion_proof(index, new), root)
        for old in [size for size in sizes if size <= new]:
            proof = log.consistency_proof(old, new)
            assert merkle.check_consistency(old, new, merkle.root(leaves[:old]), root, proof)


def test_a_question_beyond_the_log_is_a_sentence(log) -> None:
    log.append([b"x"], OPERATOR)
    with pytest.raises(DaulatError, match="no entry 1 in a log of 1"):
        log.inclusion_proof(1, 1)
    with pytest.raises(DaulatError, match="no proof from size 2 to size 1"):
        log.consistency_proof(2, 1)


def test_an_append_rewrites_only_the_right_edge(log) -> None:
    log.append([b"%d" % number for number in range(600)], OPERATOR)
    before = {path: path.stat().st_mtime_ns for path in log.folder.rglob("*") if path.is_file()}
    log.append([b"more"], OPERATOR)
    kept = {path for path, at in before.items() if path.exists() and path.stat().st_mtime_ns == at}
    names = {path.relative_to(log.folder).as_posix() for path in set(before) - kept}
    assert names <= {"checkpoint", ".lock", "tile/0/002.p/88", "tile/entries/002.p/88"}


def test_nothing_acknowledged_is_lost_in_200_kills_at_random_moments(log) -> None:
    """kill -9 in the middle of appending, KILLS times over the same log."""
    rng = random.Random(6962)
    durable: dict[int, bytes] = {}
    killed = 0
    for attempt in range(KILLS):
        process = start(log.folder, f"kill-{attempt}", 100_000)
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(rng.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        durable |= acknowledged(first + process.stdout.read())
        killed += process.wait() == -signal.SIGKILL
        entries = whole(log.folder)
        assert all(entries[index] == entry for index, entry in durable.items())
    assert killed == KILLS
    assert len(durable) >= KILLS


@pytest.mark.parametrize("size", [3, 255, 256, 300])
def test_what_a_killed_append_left_behind_is_overwritten(log, tmp_path, size: int) -> None:
    log.append([b"%d" % number for number in range(size)], OPERATOR)
    checkpoint = (log.folder / "checkpoint").read_bytes()
    kept = {path: path.read_bytes() for path in log.folder.rglob("*") if path.is_file()}
    log.append([b"never acknowledged"] * 5, OPERATOR)
    for (
        path,
        content,
    ) in kept.items():  # as if killed before the checkpoint was renamed
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    half = next(path for path in (log.folder / "tile/entries").rglob("*") if path.is_file() and path not in kept)
    half.write_bytes(half.read_bytes()[:-3])
    assert (log.folder / "checkpoint").read_bytes() == checkpoint
    assert len(whole(log.folder)) == size
    assert Log.open(log.folder).append([b"acknowledged"] * 5, OPERATOR) == size
    assert whole(log.folder)[size:] == [b"acknowledged"] * 5


def test_four_processes_append_at_once_and_every_index_is_given_once(log) -> None:
    processes = [start(log.folder, f"writer-{number}", EACH) for number in range(WRITERS)]
    told = [acknowledged(process.communicate(timeout=120)[0]) for process in processes]
    assert [process.returncode for process in processes] == [0] * WRITERS
    together = {index: entry for one in told for index, entry in one.items()}
    assert sum(map(len, told)) == len(together) == WRITERS * sum(1 + number % 5 for number in range(EACH))
    entries = whole(log.folder)
    assert entries == [together[index] for index in range(len(entries))]


def test_threads_of_one_process_append_at_once(log) -> None:
    found: list[int] = []

    def work(name: int) -> None:
        found.extend(log.append([b"%d %d" % (name, number)], OPERATOR) for number in range(20))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(80))
    assert len(whole(log.folder)) == 80


def test_a_reader_is_never_disturbed_by_a_writer(log) -> None:
    log.append([b"0"], OPERATOR)
    reader = Log.open(log.folder)
    for number in range(1, 60):
        log.append([b"%d" % number] * 9, OPERATOR)  # past two full tiles
        if number % 7 == 0:
            assert list(reader.entries(0, 1)) == [b"0"]
            assert merkle.check_inclusion(merkle.leaf_hash(b"0"), 0, 1, reader.inclusion_proof(0, 1), reader.root_at(1))
    assert list(reader.entries())[:1] == [b"0"]


def test_a_lock_that_is_never_given_is_a_sentence(log) -> None:
    waiting = Log(log.folder, lock_wait_s=0.05)
    with log._locked(), pytest.raises(DaulatError, match="has been writing"):
        waiting.append([b"x"], OPERATOR)


def test_an_entry_that_is_too_large_is_refused_before_anything_is_written(log) -> None:
    with pytest.raises(DaulatError, match="65536 bytes"):
        log.append([b"fits", b"x" * 65_536], OPERATOR)
    assert log.append([b"x" * 65_535], OPERATOR) == 0


def test_a_write_that_the_disk_refuses_leaves_the_log_as_it_was(log) -> None:
    log.append([b"before"], OPERATOR)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))  # the kernel cuts a larger write, as a full disk does
    try:
        with pytest.raises(DaulatError, match="cannot be written") as refused:
            log.append([b"x" * 5000], OPERATOR)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "nothing was recorded" in refused.value.hint
    assert whole(log.folder) == [b"before"]
    assert log.append([b"after"], OPERATOR) == 1
    assert whole(log.folder) == [b"before", b"after"]


def test_a_log_is_never_started_over(log) -> None:
    with pytest.raises(DaulatError, match="holds a log already"):
        Log.create(log.folder, "lab.example/log", OPERATOR)


def test_no_log_and_a_broken_edge_are_sentences(log, tmp_path) -> None:
    with pytest.raises(DaulatError, match="no log in"):
        Log.open(tmp_path / "nowhere")
    log.append([b"a", b"b"], OPERATOR)
    tile = log.folder / "tile/0/000.p/2"
    content = tile.read_bytes()
    tile.write_bytes(content[:40])
    with pytest.raises(NotVerified, match="do not give the checkpoint's root"):
        Log.open(log.folder)
    tile.unlink()
    with pytest.raises(NotVerified, match=r"`tile/0/000\.p/2` is missing"):
        Log.open(log.folder)
