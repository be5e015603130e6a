"""Plain white space in one pass over UTF-8, and which texts need more than that."""

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

import numba  # noqa: TID253
import numpy as np  # noqa: TID253

if TYPE_CHECKING:
    import numpy.typing as npt

PLAIN, WHITE, NEWLINE, UNSEEN, HARD, JOINING, BURMESE, LOST, COMPOSED = range(9)
"""What a character is: `HARD` is never in NFC, `JOINING` becomes one with some characters before it, or changes places with a
mark in a `COMPOSED` one, `BURMESE` is in no text of the Burmese language in Unicode."""
HARD_TEXT, BURMESE_TEXT, LOST_TEXT = 1, 2, 4
"""What a text needs: all rules one by one; a look at the order of its Burmese; a look at the characters it lost."""
_THAI, _LAO = 0x0E00, 0x0E80
_YES, _MAYBE, _TWO = 1, 2, 2
"""Values of NFC_Quick_Check in ICU."""


@cache
def tables(unseen: str) -> "tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.int64]]":
    """Class and canonical combining class of each character of the BMP; and the pairs that become one character in NFC, sorted.

    `unseen` are those that are taken out.
    """
    import icu

    classes, combining = np.zeros(0x10000, np.uint8), np.zeros(0x10000, np.uint8)
    quick = icu.UProperty.NFC_QUICK_CHECK
    taken_out = frozenset(unseen)
    for code in (*range(0xD800), *range(0xE000, 0x10000)):
        one = chr(code)
        combining[code] = unicodedata.combining(one)
        if one in "\r\n":
            classes[code] = NEWLINE
        elif one in taken_out:
            classes[code] = UNSEEN
        elif one.isspace():
            classes[code] = WHITE
        elif icu.Char.getIntPropertyValue(code, quick) != _YES:
            is_jamo = 0x1100 <= code < 0x1200
            maybe = icu.Char.getIntPropertyValue(code, quick) == _MAYBE and not is_jamo
            classes[code] = JOINING if maybe else HARD
        elif one == "\ufffd":
            classes[code] = LOST
        elif unicodedata.decomposition(one)[:1].isalnum():
            classes[code] = COMPOSED
    for one in "\u1022\u1028\u1033\u1034\u1035":
        classes[ord(one)] = BURMESE
    classes[0x1050:0x10A0] = BURMESE
    return classes, combining, _pairs()


def _pairs() -> "npt.NDArray[np.int64]":
    found = []
    for code in range(0x10000):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == _TWO and not parts[0].startswith("<"):
            first, second = (int(part, 16) for part in parts)
            if unicodedata.normalize("NFC", chr(first) + chr(second)) == chr(code):
                found.append(first << 16 | second)
    return np.array(sorted(found), np.int64)


