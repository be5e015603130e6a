"""Which code this is: what a room makes depends on it."""

import hashlib
import sys
from functools import cache
from pathlib import Path

import daulat
from daulat.records import Digest


@cache
def code_digest(room: str) -> Digest:
    """Digest of every file of one room, its tables of data too: what a step's code version is."""
    folder = Path(daulat.__file__).parent / room
    parts = hashlib.sha256(f"python {sys.version_info.major}.{sys.version_info.minor}".encode())
    files = (file for file in folder.rglob("*") if file.is_file() and file.suffix not in (".pyc", ".nbi", ".nbc"))
    for file in sorted(files):
        parts.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return f"sha256:{parts.hexdigest()}"
