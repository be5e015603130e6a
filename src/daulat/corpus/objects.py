"""The objects below a bucket's prefix: listed as a stream, fetched one by one, none that is here already.

```
list ──> listing (key, size, tag) ──digest──> content            what is there now: another listing, another snapshot
              │
              └── known? ──yes──> shelf                          no byte is transferred
                         ──no───> get, if it still has that tag ──> shelf, known
```
Killed at any moment, what reached the shelf is known, and the next run fetches the rest. Credentials come from the
environment alone and are read by the library; no message repeats what a server or the library said, beyond its code.
"""

import hashlib
import json
import os
import re
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from daulat.corpus.bucket import Trouble, get, listed, opened
from daulat.corpus.taking import Shelf, Taking, is_hidden, link, matcher
from daulat.errors import DaulatError
from daulat.records import Digest, Progress, Source, no_progress

if TYPE_CHECKING:
    from obstore.store import ObjectStore

ATTEMPTS = 3
"""Times that one object is begun again after its connection broke midway; requests have retries of their own. Ours."""
AT_ONCE = 16
"""Objects under way at the same time. Ours: a small one is mostly waiting."""
_STALE_S = 3600
"""Age of half an object that nobody goes on with: every silence ends sooner. Ours."""
_TOGETHER = 512
"""Objects handed out before the next ones are looked at: memory stays as it is however many there are."""

_SCHEMA = """
create table if not exists listing (key text primary key, size integer, tag text, version text) without rowid;
create table if not exists known (key text, size integer, tag text, version text, digest text,
    primary key (key, size, tag, version)) without rowid;
"""


class Object(NamedTuple):
    """One object as the listing has it."""

    key: str
    """Relative to the prefix."""
    size: int
    tag: str
    """Its ETag; where the service has none, the time of its last change."""
    version: str


def survey(source: Source, cache: Path, progress: Progress = no_progress) -> Digest:
    """The digest of all that is there and wanted now, by key, size and tag; nothing is transferred but the listing.

    Raises: DaulatError where the bucket is not there, not to be reached or not to be read, or nothing in it matches.
    """
    wanted = matcher(source.paths)
    bounds = Taking(source, Path())
    with closing(_cache(cache, source)) as known:
        known.execute("begin")
        known.execute("delete from listing")
        for found in listed(opened(source), source):
            one = Object(*found)
            if wanted(one.key) and not is_hidden(Path(one.key)):
                bounds.count(one.key, one.size)
                known.execute("insert or replace into listing values (?, ?, ?, ?)", one)
                if bounds.files % 10_000 == 0:
                    progress(0.0, f"listing {source.name}: {bounds.files} objects")
        known.execute("commit")
        if not bounds.size_bytes:
            raise DaulatError(
                f"`{source.location}` has no object with something in it that matches {', '.join(source.paths)}",
                f"correct `location` or `paths` of source `{source.name}`",
            )
        return _content(known)