@numba.njit(cache=True, nogil=True)
def tidy(data, offsets, classes, combining, pairs):  # type: ignore[no-untyped-def]
    """The texts with white space in one way, their offsets, and what each needs besides.

    Unseen characters go, runs of white space become one space, lines are stripped, empty ones go. Correct for a text that is
    not `HARD_TEXT`: its NFC and its marks are as they should be.
    """
    number = len(offsets) - 1
    found = np.empty(offsets[number] - offsets[0], np.uint8)
    starts = np.zeros(number + 1, np.int64)
    needs = np.zeros(number, np.uint8)
    to = 0
    for text in range(number):
        need = 0
        begun, started, space = to, False, False
        order, before, earlier = (
            0,
            np.int64(0),
            np.int64(0),
        )  # combining class of the last character; the last two that stay
        at, end = offsets[text], offsets[text + 1]
        while at < end:
            lead = data[at]
            if started and before < 0x80 and 0x20 <= lead < 0x7F:  # ASCII after ASCII: nothing but spaces to count
                at += 1
                order, earlier = 0, before
                if lead == 0x20:
                    space, before = True, np.int64(0)
                    continue
                if space:
                    found[to] = 0x20
                    to, space = to + 1, False
                found[to] = lead
                to, before = to + 1, np.int64(lead)
                continue
            if lead < 0x80:
                code, size = np.int64(lead), 1
            elif lead < 0xE0:
                code, size = (np.int64(lead) & 0x1F) << 6 | (np.int64(data[at + 1]) & 0x3F), 2
            elif lead < 0xF0:
                code = (
                    (np.int64(lead) & 0x0F) << 12
                    | (np.int64(data[at + 1]) & 0x3F) << 6
                    | (np.int64(data[at + 2]) & 0x3F)
                )
                size = 3
            else:
                code = (
                    (np.int64(lead) & 0x07) << 18
                    | (np.int64(data[at + 1]) & 0x3F) << 12
                    | (np.int64(data[at + 2]) & 0x3F) << 6
                    | (np.int64(data[at + 3]) & 0x3F)
                )
                size = 4
            if code < 0x10000:
                kind, rank = classes[code], combining[code]
            else:  # emoji and Han beyond the BMP are as they are; of the others nobody looks one up here
                plain = 0x1F000 <= code < 0x1FB00 or 0x20000 <= code < 0x2F800 or 0x30000 <= code < 0x32000
                kind, rank = (PLAIN if plain else HARD), 0
            if rank and rank < order:
                need |= HARD_TEXT
            if kind == JOINING:
                pair = before << 16 | code
                place = np.searchsorted(pairs, pair)
                alone = before == 0 or before > 0xFFFF or classes[before] == COMPOSED
                if order or alone or (place < len(pairs) and pairs[place] == pair):
                    need |= HARD_TEXT
            order = rank
            if before == 0x1039 and kind != UNSEEN and not 0x1000 <= code <= 0x1021:
                need |= BURMESE_TEXT
            if kind == NEWLINE:
                started, space = False, False
                earlier, before = before, np.int64(0)
            elif kind == WHITE:
                space = started
                earlier, before = before, np.int64(0)
            elif kind != UNSEEN:
                if kind == HARD:
                    need |= HARD_TEXT
                elif kind == LOST:
                    need |= LOST_TEXT
                elif kind == BURMESE or (0x1000 <= code < 0x10A0 and _out_of_order(code, before)):
                    need |= BURMESE_TEXT
                if _THAI <= code < 0x0F00 and _misplaced(code, before, earlier):
                    need |= HARD_TEXT
                if not started:
                    if to > begun:
                        found[to] = 0x0A
                        to += 1
                    started = True
                elif space:
                    found[to] = 0x20
                    to += 1
                space = False
                for byte in range(size):
                    found[to] = data[at + byte]
                    to += 1
                earlier, before = before, np.int64(code)
            at += size
        starts[text + 1] = to
        needs[text] = need | (BURMESE_TEXT if before == 0x1039 else 0)
    return found[:to], starts, needs


@numba.njit(cache=True, nogil=True)
def _misplaced(code, before, earlier):  # type: ignore[no-untyped-def]
    """Whether one of the rules of `normalise.ORDER` may change this Thai or Lao character and those before it."""
    own, last = (code - _LAO, before - _LAO) if code >= _LAO else (code - _THAI, before - _THAI)
    first = earlier - _LAO if code >= _LAO else earlier - _THAI
    if own == last and (own == 0x40 or own == 0x31 or 0x34 <= own <= 0x3C or 0x47 <= own <= 0x4E):
        return True
    if 0x48 <= last <= 0x4B and (own == 0x31 or 0x34 <= own <= 0x39 or own == 0x3B or own == 0x3C):
        return True
    return own == 0x32 and (last == 0x4D or (0x48 <= last <= 0x4B and first == 0x4D))


@numba.njit(cache=True, nogil=True)
def _out_of_order(code, before):  # type: ignore[no-untyped-def]
    """Whether a Burmese mark stands where Unicode has it in no text: the vowel E or the medial R after no consonant."""
    consonant = 0x1000 <= before <= 0x102A or before == 0x103F
    if code == 0x1031:
        return not (consonant or 0x103B <= before <= 0x103E)
    if code == 0x103C:
        return not (consonant or before == 0x104E or before == 0x103B)
    return False
