"""What stands often, found without sorting: small counters that hashes share."""

import numba  # noqa: TID253
import numpy as np  # noqa: TID253

MOST = 254
"""A counter goes no higher than one more."""


@numba.njit(cache=True, nogil=True)
def often(keys, times):  # type: ignore[no-untyped-def]
    """Rows whose 64-bit hash stands more than so many times (of 1 to `MOST`), in order, and a few others.

    Two hashes that share a counter are both found: one in five where all stand once and `times` is 1, hardly any at more. Takes
    4 to 8 bytes a row.
    """
    bits = 2
    while (1 << bits) < 4 * len(keys):
        bits += 1
    counts = np.zeros(1 << bits, np.uint8)
    by, away = np.uint64(0x9E3779B97F4A7C15), np.uint64(64 - bits)
    found = 0
    for key in keys:
        at = np.int64((key * by) >> away)
        if counts[at] <= times:
            counts[at] += np.uint8(1)
    for key in keys:
        found += counts[np.int64((key * by) >> away)] > times
    rows = np.empty(found, np.int64)
    found = 0
    for row in range(len(keys)):
        if counts[np.int64((keys[row] * by) >> away)] > times:
            rows[found] = row
            found += 1
    return rows
