"""The matching regular files of a tar archive, read as a stream: nothing but what is taken touches the disk."""

import tarfile
from collections.abc import Callable
from contextlib import AbstractContextManager

from daulat.corpus.taking import Taking, inside

Opened = Callable[[], AbstractContextManager[tarfile.TarFile]]
"""Opens the same archive from its start."""


def unpack(opened: Opened, taking: Taking, strip: int = 0) -> None:
    """Write the matching regular files; a hard link to a file that does not match is read in a second pass.

    `strip`: so many folders at the front of each name are left out.
    """
    links: dict[str, list[str]] = {}
    with opened() as archive:
        for member in archive:
            path = _path(member.name, strip)
            if path is None or not taking.wanted(path):
                continue
            if member.isreg():
                _take(archive, member, path, taking)
            elif member.islnk() and (target := _path(member.linkname, strip)):
                links.setdefault(target, []).append(path)
    if not links:
        return
    with opened() as archive:
        for member in archive:
            for path in links.get(_path(member.name, strip) or "", []) if member.isreg() else []:
                _take(archive, member, path, taking)
                break  # a stream gives a member's bytes once: the other links are copied from the first
    for paths in links.values():
        for path in paths[1:]:
            first = taking.folder / paths[0]
            if first.is_file():
                with first.open("rb") as content:
                    taking.take(path, first.stat().st_size, content)


def _path(name: str, strip: int) -> str | None:
    path = inside(name)
    return "/".join(path.split("/")[strip:]) or None if path and strip else path


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str, taking: Taking) -> None:
    content = archive.extractfile(member)
    assert content is not None
    taking.take(path, member.size, content)
