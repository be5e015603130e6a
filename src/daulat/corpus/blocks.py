"""Blocks of documents on disk: what was worked out once is looked up, and memory holds one block at a time.

A block is two Arrow files: texts, packed, and everything else as it lies in memory, so that numbers are looked at without being
read. Their name has the CRC-32 of both: a block that was cut off or changed is not believed, and what it held is worked out anew.
Blocks lie in a folder for the settings that they were made with; folders of other settings are cleared.
"""

import fcntl
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

CHUNK = 1 << 22
TEXT = "text"
PART_UTF8_BYTES, ROWS_EACH = 1 << 17, b"rows"
"""Texts are packed so many bytes at a time, and each part has the same number of rows."""
FEW, SMALL_BYTES = 16, 1 << 20
"""So many blocks of less text than that become one, or a corpus that grows a little every day would be all small blocks. Ours."""


class Shelf:
    """The blocks of one kind, made with one setting."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, block: "pa.Table") -> Path:
        """The block's file, whole or not there."""
        partial, partial_text = self.folder / ".partial", self.folder / ".partial-text"
        names = [name for name in block.column_names if name != TEXT]
        _write(block.select(names), partial)
        texts = block.select([TEXT]) if TEXT in block.column_names else _no_texts(block.num_rows)
        each = max(1, block.num_rows * PART_UTF8_BYTES // max(1, texts.nbytes))
        _write(texts.replace_schema_metadata({ROWS_EACH: str(each)}), partial_text, "lz4", each)
        number = len(list(self.folder.glob("*.arrow")))
        path = self.folder / f"{number:06}-{_crc(partial):08x}{_crc(partial_text):08x}.arrow"
        partial_text.replace(_text_of(path))
        partial.replace(path)
        return path

    def blocks(self) -> Iterator[Path]:
        """Those that are whole, in the order of their names; the others are taken away."""
        whole = set[Path]()
        for path in sorted(self.folder.glob("*.arrow")):
            text = _text_of(path)
            if text.is_file() and path.stem.rpartition("-")[2] == f"{_crc(path):08x}{_crc(text):08x}":
                whole |= {path, text}
                yield path
        for path in self.folder.iterdir():
            if path not in whole:
                path.unlink()

    def remove(self, path: Path) -> None:
        """Take that block away."""
        path.unlink()
        _text_of(path).unlink()


@dataclass
class Places:
    """Where documents lie, one after the other: the block, and the row in it, of each."""

    blocks: list[Path]
    block: "npt.NDArray[np.int32]"
    row: "npt.NDArray[np.int32]"
    _sorted: "tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]] | None" = None

    def __len__(self) -> int:
        return len(self.block)

    def columns(self, names: list[str], which: "npt.NDArray[np.int64] | None" = None) -> "pa.Table":
        """Those columns of these documents (default: all), in order; only blocks that have one of them are opened."""
        import numpy as np
        import pyarrow as pa

        block, row = (self.block, self.row) if which is None else (self.block[which], self.row[which])
        if not len(block):
            return pa.table({name: pa.array([], pa.null()) for name in names})
        edges = np.flatnonzero(np.diff(block)) + 1
        wanted = np.unique(block)
        if len(edges) + 1 == len(wanted):
            ends = [*edges.tolist(), len(block)]
            runs = zip([0, *ends], ends, strict=False)
            return pa.concat_tables([_rows(self.blocks[block[start]], names, row[start:end]) for start, end in runs])
        order = np.argsort(block, kind="stable")
        ends = np.cumsum(np.bincount(block)[wanted]).tolist()
        parts = [
            _rows(self.blocks[number], names, row[order[start:end]])
            for number, start, end in zip(wanted.tolist(), [0, *ends], ends, strict=False)
        ]
        back = np.empty(len(order), np.int64)
        back[order] = np.arange(len(order))
        return rows_of(pa.concat_tables(parts), back)

    def uses(self, path: Path) -> "npt.NDArray[np.bool_]":
        """Of each row of that block, whether one of these documents lies there."""
        import numpy as np

        if self._sorted is None:
            order = np.argsort(self.block, kind="stable")
            self._sorted = self.block[order], self.row[order]
        found = np.zeros(_numbers(path).num_rows, np.bool_)
        if path in self.blocks:
            number = self.blocks.index(path)
            start, end = np.searchsorted(self._sorted[0], (number, number + 1))
            found[self._sorted[1][start:end]] = True
        return found


class Index:
    """Where documents that were worked out lie, by 192 bits of what they are."""

    def __init__(self, keys: "list[npt.NDArray[np.uint64]]") -> None:
        """`keys`: of each block, three numbers a row."""
        import numpy as np

        self._keys = joined(keys)
        sizes = [len(own) for own in keys]
        self._blocks = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        self._rows = np.concatenate([np.zeros(0, np.int32), *(np.arange(size, dtype=np.int32) for size in sizes)])
        self._order = np.argsort(mixed(self._keys), kind="stable")
        self._sorted = mixed(self._keys)[self._order]

    def find(self, keys: "npt.NDArray[np.uint64]") -> "tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]":
        """Block and row of each; -1 where it is not known."""
        import numpy as np

        found, at = np.full(len(keys), -1, np.int32), np.full(len(keys), -1, np.int32)
        if not len(self._order):
            return found, at
        place = np.searchsorted(self._sorted, mixed(keys))
        inside = place < len(self._order)
        candidate = self._order[np.minimum(place, len(self._order) - 1)]
        same = inside & (self._keys[candidate] == keys).all(axis=1)
        found[same], at[same] = self._blocks[candidate[same]], self._rows[candidate[same]]
        return found, at


def joined(keys: "list[npt.NDArray[np.uint64]]") -> "npt.NDArray[np.uint64]":
    """All of them, three numbers a row."""
    import numpy as np

    return np.concatenate([np.zeros((0, 3), np.uint64), *keys])


def mixed(keys: "npt.NDArray[np.uint64]") -> "npt.NDArray[np.uint64]":
    """64 bits of each key."""
    import numpy as np

    high, low, other = keys[:, 0], keys[:, 1], keys[:, 2]
    return np.asarray(high ^ (low * np.uint64(0x9E3779B97F4A7C15)) ^ (other * np.uint64(0xC2B2AE3D27D4EB4F)))


def keys_of(path: Path, names: tuple[str, str, str]) -> "npt.NDArray[np.uint64]":
    """Three numbers a row of that block."""
    import numpy as np

    columns = read(path, list(names))
    return np.stack([np.asarray(columns[name], np.uint64) for name in names], axis=1)


def read(path: Path, columns: list[str] | None = None) -> "pa.Table":
    """The block, or some of its columns; texts are unpacked only where they are asked for."""
    import numpy as np

    numbers = _numbers(path)
    return _rows(path, [*numbers.column_names, TEXT] if columns is None else columns, np.arange(numbers.num_rows))


def _rows(path: Path, columns: list[str], rows: "npt.NDArray[np.integer]") -> "pa.Table":
    """Those columns of those rows of a block, in that order; of the texts only parts that have one of them are unpacked."""
    import numpy as np
    import pyarrow as pa

    found = rows_of(_numbers(path).select([name for name in columns if name != TEXT]), rows)
    if TEXT not in columns:
        return found
    with pa.memory_map(str(_text_of(path))) as source, pa.ipc.open_file(source) as file:
        each = int(file.schema.metadata[ROWS_EACH])
        part = rows // each
        wanted = np.unique(part)
        texts = pa.Table.from_batches([file.get_batch(number) for number in wanted.tolist()], file.schema)
    inside = np.searchsorted(wanted, part) * each + rows % each
    own = rows_of(texts, inside)
    return found.append_column(TEXT, own[TEXT]).select(columns) if found.num_columns else own.select(columns)


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


def keep_only(folder: Path, wanted: "Callable[[Path], npt.NDArray[np.bool_]]") -> None:
    """Take out of the blocks in that folder what is not wanted: text that was withdrawn stays in no cache.

    `wanted`: of a block, whether each row is. Many small blocks become one.
    """
    import pyarrow as pa

    shelf, small = Shelf(folder), list[Path]()
    for path in sorted(folder.glob("*.arrow")):
        rows = wanted(path)
        if not rows.all():
            if rows.any():
                small += _if_small(shelf.put(read(path).filter(pa.array(rows))))
            shelf.remove(path)
        else:
            small += _if_small(path)
    if len(small) >= FEW:
        shelf.put(pa.concat_tables([read(path) for path in small]))
        for path in small:
            shelf.remove(path)


def rows_of(table: "pa.Table", rows: "npt.NDArray[np.integer]") -> "pa.Table":
    """Those rows in that order; nothing is copied where they lie one after the other."""
    import numpy as np
    import pyarrow as pa

    if len(rows) and int(rows[-1]) - int(rows[0]) + 1 == len(rows) and bool((np.diff(rows) == 1).all()):
        return table.slice(int(rows[0]), len(rows))
    return table.take(pa.array(rows))


def clear_others(state: Path, used: set[Path]) -> None:
    """Take away the folders of settings that are not in use any more."""
    for folder in state.glob("*/*"):
        if folder.is_dir() and folder not in used:
            shutil.rmtree(folder, ignore_errors=True)


def _write(block: "pa.Table", path: Path, compression: str | None = None, rows: int | None = None) -> None:
    import pyarrow as pa

    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, block.schema, options=options) as writer:
        writer.write_table(block.combine_chunks(), max_chunksize=rows)


def _no_texts(rows: int) -> "pa.Table":
    import pyarrow as pa

    return pa.table({TEXT: pa.nulls(rows)})


def _numbers(path: Path) -> "pa.Table":
    """All but the texts, as they lie in the file: nothing is read before it is looked at."""
    state = path.stat()
    return _mapped(path, state.st_ino, state.st_mtime_ns)


@lru_cache(256)
def _mapped(path: Path, inode: int, changed_ns: int) -> "pa.Table":
    import pyarrow as pa

    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all()


def _text_of(path: Path) -> Path:
    return path.with_suffix(".text")


def _if_small(path: Path) -> list[Path]:
    return [path] if _text_of(path).stat().st_size < SMALL_BYTES else []


def _crc(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            value = zlib.crc32(chunk, value)
    return value
