"""Break a copy on purpose, to see that it is found."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daulat.errors import DaulatError


@contextmanager
def tampered_copy(project: Path) -> Iterator[tuple[Path, str]]:
    """A copy of the record and its artefacts with one byte of one artefact changed; taken away afterwards.

    Files are hard links, but for the one that is changed: the copy costs no space, and the original cannot be touched.
    """
    copy = Path(tempfile.mkdtemp(dir=project, prefix=".tampered-"))
    try:
        for part in ("journey", "store"):
            shutil.copytree(project / part, copy / part, copy_function=_link)
        artefacts = sorted((copy / "store").rglob("*"), key=lambda path: path.stat().st_size)
        victim = next((path for path in artefacts if path.is_file() and path.stat().st_size > 1), None)
        if victim is None:
            raise DaulatError("there is no artefact to change", "run `daulat develop` first")
        content = bytearray(victim.read_bytes())
        content[1] ^= 1
        victim.unlink()  # the name only: the original keeps the bytes
        victim.write_bytes(content)
        yield copy, f"store/{victim.relative_to(copy / 'store')}"
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
