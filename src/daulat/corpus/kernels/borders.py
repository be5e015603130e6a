"""Borders of words: by Unicode's rules, then by word lists in the scripts that write no word apart; a rest is left to ICU.

Source: Unicode Standard Annex 29, revision 45, WB3 to WB16, as ICU 77 has them: a test compares both on every rule.
"""

from functools import cache
from typing import TYPE_CHECKING

import numba  # noqa: TID253
import numpy as np  # noqa: TID253

from daulat.corpus.kernels.calls import call
from daulat.corpus.kernels.dictionary import HAN as HAN_SCRIPT
from daulat.corpus.kernels.dictionary import SCRATCH, SCRIPT, divide, unit_parts

if TYPE_CHECKING:
    import numpy.typing as npt

OTHER, CR, LF, NEWLINE, EXTEND, ZWJ, FORMAT, LETTER, NUMERIC = range(9)
UNDERSCORE, MID_LETTER, MID_NUM, MID_BOTH, QUOTE, SPACE, PICTURE, HAN, OF_ICU = range(9, 18)
_NAMES = {
    "CR": CR, "LF": LF, "Newline": NEWLINE, "Extend": EXTEND, "ZWJ": ZWJ, "Format": FORMAT, "ALetter": LETTER,
    "Numeric": NUMERIC, "ExtendNumLet": UNDERSCORE, "MidLetter": MID_LETTER, "MidNum": MID_NUM,
    "MidNumLet": MID_BOTH, "Single_Quote": QUOTE, "WSegSpace": SPACE,
}  # fmt: skip
"""Values of the property Word_Break; ICU's are Hebrew letters, pairs of units, kana, Hangul and scripts without a word list."""
_SCRIPTS = frozenset({"Han", "Hiragana", "Katakana", "Hangul", "Yi"})


@cache
def unit_classes() -> "npt.NDArray[np.uint8]":
    """The class of each UTF-16 unit; `OF_ICU` for whatever these rules do not settle."""
    import icu

    has, value, property_ = icu.Char.hasBinaryProperty, icu.Char.getIntPropertyValue, icu.UProperty
    names, long = icu.Char.getPropertyValueName, icu.UPropertyNameChoice.LONG_PROPERTY_NAME
    complex_ = icu.Char.getPropertyValueEnum(property_.LINE_BREAK, "SA")
    found = np.full(0x10000, OF_ICU, dtype=np.uint8)
    listed = unit_parts() & SCRIPT
    for code in (*range(0xD800), *range(0xE000, 0x10000)):
        name = names(property_.WORD_BREAK, value(code, property_.WORD_BREAK), long)
        is_picture = has(code, property_.EXTENDED_PICTOGRAPHIC)
        needs_more = (
            name in ("Hebrew_Letter", "Katakana")
            or value(code, property_.LINE_BREAK) == complex_
            or icu.Script.getScript(chr(code)).getName() in _SCRIPTS
            or (is_picture and name in _NAMES)
        )
        if listed[code] == HAN_SCRIPT:
            found[code] = HAN
        elif listed[code]:  # letters of a word list join each other and other letters; the list then parts them
            found[code] = EXTEND if name == "Extend" else LETTER
        elif not needs_more:
            found[code] = PICTURE if is_picture else _NAMES.get(name, OTHER)
    return found


@numba.njit(cache=True, nogil=True)
def survey(units, offsets, classes, parts):  # type: ignore[no-untyped-def]
    """Of each text, a bit for each script with a word list that is in it, and the lowest for what is left to ICU."""
    found = np.zeros(len(offsets) - 1, np.uint8)
    for text in range(len(offsets) - 1):
        has = 0
        for at in range(offsets[text], offsets[text + 1]):
            unit = units[at]
            if unit >= 0x590:
                has |= 1 if classes[unit] == OF_ICU else (1 << (parts[unit] & SCRIPT)) & 0xFE
        found[text] = has
    return found


