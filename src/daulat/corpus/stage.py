"""What every stage has in common: a table of documents in, one verdict for each out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from daulat.records import Record, Source

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("id", "source", "path", "language", "licence", "country", "role", "text")
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


TakenOut: TypeAlias = tuple[int, dict[str, Any]]
"""Row of a document, and what a stage took out of it: `reason`, `paragraphs`, `utf8_bytes`."""


@dataclass(frozen=True)
class Judged:
    """A stage's answer: the documents as they are now, a verdict for each, in the same order."""

    documents: "pa.Table"
    verdicts: Sequence[Verdict]
    taken_out: Sequence[TakenOut] = ()


def table(rows: Sequence[dict[str, Any]]) -> "pa.Table":
    """Documents as a table with `COLUMNS`."""
    import pyarrow as pa

    kinds = {name: pa.large_string() if name == "text" else pa.string() for name in COLUMNS}
    return pa.table({name: pa.array([row[name] for row in rows], kind) for name, kind in kinds.items()})


def document(source: Source, path: str, id_: str, text: str) -> dict[str, Any]:
    """One row of such a table: everything that must stay with the text."""
    return {
        "id": id_,
        "source": source.name,
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
