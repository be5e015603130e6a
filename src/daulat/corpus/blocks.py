"""Blocks of documents on disk: what was worked out once is looked up, and memory holds one block at a time.

A block is an Arrow file whose name has the CRC-32 of its bytes: one that was cut off or changed is not believed, and what it
held is worked out anew. Blocks lie in a folder for the settings that they were made with; folders of other settings are cleared.
"""

import fcntl
import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

CHUNK = 1 << 22


class Shelf:
    """The blocks of one kind, made with one setting."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, block: "pa.Table") -> Path:
        """The block's file, whole or not there."""
        import pyarrow as pa

        partial = self.folder / ".partial"
        with pa.OSFile(str(partial), "wb") as sink, pa.ipc.new_file(
            sink, block.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")
        ) as writer:  # fmt: skip
            writer.write_table(block.combine_chunks())
        number = len(list(self.folder.glob("*.arrow")))
        path = self.folder / f"{number:06}-{_crc(partial):08x}.arrow"
        partial.replace(path)
        return path

    def blocks(self) -> Iterator[Path]:
        """Those that are whole, in the order of their names; the others are taken away."""
        for path in sorted(self.folder.glob("*.arrow")):
            if path.stem.rpartition("-")[2] == f"{_crc(path):08x}":
                yield path
            else:
                path.unlink()


def read(path: Path, columns: list[str] | None = None) -> "pa.Table":
    """The block, or some of its columns."""
    import pyarrow as pa

    with pa.memory_map(str(path)) as source:
        names = _names(path) if columns else []
        wanted = None if columns is None else [names.index(name) for name in columns]
        options = pa.ipc.IpcReadOptions(included_fields=wanted)
        return pa.ipc.open_file(source, options=options).read_all()


@contextmanager
def alone(state: Path | None) -> Iterator[Path | None]:
    """The state folder, for one build at a time; None where there is none, or another build has it: this one does without."""
    if state is None:
        yield None
        return
    state.mkdir(parents=True, exist_ok=True)
    with (state / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield state


def keep_only(used: "dict[Path, npt.NDArray[np.int64]]", folders: Iterable[Path]) -> None:
    """Take out of the blocks in these folders what is not in use: text that was withdrawn stays in no cache.

    `used`: rows by block, sorted, each once.
    """
    import pyarrow as pa

    for folder in folders:
        shelf = Shelf(folder)
        for path in sorted(folder.glob("*.arrow")):
            rows = used.get(path)
            if rows is None:
                path.unlink()
                continue
            block = read(path)
            if len(rows) < block.num_rows:
                path.unlink()
                shelf.put(block.take(pa.array(rows)))


def rows_of(table: "pa.Table", rows: "npt.NDArray[np.int64]") -> "pa.Table":
    """Those rows in that order; nothing is copied where they lie one after the other."""
    import numpy as np
    import pyarrow as pa

    if len(rows) and int(rows[-1]) - int(rows[0]) + 1 == len(rows) and bool((np.diff(rows) == 1).all()):
        return table.slice(int(rows[0]), len(rows))
    return table.take(pa.array(rows))


@lru_cache(4096)
def _names(path: Path) -> list[str]:
    import pyarrow as pa

    with pa.memory_map(str(path)) as source:
        return list(pa.ipc.open_file(source).schema.names)


def clear_others(state: Path, used: set[Path]) -> None:
    """Take away the folders of settings that are not in use any more."""
    for folder in state.glob("*/*"):
        if folder.is_dir() and folder not in used:
            shutil.rmtree(folder, ignore_errors=True)


def _crc(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            value = zlib.crc32(chunk, value)
    return value
