"""Packed bytes become bytes: gzip and Zstandard, whole or as a stream, and never more than was asked for."""

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from daulat.corpus.extract.reading import Unreadable

BLOCK_BYTES = 8 << 20
"""Of a stream, at a time."""
_READ_BYTES = 256 << 10
"""At a time; so much may be lost before a place where the packing breaks."""
MAX_RATIO = 200
"""Unpacked to packed bytes; more is a bomb. Ours: text packs 3 to 12 times, a table of one repeated line 100 times."""


def packing(name: str) -> str:
    """`.gz`, `.zst`, or nothing, by the file's name."""
    lower = name.lower()
    return next((ending for ending in (".gz", ".zst") if lower.endswith(ending)), "")


def unpacked(data: bytes, ending: str, max_bytes: int) -> bytes:
    """All of the unpacked bytes.

    Raises: Unreadable for what is no such packing, is cut off, or unpacks to more than `max_bytes`.
    """
    parts: list[bytes] = []
    size = 0
    with _stream(io.BytesIO(data), ending) as stream:
        for block in _blocks(stream):
            parts.append(block)
            size += len(block)
            if size > max_bytes:
                raise Unreadable("unpacks to too much")
    return b"".join(parts)


def blocks(path: Path, ending: str, max_bytes: int) -> Iterator[bytes]:
    """The unpacked file, some megabytes at a time; memory stays flat.

    Raises: Unreadable where the packing breaks off, and beyond `max_bytes` where it unpacks to too much for its size.
    """
    packed = path.stat().st_size
    size = 0
    with path.open("rb") as file, _stream(file, ending) as stream:
        for block in _blocks(stream):
            size += len(block)
            if ending and size > max_bytes and size > MAX_RATIO * packed:
                raise Unreadable("unpacks to too much")
            yield block


def _stream(file: IO[bytes], ending: str) -> IO[bytes]:
    if ending == ".gz":
        return cast(IO[bytes], gzip.GzipFile(fileobj=file))
    if ending == ".zst":
        import pyarrow as pa

        return cast(IO[bytes], pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd"))
    return file


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    """The stream's bytes; where it breaks off, first all that came before."""
    parts, size, broken, ended = list[bytes](), 0, False, False
    while not ended:
        try:
            part = stream.read(_READ_BYTES)
        except (OSError, EOFError, zlib.error):
            part, broken = b"", True
        ended = not part
        parts.append(part)
        size += len(part)
        if size >= BLOCK_BYTES or (ended and size):
            yield b"".join(parts)
            parts, size = [], 0
    if broken:
        raise Unreadable("broken or not what its name says")
