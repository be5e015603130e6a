"""A corpus in numbers, from its own files: what a page or a table of it is made of."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from daulat.corpus import parts
from daulat.corpus.shards import LanguageSize
from daulat.corpus.stage import Removed
from daulat.errors import DaulatError
from daulat.records import Language, Tally

Records = TypeVar("Records")

LENGTHS = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
"""Characters: edges between the columns of a histogram; the first and the last column are open."""


@dataclass(frozen=True)
class Lengths:
    """How long the kept documents of a language are."""

    language: Language
    counts: tuple[int, ...]
    """Documents in each column of the histogram, `len(LENGTHS) + 1` of them."""
    median: int
    """Characters; of an even number of documents the upper of the middle two."""


@dataclass(frozen=True)
class Left:
    """A reason for which documents were left out, with the text of one."""

    outcome: str
    stage: str
    reason: str
    documents: int
    source: str
    text: str
    """As stored, so redacted; empty where none of them was read."""


@dataclass(frozen=True)
class Overview:
    """Everything that is counted of a corpus."""

    tallies: tuple[Tally, ...]
    """By stage, then source, as the corpus has them."""
    removed: tuple[Removed, ...]
    languages: tuple[LanguageSize, ...]
    lengths: tuple[Lengths, ...]
    identifiers: dict[str, tuple[int, int]]
    """Kind -> distinct identifiers, and documents that have one, each counted once an identifier."""
    left: tuple[Left, ...]
    """The most frequent reason first."""
    source_languages: dict[str, Language]


def overview(corpus: Path, languages: Mapping[str, Language]) -> Overview:
    """The numbers of the corpus in that folder; `languages`: of each source, where it is known.

    Raises: DaulatError where the folder has no corpus, or one that cannot be read.
    """
    tallies = _records(corpus / "tallies.json", tuple[Tally, ...])
    removed = _records(corpus / "removed.json", tuple[Removed, ...])
    found = [_language(corpus, code) for code in parts.languages(corpus)]
    return Overview(
        tallies=tallies,
        removed=removed,
        languages=tuple(size for size, _ in found),
        lengths=tuple(lengths for _, lengths in found),
        identifiers=_identifiers(corpus / "subjects.parquet"),
        left=tuple(_left(corpus, tallies)),
        source_languages=dict(languages),
    )


def _records(path: Path, kind: type[Records]) -> Records:
    if not path.is_file():
        raise parts.absent(path)
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.DecodeError as error:
        raise DaulatError(f"`{path.name}` cannot be read: {error}", "run `daulat verify`") from None


def _language(corpus: Path, code: Language) -> tuple[LanguageSize, Lengths]:
    import numpy as np
    import pyarrow.compute as pc

    counts: dict[str, tuple[int, int]] = {}
    every: list[Any] = [np.zeros(0, dtype=np.int64)]
    for part in ("train", "heldout"):
        documents = utf8_bytes = 0
        for path in parts.files(corpus, part, code):
            for rows in parts.batches(path, ["text"]):
                every.append(np.asarray(pc.utf8_length(rows["text"]), dtype=np.int64))
                documents += rows.num_rows
                utf8_bytes += pc.sum(pc.binary_length(rows["text"])).as_py() or 0
        counts[part] = (documents, utf8_bytes)
    lengths = np.sort(np.concatenate(every))
    columns = np.bincount(np.searchsorted(LENGTHS, lengths, side="right"), minlength=len(LENGTHS) + 1)
    median = int(lengths[len(lengths) // 2]) if len(lengths) else 0
    size = LanguageSize(code, *counts["train"], *counts["heldout"])
    return size, Lengths(code, tuple(columns.tolist()), median)


def _identifiers(path: Path) -> dict[str, tuple[int, int]]:
    import pyarrow.compute as pc

    distinct, documents = Counter[str](), Counter[str]()
    for rows in parts.batches(path, ["kind", "documents"]):
        for kind, stood_in in zip(
            rows["kind"].to_pylist(), pc.list_value_length(rows["documents"]).to_pylist(), strict=True
        ):
            distinct[kind] += 1
            documents[kind] += stood_in
    return {kind: (n, documents[kind]) for kind, n in sorted(distinct.items(), key=lambda pair: (-pair[1], pair[0]))}


def _left(corpus: Path, tallies: tuple[Tally, ...]) -> Iterator[Left]:
    """Counted by the tallies; the text is the first in the corpus's own order, where there is any."""
    import pyarrow as pa
    import pyarrow.compute as pc

    counts = Counter[tuple[str, str, str]]()
    for tally in tallies:
        for outcome in ("dropped", "held"):
            for reason, documents in getattr(tally, outcome).items():
                counts[outcome, tally.stage, reason] += documents
    samples: dict[tuple[str, str, str], tuple[str, str]] = {}
    for outcome in ("dropped", "held"):
        columns = ["source", "stage", "reason", "text"]
        for rows in parts.left_batches(corpus, outcome, columns):
            text = pc.utf8_trim_whitespace(rows["text"])
            some = pa.Table.from_batches([rows.set_column(rows.schema.names.index("text"), "text", text)])
            some = some.filter(pc.not_equal(some["text"], "")).group_by(["stage", "reason"], use_threads=False)
            for row in some.aggregate([("source", "first"), ("text", "first")]).to_pylist():
                samples.setdefault((outcome, row["stage"], row["reason"]), (row["source_first"], row["text_first"]))
    for (outcome, stage, reason), documents in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        yield Left(outcome, stage, reason, documents, *samples.get((outcome, stage, reason), ("", "")))
