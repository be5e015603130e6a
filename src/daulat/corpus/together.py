"""All sources together: copies, near copies, paragraphs that stand elsewhere, held-out documents. No text is read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from daulat.corpus.boilerplate import parts
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
_META = ("id", "hi", "lo", "stage", "outcome", "reason", "exact", "characters", "taken_out", "people")


@dataclass
class Fates:
    """What becomes of every document of one source, in its order."""

    judgement: Judgement
    ids: list[str]
    fate: "npt.NDArray[np.int8]"
    stage: list[str | None]
    reason: list[str | None]
    is_heldout: "npt.NDArray[np.bool_]"
    gone: dict[int, list[int]] = field(default_factory=dict)
    """Paragraphs that stand elsewhere, by the document's number."""


def decide(judgements: Sequence[Judgement], options: CorpusOptions, ledger: Ledger, subjects: Subjects) -> list[Fates]:
    """Every document's fate; all are counted in the ledger, and the people named in them in `subjects`.

    INVARIANT: the order of arrival changes nothing.
    """
    import numpy as np

    found = [_alone(one, ledger, subjects) for one in judgements]
    everywhere = _Everywhere(found, options)
    everywhere.drop_copies(ledger)
    everywhere.drop_near(ledger)
    everywhere.drop_repeats(ledger)
    kept = np.flatnonzero(everywhere.keeps)
    ids = [everywhere.ids[row] for row in kept.tolist()]
    languages = [found[one].judgement.source.language for one in everywhere.source[kept].tolist()]
    chosen = heldout(ids, everywhere.size[kept].tolist(), languages, options)
    everywhere.is_heldout[kept[np.asarray(chosen, np.bool_)]] = True
    for number, one in enumerate(found):
        rows = everywhere.source == number
        one.is_heldout = everywhere.is_heldout[rows]
        name, count = one.judgement.source.name, int(everywhere.keeps[rows].sum())
        ledger.through("split", name, count, count, int(everywhere.size[rows & everywhere.keeps].sum()))
    return found


def _alone(judgement: Judgement, ledger: Ledger, subjects: Subjects) -> Fates:
    """What the stages said that look at one document alone."""
    import numpy as np

    name = judgement.source.name
    columns = judgement.columns([*_META, *(f"after_{stage}" for stage in ALONE)])
    number = columns.num_rows
    if not number:
        for stage in ALONE:
            ledger.through(stage, name, 0, 0, 0)
        return Fates(judgement, [], np.zeros(0, np.int8), [], [], np.zeros(0, np.bool_))
    outcome, stage, reason = (columns[key].to_pylist() for key in ("outcome", "stage", "reason"))
    came = number
    for one in ALONE:
        after = np.asarray(columns[f"after_{one}"])
        kept = int((after >= 0).sum())
        ledger.through(one, name, came, kept, int(after[after >= 0].sum()))
        came = kept
    for what, where, why in zip(outcome, stage, reason, strict=True):
        if what is not None:
            ledger.leave(where, name, what, why)
    for taken in columns["taken_out"].drop_null().to_pylist():
        for one in taken:
            ledger.take_out(one["stage"], name, one["reason"], one["paragraphs"], one["utf8_bytes"])
    named = columns.select(("id", "people")).filter(columns["people"].is_valid())
    for identity, people in zip(named["id"].to_pylist(), named["people"].to_pylist(), strict=True):
        for one in people:
            subjects.remember(one["kind"], one["value"], identity, name, of_person=one["of_person"])
    fate = np.array([KEPT if what is None else DROPPED if what == "drop" else HELD for what in outcome], np.int8)
    return Fates(judgement, columns["id"].to_pylist(), fate, stage, reason, np.zeros(number, np.bool_))


