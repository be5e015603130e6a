"""Check the log's folder by itself, without keys or store, and make its hash tiles anew from its entries.

```
entries ──hash──> tiles, root ──same as the checkpoint's?──> yes: a tile that is missing or wrong can be written again
                                                        └──> no: an entry is wrong, and nothing here can mend that
```
Only entries carry content: all hashes follow from them. What lies beyond the checkpoint was never acknowledged.
"""

from dataclasses import dataclass, field
from pathlib import Path

from daulat.errors import NotVerified
from daulat.journey import durable, merkle, note, tiles


@dataclass
class Findings:
    """What was found in a log's folder."""

    origin: str
    size: int
    checked: int = 0
    """Tiles compared with what the entries give."""
    wrong: list[str] = field(default_factory=list)
    """Tiles that are missing or hold other hashes."""
    mended: list[str] = field(default_factory=list)


def fsck(folder: Path, *, mend: bool = False) -> Findings:
    """Hash every entry of the log in `folder` up to its checkpoint, and compare every tile on the way.

    With `mend`, tiles that are wrong are written again, once the entries are known to give the checkpoint's root.

    Raises: NotVerified where there is no log, an entry is missing or cut off, or the entries do not give the root.
    """
    try:
        checkpoint = note.read(durable.read(folder / "checkpoint", note.MAX_NOTE_BYTES))
    except FileNotFoundError:
        raise NotVerified(f"there is no log in `{folder}`", "name the project's folder: `--project`") from None
    found = Findings(checkpoint.origin, checkpoint.size)
    edge = tiles.Edge()
    right: list[tiles.Tile] = []
    for index in range(-(-checkpoint.size // tiles.WIDTH)):
        for entry in _bundle(folder, checkpoint.size, index):
            for tile in edge.push(merkle.leaf_hash(entry)):
                _compare(folder, tile, found, right)
    for tile in edge.partials():
        _compare(folder, tile, found, right)
    if edge.root() != checkpoint.root:
        raise NotVerified(
            f"the {edge.size} entries do not give the checkpoint's root: the checkpoint was changed, or an entry "
            f"({len(found.wrong)} hash tiles disagree with the entries)",
            "`daulat verify` checks the signatures of both; restore `journey/checkpoint` or `journey/tile/entries` from a copy",
        )
    if mend:
        for tile in right:
            path = folder / tile.path
            durable.make_folder(path.parent)
            partial = path.with_name(f".{path.name}.partial")
            durable.write(partial, tile.content)
            partial.replace(path)
            durable.flush_folder(path.parent)
            found.mended.append(tile.path)
    return found


def _bundle(folder: Path, size: int, index: int) -> list[bytes]:
    width = tiles.width_at(size, 0, index)
    path = tiles.tile_path("entries", index, width)
    try:
        entries = list(tiles.decode(durable.read(folder / path, tiles.MAX_BUNDLE_BYTES)))
    except FileNotFoundError:
        raise NotVerified(f"`{path}` is missing: it holds entries, which nothing else gives", _COPY) from None
    except NotVerified as error:
        raise NotVerified(f"`{path}`: {error.problem}", error.hint) from None
    if len(entries) != width:
        raise NotVerified(f"`{path}` holds {len(entries)} entries and should hold {width}", _COPY)
    return entries


def _compare(folder: Path, tile: tiles.Tile, found: Findings, right: list[tiles.Tile]) -> None:
    found.checked += 1
    try:
        same = durable.read(folder / tile.path, tiles.MAX_TILE_BYTES) == tile.content
    except (FileNotFoundError, NotVerified):
        same = False
    if not same:
        found.wrong.append(tile.path)
        right.append(tile)


_COPY = "restore it from a copy"
