"""Background processes on this machine: started, found again, stopped; never somebody else's.

```
start ──> <run_folder>/<name>.json (pid, start time, boot) ──> status ──> the same process, or nothing
                                                          └──> stop: SIGTERM, then SIGKILL to all of it
```
A pid alone names nothing: numbers are used again. A pid with its start time and the machine's boot names one process.
"""

import contextlib
import fcntl
import os
import re
import select
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from daulat.errors import DaulatError
from daulat.records import Record

_POLL_S = 0.05
_TAIL_LINES = 12
_TAIL_BYTES = 16_384


class Process(Record, frozen=True):
    """A process that was started here."""

    name: str
    pid: int
    started_ticks: int
    """Clock ticks from boot to its start. Source: proc(5), field 22 of `stat`."""
    boot: str
    """The kernel's random name of this boot."""
    log: str


@dataclass(frozen=True, slots=True)
class _Stat:
    """Fields 3, 4 and 22 of /proc/PID/stat. Source: proc(5)."""

    state: str
    parent: int
    started_ticks: int


def start(name: str, argv: Sequence[str], env: Mapping[str, str], run_folder: Path, log: Path) -> Process:
    """Start `argv` in a session of its own, so that it outlives this process; `env` is all of its environment.

    Raises: DaulatError where a process of that name runs already, or the program cannot be started.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", name):
        raise DaulatError(f"`{name}` is no process name", "use lower-case letters, digits, `-` and `.`")
    with _locked(run_folder, name):
        if (running := status(name, run_folder)) is not None:
            raise DaulatError(f"`{name}` runs already (pid {running.pid})", f"stop `{name}` first")
        pid = _spawn(argv, env, log)
        found = _stat(pid)
        assert found is not None, "a child that nobody waited for has an entry in /proc"
        process = Process(name=name, pid=pid, started_ticks=found.started_ticks, boot=_boot(), log=str(log))
        _write(_record_file(name, run_folder), msgspec.json.encode(process))
    return process


def _spawn(argv: Sequence[str], env: Mapping[str, str], log: Path) -> int:
    log.parent.mkdir(parents=True, exist_ok=True)
    files = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    # Python ignores these two; a child that inherits that would not notice a closed pipe.
    defaults = [signal.SIGPIPE, signal.SIGXFSZ]
    try:
        return os.posix_spawnp(argv[0], list(argv), dict(env), file_actions=files, setsid=True, setsigdef=defaults)
    except OSError as error:
        raise DaulatError(
            f"`{argv[0]}` cannot be started: {error.strerror}", "check the path and its permissions"
        ) from error


def status(name: str, run_folder: Path) -> Process | None:
    """The running process of that name, or None: never started, ended, or from before the last boot."""
    process = _read(_record_file(name, run_folder))
    return process if process is not None and is_alive(process) else None


def is_alive(process: Process) -> bool:
    """Whether exactly that process still runs. A child of ours that ended is taken off the process table."""
    found = _stat(process.pid)
    if found is None or process.boot != _boot() or found.started_ticks != process.started_ticks:
        return False
    if found.state not in "ZX":
        return True
    if found.parent == os.getpid():
        with contextlib.suppress(ChildProcessError):
            os.waitpid(process.pid, os.WNOHANG)
    return False


def stop(name: str, run_folder: Path, timeout_s: float = 30.0) -> bool:
    """End the process of that name: asked at first, killed with all of its session's group after `timeout_s`.

    Returns whether there was one to end.
    """
    with _locked(run_folder, name):
        file = _record_file(name, run_folder)
        process = _read(file)
        ended = process is not None and _end(process, timeout_s)
        file.unlink(missing_ok=True)
    return ended


def _end(process: Process, timeout_s: float) -> bool:
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        # INVARIANT: looked at after the handle was taken, so the handle is of this very process.
        if not is_alive(process):
            return False
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        if not _ended(handle, timeout_s):
            os.killpg(process.pid, signal.SIGKILL)
            _ended(handle, timeout_s)
        is_alive(process)
    finally:
        os.close(handle)
    return True


def _ended(handle: int, timeout_s: float) -> bool:
    """Whether the process of that handle ends within the time. A pidfd is readable from then on: pidfd_open(2)."""
    return bool(select.select([handle], [], [], timeout_s)[0])


def wait_for_file(path: Path, process: Process, timeout_s: float = 60.0) -> str:
    """The text of `path` once `process` has written it.

    Raises: DaulatError with the end of the process's log where it ends before, or takes longer.
    """
    deadline = time.monotonic() + timeout_s
    while not path.exists():
        if not is_alive(process):
            raise DaulatError(f"`{process.name}` ended before it was ready:\n{log_tail(process)}", f"see {process.log}")
        if time.monotonic() > deadline:
            problem = f"`{process.name}` was not ready after {timeout_s:g} s:\n{log_tail(process)}"
            raise DaulatError(problem, f"see {process.log}, or wait longer")
        time.sleep(_POLL_S)
    return path.read_text()


def log_tail(process: Process, lines: int = _TAIL_LINES) -> str:
    """The last lines that the process wrote."""
    try:
        with Path(process.log).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return "(no log)"
    return "\n".join(text.strip().splitlines()[-lines:]) or "(its log is empty)"


def _stat(pid: int) -> _Stat | None:
    try:
        # The name in brackets may hold anything, brackets too: what follows the last one is plain.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return _Stat(state=fields[0], parent=int(fields[1]), started_ticks=int(fields[19]))


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _record_file(name: str, run_folder: Path) -> Path:
    return run_folder / f"{name}.json"


def _read(file: Path) -> Process | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Process)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise DaulatError(
            f"{file} is broken: {error}", "see what runs, stop it by hand, and remove the file"
        ) from error


def _write(file: Path, content: bytes) -> None:
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.chmod(0o600)
    fresh.replace(file)


@contextlib.contextmanager
def _locked(run_folder: Path, name: str) -> Iterator[None]:
    """One start or stop of a name at a time, across processes."""
    run_folder.mkdir(parents=True, exist_ok=True)
    with (run_folder / f".{name}.lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
