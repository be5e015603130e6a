"""Personal identifiers become typed placeholders; what stays is a keyed commitment of each, and the documents it
stood in.

Nobody can read a person out of a commitment without the key; a person who asks gives the identifier, and is found.
"""

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from daulat.corpus.identifiers import EMAIL, IDENTIFIERS, IP, compact, found_ip
from daulat.corpus.options import CorpusOptions
from daulat.corpus.stage import KEEP, Judged, hold, with_text

if TYPE_CHECKING:
    import pyarrow as pa

REGIONS = {
    "th": "TH",
    "id": "ID",
    "vi": "VN",
    "ms": "MY",
    "tl": "PH",
    "fil": "PH",
    "km": "KH",
    "lo": "LA",
    "my": "MM",
    "ta": "SG",
}
"""Where a telephone number in national form is dialled, by the text's language, unless its country says it."""
_DIGIT = "0-9๐-๙໐-໙០-៩၀-၉"
_MAYBE = rf"[{_DIGIT}][{_DIGIT} .\-()]{{6}}|@|[0-9A-Fa-f]:[0-9A-Fa-f]*:"
"""Seven characters of a number, or an at sign: text without either has no identifier. Most documents end here."""
_RUN = re.compile(rf"[+(]?[{_DIGIT}](?:[ .\-()/]{{0,2}}[{_DIGIT}]){{6,}}")
_DECIMAL = re.compile(r"[0-9][.,][0-9]{5}")
"""A number with a fraction, which no telephone number has."""
_FOLD = {ord(digit): str(value) for zero in "๐໐០၀" for value, digit in enumerate(chr(ord(zero) + n) for n in range(10))}


@dataclass(frozen=True)
class Found:
    """An identifier in a text: where, of which kind, and in the form that its commitment is made of."""

    start: int
    end: int
    kind: str
    normal: str


@dataclass
class Subjects:
    """Commitments of the identifiers seen so far, with the documents each stood in. INVARIANT: no identifier is
    kept."""

    key: bytes
    documents: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, found: Found, document: str) -> None:
        """Remember that this document had it."""
        self.counts[found.kind] += 1
        self.documents.setdefault((found.kind, commitment(self.key, found.kind, found.normal)), set()).add(document)

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


def commitment(key: bytes, kind: str, normal: str) -> str:
    """HMAC-SHA256 of the kind and the normalised identifier, in hex."""
    return hmac.new(key, f"{kind}\0{normal}".encode(), hashlib.sha256).hexdigest()


def privacy(documents: "pa.Table", options: CorpusOptions, subjects: Subjects) -> Judged:
    """Every identifier redacted and committed to; if redaction is off, the documents that have one are held instead."""
    redacted, has_some = redact(documents, subjects)
    if options.redact:
        return Judged(redacted, [KEEP] * documents.num_rows)
    return Judged(documents, [hold("personal identifiers in it") if one else KEEP for one in has_some])


def redact(documents: "pa.Table", subjects: Subjects) -> "tuple[pa.Table, list[bool]]":
    """The documents with placeholders for identifiers, and which of them had any."""
    import pyarrow.compute as pc

    maybe = pc.match_substring_regex(documents["text"], _MAYBE).to_pylist()
    texts = documents["text"].to_pylist()
    has_some = [False] * len(texts)
    for row in (row for row, one in enumerate(maybe) if one):
        country, language = documents["country"][row].as_py(), documents["language"][row].as_py()
        region = REGIONS.get(language, "") if country in (None, "international") else country.upper()
        found = identifiers(texts[row], region)
        if found:
            has_some[row] = True
            texts[row] = replaced(texts[row], found)
            for one in found:
                subjects.add(one, documents["id"][row].as_py())
    return with_text(documents, texts), has_some


def replaced(text: str, found: list[Found]) -> str:
    """The text with `<KIND>` in the place of each identifier."""
    parts, at = list[str](), 0
    for one in found:
        parts += (text[at : one.start], f"<{one.kind.upper()}>")
        at = one.end
    return "".join(parts) + text[at:]


def identifiers(text: str, region: str) -> list[Found]:
    """Every identifier in the text, in order, none overlapping another; `region` is where its numbers are dialled."""
    taken: list[Found] = []
    for one in _candidates(text.translate(_FOLD), region):
        if all(one.end <= other.start or one.start >= other.end for other in taken):
            taken.append(one)
    return sorted(taken, key=lambda one: one.start)


def _candidates(text: str, region: str) -> Iterator[Found]:
    """The surest kinds first: they claim their place."""
    for match in EMAIL.finditer(text) if "@" in text else ():
        yield Found(match.start(), match.end(), "email", match[0].lower())
    for match in IP.finditer(text):
        if found_ip(match):
            yield Found(match.start(), match.end(), "ip", match[0].lower())
    countries = frozenset({region.lower()})
    for identifier in IDENTIFIERS:
        if not identifier.believed(text, countries):
            continue
        for match in identifier.pattern.finditer(text):
            if identifier.found_at(match, countries):
                yield Found(match.start(), match.end(), identifier.kind, compact(match[0]))
    yield from _phones(text, region)


def _phones(text: str, region: str) -> Iterator[Found]:
    """Telephone numbers that exist: international form anywhere, national form in the text's own country."""
    import phonenumbers

    for run in _RUN.finditer(text):
        if run.start() and text[run.start() - 1] in ".,/=_:-":
            continue
        for match in phonenumbers.PhoneNumberMatcher(run[0], region or None):
            start = run.start() + match.start
            if not match.raw_string.startswith(("+", "0", "(", *_country_codes(region))):
                continue
            if _DECIMAL.search(match.raw_string) or _DECIMAL.match(text[max(0, start - 2) : start + 5]):
                continue
            normal = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
            yield Found(start, run.start() + match.end, "phone", normal)


@cache
def _country_codes(region: str) -> tuple[str, ...]:
    """How a national number may begin: with the country's code where the plus was left out; in Singapore with 6, 8
    or 9."""
    import phonenumbers

    code = phonenumbers.country_code_for_region(region) if region else 0
    return (*((str(code),) if code else ()), *(("6", "8", "9") if region == "SG" else ()))
