"""Files that survive a power cut, and reads that a hostile file cannot make large."""

import os
import stat
from pathlib import Path

from daulat.errors import NotVerified


def read(path: Path, limit: int) -> bytes:
    """The whole content of a plain file of at most `limit` bytes; links are not followed.

    Raises: NotVerified for a link, a folder, a device or a larger file; FileNotFoundError.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(path) from None
    except OSError as error:
        raise NotVerified(
            f"`{path.name}` cannot be read: {error.strerror}", "check what it is, and its rights"
        ) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotVerified(f"`{path.name}` is not a plain file", "restore it from a copy")
    with os.fdopen(handle, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise NotVerified(f"`{path.name}` is larger than {limit} bytes", "it was changed: restore it from a copy")
    return data


def write(path: Path, content: bytes) -> None:
    """The content is on the disk; its name is only after `flush_folder(path.parent)`."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o644), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, content: bytes) -> None:
    """The file has the old content or the new, never a part, and the new one once this returns."""
    partial = path.with_name(f".{path.name}.partial")
    write(partial, content)
    partial.replace(path)
    flush_folder(path.parent)


def make_folder(path: Path) -> None:
    """The folder is there, and stays there."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        flush_folder(path.parent)


def flush_folder(path: Path) -> None:
    """The names in this folder are on the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
