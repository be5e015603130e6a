"""Thailand: the citizen's number and the taxpayer's, 13 digits with one check."""

import re

from daulat.corpus.privacy.kinds.shape import LEFT, RIGHT, Identifier, digits, spaced, words

_WORDS = words("ประชาชน|เลขประจำตัว|ปชช|citizen|national id|identification n|id card|thai id|บัตร\\s*$")
_TAX = words("ผู้เสียภาษี|ทะเบียนนิติบุคคล|ทะเบียนพาณิชย์|tax id|\\btin\\b|taxpayer|juristic")
_THAI = re.compile("[\u0e01-\u0e4e]")


def checked(number: str) -> bool:
    """The last of 13 digits is a check of the others. Source: Department of Provincial Administration, as in
    python-stdnum."""
    total = sum(int(digit) * (13 - place) for place, digit in enumerate(number[:12]))
    return (11 - total % 11) % 10 == int(number[12])


def pin(number: str) -> bool:
    """A citizen's number: its first digit is 1 to 8."""
    return number[0] in "12345678" and checked(number)


def bare_pin(number: str) -> bool:
    """One that nobody calls so: a Thai barcode (EAN-13 of GS1 prefix 885) it is not."""
    ean = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(number)) % 10 == 0
    return pin(number) and not (ean and number.startswith("885"))


def foreign_pin(number: str) -> bool:
    """One amid other text: it is no round number, and no time in milliseconds since 1970, of the years 2017 to 2030."""
    return bare_pin(number) and number[:2] not in ("15", "16", "17", "18") and len(set(number)) > 3


def company(number: str) -> bool:
    """A taxpayer's number of a legal person: it begins with 0."""
    return number[0] == "0" and checked(number)


KINDS = (
    Identifier("th_pin", digits(1, 4, 5, 2, 1, separator="-"), (13, 13), pin, "th", _WORDS, by_form=True),
    Identifier("th_pin", re.compile(f"{LEFT}[1-8](?:[ ./-]{{0,3}}[0-9]){{12}}{RIGHT}"), (13, 13), pin, None, _WORDS),
    Identifier("th_pin", spaced(13, "[1-8]"), (13, 13), bare_pin, "th", _WORDS, _THAI),
    Identifier("th_pin", digits(13, first="[1-8]"), (13, 13), foreign_pin),
    Identifier("th_tin", spaced(13, "0"), (13, 13), company, None, _TAX, of_person=False),
)
