"""Which scripts a text is written in, and how likely each language is."""

import numba  # noqa: TID253
import numpy as np  # noqa: TID253


@numba.njit(cache=True, nogil=True)
def script_counts(units, offsets, scripts, number):  # type: ignore[no-untyped-def]
    """Characters of each script, a row a text: `scripts` says which of `number` scripts a UTF-16 unit is, 0 for
    none."""
    found = np.zeros((len(offsets) - 1, number), dtype=np.int32)
    for row in range(len(offsets) - 1):
        for at in range(offsets[row], offsets[row + 1]):
            found[row, scripts[units[at]]] += 1
    return found


@numba.njit(cache=True, nogil=True)
def language_scores(data, offsets, longest, moves, rows, outputs, weights, prior):  # type: ignore[no-untyped-def]
    """Naive Bayes over the features that an automaton finds in the first `longest` bytes, a row a text.

    Normalised as py3langid does: softmax of the scores divided by the square root of the bytes.
    """
    classes = weights.shape[1]
    result = np.zeros((len(offsets) - 1, classes), dtype=np.float32)
    seen = np.zeros(weights.shape[0], dtype=np.int32)
    touched = np.empty(longest, dtype=np.int64)
    for text in range(len(offsets) - 1):
        start = offsets[text]
        end = min(offsets[text + 1], start + longest)
        state, count = 0, 0
        for at in range(start, end):
            state = moves[(np.int64(rows[state]) << 8) + data[at]]
            feature = outputs[state]
            if feature >= 0:
                if seen[feature] == 0:
                    touched[count] = feature
                    count += 1
                seen[feature] += 1
        if count == 0:
            continue
        score = prior.copy()
        for index in range(count):
            feature = touched[index]
            weight = np.float32(np.log1p(np.float32(seen[feature])))
            seen[feature] = 0
            for language in range(classes):
                score[language] += weight * weights[feature, language]
        scale = np.float32(1.0 / np.sqrt(end - start))
        top = score.max()
        total = np.float32(0)
        for language in range(classes):
            score[language] = np.exp((score[language] - top) * scale)
            total += score[language]
        for language in range(classes):
            result[text, language] = score[language] / total
    return result
