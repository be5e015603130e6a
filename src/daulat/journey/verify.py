"""Check a project's whole journey, offline, trusting one key: what an auditor runs and reads.

Nothing here writes, follows a link, or lets a hostile file grow in memory. Wrong content is reported, never
raised.
"""

import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from typing import Any, TypeAlias

from daulat.errors import DaulatError, NotVerified
from daulat.journey import batch, canonical, durable, merkle, note, shape, tiles, tree
from daulat.journey.cosignature import witnesses
from daulat.journey.envelope import Signed, open_envelope, peek
from daulat.journey.keyring import Keyring
from daulat.journey.keys import PublicKey

Progress: TypeAlias = Callable[[float, str], None]
WITNESSED = "witnessed"
"""Where a project keeps its checkpoints that were cosigned, each named by its size."""
MAX_PROBLEMS = 1000
"""More are counted, not kept."""
TRIES = 5
"""How often the log is read again because somebody appended to it meanwhile."""
_TILE = re.compile(
    r"tile/(entries|0|[1-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,3}))?\Z", re.ASCII
)
_ARTEFACT = re.compile(r"[0-9a-f]{2}/[0-9a-f]{62}\Z", re.ASCII)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where: a file below the project, or a statement of the log."""

    where: str
    what: str


@dataclass
class Report:
    """What was checked, and what is wrong: the first problem first."""

    origin: str = ""
    root: str = ""
    trusted: str = ""
    """Which key all the rest hangs on, and why it was trusted."""
    statements: int = 0
    tiles: int = 0
    artefacts: int = 0
    files: int = 0
    file_bytes: int = 0
    answers: int = 0
    witnessed: dict[str, int] = field(default_factory=dict)
    """The largest size that each witness of the keyring cosigned, by name."""
    problems: list[Problem] = field(default_factory=list)
    more_problems: int = 0
    notes: list[str] = field(default_factory=list)
    """Harmless: what an append that was killed left behind, and the like."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def wrong(self, where: str, what: str) -> None:
        """One more problem."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(where, what))
        else:
            self.more_problems += 1


def verify(
    project: Path, operator_key: PublicKey | None = None, progress: Progress = lambda share, words: None
) -> Report:
    """What is wrong with the project's journey and store, or that nothing is.

    `operator_key` is the trust anchor; without it the key that signed index 0 is trusted, and the report says so.
    """
    for _ in range(TRIES):
        check = _Check(project, operator_key, progress)
        before = check.read_note()
        check.log(before)
        if check.report.ok or check.read_note() == before:
            break
    check.artefacts(check.stored())
    progress(1.0, "verified" if check.report.ok else "not verified")
    return check.report


class _Check:
    """One run over the project: first the log, then the store."""

    def __init__(self, project: Path, operator_key: PublicKey | None, progress: Progress) -> None:
        self.journey = project / "journey"
        self.store = project / "store"
        self.pinned = operator_key
        self.progress = progress
        self.report = Report()
        self.once: dict[str, int] = {}  # envelopes that may stand once -> where
        self.named: dict[str, str] = {}  # artefact -> where it is first named
        self.batches: dict[str, tuple[str, dict[str, Any]]] = {}  # batch -> (where, what is said of it)

    def read_note(self) -> bytes | None:
        """The checkpoint as it stands."""
        try:
            return durable.read(self.journey / "checkpoint", note.MAX_NOTE_BYTES)
        except (FileNotFoundError, NotVerified):
            return None

    def log(self, text: bytes | None) -> None:
        """1. checkpoint  2. each statement  3. each tile  4. the root  5. the checkpoint's signature  6. strays."""
        try:
            if text is None:
                raise NotVerified("it is missing or cannot be read: there is no log here", "")
            checkpoint = note.read(text)
        except NotVerified as error:
            return self.report.wrong("journey/checkpoint", error.problem)
        self.report.origin = checkpoint.origin
        self.report.root = f"sha256:{checkpoint.root.hex()}"
        edge = tiles.Edge()
        cosigned = self._cosigned()
        before: Keyring | None = None
        ring: Keyring | None = None
        for sealed in self._entries(checkpoint.size):
            before = ring
            ring = self._statement(edge.size, sealed, ring)
            for tile in edge.push(merkle.leaf_hash(sealed)):
                self._tile(tile)
            self.report.statements += 1
            if edge.size in cosigned:
                self._as_it_was(*cosigned[edge.size], edge.root(), before or ring)
        if edge.size == checkpoint.size:
            for tile in edge.partials():
                self._tile(tile)
            if edge.root() != checkpoint.root:
                self.report.wrong("journey/checkpoint", "its root is not the root of the log's entries")
        self._signature(text, before or ring)
        for name, kept in cosigned.values():
            self._witnesses(name, kept, ring)
        self._strays(checkpoint.size)
        return None

    def stored(self) -> dict[str, int]:
        """Every artefact in the store whose content gives its name, with its bytes."""
        found: dict[str, int] = {}
        total = sum(size for _, _, size in self._walk(self.store)) or 1
        for name, mode, size in self._walk(self.store):
            where = f"store/{name}"
            if name.startswith("partial/") and stat.S_ISREG(mode):
                self.report.notes.append(f"`{where}` was left by a write that was cut off; it may be deleted")
                continue
            kind, _, rest = name.partition("/")
            if kind != "sha256" or not _ARTEFACT.match(rest) or not stat.S_ISREG(mode):
                self.report.wrong(where, "this does not belong in a store")
                continue
            hexadecimal = rest.replace("/", "")
            if self._hash(self.store / name) == hexadecimal:
                found[f"sha256:{hexadecimal}"] = size
            else:
                self.report.wrong(where, "its content does not give its name")
            self.report.files += 1
            self.report.file_bytes += size
            self.progress(0.5 + 0.5 * self.report.file_bytes / total, f"hashed {self.report.files} files")
        return found

    def artefacts(self, stored: dict[str, int]) -> None:
        """Every artefact that a statement names is in the store, trees with all their files, batches as stated."""
        for digest, where in self.named.items():
            self.report.artefacts += 1
            if digest not in stored:
                self.report.wrong(where, f"`{digest}` is not in the store, or not whole")
                continue
            path = self._path(digest)
            try:
                files = tree.read(path) if tree.is_manifest(path) else {}
                for name, (inner, size) in files.items():
                    if stored.get(inner) != size:
                        self.report.wrong(where, f"`{name}` of the tree `{digest}` is not in the store, or not whole")
                if digest in self.batches:
                    self.report.answers += batch.check(path, self.batches[digest][1])
            except (DaulatError, OSError) as error:
                self.report.wrong(where, getattr(error, "problem", str(error)))

    def _entries(self, size: int) -> Iterator[bytes]:
        """The entries, as far as they can be read."""
        for index in range(-(-size // tiles.WIDTH)):
            width = tiles.width_at(size, 0, index)
            path = tiles.tile_path("entries", index, width)
            try:
                found = list(tiles.decode(durable.read(self.journey / path, tiles.MAX_BUNDLE_BYTES)))
            except FileNotFoundError:
                return self.report.wrong(f"journey/{path}", "it is missing; the log was not checked any further")
            except NotVerified as error:
                return self.report.wrong(f"journey/{path}", f"{error.problem}; the log was not checked any further")
            if len(found) != width:
                self.report.wrong(f"journey/{path}", f"it holds {len(found)} entries and should hold {width}")
                return None
            yield from found
            self.progress(
                0.5 * (index + 1) * tiles.WIDTH / (size + tiles.WIDTH),
                f"checked {index * tiles.WIDTH + width} statements",
            )
        return None

    def _statement(self, index: int, sealed: bytes, ring: Keyring | None) -> Keyring | None:
        """The keys in force after this statement, which is checked under those before it."""
        where = f"statement {index}"
        try:
            if index == 0:
                ring = self._anchor(peek(sealed))
            if ring is None:
                return None  # reported at statement 0, on which all signatures hang
            signed = open_envelope(sealed, ring)
            shape.check(signed.statement)
            if signed.statement["predicateType"] in shape.ONCE:
                first = self.once.setdefault(canonical.digest(sealed), index)
                if first != index:
                    raise NotVerified(f"it is statement {first} once more: what came between would be undone", "")
            after = ring.after(signed.statement)
        except DaulatError as error:
            self.report.wrong(where, error.problem)
            return ring
        for name, digest in shape.outputs(signed.statement).items():
            self.named.setdefault(digest, f"{where}, `{name}`")
            if signed.statement["predicateType"] == shape.USAGE:
                self.batches[digest] = (where, signed.statement["predicate"])
        return after

    def _anchor(self, first: Signed) -> Keyring:
        """The first keyring, if it is signed by the pinned key, or by one of its own operators."""
        ring = Keyring.anchor(first.statement)
        role, key = ring.keys.get(first.key_id, ("", None))
        if key is None or role != "operator":
            raise NotVerified(f"`{first.key_id}` is not an operator of the keyring that it signs", "")
        if self.pinned is not None and self.pinned != key:
            raise NotVerified(f"the log begins with `{key}`, and the key to trust is `{self.pinned}`", "")
        if self.pinned is None:
            self.report.trusted = f"{key} (trusted on first use: give --key to pin it)"
        else:
            self.report.trusted = f"{key} (pinned)"
        return ring

    def _tile(self, tile: tiles.Tile) -> None:
        self.report.tiles += 1
        try:
            same = durable.read(self.journey / tile.path, tiles.MAX_TILE_BYTES) == tile.content
        except FileNotFoundError:
            return self.report.wrong(f"journey/{tile.path}", "it is missing")
        except NotVerified as error:
            return self.report.wrong(f"journey/{tile.path}", error.problem)
        if not same:
            self.report.wrong(f"journey/{tile.path}", "its hashes are not those of the log's entries")
        return None

    def _signature(self, text: bytes, ring: Keyring | None) -> None:
        if ring is None:
            return self.report.wrong("journey/checkpoint", "no keyring says who may sign it")
        try:
            note.signers(text, ring.writers())
        except NotVerified as error:
            self.report.wrong("journey/checkpoint", error.problem)
        return None

    def _cosigned(self) -> dict[int, tuple[str, bytes]]:
        """Checkpoints that were witnessed, by size: where they lie, and their notes."""
        found: dict[int, tuple[str, bytes]] = {}
        for name, _, _ in self._walk(self.journey.parent / WITNESSED):
            where = f"{WITNESSED}/{name}"
            try:
                text = durable.read(self.journey.parent / where, note.MAX_NOTE_BYTES)
                checkpoint = note.read(text)
            except (OSError, NotVerified) as error:
                self.report.wrong(where, getattr(error, "problem", str(error)))
                continue
            if (checkpoint.origin, f"{checkpoint.size}") != (self.report.origin, name):
                self.report.wrong(where, f"it is of `{checkpoint.origin}` at size {checkpoint.size}")
            found[checkpoint.size] = where, text
        return found

    def _as_it_was(self, where: str, text: bytes, root: bytes, ring: Keyring | None) -> None:
        if note.read(text).root != root:
            self.report.wrong(where, "what was witnessed has another root than the log had then: a split view")
        try:
            note.signers(text, ring.writers() if ring else [])
        except NotVerified as error:
            self.report.wrong(where, error.problem)

    def _witnesses(self, where: str, text: bytes, ring: Keyring | None) -> None:
        size = note.read(text).size
        if size > self.report.statements:
            self.report.wrong(where, f"{size} statements were witnessed, and the log has {self.report.statements}")
        try:
            for name in witnesses(text, ring.witnesses() if ring else []):
                self.report.witnessed[name] = max(size, self.report.witnessed.get(name, 0))
        except NotVerified as error:
            self.report.wrong(where, error.problem)

    def _strays(self, size: int) -> None:
        """What lies in the log's folder and does not belong there."""
        for name, mode, _ in self._walk(self.journey):
            if not stat.S_ISREG(mode):
                self.report.wrong(f"journey/{name}", "this is not a plain file")
                continue
            match = _TILE.match(name)
            if match:
                level, path, partial = match.groups()
                index = int(path.replace("x", "").replace("/", ""))
                width = int(partial or tiles.WIDTH)
                needed = tiles.width_at(size, 0 if level == "entries" else int(level), index) == width
                if tiles.tile_path(level, index, width) == name and 1 <= width <= tiles.WIDTH:
                    if not needed:
                        self.report.notes.append(f"`journey/{name}` is beyond the checkpoint or replaced: no harm")
                    continue
            elif name in ("checkpoint", ".lock"):
                continue
            elif name == ".checkpoint.partial":
                self.report.notes.append(
                    "`journey/.checkpoint.partial` was left by an append that was cut off: no harm"
                )
                continue
            self.report.wrong(f"journey/{name}", "this does not belong in a log")

    @staticmethod
    def _walk(folder: Path) -> Iterator[tuple[str, int, int]]:
        """Path, mode and bytes of all that is no folder, sorted, links not followed."""
        for top, folders, names in os.walk(folder):
            folders.sort()
            links = [name for name in folders if (Path(top) / name).is_symlink()]
            for name in sorted([*names, *links]):
                path = Path(top) / name
                try:
                    state = path.lstat()
                except FileNotFoundError:
                    continue  # a write that just ended
                yield path.relative_to(folder).as_posix(), state.st_mode, state.st_size

    def _path(self, digest: str) -> Path:
        return self.store / "sha256" / digest[7:9] / digest[9:]

    @staticmethod
    def _hash(path: Path) -> str:
        try:
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
                return file_digest(file, "sha256").hexdigest()
        except OSError as error:
            return f"unreadable: {error.strerror}"
