"""What stands in a text's lines: how they begin and end, and which stood there before."""

import numba  # noqa: TID253
import numpy as np  # noqa: TID253

from daulat.corpus.kernels.characters import LOW, SPACE, TERMINAL
from daulat.corpus.kernels.tokens import MIX, PRIME

COLUMNS = (
    *("characters", "newlines", "hashes", "ellipses"),
    *("lines", "bulleted", "trailing"),
    *("runs", "runs_again", "runs_again_characters"),
    *("full", "full_ended", "full_short", "full_again_characters"),
)
"""Of `lines`: all lines, those that begin with a bullet, those that end with an ellipsis; `runs` are lines that are not
empty, `full` those that are not blank: how many end a sentence, are short, or stood there before."""
_DASH, _BULLET, _DOT, _ELLIPSIS, _HASH, _NEWLINE = 0x2D, 0x2022, 0x2E, 0x2026, 0x23, 0x0A


@numba.njit(cache=True, nogil=True)
def lines(units, offsets, kinds, short):  # type: ignore[no-untyped-def]
    """A row a text with `COLUMNS`; a line of at most `short` characters is short. Source: arXiv:2112.11446 and 2406.17557."""
    number = len(offsets) - 1
    found = np.zeros((number, 14), np.int64)
    most = 1
    for text in range(number):
        some = 1
        for at in range(offsets[text], offsets[text + 1]):
            some += units[at] == _NEWLINE
        most = max(most, some)
    size = 16
    while size < 4 * most:
        size *= 2
    mask = np.uint64(size - 1)
    keys = np.zeros(size, np.uint64)
    stamps = np.zeros(size, np.int64)
    for text in range(number):
        row = found[text]
        start, end = offsets[text], offsets[text + 1]
        dots, low, all_low = 0, 0, 0
        first, seen, last = start, np.int64(-1), np.int64(-1)
        hashed = PRIME
        for at in range(start, end + 1):
            unit = units[at] if at < end else np.uint16(_NEWLINE)
            if unit != _NEWLINE:
                kind = kinds[unit]
                if not kind & SPACE:
                    seen = np.int64(at) if seen < 0 else seen
                    last = np.int64(at)
                if kind & LOW:
                    low += 1
                    all_low += 1
                hashed = (hashed ^ np.uint64(unit)) * MIX
                hashed ^= hashed >> np.uint64(29)
                dots = dots + 1 if unit == _DOT else 0
                if dots == 3 or unit == _ELLIPSIS:
                    row[3] += 1
                    dots = 0
                row[2] += unit == _HASH
                continue
            size_ = at - first - low
            again = False
            if size_ > 0:
                key = (hashed ^ (hashed >> np.uint64(29))) * MIX
                slot = (key ^ (key >> np.uint64(32))) & mask
                while stamps[slot] == text + 1 and keys[slot] != key:
                    slot = (slot + np.uint64(1)) & mask
                again = stamps[slot] == text + 1
                stamps[slot], keys[slot] = text + 1, key
                row[7] += 1
                row[8] += again
                row[9] += size_ if again else 0
            row[1] += at < end
            row[4] += at < end or size_ > 0
            if seen >= 0:
                row[5] += units[seen] == _DASH or units[seen] == _BULLET
                three = last - seen >= 2 and units[last] == _DOT and units[last - 1] == _DOT and units[last - 2] == _DOT
                row[6] += three or units[last] == _ELLIPSIS
                row[10] += 1
                row[11] += (kinds[units[at - 1]] & TERMINAL) != 0
                row[12] += size_ <= short
                row[13] += size_ if again else 0
            first, seen, last, low, dots, hashed = at + 1, np.int64(-1), np.int64(-1), 0, 0, PRIME
        row[0] = end - start - all_low
    return found
