import errno
import os
import resource
from pathlib import Path

import pytest

from daulat.errors import DaulatError, NotVerified
from daulat.journey import canonical, tree
from daulat.journey.store import Store, _room


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


def test_a_file_lies_under_its_digest_and_cannot_be_written(store, tmp_path) -> None:
    (tmp_path / "a").write_bytes(b"text")
    digest = store.put_file(tmp_path / "a")
    assert digest == canonical.digest(b"text")
    assert store.path(digest).read_bytes() == b"text"
    assert store.path(digest).stat().st_mode & 0o777 == 0o444
    assert store.has(digest)
    assert store.size(digest) == 4
    assert not (tmp_path / "a").exists()


def test_a_file_put_without_moving_stays_and_is_not_the_stores(store, tmp_path) -> None:
    (tmp_path / "a").write_bytes(b"text")
    digest = store.put_file(tmp_path / "a", move=False)
    (tmp_path / "a").write_bytes(b"changed")
    assert store.path(digest).read_bytes() == b"text"


def test_a_file_with_a_second_name_is_copied_so_that_nobody_writes_into_the_store(store, tmp_path) -> None:
    (tmp_path / "a").write_bytes(b"text")
    os.link(tmp_path / "a", tmp_path / "b")
    digest = store.put_file(tmp_path / "a")
    (tmp_path / "b").write_bytes(b"oops")
    assert store.path(digest).read_bytes() == b"text"


def test_a_tree_is_named_by_its_manifest_and_comes_back_whole(store, tmp_path) -> None:
    folder = tmp_path / "tree"
    (folder / "x").mkdir(parents=True)
    (folder / "x" / "ก.txt").write_bytes(b"one")
    (folder / "two").write_bytes(b"2")
    digest = store.put_tree(folder)
    assert store.path(digest).read_bytes().startswith(b'{"daulat":"tree/v1","files":{')
    assert list(store.read_tree(digest)) == ["two", "x/ก.txt"]
    assert store.size(digest) == 4
    out = store.materialise(digest, tmp_path / "out")
    assert (out / "x" / "ก.txt").read_bytes() == b"one"
    assert (out / "two").stat().st_ino == store.path(store.read_tree(digest)["two"]).stat().st_ino
    assert Store(tmp_path / "other").put_tree(out) == digest
    assert store.path(store.read_tree(digest)["two"]).read_bytes() == b"2"


def test_a_tree_that_lacks_a_file_is_not_had(store, tmp_path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a").write_bytes(b"one")
    digest = store.put_tree(tmp_path / "tree")
    assert store.has(digest)
    store.path(canonical.digest(b"one")).unlink()
    assert not store.has(digest)
    with pytest.raises(DaulatError, match="not in the store"):
        store.materialise(digest, tmp_path / "out")


def test_links_devices_odd_names_and_empty_folders_are_refused(store, tmp_path) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    with pytest.raises(DaulatError, match="holds no file"):
        store.put_tree(folder)
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(DaulatError, match="link or a device"):
        store.put_tree(folder)
    with pytest.raises(DaulatError, match="not a plain file"):
        store.put_file(folder / "link")
    (folder / "link").unlink()
    (folder / "bad\nname").write_bytes(b"")
    with pytest.raises(DaulatError, match="no name for a file"):
        store.put_tree(folder)


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "a//b", "", ".", "a\\b", "a\x00b"])
def test_a_manifest_whose_path_would_leave_the_folder_is_refused(store, tmp_path, name: str) -> None:
    digest = store.put_bytes(tree.manifest({name: (canonical.digest(b"x"), 1)}))
    with pytest.raises(NotVerified, match="not the manifest"):
        store.materialise(digest, tmp_path / "out")


def test_nothing_is_put_over_what_is_there(store, tmp_path) -> None:
    digest = store.put_bytes(b"x")
    (tmp_path / "out").write_bytes(b"mine")
    with pytest.raises(DaulatError, match="there already"):
        store.materialise(digest, tmp_path / "out")
    assert store.materialise(digest, tmp_path / "new" / "file").read_bytes() == b"x"


def test_a_write_that_the_disk_refuses_leaves_no_half_file(store, tmp_path) -> None:
    full = tmp_path / "store" / "partial"
    full.mkdir(parents=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # the kernel refuses what is larger, as a full disk does
    try:
        with pytest.raises(OSError, match="too large") as refused:
            store.put_bytes(b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert refused.value.errno == errno.EFBIG
    assert list(full.iterdir()) == []
    assert not store.has(canonical.digest(b"x" * 5000))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_no_space_becomes_a_sentence_with_both_numbers(store) -> None:
    says = pytest.raises(DaulatError, match=r"needs 77 bytes and \d+ are free")
    with Path("/dev/full").open("wb", buffering=0) as full, says, _room(store.folder, 77):
        full.write(b"x")
