"""A journey whose writer is killed, or whose disk is full: nothing acknowledged is lost, and it opens and verifies."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from journey_world import ALLOW, AT, OPERATOR, PLACE, create

from daulat.errors import DaulatError
from daulat.journey import statement as st
from daulat.journey.fsck import fsck
from daulat.journey.journey import INDEX, Journey
from daulat.journey.verify import verify

KILLS, THREADS = 200, 8
DECISION = st.decision_statement(decision=ALLOW, step="source", place=PLACE, at=AT)
WRITER = """
import sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from journey_world import ALLOW, AT, OPERATOR, PLACE
from daulat.journey import statement as st
from daulat.journey.journey import Journey
journey = Journey.open(Path(sys.argv[1]))
def work(name):
    for number in range(100_000):
        said = st.decision_statement(decision=ALLOW, step=f"{sys.argv[3]}-{name}-{number}", place=PLACE, at=AT)
        sys.stdout.write(f"{journey.record(said, OPERATOR)} {sys.argv[3]}-{name}-{number}\\n")
        sys.stdout.flush()
for name in range(int(sys.argv[4])):
    threading.Thread(target=work, args=(name,)).start()
"""


@pytest.mark.slow
def test_group_commits_that_are_killed_lose_nothing_acknowledged_in_200_kills(tmp_path: Path) -> None:
    create(tmp_path).index.close()
    rng = random.Random(200)
    durable: dict[int, str] = {}
    for attempt in range(KILLS):
        argv = [sys.executable, "-c", WRITER, str(tmp_path), str(Path(__file__).parent), str(attempt), str(THREADS)]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(rng.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        told = first + process.stdout.read()
        assert process.wait() == -signal.SIGKILL
        for line in told.splitlines(keepends=True):
            if line.endswith("\n"):
                index, _, name = line.strip().partition(" ")
                assert int(index) not in durable, "no index is given twice"
                durable[int(index)] = name
        journey = Journey.open(tmp_path)
        for index in [int(line.split()[0]) for line in told.splitlines(keepends=True) if line.endswith("\n")]:
            assert journey.entry(index).statement["predicate"]["daulat_step"] == durable[index]
        journey.index.close()
    journey = Journey.open(tmp_path)
    said = {entry.index: entry.statement["predicate"].get("daulat_step") for entry in journey.statements()}
    assert all(said[index] == name for index, name in durable.items())
    assert len(durable) >= KILLS
    assert verify(tmp_path).ok
    assert fsck(tmp_path / "journey").wrong == []
    known = journey.index.state()
    journey.index.close()
    assert Journey.reindexed(tmp_path).index.state() == known


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root, to mount a small tmpfs")
    disk = tmp_path / "disk"
    disk.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)]
    if subprocess.run(argv, check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine does not allow mounting a tmpfs")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)  # SQLite still has its file open


def record_without_end(journey: Journey, recorded: list[int]) -> None:
    while True:
        recorded.append(journey.record(DECISION, OPERATOR))


def test_a_full_disk_is_a_sentence_and_what_was_recorded_verifies(small_disk: Path) -> None:
    project = small_disk / "project"
    journey = create(project)
    recorded: list[int] = []
    with pytest.raises(DaulatError) as refused:
        record_without_end(journey, recorded)
    assert "full" in refused.value.problem or "No space left" in refused.value.problem, refused.value.problem
    assert refused.value.hint
    journey.index.close()
    assert verify(project).ok
    size = Journey.open(project).log.checkpoint().size
    assert size == len(recorded) + 1, "all that was acknowledged, and the keyring"
    (project / INDEX).unlink()
    for file in (project / INDEX).parent.iterdir():
        file.unlink()
    with pytest.raises(DaulatError):
        record_without_end(Journey.open(project), recorded)
    assert verify(project).ok
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    again = Journey.open(project)
    before = again.log.checkpoint().size
    assert again.record(DECISION, OPERATOR) == before
    assert verify(project).ok
