"""Indonesia: NIK with its region and birth date, and NPWP, old and new."""

import re
from functools import cache

from daulat.corpus.privacy.kinds.shape import Identifier, compact, digits, is_date, luhn, words

_WORDS = words(r"\bnik|ktp|kependudukan|nomor induk")
_NPWP = words(r"npwp|wajib pajak")
_NEW_PROVINCES = frozenset(("65", "92", "93", "95", "96", "97"))
"""North Kalimantan and the provinces that Papua was divided into, which python-stdnum's table has not yet."""


@cache
def region(code: str) -> bool:
    """Whether there is a province of these two digits, or in it a regency or town of these four.

    Source: python-stdnum's table of the Ministry of Home Affairs' codes.
    """
    from stdnum import numdb

    found = numdb.get("id/loc").info(code)
    return len(found) == len(code) // 2 and all(about for _, about in found)


def nik(number: str) -> bool:
    """A province that exists and a birth date, with 40 added to a woman's day; there is no check digit."""
    day = int(number[6:8])
    born = f"{day - 40 if day > 40 else day:02d}"
    whole = number[2:4] != "00" and number[4:6] != "00" and is_date(number[10:12], number[8:10], born)
    return whole and (number[:2] in _NEW_PROVINCES or region(number[:2]))


def bare_nik(number: str) -> bool:
    """One that nobody calls so: its regency or town must exist too."""
    return nik(number) and (number[:2] in _NEW_PROVINCES or region(number[:4]))


def npwp(number: str) -> bool:
    """15 digits, or 16 that begin with 0; the ninth, or tenth, checks those before it. Source: python-stdnum."""
    return luhn(number[:9]) if len(number) == 15 else number[0] == "0" and luhn(number[1:10])


def _npwp_normal(written: str) -> str:
    return compact(written).zfill(16)


KINDS = (
    Identifier("id_nik", digits(6, 6, 4, separator="[ .-]?"), (16, 16), bare_nik),
    Identifier("id_nik", digits(4, 4, 4, 4), (16, 16), bare_nik, "id", _WORDS),
    Identifier("id_nik", digits(6, 6, 4, separator="[ .-]?"), (16, 16), nik, None, _WORDS),
    Identifier("id_nik", digits(4, 4, 4, 4), (16, 16), nik, None, _WORDS),
    Identifier("id_nik", digits(2, 2, 2, 2, 2, 2, 4, separator="[ .-]"), (16, 16), nik, None, _WORDS),
    Identifier(
        "id_npwp",
        re.compile(r"(?<![0-9])[0-9]{2}\.[0-9]{3}\.[0-9]{3}\.[0-9][-.][0-9]{3}\.[0-9]{3}(?!\.?[0-9])"),
        (15, 15),
        context=_NPWP,
        by_form=True,
        normal=_npwp_normal,
    ),
    Identifier(
        "id_npwp", digits(2, 3, 3, 1, 3, 3, separator="[ .-]?"), (15, 15), npwp, None, _NPWP, normal=_npwp_normal
    ),
    Identifier("id_npwp", digits(4, 4, 4, 4, first="0"), (16, 16), npwp, None, _NPWP, normal=_npwp_normal),
)
