"""The files that a source's globs name, written below one folder and within limits; what is kept already is not read."""

import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from daulat.errors import DaulatError
from daulat.records import Digest, Source

MAX_FILE_BYTES = 512_000_000
"""A larger file is refused before anything is unpacked. Ours."""
MAX_TOTAL_BYTES = 8_000_000_000
"""All matching files of one source. Ours: a folder beyond this belongs into several sources."""
MAX_FILES = 500_000
"""Ours, as above."""


class Shelf(Protocol):
    """Content by its digest, never half there: the project's store, as far as a source needs it."""

    def path(self, digest: Digest, /) -> Path:
        """Where content of that digest lies, or would lie."""

    def put_file(self, path: Path, /) -> Digest:
        """The digest of that file, which becomes the shelf's own."""


@dataclass
class Taking:
    """The files taken so far, within their limits. INVARIANT: nothing is written outside `folder`."""

    source: Source
    folder: Path
    files: int = 0
    size_bytes: int = 0
    wanted: Callable[[str], bool] = field(init=False)

    def __post_init__(self) -> None:
        self.wanted = matcher(self.source.paths)

    def take(self, path: str, size: int, content: IO[bytes]) -> Digest:
        """Write one file and give its digest; its path has been checked by `inside`.

        Raises: DaulatError beyond the limits.
        """
        target = self.place(path, size)
        with target.open("wb") as file:
            return copy(content, file)

    def place(self, path: str, size: int) -> Path:
        """Where a file of that size is to be written, once it is counted.

        Raises: DaulatError beyond the limits.
        """
        self.count(path, size)
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def count(self, path: str, size: int) -> None:
        """One file more.

        Raises: DaulatError beyond the limits.
        """
        self.files += 1
        self.size_bytes += size
        if size > MAX_FILE_BYTES or self.size_bytes > MAX_TOTAL_BYTES or self.files > MAX_FILES:
            limits = f"{MAX_FILES} files, {MAX_FILE_BYTES / 1e6:.0f} MB each, {MAX_TOTAL_BYTES / 1e9:.0f} GB together"
            raise DaulatError(
                f"source `{self.source.name}` is beyond {limits} (at `{path}`)", "narrow its `paths`, or split it"
            )


def copy(content: IO[bytes], to: IO[bytes]) -> Digest:
    """All of it, and its digest."""
    digest = hashlib.sha256()
    for block in iter(lambda: content.read(1 << 20), b""):
        digest.update(block)
        to.write(block)
    return f"sha256:{digest.hexdigest()}"


def link(shelf: Shelf, digest: Digest, target: Path, *, fresh: bool = False) -> bool:
    """Put what the shelf has at `target`, as a read-only hard link; False where the shelf lacks it, or its copy rotted.

    `fresh`: it was put there a moment ago and need not be looked at again.
    A file of the user's own is never linked: who writes to it later would write to the store.
    """
    kept = shelf.path(digest)
    if not fresh and not (kept.is_file() and file_digest(kept) == digest):
        return False
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(kept)
    except OSError:
        shutil.copyfile(kept, target)
    return True


def file_digest(path: Path) -> Digest:
    """The digest of that file's bytes."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def matcher(globs: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a relative path matches one of the globs; `**` is any number of folders, `*` stays within one."""
    one = re.compile("|".join(f"(?:{_pattern(glob.lstrip('/'))})" for glob in globs), re.DOTALL)
    return lambda path: one.fullmatch(path) is not None


def _pattern(glob: str) -> str:
    special = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(special.get(part) or re.escape(part) for part in re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", glob))


def inside(name: str) -> str | None:
    """The archive member's path without `./`; None for one that would leave the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name or not path.parts:
        return None
    return path.as_posix()


def is_hidden(path: Path) -> bool:
    """Whether it lies in or is something like `.git` or `.DS_Store`, which nobody meant as text."""
    return any(part.startswith(".") for part in path.parts)
