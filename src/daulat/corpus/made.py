"""Files that were made before: by what is in them, where they lie in the store. The same is linked, not made again."""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from daulat.corpus.taking import Shelf, file_digest
from daulat.records import Digest


@dataclass
class Made:
    """What is in a file -> the digest of the file, which lies in the store."""

    file: Path | None = None
    store: Shelf | None = None
    known: dict[str, Digest] = field(default_factory=dict)
    used: dict[str, Digest] = field(default_factory=dict)

    @staticmethod
    def read(file: Path | None, store: Shelf | None) -> "Made":
        """What is on record in that file; nothing where it cannot be read."""
        made = Made(file, store)
        try:
            made.known = msgspec.json.decode(file.read_bytes(), type=dict[str, str]) if file else {}
        except (FileNotFoundError, msgspec.DecodeError):
            made.known = {}
        return made

    def link(self, what: str, to: Path) -> bool:
        """Put the file that has that at `to`, if it is kept: what the store has is whole."""
        digest = self.known.get(what)
        if digest is None or self.store is None:
            return False
        kept = self.store.path(digest)
        if not kept.is_file():
            return False
        link(kept, to)
        self.used[what] = digest
        return True

    def add(self, what: str, file: Path) -> None:
        """That file has it."""
        if self.file is not None:
            self.used[what] = file_digest(file)

    def write(self) -> None:
        """Put on record what is in use, and nothing else."""
        if self.file is not None:
            partial = self.file.with_suffix(".partial")
            partial.write_bytes(msgspec.json.encode(self.used, order="sorted"))
            partial.replace(self.file)


def link(kept: Path, to: Path) -> None:
    """The same file under another name, or a copy of it; what lies there is never written to: it may be the store's."""
    to.unlink(missing_ok=True)
    try:
        os.link(kept, to)
    except OSError:  # another disk, or one that has no links
        shutil.copyfile(kept, to)
