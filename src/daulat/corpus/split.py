"""Held-out documents: chosen by their ids alone, so that the choice does not move when other documents come or go."""

import hashlib
from typing import TYPE_CHECKING

from daulat.corpus.options import CorpusOptions

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def heldout(
    draws: "npt.NDArray[np.float64]",
    utf8_bytes: "npt.NDArray[np.int64]",
    language: "npt.NDArray[np.int64]",
    options: CorpusOptions,
) -> "npt.NDArray[np.bool_]":
    """Whether each document is held out: a share of its language, at least and at most as many as the options say.

    Runs after duplicates are gone, so that no held-out text has a copy in the training text.
    """
    import numpy as np

    chosen = np.zeros(len(draws), np.bool_)
    for code in np.unique(language).tolist():
        own = np.flatnonzero(language == code)
        order = own[np.argsort(draws[own], kind="stable")]
        share = int((draws[own] < options.heldout_share).sum())
        wanted = max(share, min(options.heldout_documents, len(own) // 2))
        so_far = 0
        for row, size in zip(order[:wanted].tolist(), utf8_bytes[order[:wanted]].tolist(), strict=True):
            if so_far + size <= options.heldout_bytes:
                chosen[row] = True
                so_far += size
    return chosen


def draw(document_id: str, seed: int) -> float:
    """A number from 0 to 1 that depends on the document's id and the seed alone."""
    digest = hashlib.sha256(f"{seed} {document_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
