"""Snapshots become a corpus: the whole pipeline, top to bottom.

```
each source:   files ──raw──> blocks of documents ──judge──> what became of each, and numbers to compare them by
all sources:   numbers ──together──> fates ──shards──> files of the corpus
```
With a `state` folder, what was worked out for a file or a document is kept there and looked up the next time: the corpus is the
same, byte for byte, as one built from scratch.
"""

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from daulat.corpus.blocks import alone, clear_others, keep_only, read
from daulat.corpus.contamination import Tasks
from daulat.corpus.course import Ledger
from daulat.corpus.judge import STAGES as ALONE
from daulat.corpus.judge import Judgement, judge
from daulat.corpus.made import Made
from daulat.corpus.options import CorpusOptions
from daulat.corpus.privacy import Subjects, contradicts
from daulat.corpus.raw import Raw, Snapshot, take
from daulat.corpus.shards import LanguageSize, write_all, write_tallies
from daulat.corpus.stage import Removed
from daulat.corpus.taking import Shelf
from daulat.corpus.together import STAGES as TOGETHER
from daulat.corpus.together import decide
from daulat.corpus.where import Local, Where
from daulat.errors import DaulatError
from daulat.records import Progress, Record, Tally, no_progress

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["STAGES", "CorpusReport", "Snapshot", "build", "forget"]

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
    where: Where | None = None,
    store: Shelf | None = None,
) -> CorpusReport:
    """Write the corpus of these snapshots below `into`: the same bytes for the same snapshots and options.

    `tasks`: files of the tasks that will measure, one JSON object a line. `state`: a folder for what need not be worked out
    again; `version`: of the code, whatever else it may depend on. `where`: blocks are worked on (default: here, one at a time).
    `store`: where shards of an earlier corpus lie, which are linked where they would be the same.
    Raises: DaulatError where nothing is left to train on, saying what took most of it.
    """
    ledger = Ledger([snapshot.source.name for snapshot in snapshots])
    subjects, measuring = Subjects(subject_key), Tasks.read(tasks)
    on = where or Local()
    share = 0.85 / max(1, len(snapshots))
    with ExitStack() as stack:
        own = stack.enter_context(alone(state))
        folder = own or Path(stack.enter_context(tempfile.TemporaryDirectory(dir=into.parent)))
        made = Made.read(own / "shards.json" if own else None, store)
        raws, judgements = list[Raw](), list[Judgement]()
        for number, snapshot in enumerate(snapshots):
            raw = take(snapshot, options, version, folder, _within(progress, number * share, share / 2), on)
            half = _within(progress, (number + 0.5) * share, share / 2)
            raws.append(raw)
            judgements.append(judge(raw, options, measuring, version, folder, subject_key, half, on))
        progress(0.85, "looking for copies")
        fates = decide(judgements, options, ledger, subjects)
        progress(0.92, "writing the corpus")
        languages = write_all(into, list(zip(raws, fates, strict=True)), subjects, options, made)
        if own:
            _clear(folder, raws, judgements)
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


def _clear(state: Path, raws: Sequence[Raw], judgements: Sequence[Judgement]) -> None:
    """Leave nothing in the state that these sources do not stand on.

    A text that was judged with other furniture stays as long as its document does: it may come back.
    """
    import numpy as np

    clear_others(state, {folder for one in raws for folder in (one.folder, one.lists)} | {j.folder for j in judgements})
    for raw, judgement in zip(raws, judgements, strict=True):
        keep_only(raw.folder, raw.places.uses)
        keep_only(raw.lists, raw.lists_of)
        keep_only(judgement.folder, partial(_is_of, np.unique(judgement.keys[:, 0])))


def _is_of(documents: "npt.NDArray[np.uint64]", block: Path) -> "npt.NDArray[np.bool_]":
    """Of each row of a block, whether it is of one of these documents."""
    import numpy as np

    return np.isin(np.asarray(read(block, ["hi"])["hi"]), documents)


def forget(state: Path) -> None:
    """Leave nothing in the state, unless a build is under way in it."""
    if state.is_dir():
        with alone(state) as own:
            for path in own.iterdir() if own else ():
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                elif path.name != ".lock":
                    path.unlink()


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
