"""Readers that strangers' files could break run in a process of their own, with bounds of time and memory.

The process reads one file after the other and answers in MessagePack; when it dies or is too slow it is replaced, and
the next file is read as if nothing had been.
"""

import atexit
import math
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import msgspec

import daulat
from daulat.corpus.extract.reading import Reading, Unreadable
from daulat.corpus.options import CorpusOptions

_LENGTH = struct.Struct("<Q")
_MAX_ANSWER_BYTES = 1 << 30
_GRACE_S = 5
TOO_LONG, TOO_MUCH_MEMORY, BROKE_DOWN = "took too long", "took too much memory", "its reader broke down"


class Task(msgspec.Struct):
    """One file for the process: its kind (`pdf`, `docx`, `odt`), its bytes."""

    kind: str
    data: bytes
    max_bytes: int
    timeout_s: float
    ocr_languages: tuple[str, ...] = ()


class Answer(msgspec.Struct):
    """What became of it: a reading, or a reason."""

    paragraphs: list[str] = []
    left_out: dict[str, int] = {}
    left_out_utf8_bytes: dict[str, int] = {}
    reason: str = ""
    worthless: bool = False


def read(kind: str, data: bytes, options: CorpusOptions, ocr_languages: tuple[str, ...] = ()) -> Reading:
    """The file's text, read in the other process.

    Raises: Unreadable as the reader says, or where it takes too long or too much memory, or breaks down.
    """
    timeout_s = options.ocr_timeout_s if ocr_languages else options.reader_timeout_s
    task = Task(kind, data, options.max_file_bytes, timeout_s, ocr_languages)
    with _one(options.reader_memory_bytes) as confined:
        answer = confined.ask(task)
    if answer.reason:
        raise Unreadable(answer.reason, worthless=answer.worthless)
    reading = Reading(answer.paragraphs)
    reading.left_out.update(answer.left_out)
    reading.left_out_utf8_bytes.update(answer.left_out_utf8_bytes)
    return reading


class Confined:
    """The other process, started with the first file; not for two threads at once."""

    def __init__(self, memory_bytes: int) -> None:
        self.memory_bytes = memory_bytes
        self.process: subprocess.Popen[bytes] | None = None

    def ask(self, task: Task) -> Answer:
        """Its answer, or why there is none."""
        process = self.process or self._started()
        assert process.stdin is not None
        deadline = time.monotonic() + task.timeout_s
        message = msgspec.msgpack.encode(task)
        try:
            process.stdin.write(_LENGTH.pack(len(message)) + message)
            process.stdin.flush()
            (length,) = _LENGTH.unpack(self._received(_LENGTH.size, deadline))
            if length > _MAX_ANSWER_BYTES:
                raise BrokenPipeError
            return msgspec.msgpack.decode(self._received(length, deadline), type=Answer)
        except TimeoutError:
            self.close()
            return Answer(reason=TOO_LONG)
        except (OSError, msgspec.DecodeError):
            self.close()
            return Answer(reason=BROKE_DOWN)

    def close(self) -> None:
        """End the process and what it started."""
        process, self.process = self.process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def _started(self) -> subprocess.Popen[bytes]:
        here = str(Path(daulat.__file__).parent.parent)
        paths = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "daulat.corpus.extract.confined", str(self.memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths, "OMP_THREAD_LIMIT": "1"},
            start_new_session=True,
        )
        return self.process

    def _received(self, size: int, deadline: float) -> bytes:
        """Exactly so many bytes.

        Raises: TimeoutError past the deadline; BrokenPipeError where the process ended.
        """
        assert self.process is not None
        assert self.process.stdout is not None
        descriptor, parts = self.process.stdout.fileno(), []
        while size:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                raise TimeoutError
            part = os.read(descriptor, min(size, 1 << 20))
            if not part:
                raise BrokenPipeError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


@contextmanager
def _one(memory_bytes: int) -> Iterator[Confined]:
    """One that no other thread has, and none that a parent of this process had: a fork must not share its pipes."""
    idle = _idle.setdefault((os.getpid(), memory_bytes), [])
    try:
        confined = idle.pop()
    except IndexError:
        confined, pid = Confined(memory_bytes), os.getpid()
        atexit.register(lambda: confined.close() if os.getpid() == pid else None)
    try:
        yield confined
    finally:
        idle.append(confined)


_idle: dict[tuple[int, int], list[Confined]] = {}


def serve(memory_bytes: int) -> None:
    """Be that process: answer until nobody asks any more."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        head = sys.stdin.buffer.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            return
        _answer(sys.stdin.buffer.read(_LENGTH.unpack(head)[0]), answers)


def _answer(message: bytes, answers: IO[bytes]) -> None:
    task = msgspec.msgpack.decode(message, type=Task)
    signal.alarm(math.ceil(task.timeout_s) + _GRACE_S)
    try:
        answer = _read(task)
    except MemoryError:
        answer = Answer(reason=TOO_MUCH_MEMORY)
    except RecursionError:
        answer = Answer(reason="nested too deeply")
    signal.alarm(0)
    encoded = msgspec.msgpack.encode(answer)
    answers.write(_LENGTH.pack(len(encoded)) + encoded)
    answers.flush()


def _read(task: Task) -> Answer:
    from daulat.corpus.extract import office, pdf

    try:
        if task.kind == "pdf":
            reading = pdf.read(task.data, task.ocr_languages)
        else:
            reading = {"docx": office.read_docx, "odt": office.read_odt}[task.kind](task.data, task.max_bytes)
    except Unreadable as why:
        return Answer(reason=why.reason, worthless=why.worthless)
    clean = [text.encode("utf-8", "replace").decode("utf-8") for text in reading.paragraphs]
    return Answer(clean, dict(reading.left_out), dict(reading.left_out_utf8_bytes))


if __name__ == "__main__":
    serve(int(sys.argv[1]))
