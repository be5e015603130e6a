"""Borders of words become tokens: what is no white space, as a hash, a length and its kind."""

import numba  # noqa: TID253
import numpy as np  # noqa: TID253

from daulat.corpus.kernels.characters import LETTER, LOW, SPACE, SYMBOL, UNSEEN, WORD

PRIME = np.uint64(0x9E3779B97F4A7C15)
MIX = np.uint64(0xBF58476D1CE4E5B9)


@numba.njit(cache=True, nogil=True)
def tokens(units, bounds, bound_offsets, kinds):  # type: ignore[no-untyped-def]
    """Hashes, lengths in characters, kinds and offsets by text of the segments between `bounds` that have something to see.

    A token's kind has `LETTER` and `WORD` where one of its characters has, `SYMBOL` where all of them have.
    """
    most = len(bounds)
    hashes = np.empty(most, np.uint64)
    lengths = np.empty(most, np.int32)
    found = np.empty(most, np.uint8)
    offsets = np.zeros(len(bound_offsets), np.int64)
    count = 0
    for text in range(len(bound_offsets) - 1):
        for index in range(bound_offsets[text] + 1, bound_offsets[text + 1]):
            first, last = bounds[index - 1], bounds[index]
            while first < last and kinds[units[first]] & (SPACE | UNSEEN):
                first += 1
            if first == last:
                continue
            while kinds[units[last - 1]] & (SPACE | UNSEEN):
                last -= 1
            value, low, some, every = PRIME, 0, 0, SYMBOL
            for at in range(first, last):
                unit = units[at]
                kind = kinds[unit]
                some |= kind
                every &= kind
                low += (kind & LOW) != 0
                value = (value ^ np.uint64(unit)) * MIX
                value ^= value >> np.uint64(29)
            hashes[count] = value
            lengths[count] = last - first - low
            found[count] = (some & (LETTER | WORD)) | every
            count += 1
        offsets[text + 1] = count
    return hashes[:count], lengths[:count], found[:count], offsets


@numba.njit(cache=True, nogil=True)
def measures(hashes, lengths, kinds, offsets, stops):  # type: ignore[no-untyped-def]
    """A row a text: tokens, those that are no symbols, characters of these, tokens with a letter, distinct stop words.

    `stops`: sorted hashes of at most 64 stop words.
    """
    found = np.zeros((len(offsets) - 1, 5), np.int64)
    hint = np.uint64(0)
    for stop in stops:
        hint |= np.uint64(1) << (stop & np.uint64(63))
    for text in range(len(offsets) - 1):
        row = found[text]
        row[0] = offsets[text + 1] - offsets[text]
        seen = np.uint64(0)
        for at in range(offsets[text], offsets[text + 1]):
            kind, value = kinds[at], hashes[at]
            if not kind & SYMBOL:
                row[1] += 1
                row[2] += lengths[at]
            row[3] += (kind & LETTER) != 0
            if (hint >> (value & np.uint64(63))) & np.uint64(1):
                place = np.searchsorted(stops, value)
                if place < len(stops) and stops[place] == value:
                    bit = np.uint64(1) << np.uint64(place)
                    row[4] += (seen & bit) == 0
                    seen |= bit
    return found
