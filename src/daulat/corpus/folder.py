"""A folder's matching files and their digests: what did not change since it was last read is not read again.

The operating system says of each file its size, its times, and which file it is. Where all of that is as it was, its bytes
are too, with one exception: a file changed right after it was read may bear the same time, for clocks tick. So a digest is
trusted only if the file's times were well past when its reading began; the others are read again, as git does with what
it calls racy. Source: git's racy-git.txt.
"""

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from daulat.corpus.taking import Shelf, Taking, link, matcher
from daulat.corpus.taking import copy as copy_bytes
from daulat.errors import DaulatError
from daulat.records import Digest, Progress, Source, no_progress

RACY_NS = 2_000_000_000
"""The coarsest clock of a file system in use: FAT counts in two seconds. Ours, from that."""

_TOGETHER = 1000
"""Digests in one write of the cache: a killed reading begins again behind the last of them."""

_SCHEMA = """create table if not exists file (
    path blob primary key, size integer, mtime_ns integer, ctime_ns integer, inode integer, digest text
) without rowid"""

Files = dict[str, tuple[Digest, int]]
"""Path -> digest and bytes, in the order of the paths' bytes."""


def files(source: Source, cache: Path, progress: Progress = no_progress) -> Files:
    """Every matching file; one that is as it was when it was last read is not opened.

    Raises: DaulatError where the folder is missing or nothing in it matches.
    """
    folder = Path(source.location)
    if not folder.is_dir():
        raise DaulatError(f"the folder `{folder}` does not exist", "correct `location` of that [[source]]")
    wanted = matcher(source.paths)
    found = sorted((one for one in _walk(folder) if wanted(one[0])), key=lambda one: os.fsencode(one[0]))
    odd = next((name for name, _ in found if not name.isprintable() or "\\" in name), None)
    if odd is not None:
        raise DaulatError(
            f"source `{source.name}` has a file whose name cannot be kept: {odd!r}",
            "rename it: UTF-8, without line ends and backslashes",
        )
    with closing(_opened(cache, folder)) as known:
        before = {bytes(row[0]): row[1:] for row in known.execute("select * from file")}
        digests = _digests(folder, found, before, known, progress)
        gone = before.keys() - {os.fsencode(name) for name, _ in found}
        known.executemany("delete from file where path = ?", [(path,) for path in gone])
        known.commit()
    return {name: (digest, there.st_size) for (name, there), digest in zip(found, digests, strict=True)}


def content(found: Files) -> Digest:
    """One digest for every path and its bytes: a changed folder is another snapshot."""
    whole = hashlib.sha256()
    for name, (digest, _) in found.items():
        whole.update(os.fsencode(name) + b"\0" + digest.encode() + b"\n")
    return f"sha256:{whole.hexdigest()}"


def take(source: Source, found: Files, taking: Taking, shelf: Shelf) -> None:
    """The files that were found: from the shelf where it has them, else copied from the folder.

    Raises: DaulatError where one is no longer what it was.
    """
    for name, (digest, size) in found.items():
        target = taking.place(name, size)
        if link(shelf, digest, target):
            continue
        try:
            with (Path(source.location) / name).open("rb") as mine, target.open("wb") as ours:
                same = copy_bytes(mine, ours) == digest
        except FileNotFoundError:
            same = False
        if not same:
            raise DaulatError(
                f"the folder `{source.location}` changed while it was read (at `{name}`)",
                "run it again when nothing writes to it",
            )


def _walk(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Every plain file below, by its path; hidden ones, links and devices are not text."""
    open_folders = [""]
    while open_folders:
        here = open_folders.pop()
        with os.scandir(folder / here) as entries:
            for entry in entries:
                name = f"{here}{entry.name}"
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    open_folders.append(f"{name}/")
                elif entry.is_file(follow_symlinks=False):
                    yield name, entry.stat(follow_symlinks=False)


def _digests(
    folder: Path,
    found: list[tuple[str, os.stat_result]],
    before: dict[bytes, tuple[int | str, ...]],
    known: sqlite3.Connection,
    progress: Progress,
) -> list[Digest]:
    digests: list[Digest] = []
    read = 0
    for number, (name, there) in enumerate(found):
        kept = before.get(os.fsencode(name))
        if kept is not None and kept[:4] == _stamp(there):
            digests.append(str(kept[4]))
            continue
        digest, trusted = _read(folder / name)
        digests.append(digest)
        if trusted is not None:
            row = (os.fsencode(name), *trusted, digest)
            known.execute("insert or replace into file values (?, ?, ?, ?, ?, ?)", row)
        read += 1
        if read % _TOGETHER == 0:
            known.commit()
            progress(number / len(found), f"reading {folder.name}")
    return digests


def _read(path: Path) -> tuple[Digest, tuple[int, ...] | None]:
    """The file's digest; and its stamp, unless it changed so recently that another change might not show in it."""
    began = time.time_ns()
    with path.open("rb") as file:
        stamp = _stamp(os.fstat(file.fileno()))
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        same = stamp == _stamp(os.fstat(file.fileno()))
    settled = max(stamp[1], stamp[2]) + RACY_NS < began
    return f"sha256:{digest}", stamp if same and settled else None


def _stamp(there: os.stat_result) -> tuple[int, int, int, int]:
    return there.st_size, there.st_mtime_ns, there.st_ctime_ns, there.st_ino


def _opened(cache: Path, folder: Path) -> sqlite3.Connection:
    """What is known of that folder; a broken cache is begun anew."""
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    path = cache / "folders" / f"{name}.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(2):
        known = sqlite3.connect(path, timeout=60)
        try:
            known.execute(_SCHEMA)
        except sqlite3.DatabaseError:
            known.close()
            path.unlink()
        else:
            return known
    raise DaulatError(f"the cache `{path.name}` cannot be written", "delete `cache/folders` and run again")
