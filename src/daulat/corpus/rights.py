"""May this text be used? What the law pack allows goes on; what is not recorded is held, never kept."""

from typing import TYPE_CHECKING

from daulat.corpus.stage import KEEP, Judged, Verdict, drop, hold
from daulat.records import Decision, Source

if TYPE_CHECKING:
    import pyarrow as pa

REFUSED = "refused by the law"
HELD = "held by the law"

_NEEDED = ("licence", "basis", "country", "personal_data")


def rights(source: Source, decision: Decision) -> Verdict:
    """Keep only what is recorded in full and allowed. Silence is not permission."""
    for fact in _NEEDED:
        if fact == "licence" and source.basis == "text-and-data-mining":
            continue  # the law was asked whether that needs none
        if getattr(source, fact) is None:
            return hold(f"no {fact.replace('_', ' ')} recorded")
    if decision.outcome == "allow":
        return KEEP
    return drop(REFUSED) if decision.outcome == "refuse" else hold(HELD)


def judge(documents: "pa.Table", verdict: Verdict) -> Judged:
    """The same verdict for every document of the source."""
    return Judged(documents, [verdict] * documents.num_rows)
