"""Personal identifiers become typed placeholders; what stays is a keyed commitment of each, and the documents it
stood in.

```
column of texts ──suspects: one pass over the bytes──> places
                                                         │ find: classified from left to right, by kinds/
                                                         v
                  replaced: `<TH_PIN>`, or `<TH_PIN:k7f3t2m9d4>`   subjects: commitments, people of each source
```
A pseudonym is ten letters and digits from an HMAC-SHA256 of kind and normalised identifier: the same identifier has
the same one everywhere, and without the project's key nobody can go back. Text with pseudonyms is still about the
same people, so it is personal data wherever an act says so; text with plain placeholders says only that somebody was
named. Names of persons are replaced where `names` is on.
"""

from typing import TYPE_CHECKING

from daulat.corpus.options import CorpusOptions
from daulat.corpus.privacy.find import Found
from daulat.corpus.privacy.subjects import People, Subjects, commitment, contradicts, pseudonym
from daulat.corpus.stage import KEEP, Judged, hold

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "Found",
    "People",
    "Subjects",
    "commitment",
    "contradicts",
    "identifiers",
    "privacy",
    "pseudonym",
    "redact",
    "replaced",
]


def privacy(documents: "pa.Table", options: CorpusOptions, subjects: Subjects) -> Judged:
    """Every identifier replaced and committed to or, with `privacy = "hold"`, the documents that have one held.

    What is held is committed to where it is written down: `redact` is called on it then.
    """
    if options.privacy == "hold":
        _, has_some = redact(documents, Subjects(subjects.key), options)
        return Judged(documents, [hold("personal identifiers in it") if one else KEEP for one in has_some])
    redacted, _ = redact(documents, subjects, options, pseudonyms=options.privacy == "pseudonymise")
    return Judged(redacted, [KEEP] * documents.num_rows)


def redact(
    documents: "pa.Table", subjects: Subjects, options: CorpusOptions | None = None, *, pseudonyms: bool = False
) -> "tuple[pa.Table, list[bool]]":
    """The documents with placeholders for identifiers, and which of them had any.

    Names are looked for only where the options say so; every identifier found is added to the subjects.
    """
    from daulat.corpus.privacy.column import redacted

    return redacted(documents, subjects, names=options is not None and options.names, pseudonyms=pseudonyms)


def replaced(text: str, found: list[Found], key: bytes | None = None) -> str:
    """The text with `<KIND>` in the place of each identifier or, with a key, with `<KIND:pseudonym>`."""
    parts, at = list[str](), 0
    for one in found:
        parts += (text[at : one.start], placeholder(one, key))
        at = one.end
    return "".join(parts) + text[at:]


def placeholder(one: Found, key: bytes | None) -> str:
    """What stands in an identifier's place."""
    return f"<{one.kind.upper()}:{pseudonym(key, one.kind, one.normal)}>" if key else f"<{one.kind.upper()}>"


def identifiers(text: str, region: str) -> list[Found]:
    """Every identifier in the text, in order, none overlapping another; places are characters.

    `region` is the ISO 3166 code, in capitals, of the country whose numbers are believed without a context word, or "".
    """
    from daulat.corpus.privacy.column import identifiers_of

    return identifiers_of(text, region)
