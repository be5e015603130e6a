"""The nouns, on one page.

```
Source ──> Document ──> (Corpus) ──> (Model) ──> Scorecard ──> Release ──> Deployment ──> Answer
             Tally                                  Score        Decision, at every arrow
```
Rooms do not import each other; they meet here. Digests are written `sha256:<64 hex digits>`; times are UTC, RFC 3339
with `Z`; languages are ISO 639-1 (639-3 where there is none); countries are ISO 3166-1 alpha-2, lower case.
"""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

Digest: TypeAlias = str
"""`sha256:` and 64 hex digits."""

Language: TypeAlias = Annotated[str, Meta(pattern="^[a-z]{2,3}$")]
"""ISO 639-1, or 639-3 where there is none."""

Basis: TypeAlias = Literal[
    "open-licence",
    "public-domain",
    "consent",
    "contract",
    "legal-duty",
    "vital-interest",
    "public-task",
    "legitimate-interest",
    "publicly-available",
    "text-and-data-mining",
]
"""Lawful bases: of copyright the first two and the last, of data protection the others."""

Purpose: TypeAlias = Literal["public-service", "research", "education", "commercial", "security"]
"""What something is built for."""

Progress: TypeAlias = Callable[[float, str], None]
"""Told how far a step is: a share from 0 to 1, and a few plain words. Must return quickly and never raise."""


def no_progress(share: float, words: str) -> None:
    """A `Progress` that tells nobody."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may cross a border between rooms: immutable, named fields, unknown fields refused."""


class Place(Record, frozen=True):
    """Where a step runs, reads or writes."""

    name: str
    jurisdiction: Annotated[str, Meta(pattern="^([a-z]{2}|unknown)$")]
    """Country whose law governs the machine: an ISO 3166-1 code such as `id`."""
    operator: str
    provider: str = "own"
    """`own`, or the cloud's name; always read together with `region`."""
    region: str = "-"
    evidence: Literal["declared", "provider-attested", "hardware-attested", "operator-audited"] = "declared"


class Source(Record, frozen=True):
    """Text that somebody owns, and on which terms it may be used. A missing term is unknown, and unknown is held."""

    name: Annotated[str, Meta(pattern=r"^(?!rel-|dep-|ans-|sha256)\w[\w .-]{0,99}$")]
    """Letters, digits, `-`, `_`, `.`; what is traced by it must not look like the id of something else."""
    kind: Literal["debian", "npm", "folder", "objects", "table"]
    location: str
    """The package's name (npm: `name` or `name@version`); the folder's path; `s3://bucket/prefix` or
    `az://container/prefix`; `postgresql://host:port/database`, `mysql://...` or `sqlite:///file`."""
    language: Language
    paths: tuple[str, ...] = ("**/*",)
    """Globs of the files that are read, relative to the package's root, to the folder or to the prefix."""
    endpoint: str | None = None
    """Objects: the service's address; `https://bucket.host` where it wants the bucket's name there."""
    region: str | None = None
    """Objects: the service's own word for where they lie, such as `ap-southeast-3`."""
    credentials: str | None = None
    """Table: the environment variable that holds the whole address, with user and password."""
    tables: tuple[str, ...] = ()
    """Table: those that are read, all in one transaction; or a `query`."""
    query: str | None = None
    """Table: a SELECT that has the columns below."""
    text_columns: tuple[str, ...] = ()
    """Table: put one below the other, they are the document; no other column is read."""
    id_column: str | None = None
    """Tells a row of a table, or a record of a Parquet, JSONL or CSV file, from every other one; of files `id`, or else the
    record's number, where missing."""
    changed_column: str | None = None
    """Table: when a row last changed; while the newest and the number of rows are as they were, no row is read."""
    timeout_s: Annotated[int, Meta(ge=1)] | None = None
    """Longest silence of an object store (default 60), longest statement of a database (default 3600)."""
    jurisdiction: Annotated[str, Meta(pattern="^([a-z]{2}|unknown)$")] | None = None
    """The country where the bytes lie, if it is not that of `[place]`: the law is asked about reading them there."""
    main: str | None = None
    """CSS selector of an HTML page's main text; found by itself where missing."""
    text_column: str | None = None
    """Column with the text in Parquet, JSONL and CSV files; `text`, or the only column of text, where missing."""
    owner: str | None = None
    licence: str | None = None
    """SPDX expression; a national act is `LicenseRef-...`."""
    basis: Basis | None = None
    """Lawful basis on which the text, and what it says of people, is used."""
    country: Annotated[str, Meta(pattern="^([a-z]{2}|international)$")] | None = None
    """Where it was published: an ISO 3166-1 code such as `id`, or `international`."""
    personal_data: Literal["none", "incidental", "present", "sensitive"] | None = None
    purposes: tuple[Purpose, ...] = ()
    """What its owner gave it for, or its subjects consented to; empty where no purpose is excluded."""
    retain_until: date | None = None
    """The last day on which something may be built from it; open where nobody set an end."""
    consent: Literal["given", "explicit"] | None = None
    """What the people in it agreed to, where that is the basis; counts only with `consent_record`."""
    consent_record: str | None = None
    """The paper that shows it: a file, of which only the digest goes on record."""
    access: Literal["lawful"] | None = None
    """`lawful` where it was come by lawfully; needed for mining, with `access_evidence`."""
    access_evidence: str | None = None
    """The paper that shows it: a file, of which only the digest goes on record."""
    opt_out_snapshot: str | None = None
    """Folder with the publisher's robots.txt and tdmrep.json as of the day of access; needed for mining."""
    subjects: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    """Distinct people in it, where somebody counted."""
    sensitive_subjects: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    """Those of whom it says something sensitive."""
    role: Literal["nation", "replay"] = "nation"
    """`replay` text is mixed in so that the model keeps what it knows."""
    optional: bool = False
    """Skipped, with a word, where this machine's archive does not have it."""


