"""Look at what a corpus left out: each document with stage, reason and text."""

from pathlib import Path
from typing import Any

from daulat.corpus import parts
from daulat.errors import DaulatError

COLUMNS = ("id", "source", "path", "stage", "reason", "text")


def dropped(corpus: Path, reason: str | None = None, limit: int = 20) -> list[dict[str, Any]]:
    """Up to `limit` dropped documents, spread evenly over all of that reason (None: all reasons).

    Each has `id`, `source`, `path`, `stage`, `reason`, `text`.
    Raises: DaulatError for a reason that nothing was dropped for, naming those there are.
    """
    return _look(corpus, "dropped", reason, limit)


def held(corpus: Path, reason: str | None = None, limit: int = 20) -> list[dict[str, Any]]:
    """The same for held documents: those that a person has to decide on."""
    return _look(corpus, "held", reason, limit)


def _look(corpus: Path, what: str, reason: str | None, limit: int) -> list[dict[str, Any]]:
    import numpy as np
    import pyarrow.compute as pc

    files, known, numbers = parts.left(corpus, what), set[str](), list[int]()
    for path in files:  # which they are first, by a small column: texts are read of those alone
        for batch in parts.batches(path, ["reason"]):
            known |= set(pc.unique(batch["reason"]).to_pylist())
            numbers += [0 if reason is None else int(one == reason) for one in batch["reason"].to_pylist()]
    if reason is not None and reason not in known:
        raise DaulatError(f"nothing was {what} for `{reason}`", f"reasons: {', '.join(sorted(known)) or 'none'}")
    rows = np.flatnonzero(np.asarray(numbers, np.bool_) | (reason is None))
    wanted = rows[:: max(1, len(rows) // max(1, limit))][:limit]
    found, before = list[dict[str, Any]](), 0
    for path in files:
        for batch in parts.batches(path, list(COLUMNS)):
            own = wanted[(wanted >= before) & (wanted < before + batch.num_rows)] - before
            found += batch.take(own.tolist()).to_pylist() if len(own) else []
            before += batch.num_rows
    return found
