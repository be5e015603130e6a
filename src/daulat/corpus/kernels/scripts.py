"""Loops over UTF-8 bytes that tell scripts and languages, compiled by Numba once and kept on disk.

Imported inside functions only: compiled code takes a second to load. Every kernel reads the bytes of an Arrow string
column as they lie, text `row` from `starts[row]` to `ends[row]`; broken UTF-8 is read as what no script claims.
"""

import numba  # noqa: TID253
import numpy as np  # noqa: TID253

CHAINS, BEFORE = 4, 8

HASH_SEED, HASH_PRIME = 0xCBF29CE484222325, 0x100000001B3
"""Source: FNV-1a, 64 bits, RFC 9923."""
_SEED, _PRIME = np.uint64(HASH_SEED), np.uint64(HASH_PRIME)
_LOWER = np.uint8(0x20)


@numba.njit(cache=True, nogil=True)
def script_counts(data, starts, ends, scripts, number):  # type: ignore[no-untyped-def]
    """Characters of each script, a row a text: `scripts` says which of `number` scripts a code point is, 0 for none.

    Code points beyond the table are of none. ASCII letters are of the script of `a`.
    """
    found = np.zeros((len(starts), number), dtype=np.int32)
    latin, known = scripts[97], np.int64(len(scripts))
    for row in range(len(starts)):
        at, end = starts[row], ends[row]
        letters, ascii_bytes = np.int64(0), np.int64(0)
        while at < end:
            byte = np.int64(data[at])
            if byte < 0x80:
                letters += np.int64(((byte | 0x20) - 97) & 0xFF < 26)
                ascii_bytes += 1
                at += 1
                continue
            code, size = np.int64(0), 1
            if 0xE0 <= byte < 0xF0 and at + 2 < end:
                code = (byte & 0x0F) << 12 | (np.int64(data[at + 1]) & 0x3F) << 6 | np.int64(data[at + 2]) & 0x3F
                size = 3
            elif 0xC2 <= byte < 0xE0 and at + 1 < end:
                code = (byte & 0x1F) << 6 | np.int64(data[at + 1]) & 0x3F
                size = 2
            elif 0xF0 <= byte < 0xF5 and at + 3 < end:
                code = (byte & 0x07) << 18 | (np.int64(data[at + 1]) & 0x3F) << 12
                code |= (np.int64(data[at + 2]) & 0x3F) << 6 | np.int64(data[at + 3]) & 0x3F
                size = 4
            found[row, scripts[code] if code < known else 0] += 1
            at += size
        found[row, 0] += ascii_bytes - letters
        found[row, latin] += letters
    return found


@numba.njit(cache=True, nogil=True)
def without_small_letters(data, starts, ends):  # type: ignore[no-untyped-def]
    """Texts with no `a` to `z`."""
    found = np.ones(len(starts), dtype=np.bool_)
    for row in range(len(starts)):
        for at in range(starts[row], ends[row]):
            if 97 <= data[at] <= 122:
                found[row] = False
                break
    return found


@numba.njit(cache=True, nogil=True)
def _features(data, start, end, moves, first, hits, found):  # type: ignore[no-untyped-def]
    """The features of a text in its order, in four parts that are walked side by side: each byte waits for the memory.

    A part begins `BEFORE` bytes earlier, without counting: no feature is longer, so the automaton is then where it would be.
    """
    quarter = (end - start) // CHAINS
    found[:] = 0
    if quarter < 2 * BEFORE:
        found[0] = _walk(data, start, end, moves, first, hits[0])
        return
    a, b, c, d = start, start + quarter, start + 2 * quarter, start + 3 * quarter
    one = two = three = four = first
    for at in range(BEFORE):
        two = moves[two + np.uint64(data[b - BEFORE + at])] >> np.uint64(32)
        three = moves[three + np.uint64(data[c - BEFORE + at])] >> np.uint64(32)
        four = moves[four + np.uint64(data[d - BEFORE + at])] >> np.uint64(32)
    low = np.uint64(0xFFFFFFFF)
    i = j = k = m = 0
    for at in range(quarter):
        first_move = moves[one + np.uint64(data[a + at])]
        second_move = moves[two + np.uint64(data[b + at])]
        third_move = moves[three + np.uint64(data[c + at])]
        fourth_move = moves[four + np.uint64(data[d + at])]
        one, two = first_move >> np.uint64(32), second_move >> np.uint64(32)
        three, four = third_move >> np.uint64(32), fourth_move >> np.uint64(32)
        hits[0, i] = np.int64(first_move & low) - 1
        hits[1, j] = np.int64(second_move & low) - 1
        hits[2, k] = np.int64(third_move & low) - 1
        hits[3, m] = np.int64(fourth_move & low) - 1
        i += first_move & low != 0
        j += second_move & low != 0
        k += third_move & low != 0
        m += fourth_move & low != 0
    m += _walk(data, d + quarter, end, moves, four, hits[3, m:])
    found[0], found[1], found[2], found[3] = i, j, k, m


