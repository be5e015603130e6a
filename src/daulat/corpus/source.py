"""From where the text is to a snapshot of it: packages, folders, objects and tables, each by a file of its own.

```
survey: what is there now ──content──> fetch: exactly that ──> files/, snapshot.json
```
"""

import json
import sqlite3
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from daulat.corpus import archive, folder, npm, objects, rows
from daulat.corpus.apt import Deb, SourceUnavailable, package
from daulat.corpus.taking import Shelf, Taking
from daulat.errors import DaulatError
from daulat.records import Digest, Progress, Source, no_progress

__all__ = ["Fetched", "NothingThere", "SourceUnavailable", "clear", "fetch", "survey"]


@dataclass(frozen=True)
class Fetched:
    """Where the snapshot lies, and what the journey keeps of it."""

    folder: Path
    facts: dict[str, str]
    """Of a package `package`, `version` and its digest; of the others how much it was."""


def survey(source: Source, cache: Path, progress: Progress = no_progress) -> Digest | None:
    """The digest of what the source holds at this moment, as cheaply as its kind allows; None for a package.

    A package is what its name and version say; a folder is asked for times and sizes, a bucket for its list, a table
    for its rows, or with `changed_column` for its newest change.
    Raises: DaulatError where it is not there, not to be read, or nothing in it matches.
    """
    with _cache_in_words():
        match source.kind:
            case "folder":
                return folder.content(folder.files(source, cache, progress))
            case "objects":
                return objects.survey(source, cache, progress)
            case "table":
                return rows.survey(source, cache, progress)
            case _:
                return None


def clear(source: Source, cache: Path) -> None:
    """Once its snapshot is on record: take away what a survey read and left in the cache."""
    if source.kind == "table":
        rows.clear(source, cache)


def fetch(
    source: Source, content: Digest | None, into: Path, cache: Path, shelf: Shelf, progress: Progress = no_progress
) -> Fetched:
    """The files of `source.paths` below `into/files`, and `into/snapshot.json`: the same bytes for the same content.

    `content`: what `survey` gave. What the shelf has already is linked from there, not read again.
    Raises: SourceUnavailable where the archive lacks the package; NothingThere where nothing matches; DaulatError where it is no
    longer what was surveyed.
    """
    taking = Taking(source, into / "files")
    taking.folder.mkdir(parents=True, exist_ok=True)
    with _cache_in_words():
        facts, what = _TAKE[source.kind](source, content, cache, taking, shelf, progress)
    if not taking.files:
        raise NothingThere(
            f"`{source.location}` has no file that matches {', '.join(source.paths)}",
            f"correct `paths` of source `{source.name}`",
        )
    snapshot = {"kind": source.kind, **what, "files": taking.files, "bytes": taking.size_bytes}
    text = json.dumps(snapshot, sort_keys=True, separators=(",", ":"))
    (into / "snapshot.json").write_text(text + "\n", encoding="utf-8")
    progress(1.0, f"{taking.files} files, {taking.size_bytes / 1e6:.1f} MB")
    return Fetched(into, facts)


class NothingThere(DaulatError):
    """A source of which no file is left: what was read of it before is to be forgotten."""


Facts = dict[str, str]
"""What the journey keeps; and, of that, what the snapshot itself says."""


def _debian(
    source: Source, content: Digest | None, cache: Path, taking: Taking, shelf: Shelf, progress: Progress
) -> tuple[Facts, Facts]:
    deb = package(source.location, cache, lambda share, words: progress(share * 0.8, words))
    progress(0.8, f"unpacking {source.location}")
    archive.unpack(partial(_members, deb), taking)
    facts = {"package": deb.package, "version": deb.version, "sha256": deb.sha256}
    return facts, facts


def _npm(
    source: Source, content: Digest | None, cache: Path, taking: Taking, shelf: Shelf, progress: Progress
) -> tuple[Facts, Facts]:
    tarball = npm.package(source.location, cache, progress)
    archive.unpack(partial(npm.members, tarball.path), taking, strip=1)
    facts = {"package": tarball.package, "version": tarball.version, "integrity": tarball.integrity}
    return {**facts, "declared_licence": tarball.declared_licence or "none"}, facts


def _folder(
    source: Source, content: Digest | None, cache: Path, taking: Taking, shelf: Shelf, progress: Progress
) -> tuple[Facts, Facts]:
    found = folder.files(source, cache)
    if folder.content(found) != content:
        raise DaulatError(
            f"the folder `{source.location}` changed while it was read", "run it again when it is at rest"
        )
    folder.take(source, found, taking, shelf)
    return _counted(taking), {}


def _objects(
    source: Source, content: Digest | None, cache: Path, taking: Taking, shelf: Shelf, progress: Progress
) -> tuple[Facts, Facts]:
    assert content is not None
    objects.take(source, content, cache, taking, shelf, progress)
    return {**_counted(taking), "listing": content}, {"listing": content}


def _table(
    source: Source, content: Digest | None, cache: Path, taking: Taking, shelf: Shelf, progress: Progress
) -> tuple[Facts, Facts]:
    assert content is not None
    count = str(rows.take(source, content, cache, taking, progress))
    return {**_counted(taking), "rows": count, "content": content}, {"rows": count, "content": content}


def _counted(taking: Taking) -> Facts:
    return {"files": str(taking.files), "bytes": str(taking.size_bytes)}


_TAKE = {"debian": _debian, "npm": _npm, "folder": _folder, "objects": _objects, "table": _table}


@contextmanager
def _cache_in_words() -> Iterator[None]:
    """What SQLite says of a cache, as a sentence.

    Raises: DaulatError.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise DaulatError(
            f"the cache cannot be read or written: {error}", "free some space, or delete `cache/`, and run again"
        ) from error


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
