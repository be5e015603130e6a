"""One way to write each text: NFC, plain white space, Thai and Lao marks in their order. Never NFKC: it changes
letters."""

import re
import unicodedata
from typing import TYPE_CHECKING

from daulat.corpus.stage import KEEP, Judged, Verdict, hold, with_text

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
_MYANMAR_E = "\u1031"
_MISORDERED = re.compile(
    "(?<![\u1000-\u102a\u103b-\u103f\u1050-\u1055\u105a-\u1061\u1065\u1066\u106e-\u1070\u1075-\u1081\u200b])\u1031"
)
_MISORDERED_SHARE = 0.2
"""Of the vowels E, those that follow no consonant. Source: Unicode Technical Note 11: since 5.1 it stands after it.
Share: ours; Unicode text has under 0.01, text in the old order over 0.9."""
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
    """Every document normalised; held where its characters are not what they should be."""
    texts = [text(raw) for raw in documents["text"].to_pylist()]
    return Judged(with_text(documents, texts), [_verdict(tidy) for tidy in texts])


def _verdict(tidy: str) -> Verdict:
    if tidy.count("\ufffd") > _REPLACED_SHARE * len(tidy):
        return hold("characters lost before it came here")
    if tidy.count(_MYANMAR_E) > 5 and len(_MISORDERED.findall(tidy)) > _MISORDERED_SHARE * tidy.count(_MYANMAR_E):
        return hold("Burmese in the order before Unicode 5.1")
    return KEEP
