"""One way to write each text: NFC, plain white space, Thai and Lao marks in their order. Never NFKC: it changes
letters."""

import re
import unicodedata
from typing import TYPE_CHECKING

from daulat.corpus import burmese
from daulat.corpus.stage import KEEP, Judged, TakenOut, Verdict, hold, with_text

if TYPE_CHECKING:
    import pyarrow as pa

UNSEEN = "".join(
    chr(code)
    for first, last in (
        *((0x00, 0x08), (0x0B, 0x1F), (0x7F, 0x84), (0x86, 0x9F), (0xAD, 0xAD), (0x200E, 0x200F), (0x202A, 0x202E)),
        *((0x2060, 0x2064), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB)),
    )
    for code in range(first, last + 1)
)
"""Controls, soft hyphens, byte order marks, direction marks. Not U+200B to U+200D: Khmer, Burmese and Indic need
them."""
_UNSEEN = re.compile(f"[{re.escape(UNSEEN)}]")
_SPACES = re.compile("[^\\S\n]+")
_THAI_LAO = re.compile("[\u0e30-\u0e4e\u0eb0-\u0ece]")
ORDER = (
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
        for pattern, right in ORDER:
            tidy = pattern.sub(right, tidy)
    return "\n".join(line for line in (_SPACES.sub(" ", line).strip() for line in tidy.split("\n")) if line)


def normalise(documents: "pa.Table") -> Judged:
    """Every document normalised, Burmese in older letters or order converted to Unicode; held where its characters are
    not what they should be. What was converted is counted as removed, with its bytes as they were.

    One pass over the bytes settles most texts; the rules are applied one by one to those that need them.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from daulat.corpus.columns import flat, whole
    from daulat.corpus.kernels import tidy

    if not documents.num_rows:
        return Judged(documents, [])
    raw = whole(documents["text"])
    found, starts, needs = tidy.tidy(*flat(raw), *tidy.tables(UNSEEN))
    texts = pa.LargeStringArray.from_buffers(len(raw), pa.py_buffer(starts), pa.py_buffer(found))
    verdicts = [KEEP] * len(raw)
    changed: list[TakenOut] = []
    rows = np.flatnonzero(needs)
    news = list[str]()
    for row in rows.tolist():
        tidied = text(raw[row].as_py()) if needs[row] & tidy.HARD_TEXT else texts[row].as_py()
        one = burmese.to_unicode(tidied)
        news.append(text(one.text) if one.converted else one.text)
        verdicts[row] = hold(one.held) if one.held else _verdict(one.text)
        for what, (paragraphs, utf8_bytes) in one.converted.items():
            changed.append((row, {"reason": what, "paragraphs": paragraphs, "utf8_bytes": utf8_bytes}))
    if len(rows):
        texts = pc.replace_with_mask(texts, pa.array(needs > 0), pa.array(news, pa.large_string()))
    return Judged(with_text(documents, texts), verdicts, changed)


def _verdict(tidy: str) -> Verdict:
    if tidy.count("\ufffd") > _REPLACED_SHARE * len(tidy):
        return hold("characters lost before it came here")
    return KEEP
