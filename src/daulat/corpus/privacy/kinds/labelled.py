"""Kinds whose form says too little to look for: vehicle plates, and entity numbers with letters amid their digits.

They are looked for with the label that announces them, in one expression that RE2 runs over a whole column.
"""

import re
from collections.abc import Iterator

from daulat.corpus.privacy.kinds.shape import compact, fold
from daulat.corpus.privacy.kinds.singapore import uen

_DIGIT = "[0-9\u0e50-\u0e59]"
_GAP = "[^0-9A-Z\n\u0e01-\u0e4e]{0,24}?"
"""Between a label in Latin letters and the plate, which begins with a digit or a capital."""
_LATIN_PLATE = (
    "(?:[0-9]{2}[A-Z][A-Z0-9]?[ -]?(?:[0-9]{3}\\.?[0-9]{2}|[0-9]{4})"
    "|[A-Z]{1,3}[ -]?[0-9]{1,4}[ -]?[A-Z]{1,3}|[A-Z]{1,3}[ -]?[0-9]{3,5})"
)
"""Vietnam's; Indonesia's and Singapore's; Malaysia's and the Philippines'."""
_FORMS = (
    "(?:ทะเบียนรถ|ป้ายทะเบียน|เลขทะเบียน|ทะเบียน)(?:รถ|ยนต์|จักรยานยนต์|หมายเลข|เลขที่|เลข|คัน|[ :.])*?"
    f"(?P<thai>{_DIGIT}?[\u0e01-\u0e2e]{{1,2}}[ -]?{_DIGIT}{{1,4}})",
    "(?:[Bb]iển (?:kiểm soát|số)|BKS|[Nn]opol|NOPOL|[Nn]omor [Pp]olisi|[Pp]lat [Nn]omor|[Nn]ombor (?:pendaftaran|plat)"
    "|[Nn]o\\.? [Pp](?:endaftaran|lat)|\\b[Pp]late (?:number|no)|[Ll]icen[cs]e plate|[Vv]ehicle (?:[Nn]|[Rr]eg)"
    f"|[Cc]ar (?:[Nn]umber|[Nn]o\\b|[Pp]late)|[Pp]laka|车牌|車牌){_GAP}(?P<latin>{_LATIN_PLATE})",
    "(?:车牌|車牌)[^0-9A-Z\n]{0,12}?(?P<chinese>[\u4e00-\u9fff][A-Z] ?[A-Z0-9]{5,6})",
    "\\bUEN[^0-9A-Z\n]{0,16}?(?P<uen>(?:[RST][0-9]{2}[A-Z]{2}[0-9]{4}|[0-9]{8,9})[A-Z])",
)
LABELLED = "|".join(_FORMS)
"""What RE2 looks for in a whole column; small letters and capitals are written out."""
_SEARCH = re.compile(f"(?:{LABELLED})(?![A-Za-z0-9\u0e50-\u0e59]|[,.][0-9])")


def sg_plate(number: str) -> bool:
    """The last letter is a check of two letters and four digits. Source: Land Transport Authority's scheme, as known."""
    match = re.fullmatch("([A-Z]{1,3})([0-9]{1,4})([A-Z])", number)
    if match is None:
        return False
    letters = match[1][-2:] if len(match[1]) > 1 else match[1]
    values = [0] * (2 - len(letters)) + [ord(letter) - 64 for letter in letters] + [int(d) for d in match[2].zfill(4)]
    total = sum(value * weight for value, weight in zip(values, (9, 4, 5, 4, 3, 2), strict=True))
    return "AZYXUTSRPMLKJHGEDCB"[total % 19] == match[3]


def labelled(text: bytes) -> Iterator[tuple[int, int, str, str]]:
    """First byte, byte after the last, kind and normal form of what its label announces."""
    decoded = text.decode("utf-8", "replace")
    at = characters = 0
    for match in _SEARCH.finditer(decoded):
        group = match.lastgroup or ""
        number = compact(match[group])
        if group == "uen" and not uen(number):
            continue
        at += len(decoded[characters : match.start(group)].encode())
        characters = match.start(group)
        yield at, at + len(match[group].encode()), "sg_uen" if group == "uen" else "plate", fold(number)
