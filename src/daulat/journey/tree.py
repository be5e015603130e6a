"""A folder as one artefact: a manifest in canonical JSON, whose own digest names the tree."""

from pathlib import Path, PurePosixPath
from typing import Any

from daulat.errors import NotVerified
from daulat.journey import canonical, durable

FORMAT = "tree/v1"
MAX_MANIFEST_BYTES = 64 * 1024 * 1024
_HEAD = b'{"daulat":"tree/v1","files":{'
Files = dict[str, tuple[str, int]]
"""Relative path -> (digest, bytes)."""


def manifest(files: Files) -> bytes:
    """The manifest of these files; the same files give the same bytes."""
    listed = {path: {"sha256": found.removeprefix("sha256:"), "bytes": size} for path, (found, size) in files.items()}
    return canonical.canonical({"daulat": FORMAT, "files": listed})


def is_manifest(path: Path) -> bool:
    """Whether that file is a tree's manifest, told by its first bytes."""
    with path.open("rb") as file:
        return file.read(len(_HEAD)) == _HEAD


def read(path: Path) -> Files:
    """The files of the tree whose manifest is that file.

    Raises: NotVerified where it is not canonical, or where a path would leave the folder.
    """
    found: Any = canonical.parse(durable.read(path, MAX_MANIFEST_BYTES))
    files: Files = {}
    for name, entry in (
        found["files"].items() if isinstance(found, dict) and isinstance(found.get("files"), dict) else ()
    ):
        match entry:
            case {"sha256": str(hexadecimal), "bytes": size} if canonical.is_digest(f"sha256:{hexadecimal}"):
                if type(size) is int and size >= 0:
                    files[name] = (f"sha256:{hexadecimal}", size)
    if not files or manifest(files) != canonical.canonical(found) or not all(map(is_plain, files)):
        raise NotVerified(f"`{path.name}` is not the manifest of a tree", "it was changed: restore it from a copy")
    return files


def is_plain(name: str) -> bool:
    """Whether a relative path stays in its folder and reads the same everywhere."""
    parts = name.split("/")
    plain = all(part not in ("", ".", "..") for part in parts) and not PurePosixPath(name).is_absolute()
    return plain and name.isprintable() and "\\" not in name and len(name.encode("utf-8", "replace")) <= 1024
