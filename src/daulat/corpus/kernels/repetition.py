"""n-grams of tokens that stand in a text more than once. Source: arXiv:2112.11446, appendix A.1.1, counted as datatrove does."""

import numba  # noqa: TID253
import numpy as np  # noqa: TID253

from daulat.corpus.kernels.tokens import MIX, PRIME


@numba.njit(cache=True, nogil=True)
def repetition(hashes, lengths, offsets):  # type: ignore[no-untyped-def]
    """A row a text: characters in its most frequent 2-, 3- and 4-gram, joined by spaces (of several the first); and in
    repeated 5- to 10-grams, joined, none overlapping.

    An n-gram can stand twice only where the shorter one at its place does: few are looked at beyond two tokens.
    """
    found = np.zeros((len(offsets) - 1, 9), np.int64)
    longest = 1
    for text in range(len(offsets) - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    size = 16
    while size < 2 * longest:
        size *= 2
    keys = np.zeros(size, np.uint64)
    counts = np.zeros(size, np.int32)
    firsts = np.zeros(size, np.int32)
    stamps = np.zeros(size, np.int64)
    stamp = 0
    rolling = np.empty(longest, np.uint64)
    slots = np.empty(longest, np.int64)
    places = np.empty(longest, np.int32)
    before = np.empty(longest + 1, np.int64)
    for text in range(len(offsets) - 1):
        start, number = offsets[text], offsets[text + 1] - offsets[text]
        room = 16
        while room < 2 * number:
            room *= 2
        mask = np.uint64(room - 1)
        before[0] = 0
        for at in range(number):
            rolling[at] = (PRIME ^ hashes[start + at]) * MIX
            before[at + 1] = before[at] + lengths[start + at]
            places[at] = at
        live = number
        for n in range(2, min(10, number) + 1):
            stamp += 1
            kept = 0
            for index in range(live):
                at = places[index]
                if at > number - n:
                    continue
                value = rolling[at]
                value = ((value ^ (value >> np.uint64(31))) ^ hashes[start + at + n - 1]) * MIX
                rolling[at] = value
                slot = (value ^ (value >> np.uint64(32))) & mask
                while stamps[slot] == stamp and keys[slot] != value:
                    slot = (slot + np.uint64(1)) & mask
                if stamps[slot] != stamp:
                    stamps[slot], keys[slot], counts[slot], firsts[slot] = stamp, value, 1, at
                else:
                    counts[slot] += 1
                slots[kept], places[kept] = slot, at
                kept += 1
            live = 0
            most, first = 1, 0
            for index in range(kept):
                slot = slots[index]
                if counts[slot] > 1:
                    if counts[slot] > most or (counts[slot] == most and firsts[slot] < first):
                        most, first = counts[slot], firsts[slot]
                    slots[live], places[live] = slot, places[index]
                    live += 1
            if n < 5:
                found[text, n - 2] = most * (before[first + n] - before[first] + n - 1)
            else:
                stamp += 1
                free = 0
                for index in range(live):
                    at, slot = places[index], slots[index]
                    if at < free:
                        continue
                    if stamps[slot] == stamp:
                        found[text, n - 2] += before[at + n] - before[at]
                        free = at + n
                    else:
                        stamps[slot] = stamp
            if not live and n >= 4:
                break
    return found
