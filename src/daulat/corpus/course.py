"""The way of documents through the stages: where each left and why, its size at each stage, what was taken out of it.

```
documents ──stage──> Judged ──settle──> those that go on; of the others stage, outcome, reason, and the text as it was then
```
A course is of one block of documents; `columns` is what is kept of it, a row a document, and `Ledger` adds courses up.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from daulat.corpus.stage import KEEP, Judged, Removed
from daulat.records import Tally

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

OUTCOMES = ("keep", "drop", "hold")


def left_type() -> "pa.DataType":
    """Of the column with what was taken out of each document."""
    import pyarrow as pa

    return pa.list_(
        pa.struct(
            [("stage", pa.string()), ("reason", pa.string()), ("paragraphs", pa.int64()), ("utf8_bytes", pa.int64())]
        )
    )


class Course:
    """One block on its way. INVARIANT: every document is either among `going` or has left at exactly one stage."""

    def __init__(self, documents: "pa.Table") -> None:
        import numpy as np

        self.documents = documents
        number = documents.num_rows
        self.going = np.arange(number)
        """Rows of the block that go on, in order; `now` is their table."""
        self.now = documents
        self.stage: list[str | None] = [None] * number
        self.outcome: list[str | None] = [None] * number
        self.reason: list[str | None] = [None] * number
        self.sizes: dict[str, npt.NDArray[np.int64]] = {}
        """By stage, UTF-8 bytes of each document after it; -1 where it did not get through."""
        self.taken_out: list[list[dict[str, Any]] | None] = [None] * number
        self._left: list[tuple[npt.NDArray[np.int64], pa.Table]] = []

    def begin(
        self,
        going: "npt.NDArray[np.int64]",
        stage: "list[str | None]",
        outcome: "list[str | None]",
        reason: "list[str | None]",
    ) -> None:
        """Those rows go on from here; the others left before, where it says."""
        import numpy as np
        import pyarrow as pa

        self.stage, self.outcome, self.reason = stage, outcome, reason
        gone = np.setdiff1d(self.going, going)
        if len(gone):
            self._left.append((gone, self.documents.take(pa.array(gone))))
        self.going, self.now = going, self.documents.take(pa.array(going)) if len(gone) else self.documents

    def settle(self, stage: str, judged: Judged) -> "pa.Table":
        """The documents that go on after that stage."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        assert judged.documents.num_rows == len(judged.verdicts) == len(self.going)
        for row, what in judged.taken_out:
            at = int(self.going[row])
            self.taken_out[at] = [*(self.taken_out[at] or []), {"stage": stage, **what}]
        stays = np.fromiter((one is KEEP or one == KEEP for one in judged.verdicts), np.bool_, len(judged.verdicts))
        for row in np.flatnonzero(~stays).tolist():
            verdict, at = judged.verdicts[row], int(self.going[row])
            self.stage[at], self.outcome[at], self.reason[at] = stage, verdict.outcome, verdict.reason
        if not stays.all():
            self._left.append((self.going[~stays], judged.documents.filter(pa.array(~stays))))
        sizes = np.full(self.documents.num_rows, -1, np.int64)
        self.going = self.going[stays]
        self.now = judged.documents.filter(pa.array(stays)) if not stays.all() else judged.documents
        sizes[self.going] = np.asarray(pc.binary_length(self.now["text"]), np.int64)
        self.sizes[stage] = sizes
        return self.now

    def texts(self) -> "tuple[pa.Table, npt.NDArray[np.bool_]]":
        """All documents in the order of the block, with the text that each had last; and which of them go on."""
        import numpy as np
        import pyarrow as pa

        order = np.concatenate([rows for rows, _ in self._left] + [self.going])
        table = pa.concat_tables([part for _, part in self._left] + [self.now])
        goes_on = np.zeros(self.documents.num_rows, np.bool_)
        goes_on[self.going] = True
        return table.take(np.argsort(order)), goes_on


@dataclass
class Ledger:
    """Counts of any number of documents, by stage and source. INVARIANT: each tally adds up."""

    sources: Sequence[str]
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    kept: Counter[tuple[str, str]] = field(default_factory=Counter)
    kept_utf8_bytes: Counter[tuple[str, str]] = field(default_factory=Counter)
    left: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    """By stage, source, outcome, reason."""
    paragraphs: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Taken out of what was kept, by stage, source, reason."""
    paragraph_utf8_bytes: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def through(self, stage: str, source: str, taken: int, kept: int, kept_utf8_bytes: int) -> None:
        """So many documents came to that stage, and so many went on."""
        self.taken[stage, source] += taken
        self.kept[stage, source] += kept
        self.kept_utf8_bytes[stage, source] += kept_utf8_bytes

    def leave(self, stage: str, source: str, outcome: str, reason: str, number: int = 1) -> None:
        """So many left there, for that reason."""
        self.left[stage, source, outcome, reason] += number

    def take_out(self, stage: str, source: str, reason: str, paragraphs: int, utf8_bytes: int) -> None:
        """Paragraphs went out of documents that stayed."""
        self.paragraphs[stage, source, reason] += paragraphs
        self.paragraph_utf8_bytes[stage, source, reason] += utf8_bytes

    def tallies(self, stages: Iterable[str]) -> list[Tally]:
        """One for each stage and source, in order."""
        found = []
        for stage in stages:
            for source in self.sources:
                own = {
                    (outcome, reason): count
                    for (where, of, outcome, reason), count in sorted(self.left.items())
                    if (where, of) == (stage, source)
                }
                tally = Tally(
                    stage=stage,
                    source=source,
                    taken=self.taken[stage, source],
                    kept=self.kept[stage, source],
                    dropped={reason: count for (outcome, reason), count in own.items() if outcome == "drop"},
                    held={reason: count for (outcome, reason), count in own.items() if outcome == "hold"},
                    kept_utf8_bytes=self.kept_utf8_bytes[stage, source],
                )
                assert tally.adds_up(), tally
                found.append(tally)
        return found

    def removed(self, stages: Iterable[str]) -> list[Removed]:
        """What was taken out of documents that were kept, in the order of stages, then sources and reasons."""
        order = {stage: at for at, stage in enumerate(stages)}
        keys = sorted(self.paragraphs, key=lambda key: (order[key[0]], self.sources.index(key[1]), key[2]))
        return [Removed(*key, self.paragraphs[key], self.paragraph_utf8_bytes[key]) for key in keys]
