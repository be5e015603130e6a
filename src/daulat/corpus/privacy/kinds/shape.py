"""How an identifier is written, what makes it valid, and what must speak for it: the shape that all kinds share.

Digits are folded to ASCII and separators to `-`, `.` or a space before a pattern is tried; a border is "no digit
beside it", never `\\b`, which finds nothing inside unspaced text.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

AT, COLONS = -1, -2
"""What a suspect has instead of a count of digits."""
SEPARATORS = " .-/()\u00a0\u2009\u200b\u2010\u2011\u2012\u2013\u2014\u2015\u202f\u2060\u2212\u3000\ufe63\uff0d\uff0e"
"""What people write between the digits of one number, up to three at a time."""
CONTEXT_CHARACTERS = 48
"""How far before a number its context word may stand. Source: about Presidio's default of five words."""
_NEAR = 100.0
"""A context word outweighs every form; the nearest one wins."""

LEFT = r"(?<![0-9])(?<![0-9][.-])"
"""No digit before, and not the fraction of a decimal number."""
RIGHT = r"(?![.-]?[0-9])"
_FOLD = {
    **{code: str(unicodedata.decimal(chr(code))) for code in range(0x80, 0x10000) if chr(code).isdecimal()},
    **{ord(one): " " for one in SEPARATORS if not one.isascii()},
    **{ord(one): "-" for one in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"},
    ord("\uff0e"): ".",
    ord("\u3000"): " ",
}
_LATIN = re.compile("[A-Za-z_\u00c0-\u024f\u1e00-\u1eff]")


def fold(written: str) -> str:
    """The same number of characters, digits and separators as ASCII has them."""
    return written if written.isascii() else written.translate(_FOLD)


def compact(written: str) -> str:
    """The identifier without separators, in capitals: what a commitment is made of."""
    return re.sub(r"[\s.\-/()]", "", fold(written)).upper()


def always(number: str) -> bool:
    """For kinds that publish no check."""
    return True


@dataclass(frozen=True)
class Identifier:
    """One way of writing one kind of identifier.

    It is believed by its form where neither context nor country is named; otherwise in its country's text, after one
    of its context words, or, where `script` says so, amid that script.
    """

    kind: str
    pattern: re.Pattern[str]
    digits: tuple[int, int]
    """Fewest and most digits."""
    valid: Callable[[str], bool] = always
    country: str | None = None
    context: re.Pattern[str] | None = None
    script: re.Pattern[str] | None = None
    by_form: bool = False
    """Whether its form alone says enough, though a context word says more."""
    normal: Callable[[str], str] = compact
    """What a commitment is made of."""
    of_person: bool = True
    """Whether such a number is given to one person: what people are counted by."""

    def weight(self, match: re.Match[str], before: str, country: str) -> float:
        """How much speaks for it: 0 for nothing; `before` is the text before the match."""
        if not self.valid(compact(match[0])):
            return 0.0
        word = nearest(self.context, before)
        if is_fraction(match.string, *match.span()) or (touches_letters(match) and word < len(before)):
            return 0.0
        if word >= 0:
            return _NEAR + word - len(before)
        if self.by_form or self.context is None or self.country == country:
            return 1.0
        return 1.0 if self.script is not None and self.script.search(before) else 0.0


def nearest(context: re.Pattern[str] | None, before: str) -> int:
    """Where the last of the context words ends; -1 if there is none."""
    last = -1
    for last_match in context.finditer(before) if context else ():
        last = last_match.end()
    return last


def is_fraction(text: str, start: int, end: int) -> bool:
    """Whether a digit and a comma stand before it, as in `0,2329985562`, and it is no field between commas."""
    decimal = start > 1 and text[start - 1] == "," and text[start - 2].isdigit()
    return decimal and end < len(text) and text[end] not in ',;\n"\t'


def touches_letters(match: re.Match[str]) -> bool:
    """Whether a Latin letter stands directly before or after it: part of a word, a hash, a name of a file."""
    text, end = match.string, match.end()
    after = end < len(text) and text[end - 1].isdigit() and _LATIN.match(text[end]) is not None
    return after or (match.start() > 0 and _LATIN.match(text[match.start() - 1]) is not None)


def digits(*groups: int, separator: str = "[ -]?", first: str = "[0-9]") -> re.Pattern[str]:
    """Groups of so many digits, with a separator between them, and no digit on either side."""
    parts = [f"[0-9]{{{count}}}" for count in groups]
    parts[0] = first + (f"[0-9]{{{groups[0] - 1}}}" if groups[0] > 1 else "")
    return re.compile(LEFT + separator.join(parts) + RIGHT)


def spaced(count: int, first: str = "[0-9]") -> re.Pattern[str]:
    """So many digits, with at most one space or dash between any two."""
    return re.compile(rf"{LEFT}{first}(?:[ -]?[0-9]){{{count - 1}}}{RIGHT}")


def lettered(pattern: str) -> re.Pattern[str]:
    """Letters and digits with neither beside them."""
    return re.compile(rf"(?<![A-Za-z0-9_])(?:{pattern})(?![A-Za-z0-9_])")


def words(pattern: str) -> re.Pattern[str]:
    """Context words, in capitals or not."""
    return re.compile(pattern, re.IGNORECASE)


def luhn(number: str) -> bool:
    """Source: ISO/IEC 7812-1, annex B."""
    doubled = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def is_date(year: str, month: str, day: str) -> bool:
    """Whether that day was in this century or the last."""
    for century in ("19", "20"):
        try:
            date(int(century + year), int(month), int(day))
        except ValueError:
            continue
        return True
    return False
