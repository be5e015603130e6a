"""Near copies by MinHash and LSH: signatures, their bands, and the groups that share one."""

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from daulat.corpus.options import CorpusOptions
from daulat.corpus.words import Texts, utf16

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

EXACT = "copy of another document"
NEAR = "near copy of another document"
NOTHING_NEW = "nothing new in it"
CLUSTERS = {"th": 10, "lo": 10, "km": 9, "my": 9, "zh": 7}
"""Length of a shingle in scripts without spaces, in written clusters: an edited word spoils as many of them as of shingles of
five words. Ours, from the mean length of ICU's words: 2.4 clusters in Thai, 1.6 in Chinese."""


def near_groups(texts: list[str], languages: list[str], options: CorpusOptions) -> "npt.NDArray[np.int64]":
    """For each text, the first text of its group of near copies. Texts of different languages are never compared."""
    import numpy as np

    group = np.arange(len(texts))
    for language in sorted(set(languages)):
        own = np.array([at for at, name in enumerate(languages) if name == language])
        group[own] = own[groups(band_keys([texts[at] for at in own], language, options).T)]
    return group


def groups(bands: "Iterable[npt.NDArray[np.uint64]]") -> "npt.NDArray[np.int64]":
    """For each document, the first one that it is connected to: two are where they agree in a whole band.

    `bands`: one array a band, a key a document. One band at a time is looked at: memory does not grow with their number.
    """
    import numpy as np

    from daulat.corpus.kernels.groups import connect, roots

    parent: npt.NDArray[np.int32] | None = None
    for keys in bands:
        if parent is None:
            parent = np.arange(len(keys), dtype=np.int32)
        connect(parent, keys, np.argsort(keys))
    return np.zeros(0, np.int64) if parent is None else roots(parent).astype(np.int64)


def band_keys(texts: Texts, language: str, options: CorpusOptions) -> "npt.NDArray[np.uint64]":
    """A 64-bit key of each band of each text's signature, a row a text."""
    from daulat.corpus.kernels.minhash import band_keys as kernel

    return kernel(minhash(texts, language, options), options.bands, options.band_hashes)  # type: ignore[no-any-return]


def minhash(texts: Texts, language: str, options: CorpusOptions) -> "npt.NDArray[np.uint32]":
    """A signature a text: the smallest of its shingles' hashes under each permutation. Source: Broder 1997."""
    import numpy as np

    from daulat.corpus.kernels.clusters import clusters, unit_classes
    from daulat.corpus.kernels.minhash import signatures

    number = options.bands * options.band_hashes
    seeds = np.frombuffer(
        b"".join(hashlib.sha256(f"{options.seed} {index}".encode()).digest()[:8] for index in range(number)),
        dtype="<u4",
    ).reshape(number, 2)
    factors, addends = np.ascontiguousarray(seeds[:, 0] | np.uint32(1)), np.ascontiguousarray(seeds[:, 1])
    hashes, offsets = clusters(*utf16(texts), unit_classes())
    shingle = CLUSTERS.get(language, options.shingle_words)
    return signatures(hashes, offsets, shingle, factors, addends)  # type: ignore[no-any-return]
