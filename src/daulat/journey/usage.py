"""Answers on record: many in one statement, each with a proof of its own.

```
answer record ──leaf──> batch root ──in──> usage statement ──leaf──> log root ──in──> signed checkpoint
```
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from daulat.errors import DaulatError
from daulat.journey import batch as bt
from daulat.journey import canonical
from daulat.journey import statement as st
from daulat.journey.index import Entry
from daulat.journey.journey import Journey
from daulat.journey.keys import SigningKey


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
        for line in bt.lines_of(batch_file(journey, entry)):
            record = canonical.parse(line)
            if isinstance(record, dict) and record.get("id") == answer:
                return record, entry
    raise DaulatError(
        f"no answer `{answer}` is on record",
        "check the id; an answer that broke off before its end, as when the gateway was killed, has no record",
    )


def batch_file(journey: Journey, entry: Entry) -> Path:
    """The batch that a usage statement is about.

    Raises: DaulatError where it is not in the store.
    """
    digest = st.outputs(entry.statement)["batch"]
    path = journey.store.path(digest)
    if not path.is_file():
        raise DaulatError(f"the batch `{digest}` is not in the store", "restore it from a copy")
    return path
