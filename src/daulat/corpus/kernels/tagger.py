"""A linear-chain conditional random field over words: features hashed, weights in a table, the best path by Viterbi."""

import numba  # noqa: TID253
import numpy as np  # noqa: TID253

from daulat.corpus.kernels.tokens import MIX, PRIME

OUTSIDE, BEGIN, INSIDE = 0, 1, 2
LABELS = 3
FEATURES = 15
BITS = 17
"""The table of weights has so many bits of rows: what falls into one row was trained so."""
_LONG = 12
"""Longer words have one shape."""
_LINE_END = 10


@numba.njit(cache=True, nogil=True, inline="always")
def _mixed(value, other):  # type: ignore[no-untyped-def]
    value = (value ^ np.uint64(other)) * MIX
    return value ^ (value >> np.uint64(29))


@numba.njit(cache=True, nogil=True, inline="always")
def _kind(unit):  # type: ignore[no-untyped-def]
    """Of a UTF-16 unit: white space, digit, Latin letter, other letter, sign."""
    if unit in (32, 10, 9, 0xA0):
        return 1
    if 48 <= unit <= 57 or 0x0E50 <= unit <= 0x0E59:
        return 2
    if 65 <= unit | 32 <= 122 and unit | 32 >= 97:
        return 3
    return 4 if unit >= 0xC0 and not 0x2000 <= unit < 0x2E80 and unit not in (0x0E2F, 0x0E3F, 0x0E46, 0x0E4F) else 5


@numba.njit(cache=True, nogil=True)
def features(units, bounds, first, last):  # type: ignore[no-untyped-def]
    """Rows of the table that speak for each word of one text, of the words between `bounds[first:last]`; shape (words, 15)."""
    number = max(0, last - first - 1)
    words = np.zeros(number + 4, np.uint64)  # two before and two behind
    shapes = np.zeros(number + 4, np.uint64)
    heads, tails = np.zeros(number, np.uint64), np.zeros(number, np.uint64)
    for index in range(number):
        start, end = bounds[first + index], bounds[first + index + 1]
        value = PRIME
        kind = _kind(units[start])
        for at in range(start, end):
            value = _mixed(value, 48 if kind == 2 else units[at])
        words[index + 2] = value
        shapes[index + 2] = np.uint64(kind * 16 + min(end - start, _LONG))
        heads[index] = _mixed(_mixed(PRIME, units[start]), units[min(start + 1, end - 1)])
        tails[index] = _mixed(_mixed(PRIME, units[end - 1]), units[max(end - 2, start)])
    found = np.empty((number, FEATURES), np.int32)
    away = np.uint64(64 - BITS)
    for index in range(number):
        at = index + 2
        kinds = np.uint64(0)
        for near in range(at - 2, at + 3):
            kinds = (kinds << np.uint64(4)) | (shapes[near] >> np.uint64(4))
        values = (
            words[at],
            words[at - 1],
            words[at + 1],
            words[at - 2],
            words[at + 2],
            _mixed(words[at - 1], words[at]),
            _mixed(words[at], words[at + 1]),
            _mixed(words[at - 2], words[at - 1]),
            _mixed(words[at + 1], words[at + 2]),
            shapes[at],
            (shapes[at - 1] << np.uint64(8)) | shapes[at],
            (shapes[at] << np.uint64(8)) | shapes[at + 1],
            kinds,
            heads[index],
            tails[index],
        )
        for number_of in range(FEATURES):
            value = _mixed(_mixed(PRIME, number_of + 1), values[number_of])
            found[index, number_of] = np.int32((value * PRIME) >> away)
    return found


@numba.njit(cache=True, nogil=True)
def spans(units, bounds, bound_offsets, weights, steps):  # type: ignore[no-untyped-def]
    """A row a name: its text, first unit and unit after the last. Each line is looked at alone.

    A name begins with a letter and has no digit. `weights`: (rows of the table, 3); `steps`: (3, 3), from label to label.
    """
    found = np.empty((len(bounds), 3), np.int64)
    count = 0
    for text in range(len(bound_offsets) - 1):
        first, stop = bound_offsets[text], bound_offsets[text + 1]
        while first + 1 < stop:
            if units[bounds[first]] == _LINE_END:
                first += 1
                continue
            last = first + 1
            while last + 1 < stop and units[bounds[last]] != _LINE_END:
                last += 1
            labels = _best(features(units, bounds, first, last + 1), weights, steps)
            begun = count
            for index in range(last - first):
                if labels[index] == BEGIN:
                    found[count] = text, bounds[first + index], bounds[first + index + 1]
                    count += 1
                elif labels[index] == INSIDE:
                    found[count - 1, 2] = bounds[first + index + 1]
            stop_at, count = count, begun
            for index in range(begun, stop_at):
                if _believed(units, found[index, 1], found[index, 2]):
                    found[count] = found[index]
                    count += 1
            first = last
    return found[:count]


@numba.njit(cache=True, nogil=True)
def _believed(units, start, end):  # type: ignore[no-untyped-def]
    for at in range(start, end):
        if _kind(units[at]) == 2:
            return False
    return 3 <= _kind(units[start]) <= 4


@numba.njit(cache=True, nogil=True)
def _best(rows, weights, steps):  # type: ignore[no-untyped-def]
    """The most probable labels of the words of one text. No name begins inside itself."""
    number = len(rows)
    labels = np.zeros(number, np.int8)
    if number == 0:
        return labels
    back = np.zeros((number, LABELS), np.int8)
    score = np.zeros(LABELS, np.float32)
    after = np.zeros(LABELS, np.float32)
    for index in range(number):
        for to in range(LABELS):
            own = np.float32(0)
            for row in rows[index]:
                own += weights[row, to]
            if index == 0:
                after[to] = own if to != INSIDE else np.float32(-1e30)
                continue
            top, of = np.float32(-1e30), 0
            for before in range(LABELS):
                if to == INSIDE and before == OUTSIDE:
                    continue
                value = score[before] + steps[before, to]
                if value > top:
                    top, of = value, before
            after[to], back[index, to] = top + own, of
        score[:] = after
    at = np.argmax(score)
    for index in range(number - 1, -1, -1):
        labels[index] = at
        at = back[index, at]
    return labels
