"""Snapshots become a corpus: the whole pipeline, top to bottom."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from daulat.corpus import boilerplate, duplicates, identify, normalise, privacy, quality, rights
from daulat.corpus.extract import files
from daulat.corpus.options import CorpusOptions
from daulat.corpus.shards import LanguageSize, write_all, write_tallies
from daulat.corpus.split import heldout
from daulat.corpus.stage import KEEP, Account, Judged, Removed
from daulat.errors import DaulatError
from daulat.records import Decision, Digest, Progress, Record, Source, Tally, no_progress

if TYPE_CHECKING:
    import pyarrow as pa


STAGES = (
    "extract",
    "rights",
    "normalise",
    "boilerplate",
    "identify",
    "quality",
    "privacy",
    "duplicates",
    "repeats",
    "split",
)
"""In the order in which documents pass them."""


@dataclass(frozen=True)
class Snapshot:
    """A source as it was fetched: its files lie below `folder/files`. The decision is the law's, about curating it."""

    source: Source
    digest: Digest
    folder: Path
    decision: Decision


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


def build(
    snapshots: Sequence[Snapshot],
    options: CorpusOptions,
    subject_key: bytes,
    into: Path,
    progress: Progress = no_progress,
) -> CorpusReport:
    """Write the corpus of these snapshots below `into`: the same bytes for the same snapshots and options.

    Raises: DaulatError where nothing is left to train on, saying what took most of it.
    """
    account = Account()
    subjects = privacy.Subjects(subject_key)
    steps = len(snapshots) + 1
    parts = [
        _one_source(snapshot, options, account, subjects, _within(progress, index / steps, 1 / steps))
        for index, snapshot in enumerate(snapshots)
    ]
    kept = _all_together(parts, snapshots, options, account, progress)
    progress(0.95, "writing the corpus")
    languages = write_all(into, kept, heldout(kept, options), account, subjects, options)
    if not any(size.train_documents for size in languages):
        raise _nothing_left(account)
    tallies = sorted(account.tallies, key=lambda tally: STAGES.index(tally.stage))
    write_tallies(into, tallies, account.removed)
    report = CorpusReport(
        tallies=tuple(tallies),
        removed=tuple(account.removed),
        languages=tuple(languages),
        identifiers=dict(sorted(subjects.counts.items())),
        subjects=len(subjects.documents),
    )
    progress(1.0, f"{kept.num_rows} documents kept")
    return report


def _one_source(
    snapshot: Snapshot, options: CorpusOptions, account: Account, subjects: privacy.Subjects, progress: Progress
) -> "pa.Table":
    """The stages that look at one source alone."""
    source, verdict = snapshot.source, rights.rights(snapshot.source, snapshot.decision)
    folder = snapshot.folder / "files"
    if verdict == KEEP:
        found = files.extract(source, snapshot.digest, folder, options, _within(progress, 0, 0.6))
    else:
        found = files.unread(source, snapshot.digest, folder)

    def settle(stage: str, judged: Judged) -> "pa.Table":
        return account.settle(stage, [source.name], judged)

    kept = settle("extract", found)
    kept = settle("rights", rights.judge(kept, verdict))
    kept = settle("normalise", normalise.normalise(kept))
    progress(0.7, f"leaving out repeats in {source.name}")
    kept = settle("boilerplate", boilerplate.boilerplate(kept, options))
    progress(0.75, f"telling languages apart in {source.name}")
    kept = settle("identify", identify.identify(kept, options))
    progress(0.85, f"measuring {source.name}")
    kept = settle("quality", quality.quality(kept, options))
    progress(0.95, f"redacting {source.name}")
    return settle("privacy", privacy.privacy(kept, options, subjects))


def _all_together(
    parts: Sequence["pa.Table"],
    snapshots: Sequence[Snapshot],
    options: CorpusOptions,
    account: Account,
    progress: Progress,
) -> "pa.Table":
    """The stages that compare documents of all sources."""
    import pyarrow as pa

    names = [snapshot.source.name for snapshot in snapshots]
    kept = pa.concat_tables(parts)
    progress(0.85, "looking for copies")
    kept = account.settle("duplicates", names, duplicates.duplicates(kept, options))
    kept = account.settle("repeats", names, duplicates.repeats(kept, options))
    return account.settle("split", names, Judged(kept, [KEEP] * kept.num_rows))


def _within(progress: Progress, start: float, share: float) -> Progress:
    """A part of the whole, told as such."""
    return lambda inner, words: progress(start + share * inner, words)


def _nothing_left(account: Account) -> DaulatError:
    reasons: dict[str, int] = {}
    for tally in account.tallies:
        for reason, count in {**tally.dropped, **tally.held}.items():
            reasons[reason] = reasons.get(reason, 0) + count
    most = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))[:3]
    why = ", ".join(f"{reason}: {count}" for reason, count in most) or "there were no files"
    return DaulatError(
        f"nothing is left to train on ({why})", "look at the sources' `language`, `paths`, `licence` and `basis`"
    )