def take(
    source: Source, content: Digest, cache: Path, taking: Taking, shelf: Shelf, progress: Progress = no_progress
) -> None:
    """The objects of that listing as files, and beside them `objects.jsonl`: key, size, tag, version, digest, path.

    An empty object has a line and no file: consoles leave such marks for folders.
    Raises: DaulatError where the listing is no longer that one, or an object is gone, changed or not to be had; what
    arrived stays, and the next run goes on.
    """
    with closing(_cache(cache, source)) as known, closing(_cache(cache, source)) as listing:
        listing.execute("begin")  # as it is now, whoever lists anew meanwhile
        if _content(listing) != content:
            raise _changed(source, "another process listed it meanwhile")
        _sweep(cache)
        store = opened(source)
        (whole,) = listing.execute("select sum(size) from listing").fetchone()
        with (taking.folder.parent / "objects.jsonl").open("w", encoding="utf-8") as manifest:
            for some in _in_parts(listing):
                places = {one: taking.place(_path(one, listing), one.size) for one in some if one.size}
                digests = _fetch(source, store, places, known, shelf, cache)
                for one in some:
                    path = places[one].relative_to(taking.folder).as_posix() if one in places else None
                    line = {**one._asdict(), "digest": digests.get(one), "path": path}
                    manifest.write(json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n")
                progress(taking.size_bytes / whole, f"fetching {source.name}")
        known.execute("delete from known where not exists (select 1 from listing where listing.key = known.key)")


def _fetch(
    source: Source,
    store: "ObjectStore",
    places: dict[Object, Path],
    known: sqlite3.Connection,
    shelf: Shelf,
    cache: Path,
) -> dict[Object, Digest]:
    """Every object at its place; each one is on record as soon as the shelf has it."""
    digests: dict[Object, Digest] = {}
    missing: list[Object] = []
    for one, target in places.items():
        row = known.execute(
            "select digest from known where key = ? and size = ? and tag = ? and version = ?", one
        ).fetchone()
        if row is not None and link(shelf, row[0], target):
            digests[one] = row[0]
        else:
            missing.append(one)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        under_way = {threads.submit(_one, source, store, one, shelf, cache): one for one in missing}
        try:
            for done in as_completed(under_way):
                one, digest = under_way[done], done.result()
                known.execute("insert or replace into known values (?, ?, ?, ?, ?)", (*one, digest))
                link(shelf, digest, places[one], fresh=True)
                digests[one] = digest
        except BaseException:
            threads.shutdown(cancel_futures=True)
            for done, one in under_way.items():  # those that were finished meanwhile need not come again
                if one not in digests and done.done() and not done.cancelled() and done.exception() is None:
                    known.execute("insert or replace into known values (?, ?, ?, ?, ?)", (*one, done.result()))
            raise
    return digests


def _one(source: Source, store: "ObjectStore", one: Object, shelf: Shelf, cache: Path) -> Digest:
    """One object, whole, on the shelf."""
    handle, name = tempfile.mkstemp(dir=cache / "objects", prefix=".partial-")
    partial = Path(name)
    os.close(handle)
    try:
        for attempt in range(ATTEMPTS):
            try:
                size = get(store, source, one.key, one.tag, partial)
            except Trouble as error:
                if not error.passing or attempt == ATTEMPTS - 1:
                    raise
                time.sleep(0.2 * 2**attempt)
                continue
            if size != one.size:
                raise _changed(source, f"`{one.key}` has {size} bytes, listed were {one.size}")
            return shelf.put_file(partial)
        raise AssertionError("every attempt returns or raises")
    finally:
        partial.unlink(missing_ok=True)


def _sweep(cache: Path) -> None:
    """Take away what killed runs left half done; what another run is writing to is younger."""
    for partial in (cache / "objects").glob(".partial-*"):
        with suppress(FileNotFoundError):
            if time.time() - partial.stat().st_mtime > _STALE_S:
                partial.unlink()


def _changed(source: Source, how: str) -> DaulatError:
    return DaulatError(f"`{source.location}` changed while it was read: {how}", "run it again: what was read is kept")


def _in_parts(listing: sqlite3.Connection) -> Iterator[list[Object]]:
    last = ""
    while True:
        rows = listing.execute("select * from listing where key > ? order by key limit ?", (last, _TOGETHER)).fetchall()
        if not rows:
            return
        yield [Object(*row) for row in rows]
        last = rows[-1][0]


def _content(listing: sqlite3.Connection) -> Digest:
    whole = hashlib.sha256()
    for row in listing.execute("select key, size, tag, version from listing order by key"):
        whole.update(json.dumps(row).encode() + b"\n")
    return f"sha256:{whole.hexdigest()}"


def _path(one: Object, listing: sqlite3.Connection) -> str:
    """The key as a file's path; one that no file system takes is named by its digest, its ending kept for the readers.

    A bucket may have `a` and `a/b`; a folder may not.
    """
    parts = one.key.split("/")
    usual = all(part not in ("", ".", "..") and len(part.encode()) <= 255 for part in parts)
    usual = usual and one.key.isprintable() and "\\" not in one.key and len(one.key.encode()) <= 1000
    for depth in range(1, len(parts)):
        above = listing.execute("select size from listing where key = ?", ("/".join(parts[:depth]),)).fetchone()
        usual = usual and not (above and above[0])
    if usual and parts[0] != "by-digest":
        return one.key
    ending = re.fullmatch(r"(?:\.[A-Za-z0-9]{1,16}){0,2}", "".join(PurePosixPath(one.key).suffixes[-2:]))
    return f"by-digest/{hashlib.sha256(one.key.encode()).hexdigest()}{ending[0] if ending else ''}"


def _cache(cache: Path, source: Source) -> sqlite3.Connection:
    """What was listed last and what is known, one file a bucket's prefix; each write is whole, whatever is killed."""
    name = hashlib.sha256(json.dumps([source.location, source.endpoint]).encode()).hexdigest()[:16]
    path = cache / "objects" / f"{name}.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(2):
        known = sqlite3.connect(path, timeout=60, isolation_level=None)
        try:
            known.executescript(f"pragma journal_mode = wal; pragma synchronous = normal; {_SCHEMA}")
        except sqlite3.OperationalError:
            known.close()
            raise
        except sqlite3.DatabaseError:  # no database: begun anew
            known.close()
            path.unlink()
        else:
            return known
    raise DaulatError(f"the cache `{path.name}` cannot be written", "delete `cache/objects` and run again")
