"""One way to write each text: NFC, plain white space, Thai and Lao marks in their order. Never NFKC: it changes
letters."""

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from daulat.corpus import burmese
from daulat.corpus.stage import KEEP, Judged, Removed, Verdict, hold, with_text

if TYPE_CHECKING:
    import pyarrow as pa

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\u00ad\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufff9-\ufffb]"
)
"""Controls, soft hyphens, byte order marks, direction marks. Not U+200B to U+200D: Khmer, Burmese and Indic need
them."""
_SPACES = re.compile("[^\\S\n]+")
_THAI_LAO = re.compile("[\u0e30-\u0e4e\u0eb0-\u0ece]")
_ORDER = (
    (re.compile("([\u0e48-\u0e4b])([\u0e31\u0e34-\u0e39])"), r"\2\1"),  # a tone stands after the vowel above or below
    (re.compile("([\u0ec8-\u0ecb])([\u0eb1\u0eb4-\u0eb9\u0ebb\u0ebc])"), r"\2\1"),
    (re.compile("\u0e4d([\u0e48-\u0e4b]?)\u0e32"), "\\1\u0e33"),  # nikhahit and sara aa are sara am
    (re.compile("\u0ecd([\u0ec8-\u0ecb]?)\u0eb2"), "\\1\u0eb3"),
    (re.compile("\u0e40\u0e40"), "\u0e41"),  # two sara e are sara ae
    (re.compile("\u0ec0\u0ec0"), "\u0ec1"),
    (
        re.compile("([\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd])\\1+"),
        r"\1",
    ),  # a mark typed twice
)
"""Source: WTT 2.0 (Thai input and output methods), which accepts a cell as base, vowel, tone; Lao alike."""
_REPLACED_SHARE = 0.005
"""U+FFFD among characters: above, the text was decoded wrongly. Ours."""


def text(raw: str) -> str:
    """The text in its one way of writing; paragraphs stay, empty ones go."""
    tidy = _UNSEEN.sub("", unicodedata.normalize("NFC", raw.replace("\r\n", "\n").replace("\r", "\n")))
    if _THAI_LAO.search(tidy):
        for pattern, right in _ORDER:
            tidy = pattern.sub(right, tidy)
    return "\n".join(line for line in (_SPACES.sub(" ", line).strip() for line in tidy.split("\n")) if line)


def normalise(documents: "pa.Table") -> Judged:
    """Every document normalised, Burmese in older letters or order converted to Unicode; held where its characters are
    not what they should be. What was converted is counted as removed, with its bytes as they were."""
    texts, verdicts = list[str](), list[Verdict]()
    changed = Counter[tuple[str, str]]()
    changed_bytes = Counter[tuple[str, str]]()
    for source, raw in zip(documents["source"].to_pylist(), documents["text"].to_pylist(), strict=True):
        found = burmese.to_unicode(text(raw))
        texts.append(text(found.text) if found.converted else found.text)
        verdicts.append(hold(found.held) if found.held else _verdict(found.text))
        for what, (paragraphs, utf8_bytes) in found.converted.items():
            changed[source, what] += paragraphs
            changed_bytes[source, what] += utf8_bytes
    removed = (Removed("normalise", *key, changed[key], changed_bytes[key]) for key in sorted(changed))
    return Judged(with_text(documents, texts), verdicts, tuple(removed))


def _verdict(tidy: str) -> Verdict:
    if tidy.count("\ufffd") > _REPLACED_SHARE * len(tidy):
        return hold("characters lost before it came here")
    return KEEP
