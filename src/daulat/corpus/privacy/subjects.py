"""Commitments: what stays of an identifier, keyed, with the documents it stood in, and what they say of people.

Nobody can read a person out of a commitment without the key; a person who asks gives the identifier, and is found.
"""

import hmac
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from daulat.corpus.privacy.find import Found
from daulat.records import Source

if TYPE_CHECKING:
    import pyarrow as pa

_LETTERS = "bcdfghjkmnpqrstvwxyz"
_PAIRS = 5
"""Letter and digit, five times: 38 bits. Two persons among a million share one with even odds; no two digits meet, so
no pseudonym looks like a number."""


def commitment(key: bytes, kind: str, normal: str) -> str:
    """HMAC-SHA256 of the kind and the normalised identifier, in hex."""
    return hmac.digest(key, f"{kind}\0{normal}".encode(), "sha256").hex()


def pseudonym(key: bytes, kind: str, normal: str) -> str:
    """Ten letters and digits by turns, the same for the same identifier, nothing without the key.

    Another HMAC than the commitment's, so that neither leads to the other.
    """
    value = int.from_bytes(hmac.digest(key, f"pseudonym\0{kind}\0{normal}".encode(), "sha256"))
    found = ""
    for _ in range(_PAIRS):
        value, letter = divmod(value, len(_LETTERS))
        value, digit = divmod(value, 10)
        found += _LETTERS[letter] + str(digit)
    return found


@dataclass(frozen=True)
class People:
    """What a source's identifiers say of the people in it."""

    distinct: int = 0
    """At least about so many: the most distinct identifiers of any one kind that one person has. Two kinds may be of
    the same people, so they are not added; most people in a text have no number in it; one with two telephones counts
    twice."""
    numbers: tuple[tuple[str, int], ...] = ()
    """Kind and distinct count of the numbers that a state or a bank gives to one person."""


@dataclass
class Subjects:
    """Commitments of the identifiers seen so far, with the documents each stood in. INVARIANT: no identifier is
    kept."""

    key: bytes
    documents: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    people: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    """By source and kind, the commitments of identifiers that one person has."""

    def add(self, found: Found, document: str, source: str = "") -> None:
        """Remember that this document of this source had it."""
        value = commitment(self.key, found.kind, found.normal)
        self.remember(found.kind, value, document, source, of_person=found.of_person)

    def remember(self, kind: str, value: str, document: str, source: str, *, of_person: bool) -> None:
        """The same, of a commitment that was made before."""
        self.counts[kind] += 1
        self.documents.setdefault((kind, value), set()).add(document)
        if of_person:
            self.people.setdefault(source, {}).setdefault(kind, set()).add(value)

    def distinct_people(self, *sources: str) -> People:
        """Of these sources together, or of all."""
        by_kind: dict[str, set[str]] = {}
        for source in sources or self.people:
            for kind, values in self.people.get(source, {}).items():
                by_kind.setdefault(kind, set()).update(values)
        counts = {kind: len(values) for kind, values in by_kind.items()}
        numbers = sorted(
            (kind, count) for kind, count in counts.items() if kind not in ("email", "phone", "url_credentials")
        )
        return People(max(counts.values(), default=0), tuple(numbers))

    def table(self) -> "pa.Table":
        """kind, commitment, ids of the documents; ordered by the first two."""
        import pyarrow as pa

        rows = sorted(self.documents.items())
        return pa.table(
            {
                "kind": pa.array([kind for (kind, _), _ in rows], pa.string()),
                "commitment": pa.array([value for (_, value), _ in rows], pa.string()),
                "documents": pa.array([sorted(ids) for _, ids in rows], pa.list_(pa.string())),
            }
        )


def contradicts(source: Source, people: People) -> str:
    """What the source says of its people that its text denies, as a sentence; empty where nothing does.

    Telephone numbers and e-mail addresses alone do not make text personal that says it is not: offices have them.
    """
    if source.personal_data == "none" and people.numbers:
        kinds = ", ".join(f"{kind}: {count}" for kind, count in people.numbers)
        return f'source `{source.name}` says `personal_data = "none"`, and numbers of persons stood in it ({kinds})'
    if source.subjects is not None and source.subjects < people.distinct:
        return (
            f"source `{source.name}` says `subjects = {source.subjects}`, and identifiers of at least {people.distinct} "
            "people stood in it"
        )
    return ""
