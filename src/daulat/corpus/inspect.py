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

    # Which they are first, by a small column: texts are read of those alone.
    reasons = [one for batch in parts.left_batches(corpus, what, ["reason"]) for one in batch["reason"].to_pylist()]
    if reason is not None and reason not in reasons:
        known = ", ".join(sorted(set(reasons)))
        raise DaulatError(f"nothing was {what} for `{reason}`", f"reasons: {known or 'none'}")
    rows = np.flatnonzero([reason in (None, one) for one in reasons])
    wanted = rows[:: max(1, len(rows) // max(1, limit))][:limit]
    found, before = list[dict[str, Any]](), 0
    for batch in parts.left_batches(corpus, what, list(COLUMNS)):
        own = wanted[(wanted >= before) & (wanted < before + batch.num_rows)] - before
        found += batch.take(own.tolist()).to_pylist() if len(own) else []
        before += batch.num_rows
    return found
