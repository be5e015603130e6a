"""Look at what a corpus left out: each document with stage, reason and text."""

from pathlib import Path
from typing import Any

from daulat.errors import DaulatError


def dropped(corpus: Path, reason: str | None = None, limit: int = 20) -> list[dict[str, Any]]:
    """Up to `limit` dropped documents, spread evenly over all of that reason (None: all reasons).

    Each has `id`, `source`, `path`, `stage`, `reason`, `text`.
    Raises: DaulatError for a reason that nothing was dropped for, naming those there are.
    """
    return _look(corpus / "dropped.parquet", "dropped", reason, limit)


def held(corpus: Path, reason: str | None = None, limit: int = 20) -> list[dict[str, Any]]:
    """The same for held documents: those that a person has to decide on."""
    return _look(corpus / "held.parquet", "held", reason, limit)


def _look(path: Path, what: str, reason: str | None, limit: int) -> list[dict[str, Any]]:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    if not path.is_file():
        raise DaulatError(
            f"`{path.parent.name}` is not a corpus: it has no `{path.name}`", "make one: `daulat develop`"
        )
    rows = pq.read_table(path)
    if reason is not None:
        known = sorted(set(rows["reason"].to_pylist()))
        if reason not in known:
            raise DaulatError(f"nothing was {what} for `{reason}`", f"reasons: {', '.join(known) or 'none'}")
        rows = rows.filter(pc.equal(rows["reason"], reason))
    step = max(1, rows.num_rows // max(1, limit))
    found: list[dict[str, Any]] = rows.take(list(range(0, rows.num_rows, step))[:limit]).to_pylist()
    return found
