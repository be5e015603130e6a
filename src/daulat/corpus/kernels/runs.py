"""Runs of so many words: their hashes, and which texts hold one of some."""

import numba  # noqa: TID253
import numpy as np  # noqa: TID253

from daulat.corpus.kernels.tokens import MIX, PRIME


@numba.njit(cache=True, nogil=True)
def run_at(hashes, first, length):  # type: ignore[no-untyped-def]
    """The hash of the run that begins there."""
    key = PRIME
    for at in range(first, first + length):
        key = (key ^ hashes[at]) * MIX
        key ^= key >> np.uint64(31)
    return key


@numba.njit(cache=True, nogil=True)
def runs(hashes, starts, length):  # type: ignore[no-untyped-def]
    """The hashes of all runs of all texts."""
    found = np.empty(len(hashes), np.uint64)
    count = 0
    for text in range(len(starts) - 1):
        for first in range(starts[text], starts[text + 1] - length + 1):
            found[count] = run_at(hashes, first, length)
            count += 1
    return found[:count]


@numba.njit(cache=True, nogil=True)
def holds_one(hashes, starts, length, wanted):  # type: ignore[no-untyped-def]
    """Whether each text holds one of the `wanted` runs (sorted). Most runs are told off by a bit of their hash."""
    found = np.zeros(len(starts) - 1, np.bool_)
    hint = np.zeros(1 << 16, np.bool_)
    for key in wanted:
        hint[key >> np.uint64(48)] = True
    for text in range(len(starts) - 1):
        for first in range(starts[text], starts[text + 1] - length + 1):
            key = run_at(hashes, first, length)
            if hint[key >> np.uint64(48)]:
                place = np.searchsorted(wanted, key)
                if place < len(wanted) and wanted[place] == key:
                    found[text] = True
                    break
    return found
