"""Words in a run of letters of a script that writes none apart, by ICU's rules and word lists.

Thai, Lao, Burmese and Khmer: of the words that could stand here, the longest that leads on to two more; what is no word is joined
to a short one before it, up to where a word could begin. Chinese: the words whose values add up to the least (Viterbi).
Source: ICU 77, `dictbe.cpp`; a test compares both on words, on parts of words and on letters at random.
"""

from functools import cache
from typing import TYPE_CHECKING

import numba  # noqa: TID253
import numpy as np  # noqa: TID253

if TYPE_CHECKING:
    import numpy.typing as npt

SCRIPTS = ("Thai", "Lao", "Myanmar", "Khmer", "Han")
THAI, HAN = 1, 5
"""Numbers of scripts, from 1 on; 0 is no letter of any of them."""
SCRIPT, MARK, BEGIN, END, SUFFIX = 7, 8, 16, 32, 64
"""Bits of a unit: its script, whether no word stops before it, whether one may begin with it, may end with it, is added to it."""
LOOKAHEAD, COMBINE, LONGEST = 3, 3, 20
"""Words that are looked ahead; characters from which a word is no longer joined to what is none; candidates, and characters of a
word of Chinese."""
UNKNOWN = 255
"""What a character costs that no word begins with."""
NUMBER, PREFIX, CHOSEN, MARKED, LENGTHS = 1, 2, 3, 4, 5
"""Of a slot, behind its place: how many words could begin there, how many characters were looked at, which word is looked at now,
which is the best so far, and how long each is."""
SLOT = LENGTHS + LONGEST
SCRATCH = LOOKAHEAD * SLOT
PAIYANNOI, MAIYAMOK = 0x0E2F, 0x0E46
_BEGIN = (
    (*range(0x0E01, 0x0E2F), *range(0x0E40, 0x0E45)),
    (*range(0x0E81, 0x0EAF), 0x0EDC, 0x0EDD, *range(0x0EC0, 0x0EC5)),
    (*range(0x1000, 0x102B),),
    (*range(0x1780, 0x17B4),),
    (),
)
_NO_END = ((0x0E31, *range(0x0E40, 0x0E45)), (*range(0x0EC0, 0x0EC5),), (), (0x17D2,), ())


@cache
def unit_parts() -> "npt.NDArray[np.uint8]":
    """What each UTF-16 unit can be in a word of which script; 0 for units that no word list is for."""
    import icu

    line_break, complex_ = icu.UProperty.LINE_BREAK, icu.Char.getPropertyValueEnum(icu.UProperty.LINE_BREAK, "SA")
    normal = icu.Normalizer2.getNFKCInstance()
    found = np.zeros(0x10000, np.uint8)
    for code in (*range(0xD800), *range(0xE000, 0x10000)):
        script = icu.Script.getScript(chr(code)).getName()
        if script not in SCRIPTS:
            continue
        number = SCRIPTS.index(script)
        if script == "Han":
            if normal.isInert(chr(code)):
                found[code] = HAN
        elif icu.Char.getIntPropertyValue(code, line_break) == complex_:
            mark = icu.Char.charType(code) in (
                icu.UCharCategory.NON_SPACING_MARK, icu.UCharCategory.ENCLOSING_MARK, icu.UCharCategory.COMBINING_SPACING_MARK
            )  # fmt: skip
            found[code] = (
                number + 1 | MARK * mark | BEGIN * (code in _BEGIN[number]) | END * (code not in _NO_END[number])
            )
    found[[PAIYANNOI, MAIYAMOK]] |= SUFFIX
    return found


@numba.njit(cache=True, nogil=True)
def divide(units, start, end, last, parts, cells, values, codes, scratch, found, count):  # type: ignore[no-untyped-def]
    """Write the borders inside the run from `start` to `end`, and return how many there are then; `last` is the text's end.

    The run is of one script; its borders themselves are not written. `scratch`: `SCRATCH` numbers, and two more for each unit.
    """
    script = parts[units[start]] & SCRIPT
    if script == HAN:
        return _cheapest(units, start, end, cells, values, codes, scratch, found, count)
    if end - start < (5 if script == THAI else 4):
        return count
    return _ahead(units, start, end, last, parts, cells, codes, scratch, found, count)


