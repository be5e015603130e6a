"""The Philippines: PhilSys, tax, social security and health insurance; most publish no check digit."""

import re

from daulat.corpus.privacy.kinds.shape import Identifier, compact, digits, words

_PHILSYS = words(r"philsys|philid|national id|pambansang|\bpcn\b|\bpsn\b")
_TIN = words(r"\btin\b|taxpayer|tax id")
_UMID = words(r"umid|\bcrn\b|common reference")


def tin(number: str) -> bool:
    """Nine digits that are not all naught, and a branch: for text that calls it so."""
    return number[:9] != "000000000"


def checked_tin(number: str) -> bool:
    """The ninth digit is a check of the others. Source: fairly sure, the bureau keeps it to itself; as Presidio has
    it, weights 9 to 2 modulo 11."""
    return tin(number) and sum(int(d) * w for d, w in zip(number[:8], range(9, 1, -1), strict=True)) % 11 == int(
        number[8]
    )


def _taxpayer(written: str) -> str:
    return compact(written)[:9]


_DASHED_TIN = re.compile(r"(?<![0-9])(?<![0-9]-)[0-9]{3}-[0-9]{3}-[0-9]{3}(?:-[0-9]{3}(?:[0-9]{2})?)?(?!-?[0-9])")
_PLAIN_TIN = re.compile(
    r"(?<![0-9])(?<![0-9][.,-])[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}(?:[ -]?[0-9]{3}(?:[0-9]{2})?)?(?![.-]?[0-9])"
)

KINDS = (
    Identifier("ph_pcn", digits(4, 4, 4, 4, separator="-"), (16, 16), country="ph", context=_PHILSYS),
    Identifier("ph_pcn", digits(4, 4, 4, 4), (16, 16), context=_PHILSYS),
    Identifier("ph_psn", digits(4, 4, 4), (12, 12), context=_PHILSYS),
    Identifier("ph_umid", digits(4, 7, 1, separator="-"), (12, 12), country="ph", context=_UMID),
    Identifier("ph_umid", digits(4, 7, 1), (12, 12), context=_UMID),
    Identifier("ph_sss", digits(2, 7, 1, separator="-"), (10, 10), country="ph", context=words(r"\bsss\b|social sec")),
    Identifier("ph_sss", digits(2, 7, 1), (10, 10), context=words(r"\bsss\b|social security")),
    Identifier("ph_philhealth", digits(2, 9, 1, separator="-"), (12, 12), country="ph", context=words("philhealth")),
    Identifier("ph_philhealth", digits(2, 9, 1), (12, 12), context=words(r"philhealth|\bpin\b")),
    Identifier("ph_tin", _DASHED_TIN, (9, 14), checked_tin, "ph", _TIN, normal=_taxpayer),
    Identifier("ph_tin", _PLAIN_TIN, (9, 14), tin, None, _TIN, normal=_taxpayer),
    Identifier("ph_gsis", digits(11), (11, 11), context=words(r"\bgsis\b")),
)
