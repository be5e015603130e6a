"""Words and clusters become signatures: the smallest hash of a text's shingles under each permutation. Source: Broder 1997."""

import numba  # noqa: TID253
import numpy as np  # noqa: TID253

from daulat.corpus.kernels.tokens import MIX, PRIME


@numba.njit(cache=True, nogil=True)
def signatures(hashes, offsets, shingle, factors, addends):  # type: ignore[no-untyped-def]
    """A row of `len(factors)` minima a text, over its shingles of so many hashes; a shorter text is one shingle.

    32-bit permutations `x * factor + addend` of each shingle's hash; `np.uint32` keeps Numba from widening them.
    """
    number = len(factors)
    found = np.empty((len(offsets) - 1, number), np.uint32)
    for text in range(len(offsets) - 1):
        row = found[text]
        row[:] = np.uint32(0xFFFFFFFF)
        start, end = offsets[text], offsets[text + 1]
        for first in range(start, max(start + 1, end - shingle + 1)):
            key = PRIME
            for at in range(first, min(first + shingle, end)):
                key = (key ^ hashes[at]) * MIX
                key ^= key >> np.uint64(31)
            small = np.uint32(key >> np.uint64(32))
            for index in range(number):
                row[index] = min(row[index], np.uint32(small * factors[index] + addends[index]))
    return found


@numba.njit(cache=True, nogil=True)
def band_keys(signature, bands, rows):  # type: ignore[no-untyped-def]
    """A 64-bit hash of each band of `rows` minima, `bands` columns a text."""
    found = np.empty((len(signature), bands), np.uint64)
    for text in range(len(signature)):
        for band in range(bands):
            key = PRIME ^ np.uint64(band)
            for index in range(band * rows, (band + 1) * rows):
                key = (key ^ np.uint64(signature[text, index])) * MIX
                key ^= key >> np.uint64(31)
            found[text, band] = key
    return found
