"""Malaysia: MyKad, a birth date, a place and four digits."""

from daulat.corpus.privacy.kinds.shape import Identifier, digits, is_date, words

_WORDS = words(r"mykad|\bic\b|\bi/c\b|kad pengenalan|nric|\bk/p\b|\bkp\b|身份证")
_PLACES = frozenset([*range(1, 17), *range(21, 69), 71, 72, 74, *range(75, 80), *range(82, 94), 98, 99])
"""Source: National Registration Department's codes, as in python-stdnum."""


def mykad(number: str) -> bool:
    """A birth date that exists and a place code in use; there is no check digit."""
    return is_date(number[:2], number[2:4], number[4:6]) and int(number[6:8]) in _PLACES


KINDS = (
    Identifier("my_mykad", digits(6, 2, 4, separator="-"), (12, 12), mykad, "my", _WORDS, by_form=True),
    Identifier("my_mykad", digits(6, 2, 4, separator="[ -]?"), (12, 12), mykad, "my", _WORDS),
)
