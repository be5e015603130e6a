"""What every stage has in common: a table of documents in, one verdict for each out, and a tally that adds up."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from daulat.records import Digest, Record, Source, Tally

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("id", "source", "snapshot", "path", "language", "licence", "country", "role", "text")
"""What is known of a document from the first stage to the last; `licence` and `country` may be unknown."""


class Verdict(NamedTuple):
    """What a stage says of one document."""

    outcome: Literal["keep", "drop", "hold"]
    reason: str = ""


KEEP = Verdict("keep")


def drop(reason: str) -> Verdict:
    """Not worth keeping, or forbidden."""
    return Verdict("drop", reason)


def hold(reason: str) -> Verdict:
    """Unknown: a person has to look."""
    return Verdict("hold", reason)


class Removed(Record, frozen=True):
    """Paragraphs that a stage took out of the documents that it kept."""

    stage: str
    source: str
    reason: str
    paragraphs: int
    utf8_bytes: int


@dataclass(frozen=True)
class Judged:
    """A stage's answer: the documents as they are now, a verdict for each, in the same order."""

    documents: "pa.Table"
    verdicts: Sequence[Verdict]
    removed: tuple[Removed, ...] = ()


@dataclass
class Account:
    """Everything that left the pipeline, and the tally of every stage. INVARIANT: each tally adds up."""

    tallies: list[Tally] = field(default_factory=list)
    removed: list[Removed] = field(default_factory=list)
    dropped: list["pa.Table"] = field(default_factory=list)
    held: list["pa.Table"] = field(default_factory=list)

    def settle(self, stage: str, sources: Iterable[str], judged: Judged) -> "pa.Table":
        """The documents that go on; the others are kept with stage and reason, and all are counted."""
        import pyarrow as pa
        import pyarrow.compute as pc

        documents, verdicts = judged.documents, judged.verdicts
        assert documents.num_rows == len(verdicts)
        names = documents["source"].to_pylist()
        sizes = pc.binary_length(documents["text"]).to_pylist()
        for source in sources:
            own = [
                (verdict, size) for name, verdict, size in zip(names, verdicts, sizes, strict=True) if name == source
            ]
            self.tallies.append(_tally(stage, source, own))
        for outcome, into in (("drop", self.dropped), ("hold", self.held)):
            reasons = [verdict.reason for verdict in verdicts if verdict.outcome == outcome]
            if reasons:
                out = documents.filter(pa.array([verdict.outcome == outcome for verdict in verdicts]))
                out = out.append_column("stage", pa.array([stage] * len(reasons)))
                into.append(out.append_column("reason", pa.array(reasons)))
        self.removed.extend(judged.removed)
        return documents.filter(pa.array([verdict.outcome == "keep" for verdict in verdicts], pa.bool_()))


def _tally(stage: str, source: str, judged: Sequence[tuple[Verdict, int]]) -> Tally:
    counts = Counter(verdict for verdict, _ in judged)
    tally = Tally(
        stage=stage,
        source=source,
        taken=len(judged),
        kept=counts[KEEP],
        dropped={v.reason: n for v, n in sorted(counts.items()) if v.outcome == "drop"},
        held={v.reason: n for v, n in sorted(counts.items()) if v.outcome == "hold"},
        kept_utf8_bytes=sum(size for verdict, size in judged if verdict == KEEP),
    )
    assert tally.adds_up()
    return tally


def table(rows: Sequence[dict[str, Any]]) -> "pa.Table":
    """Documents as a table with `COLUMNS`."""
    import pyarrow as pa

    kinds = {name: pa.large_string() if name == "text" else pa.string() for name in COLUMNS}
    return pa.table({name: pa.array([row[name] for row in rows], kind) for name, kind in kinds.items()})


def document(source: Source, snapshot: Digest, path: str, id_: str, text: str) -> dict[str, Any]:
    """One row of such a table: everything that must stay with the text."""
    return {
        "id": id_,
        "source": source.name,
        "snapshot": snapshot,
        "path": path,
        "language": source.language,
        "licence": source.licence,
        "country": source.country,
        "role": source.role,
        "text": text,
    }


def with_text(documents: "pa.Table", texts: Any) -> "pa.Table":
    """The same documents with other text."""
    import pyarrow as pa

    column = texts if isinstance(texts, pa.Array | pa.ChunkedArray) else pa.array(texts, pa.large_string())
    return documents.set_column(documents.schema.get_field_index("text"), "text", column.cast(pa.large_string()))
