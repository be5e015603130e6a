"""The store: every artefact under the digest of its content, written once, never half.

```
store/sha256/ab/cdef...    62 hex digits; mode 0444
store/partial/             being written; of no meaning, and may be deleted when nothing runs
```
"""

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daulat.errors import DaulatError, NotVerified
from daulat.journey import canonical, durable, tree

_RESTORE = "restore it from a copy, or run the step again that made it"


class Store:
    """Artefacts by digest. A digest it has is whole: content is moved to its name only once it is on the disk."""

    def __init__(self, folder: Path) -> None:
        """Opened without reading; made on the first `put`."""
        self.folder = folder

    def path(self, digest: str) -> Path:
        """Where that content lies, or would lie."""
        assert canonical.is_digest(digest), digest
        name = digest.removeprefix("sha256:")
        return self.folder / "sha256" / name[:2] / name[2:]

    def has(self, digest: str) -> bool:
        """Whether all of it is here: for a tree, every file that its manifest names."""
        path = self.path(digest)
        if not path.is_file():
            return False
        return not tree.is_manifest(path) or all(self.path(found).is_file() for found, _ in tree.read(path).values())

    def put_file(self, path: Path, *, move: bool = True) -> str:
        """The digest of that file, now in the store; with `move` the file itself becomes the store's, if it can.

        Raises: DaulatError for a link or a device, and where the disk is full.
        """
        if not stat.S_ISREG(path.lstat().st_mode):
            raise DaulatError(
                f"`{path}` is not a plain file", "links and devices are not artefacts: put the file itself"
            )
        digest = canonical.digest_file(path)
        target = self.path(digest)
        if not target.exists():
            with _room(self.folder, path.stat().st_size):
                self._take(path, target, digest, move)
        if move:
            path.unlink(missing_ok=True)
        return digest

    def put_tree(self, folder: Path, *, move: bool = True) -> str:
        """The digest of that folder's manifest, with every file in the store. Folders without files leave no trace.

        Raises: DaulatError for a link, a device, an odd name, a folder with no file in it, a full disk.
        """
        files: tree.Files = {}
        for path in _files(folder):
            name = path.relative_to(folder).as_posix()
            size = path.stat().st_size
            files[name] = (self.put_file(path, move=move), size)
        if not files:
            raise DaulatError(f"`{folder}` holds no file", "an artefact needs at least one")
        return self.put_bytes(tree.manifest(files))

    def put_bytes(self, content: bytes) -> str:
        """The digest of these bytes, now in the store."""
        digest = canonical.digest(content)
        target = self.path(digest)
        if not target.exists():
            with _room(self.folder, len(content)), self._partial() as partial:
                durable.write(partial, content)
                self._name(partial, target)
        return digest

    def read_tree(self, digest: str) -> dict[str, str]:
        """Relative path -> digest of every file in a tree.

        Raises: DaulatError where it is not here or not a tree.
        """
        return {name: found for name, (found, _) in self._tree(digest).items()}

    def size(self, digest: str) -> int:
        """Bytes of a file, or of all files in a tree."""
        path = self._here(digest)
        return sum(size for _, size in self._tree(digest).values()) if tree.is_manifest(path) else path.stat().st_size

    def materialise(self, digest: str, to: Path) -> Path:
        """A tree as a folder, or a file as a file, at `to`, which must not be there or be an empty folder.

        Files are hard links to the store, so they are read-only: copy one before changing it. Another disk gets copies.
        """
        source = self._here(digest)
        if to.exists() and (not to.is_dir() or any(to.iterdir())):
            raise DaulatError(f"`{to}` is there already", "name a folder that is empty or not there")
        if not tree.is_manifest(source):
            to.parent.mkdir(parents=True, exist_ok=True)
            return _link(source, to)
        for name, (found, _) in self._tree(digest).items():
            target = to / name
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(self._here(found), target)
        return to

    def _here(self, digest: str) -> Path:
        path = self.path(digest)
        if not path.is_file():
            raise DaulatError(f"`{digest}` is not in the store", _RESTORE)
        return path

    def _tree(self, digest: str) -> tree.Files:
        path = self._here(digest)
        if not tree.is_manifest(path):
            raise DaulatError(f"`{digest}` is a file, not a tree", "ask for its path instead")
        return tree.read(path)

    def _take(self, path: Path, target: Path, digest: str, move: bool) -> None:
        # A second hard link could still write to what the store keeps: such a file is copied.
        if move and path.stat().st_nlink == 1:
            try:
                _flush(path)
                return self._name(path, target)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
        with self._partial() as partial:
            shutil.copyfile(path, partial)
            if canonical.digest_file(partial) != digest:
                raise NotVerified(f"`{path}` changed while it was stored", "run it again when nothing writes to it")
            _flush(partial)
            self._name(partial, target)
        return None

    def _name(self, path: Path, target: Path) -> None:
        durable.make_folder(target.parent)
        path.chmod(0o444)
        path.replace(target)
        durable.flush_folder(target.parent)

    @contextmanager
    def _partial(self) -> Iterator[Path]:
        folder = self.folder / "partial"
        durable.make_folder(folder)
        handle, name = tempfile.mkstemp(dir=folder)
        os.close(handle)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)


@contextmanager
def _room(folder: Path, needed: int) -> Iterator[None]:
    """A full disk becomes a sentence that says how much is needed and how much there is."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        free = shutil.disk_usage(folder.parent).free
        raise DaulatError(
            f"the disk is full: the store needs {needed} bytes and {free} are free", "free some space and run it again"
        ) from error


def _files(folder: Path) -> list[Path]:
    """Every file below, sorted by path, or a refusal."""
    found: list[Path] = []
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        name = path.relative_to(folder).as_posix()
        if stat.S_ISDIR(mode):
            continue
        if not stat.S_ISREG(mode):
            raise DaulatError(f"`{name}` is a link or a device", "a tree holds plain files only: put the file itself")
        if not tree.is_plain(name):
            raise DaulatError(f"{name!r} is no name for a file in a tree", "use printable letters, and no backslash")
        found.append(path)
    return found


def _link(source: Path, to: Path) -> Path:
    if to.is_dir():
        to.rmdir()
    try:
        to.hardlink_to(source)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        shutil.copyfile(source, to)
    return to


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
