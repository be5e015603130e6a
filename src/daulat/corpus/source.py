"""From where the text is to a snapshot of it: the matching files of a Debian package or a folder, and their digest."""

import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from daulat.corpus.apt import Deb, SourceUnavailable, package
from daulat.errors import DaulatError
from daulat.records import Progress, Source, no_progress

__all__ = ["Fetched", "SourceUnavailable", "fetch"]

MAX_FILE_BYTES = 512_000_000
"""A larger file is refused before anything is unpacked. Ours."""
MAX_TOTAL_BYTES = 8_000_000_000
"""All matching files of one source. Ours: a folder beyond this belongs into several sources."""
MAX_FILES = 500_000
"""Ours, as above."""


@dataclass(frozen=True)
class Fetched:
    """Where the snapshot lies, and what the journey keeps of it."""

    folder: Path
    facts: dict[str, str]
    """`package`, `version`, `sha256` for a package; `files`, `bytes` for a folder."""


def fetch(source: Source, into: Path, cache: Path, progress: Progress = no_progress) -> Fetched:
    """The files of `source.paths` below `into/files`, and `into/snapshot.json`: the same bytes for the same package.

    Raises: SourceUnavailable where the archive lacks the package; DaulatError where nothing matches, or nothing is
    there.
    """
    taking = _Taking(source, into / "files")
    if source.kind == "debian":
        deb = package(source.location, cache, lambda share, words: progress(share * 0.8, words))
        progress(0.8, f"unpacking {source.location}")
        _unpack(deb, taking)
        facts = {"package": deb.package, "version": deb.version, "sha256": deb.sha256}
        what = {"kind": "debian", **facts}
    else:
        _copy(Path(source.location), taking)
        facts = {"files": str(taking.files), "bytes": str(taking.size_bytes)}
        what = {"kind": "folder"}
    if not taking.files:
        raise DaulatError(
            f"`{source.location}` has no file that matches {', '.join(source.paths)}",
            f"correct `paths` of source `{source.name}`",
        )
    snapshot = {**what, "files": taking.files, "bytes": taking.size_bytes}
    text = json.dumps(snapshot, sort_keys=True, separators=(",", ":"))
    (into / "snapshot.json").write_text(text + "\n", encoding="utf-8")
    progress(1.0, f"{taking.files} files, {taking.size_bytes / 1e6:.1f} MB")
    return Fetched(into, facts)


@dataclass
class _Taking:
    """The files taken so far, within their limits. INVARIANT: nothing is written outside `folder`."""

    source: Source
    folder: Path
    files: int = 0
    size_bytes: int = 0
    wanted: Callable[[str], bool] = field(init=False)

    def __post_init__(self) -> None:
        self.wanted = matcher(self.source.paths)

    def take(self, path: str, size: int, content: IO[bytes]) -> None:
        """Write one file; its path has been checked by `inside`."""
        self.files += 1
        self.size_bytes += size
        if size > MAX_FILE_BYTES or self.size_bytes > MAX_TOTAL_BYTES or self.files > MAX_FILES:
            limits = f"{MAX_FILES} files, {MAX_FILE_BYTES / 1e6:.0f} MB each, {MAX_TOTAL_BYTES / 1e9:.0f} GB together"
            raise DaulatError(
                f"source `{self.source.name}` is beyond {limits} (at `{path}`)", "narrow its `paths`, or split it"
            )
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            shutil.copyfileobj(content, file, 1 << 20)


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


def _unpack(deb: Deb, taking: _Taking) -> None:
    """Write the matching regular files; a hard link to a file that does not match is read in a second pass."""
    links: dict[str, list[str]] = {}
    with _members(deb) as archive:
        for member in archive:
            path = inside(member.name)
            if path is None or not taking.wanted(path):
                continue
            if member.isreg():
                _take_member(archive, member, path, taking)
            elif member.islnk() and (target := inside(member.linkname)):
                links.setdefault(target, []).append(path)
    if not links:
        return
    with _members(deb) as archive:
        for member in archive:
            for path in links.get(inside(member.name) or "", []) if member.isreg() else []:
                _take_member(archive, member, path, taking)
                break  # a stream gives a member's bytes once: the other links are copied from the first
    for paths in links.values():
        for path in paths[1:]:
            first = taking.folder / paths[0]
            if first.is_file():
                with first.open("rb") as content:
                    taking.take(path, first.stat().st_size, content)


def _take_member(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str, taking: _Taking) -> None:
    content = archive.extractfile(member)
    assert content is not None
    taking.take(path, member.size, content)


@contextmanager
def _members(deb: Deb) -> Iterator[tarfile.TarFile]:
    """The package's files as a stream; nothing but what is taken touches the disk."""
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", str(deb.path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as unpacker:
        assert unpacker.stdout is not None
        try:
            with tarfile.open(fileobj=unpacker.stdout, mode="r|") as archive:
                yield archive
        except tarfile.TarError as error:
            raise DaulatError(
                f"the package `{deb.path.name}` cannot be unpacked: {error}", "delete it and run again"
            ) from error
        finally:
            for _ in iter(partial(unpacker.stdout.read, 1 << 20), b""):
                pass


def is_hidden(path: Path) -> bool:
    """Whether it lies in or is something like `.git` or `.DS_Store`, which nobody meant as text."""
    return any(part.startswith(".") for part in path.parts)


def _copy(folder: Path, taking: _Taking) -> None:
    if not folder.is_dir():
        raise DaulatError(f"the folder `{folder}` does not exist", "correct `location` of that [[source]]")
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not is_hidden(path.relative_to(folder)) and not path.is_symlink() and taking.wanted(name):
            with path.open("rb") as content:
                taking.take(name, path.stat().st_size, content)
