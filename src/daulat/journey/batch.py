"""A batch of answers: one canonical JSON record a line, and one Merkle root over the lines."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daulat.errors import DaulatError, NotVerified
from daulat.journey import canonical, merkle, tiles

MAX_LINE_BYTES = 64 * 1024
Record = dict[str, Any]


@dataclass(frozen=True)
class Batch:
    """What a usage statement says of a batch, and the bytes that it is about."""

    content: bytes
    root: str
    count: int
    first: str
    last: str
    deployments: tuple[str, ...]


def batch(records: Iterable[Record]) -> Batch:
    """These answer records as a batch, in order of their ids.

    Raises: DaulatError for no record, a record without an id, an id twice, a record that is too large.
    """
    listed = list(records)
    for record in listed:
        if not isinstance(record.get("id"), str):
            raise DaulatError("an answer record has no id", "every answer needs an `id`")
    listed.sort(key=lambda record: str(record["id"]))
    ids = [str(record["id"]) for record in listed]
    if not ids or len(set(ids)) != len(ids):
        raise DaulatError(
            f"a batch of {len(ids)} answers with {len(set(ids))} ids", "give every answer once, and at least one"
        )
    lines = [canonical.canonical(record) for record in listed]
    if max(map(len, lines)) > MAX_LINE_BYTES:
        raise DaulatError(
            f"an answer record has more than {MAX_LINE_BYTES} bytes", "a record holds digests, never text"
        )
    deployments = tuple(sorted({str(record["deployment"]) for record in listed if "deployment" in record}))
    content = b"".join(line + b"\n" for line in lines)
    return Batch(content, root_of(lines), len(lines), ids[0], ids[-1], deployments)


def root_of(lines: Iterable[bytes]) -> str:
    """The RFC 6962 root over the lines, without their newlines."""
    edge = tiles.Edge()
    for line in lines:
        edge.push(merkle.leaf_hash(line))
    return f"sha256:{edge.root().hex()}"


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a batch file, read one by one.

    Raises: NotVerified for a line that is too long or not ended.
    """
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE_BYTES + 2):
            if not line.endswith(b"\n"):
                raise NotVerified("the batch holds a line that does not end", "it was changed: restore it from a copy")
            yield line[:-1]


def check(path: Path, said: dict[str, Any]) -> int:
    """How many answers the batch file holds, if it is what its usage statement's predicate says.

    Raises: NotVerified, with both numbers.
    """
    edge = tiles.Edge()
    first = last = ""
    for line in lines_of(path):
        record = canonical.parse(line)
        last = str(record.get("id")) if isinstance(record, dict) else ""
        first = first or last
        edge.push(merkle.leaf_hash(line))
    found = (f"sha256:{edge.root().hex()}", edge.size, first, last)
    stated = (said["root"], said["count"], said["first"], said["last"])
    if found != stated:
        raise NotVerified(f"the batch is {found}, its statement says {stated}", "restore the batch from a copy")
    return edge.size
