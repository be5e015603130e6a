"""A folder that did not change is not read again; one that did is, however small and quick the change."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from corpus_samples import source

from daulat.corpus import folder
from daulat.corpus.source import fetch, survey
from daulat.errors import DaulatError
from daulat.journey.store import Store
from daulat.records import Source

opens: list[str] = []
watching = [False]


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if watching[0] and event == "open":
        opens.append(str(arguments[0]))


sys.addaudithook(_hook)


def read(what: Callable[[], object], below: Path) -> list[str]:
    """The files below that folder which the interpreter opened meanwhile."""
    opens.clear()
    watching[0] = True
    try:
        what()
    finally:
        watching[0] = False
    return sorted({Path(path).name for path in opens if path.startswith(str(below))})


@pytest.fixture
def text(tmp_path: Path) -> Source:
    for name in ("a.txt", "sub/b.txt", "c.pdf", ".git/d.txt"):
        path = tmp_path / "text" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return source(location=str(tmp_path / "text"), paths=("**/*.txt",))


def settled(tmp_path: Path, one: Source) -> str | None:
    """The survey of a folder whose last change is long enough ago to show."""
    time.sleep(folder.RACY_NS / 1e9 + 0.1)
    return survey(one, tmp_path / "cache")


def test_an_unchanged_folder_is_not_read_again(tmp_path: Path, text: Source) -> None:
    first = settled(tmp_path, text)
    second: list[str | None] = []
    assert read(lambda: second.append(survey(text, tmp_path / "cache")), tmp_path / "text") == []
    assert second == [first]


def test_only_the_file_that_changed_is_read(tmp_path: Path, text: Source) -> None:
    first = settled(tmp_path, text)
    (tmp_path / "text" / "a.txt").write_text("A.TXT")
    now: list[str | None] = []
    assert read(lambda: now.append(survey(text, tmp_path / "cache")), tmp_path / "text") == ["a.txt"]
    assert now != [first]


def test_what_is_not_wanted_makes_no_new_snapshot(tmp_path: Path, text: Source) -> None:
    first = survey(text, tmp_path / "cache")
    (tmp_path / "text" / "c.pdf").write_text("changed")
    (tmp_path / "text" / ".git" / "d.txt").write_text("changed")
    assert survey(text, tmp_path / "cache") == first


def test_an_edit_of_the_same_size_within_one_tick_of_the_clock_is_seen(tmp_path: Path, text: Source) -> None:
    path = tmp_path / "text" / "a.txt"
    first = survey(text, tmp_path / "cache")
    before = path.stat()
    path.write_text("b.txt")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert survey(text, tmp_path / "cache") != first, "a fresh entry is read again"
    settled(tmp_path, text)
    before = path.stat()
    path.write_text("c.txt")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    third = survey(text, tmp_path / "cache")
    path.write_text("b.txt")
    assert survey(text, tmp_path / "cache") != third, "the time of a file's last change cannot be set back"


def test_a_file_that_is_another_file_is_read(tmp_path: Path, text: Source) -> None:
    path = tmp_path / "text" / "a.txt"
    first = settled(tmp_path, text)
    other = tmp_path / "other"
    other.write_text("z.txt")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)
    assert survey(text, tmp_path / "cache") != first


def test_a_broken_cache_is_begun_anew(tmp_path: Path, text: Source) -> None:
    first = settled(tmp_path, text)
    (cache,) = (tmp_path / "cache" / "folders").glob("*.sqlite")
    cache.write_bytes(b"no database" * 100)
    assert survey(text, tmp_path / "cache") == first


def test_of_a_changed_folder_what_the_store_has_is_not_read_from_the_folder(tmp_path: Path, text: Source) -> None:
    store, cache = Store(tmp_path / "store"), tmp_path / "cache"

    def take(name: str) -> Path:
        (tmp_path / f"into-{name}").mkdir()
        fetch(text, survey(text, cache), tmp_path / f"into-{name}", cache, store)
        return store.materialise(store.put_tree(tmp_path / f"into-{name}"), tmp_path / name)

    settled(tmp_path, text)
    take("one")
    (tmp_path / "text" / "a.txt").write_text("baru")
    found: list[Path] = []
    assert read(lambda: found.append(take("two")), tmp_path / "text") == ["a.txt"]
    assert (found[0] / "files" / "sub" / "b.txt").read_text() == "sub/b.txt"
    (tmp_path / "text" / "sub" / "b.txt").write_text("written to later")
    assert (found[0] / "files" / "sub" / "b.txt").read_text() == "sub/b.txt", "the store is not the user's own file"


def test_a_folder_that_changes_between_survey_and_fetch_is_not_taken_for_what_it_was(
    tmp_path: Path, text: Source
) -> None:
    content = survey(text, tmp_path / "cache")
    (tmp_path / "text" / "a.txt").write_text("baru")
    (tmp_path / "into").mkdir()
    with pytest.raises(DaulatError, match="changed while it was read"):
        fetch(text, content, tmp_path / "into", tmp_path / "cache", Store(tmp_path / "store"))