class Tally(Record, frozen=True):
    """What one stage did to one source's documents. INVARIANT: `taken == kept + sum(dropped) + sum(held)`."""

    stage: str
    source: str
    taken: int
    kept: int
    dropped: dict[str, int] = {}
    held: dict[str, int] = {}
    kept_utf8_bytes: int = 0

    def adds_up(self) -> bool:
        """Whether nothing vanished uncounted."""
        return self.taken == self.kept + sum(self.dropped.values()) + sum(self.held.values())


class Decision(Record, frozen=True):
    """What the law pack says of one step: `allow`, `refuse`, or `hold` where something is unknown."""

    outcome: Literal["allow", "refuse", "hold"]
    action: str
    subject: str
    """What was asked about: a source, a base, a release."""
    rules: tuple[str, ...]
    """Ids of the rules that determined the outcome."""
    cites: tuple[str, ...]
    """Their acts and provisions, as a person reads them."""
    law: Digest
    """Digest of the pack that was asked."""
    remedy: str = ""
    """What would make it allowed; empty where it is."""
    warnings: tuple[str, ...] = ()
    """Rules that are drafts, guidance or not confirmed: told, never enforced."""


FindingKind: TypeAlias = Literal[
    "balance",
    "commercial-use",
    "data-protection-officer",
    "fair-use",
    "impact-assessment",
    "no-unreasonable-harm",
    "publicly-available",
    "transfer",
]
"""What no rule can decide: whether interests outweigh, a safeguard holds, a use is fair, harm is reasonable, personal data
is out in public; who is named."""


class HumanFinding(Record, frozen=True):
    """What a person found and signed for. The paper it rests on stays with that person; its digest is on record."""

    kind: FindingKind
    about: str
    """Name of the source, or id of the release."""
    words: str
    terms: Digest
    """Of what it was found about: the source as daulat.toml had it, and for a transfer where to. Other terms, no finding."""
    document: Digest | None = None
    until: date | None = None
    """The last day on which it holds; None where it has no end."""
    takes_back: int | None = None
    """Number of the statement whose finding no longer holds; this one then opens nothing itself."""


class Score(Record, frozen=True):
    """One measured number: a model, a language, a metric."""

    metric: str
    """`bits_per_byte`, `bytes_per_token`, `tokens_per_s`, ..."""
    model: str
    """`base`, `ours`, or a floor such as `unigram`."""
    language: str
    value: float
    low: float | None = None
    """Lower end of the 95% bootstrap interval, where one was made."""
    high: float | None = None
    unit: str = ""


class Scorecard(Record, frozen=True):
    """What was measured, on which model, with which text; every number can be measured again from the digests."""

    base: Digest
    model: Digest
    corpus: Digest
    scores: tuple[Score, ...]

    def value(self, metric: str, model: str, language: str) -> float | None:
        """The score of that name, or None where it was not measured."""
        for score in self.scores:
            if (score.metric, score.model, score.language) == (metric, model, language):
                return score.value
        return None


class Finding(Record, frozen=True):
    """One threshold of the release gate, and whether the scorecard meets it."""

    rule: str
    passed: bool
    words: str


class Release(Record, frozen=True):
    """A model, its scorecard and a decision, signed by a named key: the only thing that may be deployed."""

    id: str
    model: Digest
    """The exported file that will be served."""
    weights: Digest
    """The folder of weights that it was exported from."""
    scorecard: Digest
    findings: tuple[Finding, ...]
    state: Literal["proposed", "approved", "rejected"]
    by: str = ""
    """Name of the key that approved or rejected it."""
    reason: str = ""


class Deployment(Record, frozen=True):
    """A release that is served at a place."""

    id: str
    release: str
    model: Digest
    place: Place
    engine: str
    url: str


class Answer(Record, frozen=True):
    """What is kept of one answer: no prompt, no text. Digests are keyed (HMAC-SHA256), so a guess cannot be checked."""

    id: str
    """`ans-` and 26 lower-case base-32 characters, sorted by time."""
    at: str
    tenant: str
    deployment: str
    release: str
    model: Digest
    place: str
    country: str
    request: str
    """`hmac-sha256:` of the canonical request body."""
    response: str
    """`hmac-sha256:` of the text that was sent."""
    prompt_tokens: int
    completion_tokens: int
    finish: Literal["stop", "length", "cancelled", "error"]
    decision: str
    """Id of the rule that allowed it."""
