"""Paragraphs of texts as they lie in memory: one a line, told apart by a 64-bit hash."""

import numba  # noqa: TID253
import numpy as np  # noqa: TID253

from daulat.corpus.kernels.loads import ONES, load64, newlines, ones
from daulat.corpus.kernels.tokens import MIX, PRIME


@numba.njit(cache=True, nogil=True)
def paragraphs(data, offsets):  # type: ignore[no-untyped-def]
    """Hash, characters and UTF-8 bytes of every paragraph, and where each text's begin. An empty text has one, empty."""
    number = len(offsets) - 1
    most = number
    for at in range(offsets[0], offsets[number]):
        most += data[at] == 0x0A
    hashes = np.empty(most, np.uint64)
    characters = np.empty(most, np.int32)
    sizes = np.empty(most, np.int32)
    starts = np.zeros(number + 1, np.int64)
    count = 0
    for text in range(number):
        first, end = offsets[text], offsets[text + 1]
        while first <= end:
            value, letters, last = _paragraph(data, first, end)
            hashes[count], characters[count], sizes[count] = (
                _spread(value ^ np.uint64(last - first)),
                letters,
                last - first,
            )
            count += 1
            first = last + 1
        starts[text + 1] = count
    return hashes, characters, sizes, starts


@numba.njit(cache=True, nogil=True)
def _paragraph(data, first, end):  # type: ignore[no-untyped-def]
    """A hash of the bytes from there to the next line end, how many characters they are, and where it stands; or the end."""
    value, letters, at = PRIME, 0, first
    while at < end:
        if at + 8 <= len(data):
            word = load64(data, at)
        else:  # the last bytes of all
            word = np.uint64(0)
            for place in range(len(data) - at):
                word |= np.uint64(data[at + place]) << np.uint64(8 * place)
        room, here = min(8, end - at), newlines(word)
        if here:
            place = 0
            while here >> np.uint64(8 * place) & np.uint64(0x80) == 0:
                place += 1
            room = min(room, place)
        if room < 8:
            word &= (np.uint64(1) << np.uint64(8 * room)) - np.uint64(1)
        if room:
            value = (value ^ word) * MIX
            value ^= value >> np.uint64(32)
            letters += room - ones((word >> np.uint64(7)) & ~(word >> np.uint64(6)) & ONES)
            at += room
        if room < 8:
            break
    return value, letters, at


@numba.njit(cache=True, nogil=True)
def _spread(value):  # type: ignore[no-untyped-def]
    """Every bit in every bit. Source: the finalizer of MurmurHash3."""
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    return value ^ (value >> np.uint64(33))


@numba.njit(cache=True, nogil=True)
def without(data, offsets, starts, gone):  # type: ignore[no-untyped-def]
    """The texts without the paragraphs that are `gone`, and their offsets."""
    number = len(offsets) - 1
    found = np.empty(offsets[number] - offsets[0], np.uint8)
    ends = np.zeros(number + 1, np.int64)
    to = 0
    for text in range(number):
        paragraph, begun = starts[text], to
        stays = not gone[paragraph]
        for at in range(offsets[text], offsets[text + 1]):
            if data[at] == 0x0A:
                paragraph += 1
                stays = not gone[paragraph]
                if stays and to > begun:
                    found[to] = 0x0A
                    to += 1
            elif stays:
                found[to] = data[at]
                to += 1
        ends[text + 1] = to
    return found[:to], ends


@numba.njit(cache=True, nogil=True)
def digests(hashes, starts):  # type: ignore[no-untyped-def]
    """128 bits of each text, two numbers a row, from its paragraphs: the same for the same text."""
    found = np.empty((len(starts) - 1, 2), np.uint64)
    for text in range(len(starts) - 1):
        one, other = PRIME, MIX
        for at in range(starts[text], starts[text + 1]):
            one = (one ^ hashes[at]) * MIX
            one ^= one >> np.uint64(29)
            other = (other + hashes[at]) * PRIME
            other ^= other >> np.uint64(32)
        found[text, 0], found[text, 1] = one, other
    return found
