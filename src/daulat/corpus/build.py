"""Snapshots become a corpus: the whole pipeline, top to bottom.

```
each source:   files ──raw──> blocks of documents ──judge──> what became of each, and numbers to compare them by
all sources:   numbers ──together──> fates ──shards──> files of the corpus
```
With a `state` folder, what was worked out for a file or a document is kept there and looked up the next time: the corpus is the
same, byte for byte, as one built from scratch.
"""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from daulat.corpus.blocks import alone, clear_others, keep_only
from daulat.corpus.contamination import Tasks
from daulat.corpus.course import Ledger
from daulat.corpus.judge import STAGES as ALONE
from daulat.corpus.judge import Judgement, judge
from daulat.corpus.options import CorpusOptions
from daulat.corpus.privacy import Subjects, contradicts
from daulat.corpus.raw import Raw, Snapshot, take
from daulat.corpus.shards import LanguageSize, write_all, write_tallies
from daulat.corpus.stage import Removed
from daulat.corpus.together import STAGES as TOGETHER
from daulat.corpus.together import decide
from daulat.errors import DaulatError
from daulat.records import Progress, Record, Tally, no_progress

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["STAGES", "CorpusReport", "Snapshot", "build"]

STAGES = (*ALONE, *TOGETHER)
"""In the order in which documents pass them."""


class CorpusReport(Record, frozen=True):
    """What came in, what was kept, and why the rest was not."""

    tallies: tuple[Tally, ...]
    """By stage, then source; a stage's `kept` is the next one's `taken`."""
    removed: tuple[Removed, ...]
    """Paragraphs taken out of documents that were kept."""
    languages: tuple[LanguageSize, ...]
    identifiers: dict[str, int]
    """Personal identifiers found, by kind."""
    subjects: int
    """Distinct ones."""
    contradictions: tuple[str, ...] = ()
    """What sources say of the people in them that their text denies."""


def build(
    snapshots: Sequence[Snapshot],
    options: CorpusOptions,
    subject_key: bytes,
    into: Path,
    progress: Progress = no_progress,
    state: Path | None = None,
    version: str = "",
    tasks: Sequence[Path] = (),
    workers: int = 1,
) -> CorpusReport:
    """Write the corpus of these snapshots below `into`: the same bytes for the same snapshots and options.

    `tasks`: files of the tasks that will measure, one JSON object a line. `state`: a folder for what need not be worked out
    again; `version`: of the code, whatever else it may depend on. `workers`: blocks that are worked on at once.
    Raises: DaulatError where nothing is left to train on, saying what took most of it.
    """
    ledger = Ledger([snapshot.source.name for snapshot in snapshots])
    subjects, measuring = Subjects(subject_key), Tasks.read(tasks)
    share = 0.85 / max(1, len(snapshots))
    with ExitStack() as stack:
        own = stack.enter_context(alone(state))
        where = own or Path(stack.enter_context(tempfile.TemporaryDirectory(dir=into.parent)))
        raws, judgements, used = list[Raw](), list[Judgement](), set[Path]()
        for number, snapshot in enumerate(snapshots):
            raw = take(snapshot, options, version, where, _within(progress, number * share, share / 2))
            half = _within(progress, (number + 0.5) * share, share / 2)
            judgement, judged = judge(raw, options, measuring, version, where, subject_key, half, workers)
            raws.append(raw)
            judgements.append(judgement)
            used |= {raw.folder, judged}
        progress(0.85, "looking for copies")
        fates = decide(judgements, options, ledger, subjects)
        progress(0.92, "writing the corpus")
        languages = write_all(into, list(zip(raws, fates, strict=True)), subjects, options)
        if own:
            clear_others(where, used)
            keep_only(_in_use(raws, judgements), used)
    tallies, removed = ledger.tallies(STAGES), ledger.removed(STAGES)
    if not any(size.train_documents for size in languages):
        raise _nothing_left(tallies)
    write_tallies(into, tallies, removed)
    sources = [snapshot.source for snapshot in snapshots]
    report = CorpusReport(
        tallies=tuple(tallies),
        removed=tuple(removed),
        languages=tuple(languages),
        identifiers=dict(sorted(subjects.counts.items())),
        subjects=len(subjects.documents),
        contradictions=tuple(
            said for said in (contradicts(source, subjects.distinct_people(source.name)) for source in sources) if said
        ),
    )
    progress(1.0, f"{sum(size.train_documents + size.heldout_documents for size in languages)} documents kept")
    return report


def _in_use(raws: Sequence[Raw], judgements: Sequence[Judgement]) -> "dict[Path, npt.NDArray[np.int64]]":
    """Rows by block that these sources stand on."""
    import numpy as np

    rows: dict[Path, list[npt.NDArray[np.int64]]] = {}
    for raw in raws:
        for path, own in raw.spans():
            rows.setdefault(path, []).append(own)
    for judgement in judgements:
        for number, path in enumerate(judgement.blocks):
            own = judgement.row[judgement.block == number].astype(np.int64)
            if len(own):
                rows.setdefault(path, []).append(own)
    return {path: np.unique(np.concatenate(parts)) for path, parts in rows.items()}


def _within(progress: Progress, start: float, share: float) -> Progress:
    """A part of the whole, told as such."""
    return lambda inner, words: progress(start + share * inner, words)


def _nothing_left(tallies: Sequence[Tally]) -> DaulatError:
    reasons: dict[str, int] = {}
    for tally in tallies:
        for reason, count in {**tally.dropped, **tally.held}.items():
            reasons[reason] = reasons.get(reason, 0) + count
    most = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))[:3]
    why = ", ".join(f"{reason}: {count}" for reason, count in most) or "there were no files"
    return DaulatError(
        f"nothing is left to train on ({why})", "look at the sources' `language`, `paths`, `licence` and `basis`"
    )
