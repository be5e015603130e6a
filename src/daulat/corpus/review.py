"""What native speakers say of the rules: which documents they are shown, what they may answer, how often they disagree.

```
corpus ──sample──> Sample ──sheet.py──> a page without verdicts ──people──> Verdicts, a file each
                     └──────────────────────review────────────────────────────┴──> Review: a row a rule
```
The sheet is blind: kept, dropped and held documents are shuffled, and nothing in it says which is which.
"""

import hashlib
import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from daulat.corpus import parts
from daulat.corpus.agreement import kappa, wilson
from daulat.errors import DaulatError
from daulat.records import Digest, Language, Record

FORM = "daulat-review-1"
MOST_SAMPLES = 500
"""Documents on one sheet, at most: more than a person reads in a week."""
MOST_FILE_BYTES = 2_000_000
"""Of a verdict file: `MOST_SAMPLES` with every note full, in three bytes a letter."""
NOTE_CHARACTERS = 500
UNSEEN = frozenset({"rights", "duplicates", "repeats"})
"""Stages whose verdict nobody can see in one document alone: of a licence, of a copy elsewhere. They are not sampled."""
KEPT = "kept"

Code: TypeAlias = Literal[
    "fragments", "repeats", "encoding", "unnatural", "mixed", "advert", "harmful", "personal", "other"
]
CODES: dict[Code, str] = {
    "fragments": "A menu, a list or cut-off pieces, not sentences",
    "repeats": "It says the same again and again",
    "encoding": "Broken letters or signs",
    "unnatural": "Nobody writes like this: by a machine, or badly translated",
    "mixed": "Mixed with another language",
    "advert": "An advertisement or spam",
    "harmful": "Insulting, harmful or obscene",
    "personal": "It tells something private of a person",
    "other": "Something else (say it below)",
}
"""What a reviewer may give as reasons, in these words."""


class Judgement(Record, frozen=True):
    """What one reviewer says of one document."""

    document: Annotated[str, Meta(min_length=1, max_length=200)]
    verdict: Literal["good", "bad", "other-language"]
    reasons: Annotated[tuple[Code, ...], Meta(max_length=len(CODES))] = ()
    note: Annotated[str, Meta(max_length=NOTE_CHARACTERS)] = ""


class Verdicts(Record, frozen=True):
    """A verdict file: one reviewer's answers to one sheet."""

    form: Literal["daulat-review-1"]
    corpus: Annotated[Digest, Meta(pattern="^sha256:[0-9a-f]{64}$")]
    language: Language
    samples: Annotated[int, Meta(ge=1, le=MOST_SAMPLES)]
    sheet: Annotated[Digest, Meta(pattern="^sha256:[0-9a-f]{64}$")]
    """Of the ids on the sheet, in their order."""
    reviewer: Annotated[str, Meta(pattern="^[A-Za-z0-9-]{2,20}$")]
    """A code that the reviewer chose; no name."""
    judgements: Annotated[tuple[Judgement, ...], Meta(min_length=1, max_length=MOST_SAMPLES)]


@dataclass(frozen=True)
class Sampled:
    """A document on the sheet; `rule` is what the reviewer is not told."""

    id: str
    rule: str
    """`kept`, or outcome, stage and reason: `dropped by quality: too short`."""
    text: str


@dataclass(frozen=True)
class Sample:
    """The documents of a sheet in the order in which they are shown, and how many the corpus has of each rule."""

    documents: tuple[Sampled, ...]
    population: dict[str, int]

    @property
    def digest(self) -> Digest:
        """Names the sheet."""
        return f"sha256:{hashlib.sha256(chr(10).join(one.id for one in self.documents).encode()).hexdigest()}"


class RuleReview(Record, frozen=True):
    """How often reviewers disagree with one rule, or with what was kept. A document counts once, by the majority."""

    rule: str
    in_corpus: int
    """Documents that it decided, with text to be shown."""
    judged: int
    """Documents on which there was a majority: what the share is of."""
    tied: int
    """Documents on which reviewers were evenly split: counted in neither."""
    disagree: int
    """Kept and called not good, or not in the language; left out and called good."""
    share: float
    low: float
    """Ends of the 95% interval (Wilson)."""
    high: float