@numba.njit(cache=True, nogil=True)
def walk(units, offsets, classes, parts, has, lists, of_icu, starts_of_icu):  # type: ignore[no-untyped-def]
    """Borders counted from the start of all texts, and where each text's begin.

    `has`: what `survey` says. `lists`: of each script, cells, values and codes. `of_icu`: borders of the texts left to ICU.
    """
    found = np.empty(len(units) + 2 * len(offsets), np.int64)
    starts = np.zeros(len(offsets), np.int64)
    longest = 0
    for text in range(len(offsets) - 1):
        if has[text] & 0xFE:
            longest = max(longest, offsets[text + 1] - offsets[text])
    scratch, rough = np.empty(SCRATCH + 2 * longest, np.int64), np.empty(longest + 1, np.int64)
    count, left = 0, 0
    for text in range(len(offsets) - 1):
        start, end = offsets[text], offsets[text + 1]
        if has[text] & 1:
            own = of_icu[starts_of_icu[left] : starts_of_icu[left + 1]]
            found[count : count + len(own)] = start + own
            count += len(own)
            left += 1
        else:
            found[count] = start
            after = _by_rule(units, start, end, classes, found, count + 1)
            if has[text]:
                rough[: after - count] = found[count:after]
                after = _by_list(units, end, rough[: after - count], parts, lists, scratch, found, count)
            count = after
        starts[text + 1] = count
    return found[:count], starts


@numba.njit(cache=True, nogil=True)
def walk_icu(handle, functions, units, offsets):  # type: ignore[no-untyped-def]
    """Borders counted from the start of each text, and where each text's begin.

    `functions`: addresses of ICU's `ubrk_clone`, `ubrk_setText`, `ubrk_next` and `ubrk_close`. Each text has an iterator of its
    own: one that has seen a character of no dictionary cuts the next text differently.
    """
    clone, set_text, following, close = functions
    found = np.empty(len(units) + 2 * len(offsets), np.int64)
    starts = np.zeros(len(offsets), np.int64)
    status = np.zeros(1, np.int32)
    count = 0
    for text in range(len(offsets) - 1):
        first, last = offsets[text], offsets[text + 1]
        own = call(clone, (handle, status.ctypes.data))
        call(set_text, (own, units.ctypes.data + 2 * first, last - first, status.ctypes.data))
        border = np.int32(0)
        while border >= 0:
            found[count] = border
            count += 1
            border = np.int32(call(following, (own,)))
        call(close, (own,))
        starts[text + 1] = count
    return found[:count], starts


@numba.njit(cache=True, nogil=True)
def _by_list(units, end, rough, parts, lists, scratch, found, count):  # type: ignore[no-untyped-def]
    """Write those borders, and between them the ones of the word lists; return how many there are then."""
    found[count] = rough[0]
    count += 1
    for segment in range(len(rough) - 1):
        at, last = rough[segment], rough[segment + 1]
        if last - at > 1:
            while at < last:
                script = parts[units[at]] & SCRIPT
                begun = at
                at += 1
                if script:
                    while at < last and parts[units[at]] & SCRIPT == script:
                        at += 1
                    cells, values, codes = lists[script - 1]
                    count = divide(units, begun, at, end, parts, cells, values, codes, scratch, found, count)
        found[count] = last
        count += 1
    return count


@numba.njit(cache=True, nogil=True)
def _by_rule(units, start, end, classes, found, count):  # type: ignore[no-untyped-def]
    """Write the borders after `start` up to `end`, and return how many there are then."""
    if end <= start:
        return count
    beside = classes[units[start]]
    last, before = beside, np.uint8(OTHER)  # classes of the last two characters that are not ignored
    for at in range(start + 1, end):
        own = classes[units[at]]
        if own == LETTER and beside == LETTER:
            last, before = own, own
            continue
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
            joined = last in (LETTER, NUMERIC, UNDERSCORE)
        else:
            joined = own == HAN and beside == HAN
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
