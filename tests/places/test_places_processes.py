"""Background processes: found again, never mistaken for another, never left as zombies."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from daulat.errors import DaulatError
from daulat.machine import available_cores
from daulat.places.processes import Process, is_alive, start, status, stop, wait_for_file

SLEEPER = [sys.executable, "-c", "import time; print('awake', flush=True); time.sleep(60)"]


def begin(folder: Path, argv: list[str] = SLEEPER, name: str = "engine") -> Process:
    return start(name, argv, dict(os.environ), folder, folder / f"{name}.log")


def wait_until(holds) -> bool:
    deadline = time.monotonic() + 10
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_a_process_is_found_again_and_ends_when_told(tmp_path):
    process = begin(tmp_path)
    assert status("engine", tmp_path) == process
    assert (tmp_path / "engine.json").stat().st_mode & 0o777 == 0o600
    assert stop("engine", tmp_path)
    assert status("engine", tmp_path) is None
    assert not exists(process.pid)
    assert not stop("engine", tmp_path)


def test_it_outlives_the_process_that_started_it(tmp_path):
    program = (
        "import os, sys; from pathlib import Path; from daulat.places.processes import start\n"
        "folder, sleep = Path(sys.argv[1]), 'import time; time.sleep(60)'\n"
        "start('engine', [sys.executable, '-c', sleep], dict(os.environ), folder, folder / 'log')\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, timeout=30)
    process = status("engine", tmp_path)
    assert process is not None
    assert os.getsid(process.pid) == process.pid
    assert stop("engine", tmp_path)


def test_a_second_one_of_the_same_name_is_refused(tmp_path):
    process = begin(tmp_path)
    with pytest.raises(DaulatError, match=f"pid {process.pid}"):
        begin(tmp_path)
    stop("engine", tmp_path)


def test_a_recycled_pid_is_never_taken_for_ours_nor_killed(tmp_path):
    stranger = subprocess.Popen(SLEEPER, stdout=subprocess.DEVNULL)
    process = begin(tmp_path)
    stop("engine", tmp_path)
    stale = msgspec.structs.replace(process, pid=stranger.pid, started_ticks=1)
    (tmp_path / "engine.json").write_bytes(msgspec.json.encode(stale))
    assert status("engine", tmp_path) is None
    assert not stop("engine", tmp_path)
    assert stranger.poll() is None
    assert not (tmp_path / "engine.json").exists()
    stranger.kill()
    stranger.wait()


def test_a_file_from_before_the_last_boot_is_stale(tmp_path):
    process = begin(tmp_path)
    before = msgspec.structs.replace(process, boot="00000000-0000-0000-0000-000000000000")
    assert is_alive(process)
    assert not is_alive(before)
    stop("engine", tmp_path)


def test_one_that_ended_by_itself_leaves_no_zombie_and_may_be_started_again(tmp_path):
    process = begin(tmp_path, [sys.executable, "-c", "pass"])
    assert wait_until(lambda: status("engine", tmp_path) is None)
    assert not exists(process.pid)
    assert begin(tmp_path).pid
    stop("engine", tmp_path)


def test_one_that_will_not_end_is_killed_with_its_children(tmp_path):
    program = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open(sys.argv[1], 'w').write(str(child.pid)); time.sleep(60)"
    )
    process = begin(tmp_path, [sys.executable, "-c", program, str(tmp_path / "child")])
    assert wait_until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text())
    child = int((tmp_path / "child").read_text())
    assert stop("engine", tmp_path, timeout_s=0.2)
    assert not exists(process.pid)

    def gone() -> bool:
        return not exists(child) or ") Z " in Path(f"/proc/{child}/stat").read_text()

    assert wait_until(gone)


def test_waiting_for_a_file_gives_its_text_or_the_end_of_the_log(tmp_path):
    ready = [sys.executable, "-c", f"open({str(tmp_path / 'x')!r}, 'w').write('8080')"]
    process = begin(tmp_path, ready)
    assert wait_for_file(tmp_path / "x", process, 10) in ("8080", "")
    failing = [sys.executable, "-c", "raise SystemExit('the model is broken')"]
    with pytest.raises(DaulatError, match="the model is broken"):
        wait_for_file(tmp_path / "never", begin(tmp_path, failing, "failing"), 10)
    slow = begin(tmp_path, name="slow")
    with pytest.raises(DaulatError, match="not ready after"):
        wait_for_file(tmp_path / "never", slow, 0.3)
    stop("slow", tmp_path)


def test_a_program_that_is_not_there_or_a_name_that_is_none_is_a_sentence(tmp_path):
    with pytest.raises(DaulatError, match="cannot be started"):
        begin(tmp_path, ["/no/such/program"])
    with pytest.raises(DaulatError, match="no process name"):
        begin(tmp_path, name="../engine")
    (tmp_path / "engine.json").write_text("{")
    with pytest.raises(DaulatError, match="is broken"):
        status("engine", tmp_path)


def test_its_environment_is_what_was_given_and_nothing_more(tmp_path, monkeypatch):
    monkeypatch.setenv("A_SECRET", "x")
    argv = [sys.executable, "-c", "import os; print(sorted(os.environ))"]
    process = start("engine", argv, {"ONLY": "1"}, tmp_path, tmp_path / "log")
    assert wait_until(lambda: not is_alive(process))
    assert "A_SECRET" not in (tmp_path / "log").read_text()
    assert "ONLY" in (tmp_path / "log").read_text()


def test_there_is_at_least_one_core_and_no_more_than_the_scheduler_gives():
    assert 1 <= available_cores() <= len(os.sched_getaffinity(0))


def test_sigkill_from_outside_is_seen(tmp_path):
    process = begin(tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    assert wait_until(lambda: status("engine", tmp_path) is None)
    assert not exists(process.pid)
