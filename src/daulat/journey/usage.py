"""Answers on record: many in one statement, each with a proof of its own.

```
answer record ──leaf──> batch root ──in──> usage statement ──leaf──> log root ──in──> signed checkpoint
```
"""

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from daulat.errors import DaulatError, NotVerified
from daulat.journey import batch as bt
from daulat.journey import canonical, merkle, note, shape
from daulat.journey import statement as st
from daulat.journey.envelope import open_envelope
from daulat.journey.index import Entry
from daulat.journey.journey import Journey
from daulat.journey.keyring import Keyring
from daulat.journey.keys import SigningKey

FORMAT = "urn:daulat:answer-proof:v1"


def record_usage(journey: Journey, records: Iterable[dict[str, Any]], key: SigningKey, at: str) -> int:
    """The index of the statement about these answers, once it and their batch are durable."""
    made = bt.batch(records)
    said = st.usage_statement(
        batch=journey.store.put_bytes(made.content),
        root=made.root,
        count=made.count,
        first=made.first,
        last=made.last,
        at=at,
        deployments=made.deployments,
    )
    return journey.record(said, key)


def find_answer(journey: Journey, answer: str) -> tuple[dict[str, Any], Entry]:
    """The answer's record, and the usage statement of its batch.

    Raises: DaulatError where no batch on record holds it.
    """
    journey.refresh()
    for index in journey.index.batches_with(answer):
        entry = journey.entry(index)
        for line in bt.lines_of(_batch(journey, entry)):
            record = canonical.parse(line)
            if isinstance(record, dict) and record.get("id") == answer:
                return record, entry
    raise DaulatError(
        f"no answer `{answer}` is on record", "an answer is recorded with its batch: wait a little, or check the id"
    )


def answer_proof(journey: Journey, answer: str) -> dict[str, Any]:
    """All that is needed to check one answer, without the log and without the other answers."""
    record, entry = find_answer(journey, answer)
    hashes = []
    index = -1
    for number, line in enumerate(bt.lines_of(_batch(journey, entry))):
        hashes.append(merkle.leaf_hash(line))
        index = number if canonical.parse(line) == record else index
    checkpoint, text = journey.log.checkpoint(), journey.log.note()
    return {
        "format": FORMAT,
        "answer": record,
        "batch": {"index": index, "path": _encoded(merkle.inclusion_path(index, len(hashes), merkle.subtrees(hashes)))},
        "statement": {
            "index": entry.index,
            "path": _encoded(journey.log.inclusion_proof(entry.index, checkpoint.size)),
            "envelope": journey.sealed(entry.index).decode(),
        },
        "checkpoint": text.decode(),
    }


def check_answer_proof(proof: dict[str, Any], keyring: Keyring) -> dict[str, Any]:
    """The answer's record, if the proof shows it in a log whose checkpoint one of these keys signed.

    Raises: NotVerified, saying which link does not hold.
    """
    try:
        text, sealed = proof["checkpoint"].encode(), proof["statement"]["envelope"].encode()
        at, at_batch = int(proof["statement"]["index"]), int(proof["batch"]["index"])
        path, batch_path = _decoded(proof["statement"]["path"]), _decoded(proof["batch"]["path"])
        answer = dict(proof["answer"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise NotVerified("this is not a proof of an answer", "make it again: `daulat prove`") from None
    note.signers(text, keyring.writers())
    checkpoint = note.read(text)
    if not merkle.check_inclusion(merkle.leaf_hash(sealed), at, checkpoint.size, path, checkpoint.root):
        raise NotVerified(
            f"statement {at} is not in the log of that checkpoint", "make the proof again: `daulat prove`"
        )
    statement = open_envelope(sealed, keyring).statement
    shape.check(statement)
    if statement["predicateType"] != shape.USAGE:
        raise NotVerified(f"statement {at} is not about usage", "make the proof again: `daulat prove`")
    said = statement["predicate"]
    root = bytes.fromhex(said["root"].removeprefix("sha256:"))
    if not merkle.check_inclusion(
        merkle.leaf_hash(canonical.canonical(answer)), at_batch, said["count"], batch_path, root
    ):
        raise NotVerified(f"the answer is not in the batch of statement {at}", "it was changed, or never given")
    return answer


def _batch(journey: Journey, entry: Entry) -> Path:
    digest = st.outputs(entry.statement)["batch"]
    path = journey.store.path(digest)
    if not path.is_file():
        raise DaulatError(f"the batch `{digest}` is not in the store", "restore it from a copy")
    return path


def _encoded(path: list[bytes]) -> list[str]:
    return [base64.b64encode(node).decode() for node in path]


def _decoded(path: list[str]) -> list[bytes]:
    nodes = [base64.b64decode(node, validate=True) for node in path]
    if _encoded(nodes) != path:
        raise ValueError("base64 with stray bits")
    return nodes
