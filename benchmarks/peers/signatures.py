"""The MinHash of Daft and of text-dedup on documents that it is handed: which they would remove, and CPU-seconds.

Run by the peers' own Python: `signatures.py IN.jsonl OUT.json daft|text_dedup`. Signatures are theirs, of their own words
(Daft splits at white space, text-dedup at what is no letter), 112 permutations over shingles of 5 as in FineWeb-2's pipeline;
what is alike in one of 14 bands is joined with NumPy, the same for both, which is faster than what they bring for it.
"""

import sys
from collections.abc import Callable

import numpy as np
from by_language import by_language, timed

BANDS, ROWS, WORDS = 14, 8, 5


def daft_signatures(texts: list[str]) -> "np.ndarray":
    """A row a text."""
    import daft
    from daft.functions import minhash

    frame = daft.from_pydict({"text": texts})
    found = frame.select(minhash(daft.col("text"), num_hashes=BANDS * ROWS, ngram_size=WORDS, seed=1)).to_arrow()
    return np.asarray(found.column(0).combine_chunks().flatten(), np.uint32).reshape(-1, BANDS * ROWS)


def text_dedup_signatures(texts: list[str]) -> "np.ndarray":
    """The same."""
    from text_dedup.minhash import RNG, SIGNATURE_COLUMN, embed_func
    from text_dedup.utils import xxh3_32hash

    prime, most = np.uint64((1 << 61) - 1), np.uint32((1 << 32) - 1)
    permutations = (
        RNG.randint(1, prime, size=BANDS * ROWS, dtype=np.uint64),
        RNG.randint(0, prime, size=BANDS * ROWS, dtype=np.uint64),
    )
    ranges = [(at * ROWS, (at + 1) * ROWS) for at in range(BANDS)]
    rows = [
        embed_func(
            text, number, num_perm=BANDS * ROWS, ngram_size=WORDS, min_length=0, hashranges=ranges, permutations=permutations,
            hash_func=xxh3_32hash, dtype=np.uint64, max_hash=most, modulo_prime=prime,
        )[SIGNATURE_COLUMN]
        for number, text in enumerate(texts)
    ]  # fmt: skip
    return np.frombuffer(b"".join(part for row in rows for part in row), np.uint64).reshape(len(texts), -1)


def removed_of(signatures: "np.ndarray") -> list[int]:
    """All but the first of each group."""
    number = len(signatures)
    parent = np.arange(number)

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = int(parent[one])
        return one

    width = signatures.shape[1] // BANDS
    for band in range(BANDS):
        keys = np.ascontiguousarray(signatures[:, band * width : (band + 1) * width])
        keys = keys.view([("", keys.dtype)] * width).ravel()
        order = np.argsort(keys, kind="stable")
        same = np.flatnonzero(keys[order][1:] == keys[order][:-1])
        for first, second in zip(order[same].tolist(), order[same + 1].tolist(), strict=True):
            one, other = sorted((root(first), root(second)))
            parent[other] = one
    return [one for one in range(number) if root(one) != one]


if __name__ == "__main__":
    make: Callable[[list[str]], np.ndarray] = {"daft": daft_signatures, "text_dedup": text_dedup_signatures}[
        sys.argv[3]
    ]
    make(["warm up " * 9])
    by_language(lambda line: timed("removed", lambda: removed_of(make(line["texts"]))))
