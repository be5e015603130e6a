"""How much memory a job takes on this machine: its own process, and those that it started."""

import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

SAMPLE_S = 0.5


class PeakMemory:
    """Samples the resident memory of this process and its descendants while the `with` block runs.

    `also` gives the pids of processes that belong to the job and are no descendants: services that ran before it.
    `peak_bytes` is the largest sum seen, in bytes. Pages that processes share are counted once for each: never too low.
    """

    def __init__(self, also: Callable[[], Iterable[int]] = tuple) -> None:
        self.peak_bytes = 0
        self._also = also
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="peak-memory", daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._sample()

    def _watch(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            self._sample()

    def _sample(self) -> None:
        self.peak_bytes = max(self.peak_bytes, tree_bytes(os.getpid(), *self._also()))


def tree_bytes(*roots: int) -> int:
    """Resident bytes of processes and all below them, each counted once; those that end meanwhile count nothing."""
    parents: dict[int, int] = {}
    resident: dict[int, int] = {}
    page = os.sysconf("SC_PAGE_SIZE")
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            pid = int(folder.name)
            parents[pid], resident[pid] = int(fields[1]), int(fields[21]) * page
    total = 0
    for pid in resident:
        above: int | None = pid
        while above and above not in roots:
            above = parents.get(above)
        total += resident[pid] if above in roots else 0
    return total
