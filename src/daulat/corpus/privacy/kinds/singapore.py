"""Singapore: NRIC and FIN with their check letter, and the entity number UEN."""

from daulat.corpus.privacy.kinds.shape import Identifier, lettered, words

_WORDS = words(r"nric|\bfin\b|identity card|\bic\b|身份证")
_UEN = words(r"\buen\b|entity number|roc no|registration n|gst reg")
UEN_WORDS = rb"(?i:\bUEN\b|entity number|GST reg)"


def nric(number: str) -> bool:
    """The last letter is a check of the seven digits; series T, G and M add to their sum. M's is not verified.

    Source: as published in Ngiam Shih Tung's paper on NRIC numbers; M as used since 2022.
    """
    series, number_digits, check = number[0], number[1:8], number[8]
    total = sum(int(digit) * weight for digit, weight in zip(number_digits, (2, 7, 6, 5, 4, 3, 2), strict=True))
    if series == "M":
        return "KLJNPQRTUWX"[(10 - (total + 3) % 11) % 11] == check or "KLJNPQRTUWX"[(total + 3) % 11] == check
    letters = "JZIHGFEDCBA" if series in "ST" else "XWUTRQPNMLK"
    return letters[(total + (4 if series in "TG" else 0)) % 11] == check


def series_m(number: str) -> bool:
    """Series M by its form: for text that says what it is."""
    return number[0] == "M" and number[8] in "KLJNPQRTUWX"


def uen(number: str) -> bool:
    """A business, a local company or another entity. Source: python-stdnum."""
    from stdnum.sg import uen as library

    return bool(library.is_valid(number))


KINDS = (
    Identifier("sg_nric", lettered("[STFGM][0-9]{7}[A-Z]"), (7, 7), nric, "sg", _WORDS, by_form=True),
    Identifier("sg_nric", lettered("[STFGMstfgm][ -]?[0-9]{7}[ -]?[A-Za-z]"), (7, 7), nric, "sg", _WORDS),
    Identifier("sg_nric", lettered("[Mm][ -]?[0-9]{7}[ -]?[A-Za-z]"), (7, 7), series_m, "sg", _WORDS),
    Identifier("sg_uen", lettered("[0-9]{8,9}[A-Z]"), (8, 9), uen, "sg", _UEN, of_person=False),
)
