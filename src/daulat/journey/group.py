"""Group commit: what several threads want written at once is written once, by one of them.

```
thread ──job──> queue ──┐ nobody gathers: this thread takes what comes, prepares it, writes all of it, wakes the others
                        └ somebody gathers: wait; then it is done, or this thread is the next to gather
```
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from daulat.errors import DaulatError

GATHER_S = 0.01
"""Longest wait for others to come, where they came the last time. Source: PostgreSQL's commit_delay, commit_siblings."""


def _locked() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass
class Job:
    """What one thread wants written. `commit` sets `error` where this job alone is refused."""

    error: DaulatError | None = field(default=None, kw_only=True)
    done: bool = field(default=False, kw_only=True)
    gate: threading.Lock = field(default_factory=_locked, kw_only=True)
    """Held until the job is done, or its thread is the one to write."""


Some = TypeVar("Some", bound=Job)


class Group(Generic[Some]):
    """`commit` is called by one thread at a time, with all the jobs that wait, after `prepare` was called with each few.

    While one thread commits, which mostly waits for the disk, the next one prepares what has come since.
    """

    def __init__(
        self, commit: Callable[[Sequence[Some]], None], prepare: Callable[[Sequence[Some]], None] | None = None
    ) -> None:
        self._commit = commit
        self._prepare = prepare or (lambda jobs: None)
        self._share = 2 if prepare else 1
        """Part of the threads that a write waits for: half, where the other half is prepared meanwhile."""
        self._turn = threading.Lock()
        self._writing = threading.Lock()
        """Held by the thread that commits. INVARIANT: taken before `_turn`, never after."""
        self._queue: list[Some] = []
        self._leading = False
        self._size = 0
        """How many jobs were written the last time."""

    def do(self, job: Some) -> None:
        """Return once the job is written.

        Raises: the job's own error, or that of the whole write.
        """
        with _uninterrupted():
            with self._turn:
                self._queue.append(job)
                leads, self._leading = not self._leading, True
            if not leads:
                job.gate.acquire()  # until another thread has written it, or leaves the next write to this one
            if not job.done:
                self._lead()
        if job.error is not None:
            raise job.error

    def _lead(self) -> None:
        """Gather what threads want written, leave the next write to the first that comes after, and write."""
        jobs: list[Some] = []
        writing = False
        try:
            writing = self._gather(jobs)
            self._pass_on()
            self._size = len(jobs)
            self._commit(jobs)
        except BaseException as error:
            if not writing:  # interrupted, or `prepare` is wrong: whoever waits is told, and the next one leads
                jobs += self._taken()
                self._pass_on()
            for job in jobs:
                job.error = job.error or _said_again(error)
            if not isinstance(error, DaulatError):
                raise
        finally:
            if writing:
                self._writing.release()
            for job in jobs:
                job.done = True
                job.gate.release()

    def _gather(self, jobs: list[Some]) -> bool:
        """Prepare what comes until nobody else writes; true, for `_writing` is held when this returns.

        Where the last write was for several threads, wait a moment for as many, or for half where the others form the
        write after this one. Who writes alone never waits.
        """
        until = time.monotonic() + GATHER_S
        while True:
            new = self._taken()
            if new:
                jobs += new
                self._prepare(new)
            elif len(jobs) < self._size // self._share and time.monotonic() < until:
                time.sleep(GATHER_S / 20)
            elif self._writing.acquire(timeout=GATHER_S / 20):
                return True

    def _pass_on(self) -> None:
        """The first that waits gathers the next write."""
        with self._turn:
            heir = self._queue[0] if self._queue else None
            self._leading = heir is not None
        if heir is not None:
            heir.gate.release()

    def _taken(self) -> list[Some]:
        with self._turn:
            jobs, self._queue = self._queue, []
        return jobs


def _said_again(error: BaseException) -> DaulatError:
    """The same error for another thread; one that is not ours is told as what it was."""
    if isinstance(error, DaulatError):
        return type(error)(error.problem, error.hint)
    return DaulatError(f"it was not recorded: {error!r}", "run it again")


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Take Ctrl-C after the write: a thread that left in the middle would leave the others waiting for it."""
    before = signal.getsignal(signal.SIGINT) if threading.current_thread() is threading.main_thread() else None
    if not callable(before):
        yield
        return
    seen: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if seen:
            signal.raise_signal(signal.SIGINT)
