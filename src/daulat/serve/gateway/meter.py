"""Usage that cannot be lost: one writer thread, one commit for all who wait, and batches handed on until taken.

```
submit(answer) ─> queue ─> writer: BEGIN, all that wait, COMMIT (fsync) ─> each caller's future
                                        └─> batcher: cut a batch (durable), on_batch(it), mark it handed
```
A crash between `on_batch` and the mark hands the very same batch again: its first and last answer name it.
"""

import contextlib
import fcntl
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

from daulat.errors import DaulatError
from daulat.records import Answer
from daulat.serve.gateway import usage_file
from daulat.serve.gateway.usage_file import UsageFile

_log = logging.getLogger("daulat.gateway.meter")
_MOST_IN_ONE_COMMIT = 1000
"""A thousand rows and their fsync take about 15 ms; more would only make the first of them wait."""
_RETRY_S = 1.0

OnBatch = Callable[[list[Answer]], None]


@dataclass(slots=True)
class _Job:
    """Something to do inside the next commit: an answer to add, or a word with the batches."""

    do: Answer | Callable[[sqlite3.Connection], Any]
    done: Future[Any] = field(default_factory=Future)

    def __post_init__(self) -> None:
        # A caller that is cancelled must not take its record with it: from here on the future cannot be cancelled.
        self.done.set_running_or_notify_cancel()


def batch_name(answers: list[Answer]) -> str:
    """The stable name of a batch: the same answers have it, handed for the first time or again."""
    return f"{answers[0].id}..{answers[-1].id}"


class Meter(UsageFile):
    """Records answers durably and hands them on in batches. One process at a time has a usage file open as a Meter."""

    def __init__(
        self, path: Path, on_batch: OnBatch | None = None, *, batch_answers: int = 1000, batch_seconds: float = 2.0
    ) -> None:
        super().__init__(path)
        self._lock = _lock(path)
        self._connection = usage_file.open_for_writing(path)
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._on_batch = on_batch
        self._batch_answers = batch_answers
        self._batch_seconds = batch_seconds
        self._closing = threading.Event()
        self._ended = threading.Event()
        self._wake_batcher = threading.Event()
        self._unbatched = 0
        self._writer = threading.Thread(target=self._write_all, name="meter-writer", daemon=True)
        self._writer.start()
        self._batcher = threading.Thread(target=self._batch_all, name="meter-batcher", daemon=True)
        if on_batch is not None:
            self._batcher.start()

    def submit(self, answer: Answer) -> Future[None]:
        """A future that is done once the answer is on the disk; it raises sqlite3.Error where nothing was kept."""
        return self._run(answer)

    def healthy(self) -> bool:
        """Whether answers can be recorded and handed on."""
        return self._writer.is_alive() and (self._on_batch is None or self._batcher.is_alive())

    def close(self) -> None:
        """Write what waits, hand over the rest (one try), and let go of the file."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._wake_batcher.set()
        if self._batcher.is_alive():
            self._batcher.join()
        self._queue.put(None)
        self._writer.join()
        self._connection.close()
        self._lock.close()

    def _run(self, do: Answer | Callable[[sqlite3.Connection], Any]) -> Future[Any]:
        job = _Job(do)
        self._queue.put(job)
        if self._ended.is_set():
            self._refuse_waiting()
        return job.done

    def _refuse_waiting(self) -> None:
        """Fail closed: who waits for a writer that is gone is told, not left waiting."""
        with contextlib.suppress(queue.Empty):
            while True:
                job = self._queue.get_nowait()
                if job is not None:
                    job.done.set_exception(sqlite3.ProgrammingError("the meter is closed"))

    def _write_all(self) -> None:
        try:
            self._write_until_closed()
        finally:
            self._ended.set()
            self._refuse_waiting()

    def _write_until_closed(self) -> None:
        ended = False
        while not ended:
            group: list[_Job] = []
            job = self._queue.get()
            while job is not None:
                group.append(job)
                if len(group) == _MOST_IN_ONE_COMMIT or self._queue.empty():
                    break
                job = self._queue.get()
            ended = job is None
            self._commit(group)

    def _commit(self, group: list[_Job]) -> None:
        """Make the whole group durable, then tell each; where that fails, each stands for itself."""
        if not group:
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            answers = [job.do for job in group if isinstance(job.do, Answer)]
            if answers:
                usage_file.insert(self._connection, answers)
            results = [None if isinstance(job.do, Answer) else job.do(self._connection) for job in group]
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if len(group) > 1:
                for job in group:
                    self._commit([job])
                return
            _log.error("a usage record was not written: %s", error)
            group[0].done.set_exception(error)
            return
        for job, result in zip(group, results, strict=True):
            job.done.set_result(result)
        self._unbatched += len(answers)
        if self._unbatched >= self._batch_answers:
            self._unbatched = 0
            self._wake_batcher.set()

    def _batch_all(self) -> None:
        pause_s = self._batch_seconds
        while True:
            self._wake_batcher.wait(pause_s)
            last_round = self._closing.is_set()
            if not last_round:
                self._wake_batcher.clear()
            taken = self._hand_over()
            if last_round:
                return
            pause_s = self._batch_seconds if taken else max(self._batch_seconds, _RETRY_S)

    def _hand_over(self) -> bool:
        """Hand on all that waits; False where `on_batch` (or the disk) would not take one, to be tried again."""
        assert self._on_batch is not None
        while True:
            try:
                found = self._run(partial(usage_file.next_batch, most=self._batch_answers)).result()
                if found is None:
                    return True
                batch, answers = found
                self._on_batch(answers)
                self._run(partial(usage_file.mark_handed, batch=batch)).result()
            except (DaulatError, OSError, sqlite3.Error) as error:
                _log.error("a batch of answers was not taken and will be handed again: %s", error)
                return False


def _lock(path: Path) -> IO[bytes]:
    """Held for as long as the file is open, and let go by the kernel when its holder dies."""
    try:
        file = os.fdopen(os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600), "wb")
    except OSError as error:
        raise DaulatError(
            f"the usage file {path} cannot be written: {error.strerror}", "see that its folder exists"
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise DaulatError(f"another gateway records into {path}", "stop it first, or name another file") from error
    return file
