"""Loops over bytes, characters and words, compiled by Numba once and kept on disk.

Imported inside functions only: compiled code takes a second to load. Every kernel reads flat arrays: text as bytes
or UTF-16 units with offsets, words as hashes with offsets.
"""

import numba  # noqa: TID253
import numpy as np  # noqa: TID253

OTHER, LETTER, DIGIT = 0, 1, 2
"""Classes of UTF-16 units; marks and surrogates count as letters."""

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)


@numba.njit(cache=True, nogil=True)
def words_of(units, bounds, bound_offsets, classes):  # type: ignore[no-untyped-def]
    """Word hashes, their lengths in UTF-16 units and whether they have a letter; `offsets` by text.

    `bounds` are ICU's borders of each text, counted from the start of all; a segment with a letter or digit is a word.
    """
    most = len(bounds)
    hashes = np.empty(most, dtype=np.uint64)
    lengths = np.empty(most, dtype=np.int32)
    alphabetic = np.empty(most, dtype=np.uint8)
    offsets = np.zeros(len(bound_offsets), dtype=np.int64)
    count = 0
    for text in range(len(bound_offsets) - 1):
        for index in range(bound_offsets[text] + 1, bound_offsets[text + 1]):
            is_word, has_letter = False, False
            value = _PRIME
            for at in range(bounds[index - 1], bounds[index]):
                kind = classes[units[at]]
                is_word = is_word or kind != OTHER
                has_letter = has_letter or kind == LETTER
                value = (value ^ np.uint64(units[at])) * _MIX
                value ^= value >> np.uint64(29)
            if is_word:
                hashes[count] = value
                lengths[count] = bounds[index] - bounds[index - 1]
                alphabetic[count] = has_letter
                count += 1
        offsets[text + 1] = count
    return hashes[:count], lengths[:count], alphabetic[:count], offsets


@numba.njit(cache=True, nogil=True)
def ngram_shares(hashes, lengths, offsets):  # type: ignore[no-untyped-def]
    """Share of a text's word characters in its most frequent 2-, 3-, 4-gram and in repeated 5- to 10-grams, a row a
    text.

    Source: arXiv:2112.11446, appendix A.1.1; characters of overlapping repeats count once, as in datatrove.
    """
    shares = np.zeros((len(offsets) - 1, 9), dtype=np.float32)
    longest = 0
    for text in range(len(offsets) - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    size = 16
    while size < 2 * longest:
        size *= 2
    mask = np.uint64(size - 1)
    keys = np.zeros(size, dtype=np.uint64)
    counts = np.zeros(size, dtype=np.int32)
    stamps = np.zeros(size, dtype=np.int32)
    stamp = 0
    for text in range(len(offsets) - 1):
        start, end = offsets[text], offsets[text + 1]
        total = 0
        for at in range(start, end):
            total += lengths[at]
        if total == 0:
            continue
        for n in range(2, 11):
            stamp += 1
            best, repeated, free_from = 0, 0, start
            for at in range(start, end - n + 1):
                key, characters = _PRIME, 0
                for inner in range(at, at + n):
                    key = (key ^ hashes[inner]) * _MIX
                    key ^= key >> np.uint64(31)
                    characters += lengths[inner]
                slot = key & mask
                while stamps[slot] == stamp and keys[slot] != key:
                    slot = (slot + np.uint64(1)) & mask
                if stamps[slot] != stamp:
                    stamps[slot], keys[slot], counts[slot] = stamp, key, 1
                else:
                    counts[slot] += 1
                    if n < 5 and counts[slot] * characters > best:
                        best = counts[slot] * characters
                    if n >= 5:
                        for inner in range(max(at, free_from), at + n):
                            repeated += lengths[inner]
                        free_from = max(free_from, at + n)
            shares[text, n - 2] = (best if n < 5 else repeated) / total
    return shares


@numba.njit(cache=True, nogil=True)
def signatures(hashes, offsets, shingle, factors, addends):  # type: ignore[no-untyped-def]
    """MinHash of each text's word shingles, a row a text; a text shorter than a shingle is one shingle.

    32-bit permutations `x * factor + addend` of each shingle's hash; `np.uint32` keeps Numba from widening them.
    """
    number = len(factors)
    found = np.empty((len(offsets) - 1, number), dtype=np.uint32)
    for text in range(len(offsets) - 1):
        start, end = offsets[text], offsets[text + 1]
        for index in range(number):
            found[text, index] = np.uint32(0xFFFFFFFF)
        for at in range(start, max(start + 1, end - shingle + 1)):
            key = _PRIME
            for inner in range(at, min(at + shingle, end)):
                key = (key ^ hashes[inner]) * _MIX
                key ^= key >> np.uint64(31)
            small = np.uint32(key >> np.uint64(32))
            for index in range(number):
                value = np.uint32(small * factors[index] + addends[index])
                if value < found[text, index]:
                    found[text, index] = value
    return found


@numba.njit(cache=True, nogil=True)
def components(pairs, number):  # type: ignore[no-untyped-def]
    """The smallest node that each of `number` nodes is connected to, by union-find over the `pairs`."""
    parent = np.arange(number)
    for index in range(len(pairs)):
        a, b = pairs[index, 0], pairs[index, 1]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a < b:
            parent[b] = a
        else:
            parent[a] = b
    for node in range(number):
        parent[node] = parent[parent[node]]
    return parent
