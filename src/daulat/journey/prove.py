"""Make the file that `proof.py` checks, from a journey."""

from typing import Any

from daulat.journey import batch as bt
from daulat.journey import canonical, merkle
from daulat.journey import note as notes
from daulat.journey.journey import Journey
from daulat.journey.proof import EXTRA, Proof, encoded
from daulat.journey.usage import batch_file, find_answer


def prove_statement(journey: Journey, index: int, note: bytes | None = None) -> Proof:
    """The proof of one statement, in the newest checkpoint or in that of `note`: an earlier one that was cosigned.

    Raises: DaulatError where there is no such statement, or not yet at that checkpoint; NotVerified for a note that is
    not of this log.
    """
    journey.refresh()
    text = journey.log.note() if note is None else journey.own(note)
    size = notes.read(text).size
    path = tuple(journey.log.inclusion_proof(index, size))
    extra = {"format": EXTRA, "envelope": journey.sealed(index).decode(), "keyrings": keyrings(journey, size)}
    return Proof(index, path, text, extra)


def keyrings(journey: Journey, size: int) -> list[dict[str, Any]]:
    """Every keyring of the first `size` statements, with its inclusion path at that size."""
    return [
        {"index": at, "envelope": journey.sealed(at).decode(), "path": encoded(journey.log.inclusion_proof(at, size))}
        for at in journey.index.entries("keyring", "")
        if at < size
    ]


def prove_answer(journey: Journey, answer: str, note: bytes | None = None) -> Proof:
    """The proof of one answer: its place in its batch, and the statement about that batch.

    Raises: DaulatError where no batch on record holds it.
    """
    record, entry = find_answer(journey, answer)
    hashes, index = [], -1
    wanted = canonical.canonical(record)
    for number, line in enumerate(bt.lines_of(batch_file(journey, entry))):
        hashes.append(merkle.leaf_hash(line))
        index = number if line == wanted else index
    path = merkle.inclusion_path(index, len(hashes), merkle.subtrees(hashes))
    proof = prove_statement(journey, entry.index, note)
    extra = {**proof.extra, "answer": record, "batch": {"index": index, "path": encoded(path)}}
    return Proof(proof.index, proof.path, proof.note, extra)
