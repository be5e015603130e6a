"""Held-out documents: chosen by their ids alone, so that the choice does not move when other documents come or go."""

import hashlib
from collections.abc import Sequence

from daulat.corpus.options import CorpusOptions


def heldout(
    ids: Sequence[str], utf8_bytes: Sequence[int], languages: Sequence[str], options: CorpusOptions
) -> list[bool]:
    """Whether each document is held out: a share of its language, at least and at most as many as the options say.

    Runs after duplicates are gone, so that no held-out text has a copy in the training text.
    """
    chosen = [False] * len(ids)
    rows: dict[str, list[int]] = {}
    for row, language in enumerate(languages):
        rows.setdefault(language, []).append(row)
    for language in sorted(rows):
        own = sorted((draw(ids[row], options.seed), row) for row in rows[language])
        share = sum(place < options.heldout_share for place, _ in own)
        wanted = max(share, min(options.heldout_documents, len(own) // 2))
        so_far = 0
        for _, row in own[:wanted]:
            if so_far + utf8_bytes[row] <= options.heldout_bytes:
                chosen[row] = True
                so_far += utf8_bytes[row]
    return chosen


def draw(document_id: str, seed: int) -> float:
    """A number from 0 to 1 that depends on the document's id and the seed alone."""
    digest = hashlib.sha256(f"{seed} {document_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
