"""How a log lies on disk: tiles of 256 hashes, bundles of 256 entries, and the right edge that grows.

```
tile/0/000          hashes of entries 0..255             tile/entries/000          those entries
tile/0/001.p/7      the first 7 of the next 256          tile/entries/001.p/7      those 7 entries
tile/1/000.p/1      the root of the full tile below it
```
Source: c2sp.org/tlog-tiles.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from daulat.errors import NotVerified
from daulat.journey import merkle

WIDTH = 256
MAX_ENTRY_BYTES = 2**16 - 1
MAX_BUNDLE_BYTES = WIDTH * (2 + MAX_ENTRY_BYTES)
MAX_TILE_BYTES = WIDTH * 32


def tile_path(level: int | str, index: int, width: int) -> str:
    """Path of a tile, or of a bundle where the level is `entries`, below the log's folder."""
    parts = [f"{index % 1000:03d}"]
    while index >= 1000:
        index //= 1000
        parts.append(f"x{index % 1000:03d}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(reversed(parts))}{partial}"


def width_at(size: int, level: int, index: int) -> int:
    """How many hashes (or entries, at level 0) that tile has in a tree of `size`; 0 or less where there is none."""
    return min(WIDTH, (size >> 8 * level) - index * WIDTH)


def encode(entry: bytes) -> bytes:
    """One entry as it stands in a bundle: a big-endian uint16 length, then its bytes."""
    return len(entry).to_bytes(2, "big") + entry


def decode(bundle: bytes) -> Iterator[bytes]:
    """The entries of a bundle.

    Raises: NotVerified where it ends within one.
    """
    at = 0
    while at < len(bundle):
        end = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
        if at + 2 > len(bundle) or end > len(bundle):
            raise NotVerified("the bundle ends within an entry", "it was changed or cut off: restore it from a copy")
        yield bundle[at + 2 : end]
        at = end


@dataclass(frozen=True)
class Tile:
    """Some hashes of one level, from `index * 256` on; full where there are 256."""

    level: int
    index: int
    hashes: tuple[bytes, ...]

    @property
    def path(self) -> str:
        """Where it lies."""
        return tile_path(self.level, self.index, len(self.hashes))

    @property
    def content(self) -> bytes:
        """What lies there."""
        return b"".join(self.hashes)


@dataclass
class Edge:
    """The right edge of a growing tree: at every level the hashes that no full tile holds yet.

    INVARIANT: `len(tails[level]) == (size >> 8 * level) % 256`.
    """

    size: int = 0
    tails: list[list[bytes]] = field(default_factory=list)

    def copy(self) -> "Edge":
        """One that grows on its own."""
        return Edge(self.size, [list(tail) for tail in self.tails])

    def push(self, leaf: bytes) -> list[Tile]:
        """Add one leaf hash; the tiles that became full by it, lowest first."""
        self.size += 1
        full: list[Tile] = []
        level = 0
        while True:
            if level == len(self.tails):
                self.tails.append([])
            tail = self.tails[level]
            tail.append(leaf)
            if len(tail) < WIDTH:
                return full
            full.append(Tile(level, (self.size >> 8 * (level + 1)) - 1, tuple(tail)))
            leaf = merkle.root(tail)
            tail.clear()
            level += 1

    def partials(self) -> list[Tile]:
        """The tiles that are not full, lowest first."""
        return [Tile(level, self.size >> 8 * (level + 1), tuple(tail)) for level, tail in enumerate(self.tails) if tail]

    def root(self) -> bytes:
        """The tree's root: each level's tail, with what stands to its right below it."""
        right: list[bytes] = []
        for tail in self.tails:
            right = [merkle.root([*tail, *right])] if tail or right else []
        return right[0] if right else merkle.EMPTY_ROOT