class Review(Record, frozen=True):
    """What came of a review."""

    language: Language
    reviewers: int
    judgements: int
    rules: tuple[RuleReview, ...]
    """`kept` first, then the others by their names; only those of which a document was judged."""
    reasons: dict[str, int]
    """How often each was given for a document that is not good."""
    kappa: float | None
    """Agreement of reviewers beyond chance: Cohen's of two, Fleiss' of more; None where it is not defined."""
    kappa_documents: int
    """Documents that all reviewers judged."""


def sample(corpus: Path, digest: Digest, language: Language, languages: Mapping[str, Language], count: int) -> Sample:
    """Up to `count` documents of that language: half kept, half left out, of each rule as evenly as there are.

    Chosen and ordered by the digests of corpus and id alone: the same for everybody. `languages`: of each source.
    Raises: DaulatError for a language that the corpus has nothing of, naming those there are.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for rule, id_ in chain(_kept(corpus, language), _left_out(corpus, language, languages)):
        found[rule].append(id_)
    if not found:
        known = {*parts.languages(corpus), *languages.values()}
        raise DaulatError(
            f"the corpus has no text in `{language}`", f"it has: {', '.join(sorted(known)) or 'none at all'}"
        )

    def place(id_: str) -> bytes:
        return hashlib.sha256(f"{digest} {id_}".encode()).digest()

    distinct = {rule: set(ids) for rule, ids in found.items()}  # the same file at two paths has one id
    numbers = _allotted({rule: len(ids) for rule, ids in distinct.items()}, count)
    chosen = {id_: rule for rule, n in numbers.items() for id_ in heapq.nsmallest(n, distinct[rule], key=place)}
    texts = _texts(corpus, language, set(chosen))
    order = sorted(chosen, key=lambda id_: hashlib.sha256(f"order {digest} {id_}".encode()).digest())
    documents = tuple(Sampled(id_, chosen[id_], texts[id_]) for id_ in order)
    return Sample(documents, {rule: len(ids) for rule, ids in sorted(found.items())})


def read(path: Path) -> Verdicts:
    """A verdict file.

    Raises: DaulatError for a file that is too large, or in anything not what the sheet saves.
    """
    try:
        if path.stat().st_size > MOST_FILE_BYTES:
            raise DaulatError(f"`{path.name}` is too large for a verdict file", f"at most {MOST_FILE_BYTES:,} bytes")
        found = msgspec.json.decode(path.read_bytes(), type=Verdicts)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DaulatError(
            f"`{path.name}` is not a verdict file: {error}", "take it as the sheet saved it, unchanged"
        ) from None
    twice = [id_ for id_, n in Counter(one.document for one in found.judgements).items() if n > 1]
    if twice:
        raise DaulatError(f"`{path.name}` judges `{twice[0]}` twice", "take it as the sheet saved it, unchanged")
    return found


def together(files: Sequence[Verdicts], language: Language) -> tuple[Verdicts, ...]:
    """The files of one sheet, by reviewer.

    Raises: DaulatError where they are of several sheets, of another language, or two have the same code.
    """
    assert files
    for one in files:
        if one.language != language:
            raise DaulatError(f"the verdicts of `{one.reviewer}` are on `{one.language}`", f"asked for: `{language}`")
        if (one.corpus, one.sheet, one.samples) != (files[0].corpus, files[0].sheet, files[0].samples):
            raise DaulatError(
                f"the verdicts of `{one.reviewer}` and `{files[0].reviewer}` are of two sheets",
                "take those of each sheet by themselves",
            )
    codes = Counter(one.reviewer.lower() for one in files)
    twice = [code for code, n in codes.items() if n > 1]
    if twice:
        raise DaulatError(f"two files are of the reviewer `{twice[0]}`", "take the newer one, or ask for two codes")
    return tuple(sorted(files, key=lambda one: one.reviewer))


def review(shown: Sample, files: Sequence[Verdicts]) -> Review:
    """What these reviewers say of each rule.

    Raises: DaulatError where the verdicts are of another sheet than that sample.
    """
    rules = {one.id: one.rule for one in shown.documents}
    for one in files:
        if one.sheet != shown.digest or not all(said.document in rules for said in one.judgements):
            raise DaulatError(
                f"the verdicts of `{one.reviewer}` are of another sheet",
                "take them with the version of daulat that made the sheet, or make a new one",
            )
    called: defaultdict[str, list[bool]] = defaultdict(list)
    for said in chain.from_iterable(one.judgements for one in files):
        called[said.document].append(said.verdict == "good")
    good, tied = Counter[str](), Counter[str]()
    judged = Counter[str]()
    for document, votes in called.items():
        yes = sum(votes)
        if 2 * yes == len(votes):
            tied[rules[document]] += 1
        else:
            judged[rules[document]] += 1
            good[rules[document]] += 2 * yes > len(votes)
    agreement, documents = kappa([{said.document: said.verdict for said in one.judgements} for one in files])
    return Review(
        language=files[0].language,
        reviewers=len(files),
        judgements=sum(map(len, called.values())),
        rules=tuple(
            _rule(rule, shown.population[rule], judged[rule], tied[rule], good[rule])
            for rule in sorted({*judged, *tied}, key=lambda rule: (rule != KEPT, rule))
        ),
        reasons=dict(sorted(Counter(r for o in files for s in o.judgements for r in s.reasons).items())),
        kappa=None if agreement is None else round(agreement, 4),
        kappa_documents=documents,
    )


def _rule(rule: str, in_corpus: int, judged: int, tied: int, good: int) -> RuleReview:
    disagree = judged - good if rule == KEPT else good
    low, high = wilson(disagree, judged)
    share = disagree / judged if judged else 0.0
    return RuleReview(rule, in_corpus, judged, tied, disagree, round(share, 4), round(low, 4), round(high, 4))


def _allotted(have: Mapping[str, int], count: int) -> dict[str, int]:
    """How many to take of each rule: of what was kept as many as of all the others; what one lacks goes to the rest."""
    others = {rule: n for rule, n in sorted(have.items()) if rule != KEPT}
    kept = max(min(have.get(KEPT, 0), count - count // 2), min(have.get(KEPT, 0), count - sum(others.values())))
    left, found = count - kept, dict.fromkeys(others, 0)
    while left and any(found[rule] < n for rule, n in others.items()):
        for rule, n in others.items():
            if left and found[rule] < n:
                found[rule] += 1
                left -= 1
    return {KEPT: kept, **found} if kept else found


def _kept(corpus: Path, language: Language) -> Iterator[tuple[str, str]]:
    for path in (*parts.files(corpus, "train", language), *parts.files(corpus, "heldout", language)):
        for rows in parts.batches(path, ["id"]):
            yield from ((KEPT, id_) for id_ in rows["id"].to_pylist())


def _left_out(corpus: Path, language: Language, languages: Mapping[str, Language]) -> Iterator[tuple[str, str]]:
    """Rule and id of what was dropped and held, of sources in that language, where there is text to be shown."""
    import pyarrow as pa
    import pyarrow.compute as pc

    own = pa.array([name for name, found in languages.items() if found == language], pa.string())
    for outcome in ("dropped", "held"):
        columns = ["id", "source", "stage", "reason", "text"]
        for rows in parts.left_batches(corpus, outcome, columns):
            seen = pc.invert(pc.is_in(rows["stage"], pa.array(sorted(UNSEEN))))
            some = pc.not_equal(pc.utf8_trim_whitespace(rows["text"]), "")
            shown = rows.filter(pc.and_(pc.and_(seen, some), pc.is_in(rows["source"], own)))
            for id_, stage, reason in zip(
                *(shown[name].to_pylist() for name in ("id", "stage", "reason")), strict=True
            ):
                yield f"{outcome} by {stage}: {reason}", id_


def _texts(corpus: Path, language: Language, ids: set[str]) -> dict[str, str]:
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted, found = pa.array(sorted(ids), pa.string()), dict[str, str]()
    kept = (*parts.files(corpus, "train", language), *parts.files(corpus, "heldout", language))
    for path in (*kept, *parts.left(corpus, "dropped"), *parts.left(corpus, "held")):
        for rows in parts.batches(path, ["id", "text"]):
            own = rows.filter(pc.is_in(rows["id"], wanted))
            found.update(zip(own["id"].to_pylist(), own["text"].to_pylist(), strict=True))
    return found
