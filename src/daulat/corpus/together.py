"""All sources together: copies, near copies, paragraphs that stand elsewhere, held-out documents. No text is read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from daulat.corpus.course import Ledger
from daulat.corpus.duplicates import EXACT, NEAR, NOTHING_NEW, groups
from daulat.corpus.judge import STAGES as ALONE
from daulat.corpus.judge import Judgement
from daulat.corpus.options import CorpusOptions
from daulat.corpus.privacy import Subjects
from daulat.corpus.split import heldout

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

STAGES = ("duplicates", "repeats", "split")
KEPT, DROPPED, HELD = 0, 1, 2


@dataclass
class Whys:
    """Every stage and reason for which a document left, by number."""

    known: dict[tuple[str, str], int] = field(default_factory=dict)

    def number(self, stage: str, reason: str) -> int:
        """Of that one."""
        return self.known.setdefault((stage, reason), len(self.known))


@dataclass
class Fates:
    """What becomes of every document of one source, in its order."""

    judgement: Judgement
    whys: list[tuple[str, str]]
    fate: "npt.NDArray[np.int8]"
    why: "npt.NDArray[np.int32]"
    """Which of `whys`, stage and reason, took it; -1 where it was kept."""
    utf8_bytes: "npt.NDArray[np.int64]"
    """Of the text as it is written."""
    is_heldout: "npt.NDArray[np.bool_]"
    gone: "tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]"
    """Paragraphs that stand elsewhere: the document's number, sorted, and the paragraph's place in it."""


def decide(judgements: Sequence[Judgement], options: CorpusOptions, ledger: Ledger, subjects: Subjects) -> list[Fates]:
    """Every document's fate; all are counted in the ledger, and the people named in them in `subjects`.

    INVARIANT: of what stands more than once, the copy that comes first stays: by the order of the sources, then of their files.
    What comes last takes nothing from what was there before.
    """
    import numpy as np

    everywhere = _Everywhere(judgements, options, ledger, subjects)
    everywhere.drop_copies()
    everywhere.drop_near()
    everywhere.drop_repeats()
    kept = np.flatnonzero(everywhere.keeps)
    draws = everywhere.column("draw")[kept]
    everywhere.is_heldout[kept] = heldout(draws, everywhere.size[kept], everywhere.language[kept], options)
    everywhere.count("split", everywhere.keeps)
    return everywhere.fates()


class _Everywhere:
    """All documents of all sources in a row."""

    def __init__(
        self, judgements: Sequence[Judgement], options: CorpusOptions, ledger: Ledger, subjects: Subjects
    ) -> None:
        import numpy as np

        self.judgements, self.options, self.ledger, self.whys = judgements, options, ledger, Whys()
        sizes = [len(one.places) for one in judgements]
        self.source = np.repeat(np.arange(len(sizes)), sizes)
        self.starts = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
        number = int(self.starts[-1])
        names = sorted({one.source.language for one in judgements})
        codes = [names.index(one.source.language) for one in judgements]
        self.language = np.asarray(codes, np.int64)[self.source] if codes else np.zeros(0, np.int64)
        self.languages = names
        self.fate = np.full(number, KEPT, np.int8)
        self.why = np.full(number, -1, np.int32)
        self.is_heldout = np.zeros(number, np.bool_)
        for at, one in enumerate(judgements):
            own = slice(self.starts[at], self.starts[at + 1])
            self.fate[own], self.why[own] = _alone(one, ledger, subjects, self.whys)
        self.keeps = self.fate == KEPT
        self.size = self.column("utf8_bytes").astype(np.int64)
        self.gone = np.zeros(0, np.int64), np.zeros(0, np.int64)

    def column(self, name: str) -> "npt.NDArray[Any]":
        """Of every document."""
        import numpy as np

        columns = [one.places.columns([name])[name] for one in self.judgements if len(one.places)]
        arrays = [np.asarray(_flat(chunk)) for one in columns for chunk in one.chunks]
        return np.concatenate(arrays) if arrays else np.zeros(0, np.uint64)

    def count(self, stage: str, came: "npt.NDArray[np.bool_]") -> None:
        """That those came to the stage, and what became of them, by source."""
        import numpy as np

        number = len(self.judgements)
        by_source = np.bincount(self.source[came], minlength=number).tolist()
        kept = np.bincount(self.source[self.keeps], minlength=number).tolist()
        size = np.bincount(self.source[self.keeps], self.size[self.keeps], minlength=number)
        left = came & ~self.keeps
        pairs, counts = np.unique(np.stack([self.source[left], self.why[left]]), axis=1, return_counts=True)
        for at, one in enumerate(self.judgements):
            self.ledger.through(stage, one.source.name, by_source[at], kept[at], int(size[at]))
        names = list(self.whys.known)
        for (at, why), documents in zip(pairs.T.tolist(), counts.tolist(), strict=True):
            self.ledger.leave(stage, self.judgements[at].source.name, "drop", names[why][1], documents)

    def fates(self) -> list[Fates]:
        """By source."""
        import numpy as np

        found, whys = list[Fates](), list(self.whys.known)
        for number, one in enumerate(self.judgements):
            own = slice(self.starts[number], self.starts[number + 1])
            first, last = np.searchsorted(self.gone[0], (own.start, own.stop))
            gone = self.gone[0][first:last] - own.start, self.gone[1][first:last]
            found.append(Fates(one, whys, self.fate[own], self.why[own], self.size[own], self.is_heldout[own], gone))
        return found

    def drop_copies(self) -> None:
        """Of documents with the same text, the first stays; of near ones too, counted in one stage."""
        import numpy as np

        self._came = self.keeps.copy()
        rows = np.flatnonzero(self.keeps)
        exact = self.column("exact").reshape(-1, 2)[rows]
        order = np.lexsort((exact[:, 1], exact[:, 0]))
        again = np.zeros(len(rows), np.bool_)
        again[1:] = (exact[order][1:] == exact[order][:-1]).all(axis=1)
        self._drop(rows[order[again]], "duplicates", EXACT)

    def drop_near(self) -> None:
        """Of near copies in a language, the same."""
        import numpy as np

        bands = self.column("bands").reshape(-1, self.options.bands)
        for code in range(len(self.languages)):
            rows = np.flatnonzero(self.keeps & (self.language == code))
            first = groups(np.ascontiguousarray(bands[rows, band]) for band in range(self.options.bands))
            self._drop(rows[first != np.arange(len(rows))], "duplicates", NEAR)
        self.count("duplicates", self._came)

    def drop_repeats(self) -> None:
        """A long paragraph stays in one document of its language only: held-out text is then nowhere in the training text."""
        import numpy as np

        from daulat.corpus.kernels.often import often

        came, number = self.keeps.copy(), len(self.keeps)
        hashes, characters, sizes, places, counts = self._long()
        document = np.repeat(np.arange(number), counts)
        asked = np.flatnonzero(self.keeps[document])
        own = self.language[document[asked]].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        key = hashes[asked] + own
        away = np.zeros(len(hashes), np.bool_)
        rows = often(key, 1)
        order = np.argsort(key[rows], kind="stable")
        again = np.zeros(len(rows), np.bool_)
        again[1:] = key[rows][order][1:] == key[rows][order][:-1]
        away[asked[rows[order[again]]]] = True
        of_away = document[away]
        lost = np.bincount(of_away, weights=characters[away], minlength=number)
        remains = self.column("characters").astype(np.int64) - lost
        nothing = self.keeps & (remains < self.options.unique_paragraph_characters)
        count = np.bincount(of_away, minlength=number)
        size = np.bincount(of_away, weights=sizes[away], minlength=number).astype(np.int64)
        for at, one in enumerate(self.judgements):
            here = slice(self.starts[at], self.starts[at + 1])
            if paragraphs := int(count[here].sum()):
                utf8_bytes = int(size[here].sum())
                self.ledger.take_out("repeats", one.source.name, "stands elsewhere", paragraphs, utf8_bytes)
        self._drop(np.flatnonzero(nothing), "repeats", NOTHING_NEW)
        self.size = np.where(self.keeps, self.size - size - count, self.size)  # each with its line end
        written = self.keeps[of_away]
        self.gone = of_away[written], places[away][written].astype(np.int64)
        self.count("repeats", came)

    def _long(self) -> "tuple[npt.NDArray[Any], ...]":
        """Hash, characters, UTF-8 bytes and place of every long paragraph, and how many each document has."""
        import numpy as np

        names = ["long", "long_characters", "long_utf8_bytes", "long_at"]
        tables = [one.places.columns(names) for one in self.judgements if len(one.places)]
        empty: list[npt.NDArray[Any]] = [np.zeros(0, np.uint64), *(np.zeros(0, np.int32) for _ in names[1:])]
        found = [
            np.concatenate([none, *(np.asarray(chunk.flatten()) for part in tables for chunk in part[name].chunks)])
            for name, none in zip(names, empty, strict=True)
        ]
        offsets = (np.diff(np.asarray(chunk.offsets)) for part in tables for chunk in part["long"].chunks)
        return *found, np.concatenate([np.zeros(0, np.int64), *offsets])

    def _drop(self, rows: "npt.NDArray[np.int64]", stage: str, reason: str) -> None:
        self.fate[rows], self.why[rows], self.keeps[rows] = DROPPED, self.whys.number(stage, reason), False


def _alone(
    judgement: Judgement, ledger: Ledger, subjects: Subjects, whys: Whys
) -> "tuple[npt.NDArray[np.int8], npt.NDArray[np.int32]]":
    """What the stages said that look at one document alone: fate, and why."""
    import numpy as np
    import pyarrow as pa

    name, number = judgement.source.name, len(judgement.places)
    fate, why = np.full(number, KEPT, np.int8), np.full(number, -1, np.int32)
    for left in judgement.left_out:
        ledger.take_out("extract", name, left.reason, left.paragraphs, left.utf8_bytes)
    if not number:
        for stage in ALONE:
            ledger.through(stage, name, 0, 0, 0)
        return fate, why
    names = ["stage", "outcome", "reason", "taken_out", *(f"after_{stage}" for stage in ALONE)]
    columns = judgement.places.columns(names)
    came = number
    for one in ALONE:
        after = np.asarray(columns[f"after_{one}"])
        kept = int((after >= 0).sum())
        ledger.through(one, name, came, kept, int(after[after >= 0].sum()))
        came = kept
    gone = np.flatnonzero(np.asarray(columns["outcome"].is_valid()))
    left_at = columns.select(names[:3]).take(pa.array(gone)).append_column("row", pa.array(gone))
    for (stage, outcome, reason), rows in _grouped(left_at, names[:3], "row"):
        ledger.leave(stage, name, outcome, reason, len(rows))
        fate[rows], why[rows] = DROPPED if outcome == "drop" else HELD, whys.number(stage, reason)
    taken = [chunk.flatten() for chunk in columns["taken_out"].chunks]
    sums = pa.concat_tables([pa.Table.from_struct_array(one) for one in taken]).group_by(["stage", "reason"])
    for one in sums.aggregate([("paragraphs", "sum"), ("utf8_bytes", "sum")]).to_pylist():
        ledger.take_out(one["stage"], name, one["reason"], one["paragraphs_sum"], one["utf8_bytes_sum"])
    named = judgement.places.columns(["people"])["people"].is_valid()
    rows = np.flatnonzero(np.asarray(named))
    some = judgement.places.columns(["id", "people"], rows) if len(rows) else pa.table({"id": [], "people": []})
    for identity, people in zip(some["id"].to_pylist(), some["people"].to_pylist(), strict=True):
        for one in people:
            subjects.remember(one["kind"], one["value"], identity, name, of_person=one["of_person"])
    return fate, why


def _grouped(table: "pa.Table", keys: list[str], value: str) -> "list[tuple[list[str], npt.NDArray[np.int64]]]":
    """Of each group of those keys, the values."""
    import numpy as np

    found = table.group_by(keys, use_threads=False).aggregate([(value, "list")])
    lists = (np.asarray(one.values) for one in found[f"{value}_list"])
    return [([row[key] for key in keys], own) for row, own in zip(found.select(keys).to_pylist(), lists, strict=True)]


def _flat(column: Any) -> Any:
    import pyarrow as pa

    return column.flatten() if pa.types.is_fixed_size_list(column.type) else column