@numba.njit(cache=True, nogil=True)
def _walk(data, start, end, moves, state, hits):  # type: ignore[no-untyped-def]
    """The features from there to there, and how many."""
    count = 0
    for at in range(start, end):
        move = moves[state + np.uint64(data[at])]
        state = move >> np.uint64(32)
        if move & np.uint64(0xFFFFFFFF):
            hits[count] = np.int64(move & np.uint64(0xFFFFFFFF)) - 1
            count += 1
    return count


@numba.njit(cache=True, nogil=True)
def language_scores(data, starts, ends, moves, first, weights, unit, prior):  # type: ignore[no-untyped-def]
    """Naive Bayes over the features that an automaton finds, a row a text.

    `moves` has, for each state and byte, where the next state's row begins (from bit 32) and one more than the feature
    that is found there, 0 for none; `first` is where the first state's row begins. One load a byte: the table does not
    fit into a cache. `weights` are log-likelihoods in steps of `unit`.

    Normalised as py3langid does: softmax of the scores divided by the square root of the bytes. A text without any
    feature has zeros.
    """
    classes = weights.shape[1]
    result = np.zeros((len(starts), classes), dtype=np.float32)
    seen = np.zeros(weights.shape[0], dtype=np.int32)
    longest = 1
    for text in range(len(starts)):
        longest = max(longest, ends[text] - starts[text])
    touched = np.empty(longest, dtype=np.int64)
    hits = np.empty((CHAINS, longest + CHAINS), dtype=np.int32)
    found = np.zeros(CHAINS, dtype=np.int64)
    logarithms = np.log1p(np.arange(longest + 1).astype(np.float32))
    score = np.empty(classes, dtype=np.float32)
    for text in range(len(starts)):
        start, end = starts[text], ends[text]
        _features(data, start, end, moves, np.uint64(first), hits, found)
        count = 0
        for chain in range(CHAINS):
            for index in range(found[chain]):
                feature = hits[chain, index]
                if seen[feature] == 0:
                    touched[count] = feature
                    count += 1
                seen[feature] += 1
        if count == 0:
            continue
        score[:] = 0
        for index in range(count):
            feature = touched[index]
            weight = logarithms[seen[feature]]
            seen[feature] = 0
            for language in range(classes):
                score[language] += weight * weights[feature, language]
        for language in range(classes):
            score[language] = prior[language] + unit * score[language]
        scale = np.float32(1.0 / np.sqrt(end - start))
        top = score.max()
        total = np.float32(0)
        for language in range(classes):
            score[language] = np.exp((score[language] - top) * scale)
            total += score[language]
        for language in range(classes):
            result[text, language] = score[language] / total
    return result


@numba.njit(cache=True, nogil=True)
def word_weights(data, starts, ends, marks, weights):  # type: ignore[no-untyped-def]
    """The sum of the weights of each text's known words, and how many it knows, a row a text.

    A word is a run of Latin letters, small (ASCII and Latin-1); it stands in the table at the slot of its hash or the
    next free ones, under its mark, see `near`.
    """
    languages = weights.shape[1]
    found = np.zeros((len(starts), languages), dtype=np.int32)
    words = np.zeros(len(starts), dtype=np.int32)
    mask = np.uint64(len(marks) - 1)
    for row in range(len(starts)):
        end = ends[row]
        value, size, lead = _SEED, 0, np.uint8(0)
        for at in range(starts[row], end + 1):
            byte = data[at] if at < end else np.uint8(0)
            if lead:
                is_letter = 0x80 <= byte < 0xC0
                if lead == 0xC3 and 0x80 <= byte < 0x9F:
                    byte |= _LOWER
                lead = np.uint8(0)
            elif 65 <= byte <= 90 or 97 <= byte <= 122:
                is_letter = True
                byte |= _LOWER
            else:
                is_letter = 0xC3 <= byte <= 0xC9
                lead = byte if is_letter else np.uint8(0)
            if is_letter:
                value = (value ^ np.uint64(byte)) * _PRIME
                size += 1
            elif size:
                slot = (value ^ value >> np.uint64(32)) & mask
                mark = np.uint16(value >> np.uint64(48)) | np.uint16(1)
                while marks[slot] != 0 and marks[slot] != mark:
                    slot = (slot + np.uint64(1)) & mask
                if marks[slot] == mark:
                    words[row] += 1
                    for language in range(languages):
                        found[row, language] += weights[slot, language]
                value, size = _SEED, 0
    return found, words
