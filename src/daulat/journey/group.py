"""Group commit: what several threads want written at once is written once, by one of them.

```
thread ──job──> queue ──┐ nobody writes: this thread takes the queue, writes all of it, wakes the others
                        └ somebody writes: wait; then it is done, or this thread is the next to write
```
"""

import threading
import time
from collections.abc import Callable, Sequence
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
    """`commit` is called by one thread at a time, with all the jobs that wait."""

    def __init__(self, commit: Callable[[Sequence[Some]], None]) -> None:
        self._commit = commit
        self._turn = threading.Lock()
        self._queue: list[Some] = []
        self._writing = False
        self._size = 0
        """How many jobs were written the last time."""

    def do(self, job: Some) -> None:
        """Return once the job is written.

        Raises: the job's own error, or that of the whole write.
        """
        with self._turn:
            self._queue.append(job)
            leads, self._writing = not self._writing, True
        if not leads:
            job.gate.acquire()  # until another thread has written it, or leaves the writing to this one
        if not job.done:
            self._lead()
        if job.error is not None:
            raise job.error

    def _lead(self) -> None:
        """Write what all threads wait for, and leave the next write to the first that came meanwhile."""
        jobs: list[Some] = []
        try:
            self._gather()
            jobs = self._taken()
            self._size = len(jobs)
            self._commit(jobs)
        except BaseException as error:
            jobs = jobs or self._taken()
            for job in jobs:
                job.error = job.error or _said_again(error)
            if not isinstance(error, DaulatError):
                raise
        finally:
            with self._turn:
                heir = self._queue[0] if self._queue else None
                self._writing = heir is not None
            for job in jobs:
                job.done = True
                job.gate.release()
            if heir is not None:
                heir.gate.release()

    def _gather(self) -> None:
        """Where the last write was for several threads, wait a moment for as many; who writes alone never waits."""
        until = time.monotonic() + GATHER_S
        while len(self._queue) < self._size and self._size > 1 and time.monotonic() < until:
            time.sleep(GATHER_S / 20)

    def _taken(self) -> list[Some]:
        with self._turn:
            jobs, self._queue = self._queue, []
        return jobs


def _said_again(error: BaseException) -> DaulatError:
    """The same error for another thread; one that is not ours is told as what it was."""
    if isinstance(error, DaulatError):
        return type(error)(error.problem, error.hint)
    return DaulatError(f"it was not recorded: {error!r}", "run it again")
