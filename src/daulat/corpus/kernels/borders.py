"""Borders of words: by Unicode's rules where they settle it, by ICU's dictionaries through its C interface where not.

Source: Unicode Standard Annex 29, revision 45, WB3 to WB16, as ICU 77 has them: a test compares both on every rule.
"""

from functools import cache
from typing import TYPE_CHECKING

import numba  # noqa: TID253
import numpy as np  # noqa: TID253

if TYPE_CHECKING:
    import numpy.typing as npt

OTHER, CR, LF, NEWLINE, EXTEND, ZWJ, FORMAT, LETTER, KATAKANA, NUMERIC = range(10)
UNDERSCORE, MID_LETTER, MID_NUM, MID_BOTH, QUOTE, SPACE, PICTURE, DICTIONARY = range(10, 18)
_NAMES = {
    "CR": CR, "LF": LF, "Newline": NEWLINE, "Extend": EXTEND, "ZWJ": ZWJ, "Format": FORMAT, "ALetter": LETTER,
    "Katakana": KATAKANA, "Numeric": NUMERIC, "ExtendNumLet": UNDERSCORE, "MidLetter": MID_LETTER, "MidNum": MID_NUM,
    "MidNumLet": MID_BOTH, "Single_Quote": QUOTE, "WSegSpace": SPACE,
}  # fmt: skip
"""Values of the property Word_Break. Hebrew letters and pairs of units are left to ICU, as is what needs a dictionary."""
_SCRIPTS = frozenset({"Han", "Hiragana", "Katakana", "Hangul", "Yi"})


@cache
def unit_classes() -> "npt.NDArray[np.uint8]":
    """The class of each UTF-16 unit; `DICTIONARY` for whatever these rules alone do not settle."""
    import icu

    has, value, property_ = icu.Char.hasBinaryProperty, icu.Char.getIntPropertyValue, icu.UProperty
    names, long = icu.Char.getPropertyValueName, icu.UPropertyNameChoice.LONG_PROPERTY_NAME
    complex_ = icu.Char.getPropertyValueEnum(property_.LINE_BREAK, "SA")
    found = np.full(0x10000, DICTIONARY, dtype=np.uint8)
    for code in (*range(0xD800), *range(0xE000, 0x10000)):
        name = names(property_.WORD_BREAK, value(code, property_.WORD_BREAK), long)
        is_picture = has(code, property_.EXTENDED_PICTOGRAPHIC)
        needs_more = (
            name == "Hebrew_Letter"
            or value(code, property_.LINE_BREAK) == complex_
            or icu.Script.getScript(chr(code)).getName() in _SCRIPTS
            or (is_picture and name in _NAMES)
        )
        if not needs_more:
            found[code] = PICTURE if is_picture else _NAMES.get(name, OTHER)
    return found


@numba.njit(nogil=True)
def walk(handle, clone, set_text, following, close, units, offsets, classes):  # type: ignore[no-untyped-def]
    """Borders counted from the start of all texts, and where each text's begin. ICU's functions are no constants: no cache.

    Each text has an iterator of its own: one that has seen a character of no dictionary cuts the next text differently.
    """
    found = np.empty(len(units) + 2 * len(offsets), np.int64)
    starts = np.zeros(len(offsets), np.int64)
    status = np.zeros(1, np.int32)
    count = 0
    for text in range(len(offsets) - 1):
        first, last = offsets[text], offsets[text + 1]
        found[count] = first
        count += 1
        after = _by_rule(units, first, last, classes, found, count)
        if after >= 0:
            count = after
        else:
            own = clone(handle, status.ctypes.data)
            set_text(own, units.ctypes.data + 2 * first, np.int32(last - first), status.ctypes.data)
            border = following(own)
            while border >= 0:
                found[count] = first + border
                count += 1
                border = following(own)
            close(own)
        starts[text + 1] = count
    return found[:count], starts


@numba.njit(cache=True, nogil=True)
def _by_rule(units, start, end, classes, found, count):  # type: ignore[no-untyped-def]
    """Write the borders after `start` up to `end`, and return how many there are then; -1 where a dictionary is needed."""
    if end <= start:
        return count
    beside = classes[units[start]]
    if beside == DICTIONARY:
        return -1
    last, before = beside, np.uint8(OTHER)  # classes of the last two characters that are not ignored
    for at in range(start + 1, end):
        own = classes[units[at]]
        if own == LETTER and beside == LETTER:
            last, before = own, own
            continue
        if own == DICTIONARY:
            return -1
        ignored = own in (EXTEND, FORMAT, ZWJ)
        if beside == CR and own == LF:
            joined = True
        elif CR <= beside <= NEWLINE or CR <= own <= NEWLINE:
            joined = False
        elif ignored or (beside == SPACE and own == SPACE) or (beside == ZWJ and own == PICTURE):
            joined = True
        elif own == LETTER:
            joined = last in (LETTER, NUMERIC, UNDERSCORE) or (
                before == LETTER and (last in (MID_LETTER, MID_BOTH, QUOTE))
            )
        elif own == NUMERIC:
            joined = last in (NUMERIC, LETTER, UNDERSCORE) or (
                before == NUMERIC and (last in (MID_NUM, MID_BOTH, QUOTE))
            )
        elif last == LETTER and (own in (MID_LETTER, MID_BOTH, QUOTE)):
            joined = _next(units, at + 1, end, classes) == LETTER
        elif last == NUMERIC and (own in (MID_NUM, MID_BOTH, QUOTE)):
            joined = _next(units, at + 1, end, classes) == NUMERIC
        elif own == UNDERSCORE:
            joined = last in (LETTER, NUMERIC, KATAKANA, UNDERSCORE)
        else:
            joined = own == KATAKANA and (last in (KATAKANA, UNDERSCORE))
        if not joined:
            found[count] = at
            count += 1
        if not joined or not ignored:
            before, last = last, own
        beside = own
    found[count] = end
    return count + 1


@numba.njit(cache=True, nogil=True)
def _next(units, at, end, classes):  # type: ignore[no-untyped-def]
    """Class of the next character that is not ignored."""
    while at < end:
        own = classes[units[at]]
        if own != EXTEND and own != FORMAT and own != ZWJ:
            return own
        at += 1
    return np.uint8(OTHER)