@numba.njit(cache=True, nogil=True)
def _ahead(units, start, end, last, parts, cells, codes, scratch, found, count):  # type: ignore[no-untyped-def]
    """Of a script of South-East Asia. A slot holds the words that could begin at one place."""
    one, two, three = 0, SLOT, 2 * SLOT
    for slot in (one, two, three):
        scratch[slot] = -1
    at = start
    while at < end:
        begun, length = at, 0
        candidates = _look(scratch, one, at, end, units, cells, codes)
        if candidates:
            if candidates > 1:
                at = begun + scratch[one + LENGTHS + candidates - 1]
                while at < end:
                    following = _following(scratch, two, three, at, end, units, cells, codes)
                    if following:
                        scratch[one + MARKED] = scratch[one + CHOSEN]
                    if following == 2 or not scratch[one + CHOSEN]:
                        break
                    scratch[one + CHOSEN] -= 1
                    at = begun + scratch[one + LENGTHS + scratch[one + CHOSEN]]
            length = scratch[one + LENGTHS + scratch[one + MARKED]]
            one, two, three = two, three, one
        at = begun + length
        if at < end and length < COMBINE:
            unknown = not _look(scratch, one, at, end, units, cells, codes)
            if unknown and (not length or scratch[one + PREFIX] < COMBINE):
                while True:
                    at += 1
                    if at >= end:
                        break
                    might = parts[units[at - 1]] & END and parts[units[at]] & BEGIN
                    if might and _look(scratch, two, at, end, units, cells, codes):
                        break
                if not length:
                    one, two, three = two, three, one
        while at < end and parts[units[at]] & MARK:
            at += 1
        if at < end and parts[units[at]] & SUFFIX and not _look(scratch, one, at, end, units, cells, codes):
            unit = np.int64(units[at])
            if unit == PAIYANNOI and not parts[units[at - 1]] & SUFFIX:
                at += 1
                unit = np.int64(units[at]) if at < last else np.int64(-1)
            if unit == MAIYAMOK and units[at - 1] != MAIYAMOK:
                at += 1
        if at < end:
            found[count] = at
            count += 1
    return count


@numba.njit(cache=True, nogil=True)
def _following(scratch, two, three, at, end, units, cells, codes):  # type: ignore[no-untyped-def]
    """How many words could follow from there on, two at most; one that ends the run is as good as two."""
    if not _look(scratch, two, at, end, units, cells, codes):
        return 0
    while True:
        after = at + scratch[two + LENGTHS + scratch[two + CHOSEN]]
        if after >= end or _look(scratch, three, after, end, units, cells, codes):
            return 2
        if not scratch[two + CHOSEN]:
            return 1
        scratch[two + CHOSEN] -= 1


@numba.njit(cache=True, nogil=True)
def _look(scratch, slot, at, end, units, cells, codes):  # type: ignore[no-untyped-def]
    """How many words could begin there; they are in the slot, the longest chosen and marked."""
    if scratch[slot] != at:
        row, begin, place, count = 0, cells[0, 0], at, 0
        while place < end:
            ahead = (begin >> 1) + codes[units[place]]
            place += 1
            if cells[ahead, 1] != row:
                break
            row, begin = ahead, cells[ahead, 0]
            if begin & 1 and count < LONGEST:
                scratch[slot + LENGTHS + count] = place - at
                count += 1
            if begin < 0:
                break
        scratch[slot], scratch[slot + NUMBER], scratch[slot + PREFIX] = at, count, place - at
    scratch[slot + CHOSEN] = scratch[slot + MARKED] = scratch[slot + NUMBER] - 1
    return scratch[slot + NUMBER]


@numba.njit(cache=True, nogil=True)
def _cheapest(units, start, end, cells, values, codes, scratch, found, count):  # type: ignore[no-untyped-def]
    """Of Chinese."""
    size = end - start
    cost, before = scratch[: size + 1], scratch[size + 1 : 2 * size + 2]
    cost[:] = 2**31
    cost[0] = 0
    for at in range(size):
        own, row, begin, alone = cost[at], 0, cells[0, 0], False
        for place in range(at, min(size, at + LONGEST)):
            ahead = (begin >> 1) + codes[units[start + place]]
            if cells[ahead, 1] != row:
                break
            row, begin = ahead, cells[ahead, 0]
            if begin & 1:
                alone |= place == at
                if own + values[row] < cost[place + 1]:
                    cost[place + 1], before[place + 1] = own + values[row], at
            if begin < 0:
                break
        if not alone and own + UNKNOWN < cost[at + 1]:
            cost[at + 1], before[at + 1] = own + UNKNOWN, at
    inner, at = 0, before[size]
    while at > 0:
        inner += 1
        at = before[at]
    place, at = count + inner, before[size]
    while at > 0:
        place -= 1
        found[place] = start + at
        at = before[at]
    return count + inner