class _Everywhere:
    """All documents of all sources in a row."""

    def __init__(self, found: list[Fates], options: CorpusOptions) -> None:
        import numpy as np

        self.found, self.options = found, options
        self.source = np.repeat(np.arange(len(found)), [len(one.ids) for one in found])
        self.starts = np.concatenate(([0], np.cumsum([len(one.ids) for one in found]))).astype(np.int64)
        self.ids = [identity for one in found for identity in one.ids]
        self.keeps = np.concatenate([np.zeros(0, np.int8), *(one.fate for one in found)]) == KEPT
        self.is_heldout = np.zeros(len(self.ids), np.bool_)
        names = sorted({one.judgement.source.language for one in found})
        codes = [names.index(one.judgement.source.language) for one in found]
        self.language = np.asarray(codes, np.int64)[self.source] if codes else np.zeros(0, np.int64)
        self.languages = names
        high, low = (self._column(key) for key in ("hi", "lo"))
        self.rank = np.empty(len(self.ids), np.int64)
        self.rank[np.lexsort((np.arange(len(self.ids)), low, high))] = np.arange(len(self.ids))
        self.size = self._column(f"after_{ALONE[-1]}").astype(np.int64)

    def _column(self, name: str) -> "npt.NDArray[np.generic]":
        import numpy as np

        columns = [one.judgement.columns([name])[name] for one in self.found if one.ids]
        arrays = [np.asarray(one.combine_chunks().flatten() if _is_list(one) else one) for one in columns]
        return np.concatenate(arrays) if arrays else np.zeros(0, np.uint64)

    def _drop(self, rows: "npt.NDArray[np.int64]", stage: str, reason: str) -> None:
        for row in rows.tolist():
            one = self.found[self.source[row]]
            at = row - int(self.starts[self.source[row]])
            one.fate[at], one.stage[at], one.reason[at] = DROPPED, stage, reason
        self.keeps[rows] = False

    def _count(self, stage: str, came: "npt.NDArray[np.bool_]", ledger: Ledger) -> None:
        import numpy as np

        for number, one in enumerate(self.found):
            own = self.source == number
            name = one.judgement.source.name
            kept = own & self.keeps
            ledger.through(stage, name, int((own & came).sum()), int(kept.sum()), int(self.size[kept].sum()))
            for at in np.flatnonzero(own & came & ~self.keeps).tolist():
                ledger.leave(stage, name, "drop", one.reason[at - int(self.starts[number])] or "")

    def drop_copies(self, ledger: Ledger) -> None:
        """Of documents with the same text, the one with the smallest id stays; of near ones too, counted in one stage."""
        import numpy as np

        self._came = self.keeps.copy()
        rows = np.flatnonzero(self.keeps)
        exact = self._column("exact").reshape(-1, 2)[rows]
        order = np.lexsort((self.rank[rows], exact[:, 1], exact[:, 0]))
        again = np.zeros(len(rows), np.bool_)
        again[1:] = (exact[order][1:] == exact[order][:-1]).all(axis=1)
        self._drop(rows[order[again]], "duplicates", EXACT)

    def drop_near(self, ledger: Ledger) -> None:
        """Of near copies in a language, the same."""
        import numpy as np

        bands = self._column("bands").reshape(-1, self.options.bands)
        for code in range(len(self.languages)):
            rows = np.flatnonzero(self.keeps & (self.language == code))
            rows = rows[np.argsort(self.rank[rows])]
            first = groups(np.ascontiguousarray(bands[rows, band]) for band in range(self.options.bands))
            self._drop(rows[first != np.arange(len(rows))], "duplicates", NEAR)
        self._count("duplicates", self._came, ledger)

    def drop_repeats(self, ledger: Ledger) -> None:
        """A long paragraph stays in one document of its language only: held-out text is then nowhere in the training text."""
        import numpy as np

        came = self.keeps.copy()
        names = ["long", "long_characters", "long_utf8_bytes", "long_at"]
        tables = [one.judgement.columns(names) for one in self.found if one.ids]
        lists = [part["long"].combine_chunks() for part in tables]
        counts = np.concatenate([np.zeros(0, np.int64), *(np.diff(np.asarray(one.offsets)) for one in lists)])
        document = np.repeat(np.arange(len(self.ids)), counts)
        hashes, characters, sizes, places = (
            np.concatenate(
                [np.zeros(0, np.int64), *(np.asarray(part[name].combine_chunks().flatten()) for part in tables)]
            )
            if name != "long"
            else np.concatenate([np.zeros(0, np.uint64), *(np.asarray(one.flatten()) for one in lists)])
            for name in names
        )
        asked = np.flatnonzero(self.keeps[document])
        key = hashes[asked].astype(np.uint64) + self.language[document[asked]].astype(np.uint64) * np.uint64(
            0x9E3779B97F4A7C15
        )
        of = self.rank[document[asked]]
        gone = np.zeros(len(hashes), np.bool_)
        for rows in parts(key):
            order = np.lexsort((rows, of[rows], key[rows]))
            again = np.zeros(len(rows), np.bool_)
            again[1:] = key[rows][order][1:] == key[rows][order][:-1]
            gone[asked[rows[order[again]]]] = True
        lost = np.bincount(document[gone], weights=characters[gone], minlength=len(self.ids))
        remains = self._column("characters").astype(np.int64) - lost
        nothing = self.keeps & (remains < self.options.unique_paragraph_characters)
        count = np.bincount(document[gone], minlength=len(self.ids))
        size = np.bincount(document[gone], weights=sizes[gone], minlength=len(self.ids)).astype(np.int64)
        starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        for row in np.flatnonzero(count).tolist():
            one = self.found[self.source[row]]
            own = slice(starts[row], starts[row + 1])
            one.gone[row - int(self.starts[self.source[row]])] = places[own][gone[own]].tolist()
            ledger.take_out("repeats", one.judgement.source.name, "stands elsewhere", int(count[row]), int(size[row]))
        self.size = np.where(self.keeps, self.size - size - count, self.size)  # each with its line end
        self._drop(np.flatnonzero(nothing), "repeats", NOTHING_NEW)
        self._count("repeats", came, ledger)


def _is_list(column: "pa.ChunkedArray") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_fixed_size_list(column.type))
