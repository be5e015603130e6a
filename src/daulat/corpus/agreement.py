"""How far people agree: Wilson's interval of a share, Cohen's kappa of two reviewers, Fleiss' kappa of more."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy.typing as npt

Z_95 = 1.959964
"""Of a standard normal, 95% lies within so many deviations."""


def wilson(found: int, of: int, z: float = Z_95) -> tuple[float, float]:
    """Ends of the interval around the share `found / of`, 0 to 1; of nothing, all is possible.

    Source: Wilson (1927), Journal of the American Statistical Association 22(158), 209-212.
    """
    assert 0 <= found <= of
    if not of:
        return 0.0, 1.0
    share, spread = found / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * (share * (1 - share) / of + spread / (4 * of)) ** 0.5
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def cohen(counts: "npt.ArrayLike") -> float | None:
    """Kappa of two reviewers; `counts[i, j]`: documents that one put in category i and the other in j.

    None where chance alone would make them agree always, or there are no documents.
    Source: Cohen (1960), Educational and Psychological Measurement 20(1), 37-46.
    """
    import numpy as np

    table = np.asarray(counts, dtype=np.float64)
    total = table.sum()
    if not total:
        return None
    observed = np.trace(table) / total
    expected = (table.sum(axis=0) * table.sum(axis=1)).sum() / total**2
    return None if np.isclose(expected, 1) else float((observed - expected) / (1 - expected))


def fleiss(counts: "npt.ArrayLike") -> float | None:
    """Kappa of several reviewers; `counts[d, c]`: how many of them put document d in category c, the same number in each row.

    None as for `cohen`. Source: Fleiss (1971), Psychological Bulletin 76(5), 378-382.
    """
    import numpy as np

    table = np.asarray(counts, dtype=np.float64)
    if not table.size:
        return None
    raters = table.sum(axis=1)
    assert raters[0] > 1
    assert (raters == raters[0]).all()
    agreeing = (table * (table - 1)).sum(axis=1) / (raters[0] * (raters[0] - 1))
    expected = ((table.sum(axis=0) / table.sum()) ** 2).sum()
    return None if np.isclose(expected, 1) else float((agreeing.mean() - expected) / (1 - expected))


def kappa(said: Sequence[Mapping[str, str]]) -> tuple[float | None, int]:
    """Agreement of these reviewers beyond chance, and on how many documents, those that all of them judged, it rests.

    Each says a category of each document that they judged. Two: Cohen's; more: Fleiss'; one: None.
    """
    import numpy as np

    if len(said) < 2:
        return None, 0
    common = sorted(set.intersection(*(set(one) for one in said)))
    categories = sorted({category for one in said for category in one.values()})
    codes = np.array([[categories.index(one[document]) for one in said] for document in common], dtype=np.int64)
    codes = codes.reshape(len(common), len(said))
    if len(said) == 2:
        table = np.zeros((len(categories), len(categories)), dtype=np.int64)
        np.add.at(table, (codes[:, 0], codes[:, 1]), 1)
        return cohen(table), len(common)
    return fleiss((codes[:, :, None] == np.arange(len(categories))).sum(axis=1)), len(common)
