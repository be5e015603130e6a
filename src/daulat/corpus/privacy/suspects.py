"""Suspects: the places in a column of texts where an identifier may stand, found by one pass over the bytes.

A suspect is a run of at least seven digits in any script, six where a letter stands before it, a dotted quad, an at
sign, or what looks like an IPv6 address. Most text has none: 10 MB of manuals have about a thousand.

Imported inside functions only: compiled code takes a second to load.
"""

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

import numba  # noqa: TID253
import numpy as np  # noqa: TID253

from daulat.corpus.privacy.kinds.shape import AT, COLONS, SEPARATORS

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

_PLAIN, _DIGIT, _AT, _COLON, _OPENING, _LEAD = 0, 1, 2, 3, 4, 5
_WIDE_AT = 0xFF20
_FEWEST = 7
"""No identifier without a label has fewer digits, and none with a letter before them fewer than six."""


def suspects(texts: "pa.LargeStringArray") -> "npt.NDArray[np.int64]":
    """A row a suspect: its text's index, first byte, byte after the last (both in the buffer), count of digits."""
    offsets_buffer, data_buffer = texts.buffers()[1:3]
    if data_buffer is None or not len(texts):
        return np.zeros((0, 4), dtype=np.int64)
    offsets = np.frombuffer(offsets_buffer, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(data_buffer, dtype=np.uint8)
    leads, values, separators = _tables()
    room = 1024 + int(offsets[-1] - offsets[0]) // 1024
    while True:
        found = np.empty((room, 4), dtype=np.int64)
        count = scan(data, offsets, leads, values, separators, found)
        if count <= room:
            return found[:count]
        room = count


@cache
def _tables() -> "tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]":
    """By byte what to do with it; by code point whether it is a decimal digit, and whether a separator."""
    digits = np.array([unicodedata.decimal(chr(code), -1) >= 0 for code in range(0x10000)]).astype(np.uint8)
    separators = np.zeros(0x10000, dtype=np.uint8)
    separators[[ord(one) for one in SEPARATORS]] = 1
    leads = np.full(256, _PLAIN, dtype=np.uint8)
    leads[[chr(code).encode()[0] for code in np.flatnonzero(digits)]] = _LEAD
    leads[48:58] = _DIGIT
    leads[ord("@")], leads[ord(":")] = _AT, _COLON
    leads[[ord("["), ord("("), ord("{")]] = _OPENING
    return leads, digits, separators


@numba.njit(cache=True, nogil=True)
def scan(data, offsets, leads, digits, separators, found):  # type: ignore[no-untyped-def]
    """Write the suspects into `found`, as many as have room; return how many there are."""
    count, room = 0, len(found)
    for row in range(len(offsets) - 1):
        begin, end = offsets[row], offsets[row + 1]
        at = begin
        while at < end:
            what = leads[data[at]]
            if what == _PLAIN:
                at += 1
                continue
            if what == _LEAD:
                code, width = character(data, at, end)
                if not digits[code] and code != _WIDE_AT:
                    at += width
                    continue
            start, stop, size = at, at + 1, 0
            if what == _AT:
                size = AT
            elif what == _LEAD and not digits[code]:
                stop, size = at + width, AT
            elif what == _OPENING:
                if at + 3 < end and data[at + 1] | 32 == 97 and data[at + 2] | 32 == 116 and is_closing(data[at + 3]):
                    stop, size = at + 4, AT
            elif what == _COLON:
                start, stop = colons(data, begin, at, end)
                size = COLONS if stop > start else 0
                stop = stop if size else at + 1
            else:
                stop, size, dots = run(data, at, end, digits, separators)
                letter = at > begin and 65 <= data[at - 1] & 0xDF <= 90
                if size < _FEWEST and dots < 3 and not (letter and size >= _FEWEST - 1):
                    size = 0
            if size != 0:
                if count < room:
                    found[count, 0], found[count, 1], found[count, 2], found[count, 3] = row, start, stop, size
                count += 1
            at = stop
    return count


@numba.njit(cache=True, nogil=True, inline="always")
def is_word(byte):  # type: ignore[no-untyped-def]
    """An ASCII letter or digit."""
    return 48 <= byte <= 57 or 65 <= byte & 0xDF <= 90


@numba.njit(cache=True, nogil=True, inline="always")
def is_closing(byte):  # type: ignore[no-untyped-def]
    """A bracket that closes `[at`."""
    return byte in (41, 93, 125)


@numba.njit(cache=True, nogil=True, inline="always")
def is_hex(byte):  # type: ignore[no-untyped-def]
    """A hexadecimal digit."""
    return 48 <= byte <= 57 or 65 <= byte & 0xDF <= 70


@numba.njit(cache=True, nogil=True)
def colons(data, begin, at, end):  # type: ignore[no-untyped-def]
    """Where hexadecimal groups with a double colon, or with seven, begin and end around this one; the same twice if
    there are none. Times and `std::name` have neither."""
    start, stop = at, at
    while start > begin and at - start < 40 and is_hex(data[start - 1]):
        start -= 1
    number, double = 0, False
    while stop < end and stop - at < 48 and (is_hex(data[stop]) or data[stop] == 58):
        if data[stop] == 58:
            number += 1
            double = double or data[stop - 1] == 58
        stop += 1
    whole = (start == begin or not is_word(data[start - 1])) and (stop == end or not is_word(data[stop]))
    if whole and start < at and number >= 2 and (double or number == 7):
        return start, stop
    return at, at


@numba.njit(cache=True, nogil=True, inline="always")
def character(data, at, end):  # type: ignore[no-untyped-def]
    """The code point at a byte, and its bytes; 0, which is neither digit nor separator, beyond the first plane."""
    byte = np.int64(data[at])
    if byte < 0x80:
        return byte, 1
    if byte < 0xE0 and at + 1 < end:
        return ((byte & 31) << 6) | (np.int64(data[at + 1]) & 63), 2
    if byte < 0xF0 and at + 2 < end:
        return ((byte & 15) << 12) | ((np.int64(data[at + 1]) & 63) << 6) | (np.int64(data[at + 2]) & 63), 3
    return np.int64(0), 1


@numba.njit(cache=True, nogil=True)
def run(data, at, end, digits, separators):  # type: ignore[no-untyped-def]
    """From the first digit: the byte after the last one, how many digits, how many full stops between them."""
    size, gap, dots, pending, stop = 0, 0, 0, 0, at + 1
    while at < end:
        code, width = character(data, at, end)
        at += width
        if digits[code]:
            size += 1
            gap, stop = 0, at
            dots += pending
            pending = 0
        elif separators[code] and size and gap < 3:
            gap += 1
            pending += code == 46
        else:
            break
    return stop, size, dots
