"""Vietnam: the citizen's number CCCD, the old identity number CMND, the tax code MST."""

import re

from daulat.corpus.privacy.kinds.shape import Identifier, digits, spaced, words

_WORDS = words("cccd|căn cước|cmnd|chứng minh|\\bcmt|định danh|citizen id|identity card")
_OLD = words("cmnd|chứng minh|\\bcmt\\b|\\bcmtnd\\b")
_TAX = words("\\bmst|mã số thuế|tax code|mã số doanh nghiệp")
_PROVINCES = frozenset(
    int(code)
    for code in re.findall(
        "[0-9]+",
        "1 2 4 6 8 10 11 12 14 15 17 19 20 22 24 25 26 27 30 31 33 34 35 36 37 38 40 42 44 45 46 48 49 51 52 54 56 58"
        " 60 62 64 66 67 68 70 72 74 75 77 79 80 82 83 84 86 87 89 91 92 93 94 95 96",
    )
)
"""Codes from before the mergers of 2025 stay on the cards. Source: Circular 59/2021/TT-BCA, annex."""


def cccd(number: str) -> bool:
    """A province; there is no check digit."""
    return int(number[:3]) in _PROVINCES


def bare_cccd(number: str) -> bool:
    """One that nobody calls so: its fourth digit, sex and century, is of a century that has begun."""
    return cccd(number) and number[3] in "0123"


def mst(number: str) -> bool:
    """Ten digits, the last a check of the others, and three of a branch. Source: Circular 105/2020/TT-BTC, as in
    python-stdnum."""
    total = sum(
        int(digit) * weight for digit, weight in zip(number[:9], (31, 29, 23, 19, 17, 13, 7, 5, 3), strict=True)
    )
    return 10 - total % 11 == int(number[9]) and number[2:9] != "0000000" and number[10:] != "000"


KINDS = (
    Identifier("vn_cccd", spaced(12, "0"), (12, 12), cccd, None, _WORDS),
    Identifier("vn_cccd", digits(3, 3, 3, 3, first="0"), (12, 12), bare_cccd, "vn", _WORDS),
    Identifier("vn_cmnd", digits(3, 3, 3, separator="[ .-]?"), (9, 9), context=_OLD),
    Identifier("vn_mst", digits(10), (10, 10), mst, None, _TAX, of_person=False),
    Identifier("vn_mst", digits(10, 3, separator="[ -]"), (13, 13), mst, None, _TAX, of_person=False),
)
