"""Paragraphs that stand in many documents of one source are its furniture: one copy is text, the rest is not."""

from typing import TYPE_CHECKING

from daulat.corpus.options import CorpusOptions
from daulat.corpus.paragraphs import paragraphs
from daulat.corpus.stage import KEEP, Judged, drop, with_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

STAGE = "boilerplate"


def boilerplate(documents: "pa.Table", options: CorpusOptions) -> Judged:
    """A paragraph in more than `repeats` documents stays in one of them: that with the smallest id, whatever the
    order."""
    import numpy as np

    if not documents.num_rows:
        return Judged(documents, [])
    parts = paragraphs(documents)
    code = codes(parts.text)
    pairs = np.unique(np.stack([code, parts.parent]), axis=1)
    in_documents = np.bincount(pairs[0], minlength=int(code.max()) + 1)
    repeated = in_documents[code] > options.repeats
    gone = repeated & ~first_by_rank(code, rank_by_id(documents)[parts.parent])
    texts = parts.joined(~gone)
    verdicts = [KEEP if text else drop("nothing but boilerplate") for text in texts.to_pylist()]
    removed = parts.removed(STAGE, documents["source"].to_pylist(), gone, "repeated in many documents")
    return Judged(with_text(documents, texts), verdicts, removed)


def codes(text: "pa.Array") -> "npt.NDArray[np.int64]":
    """The same number for the same text."""
    import numpy as np

    return np.asarray(text.dictionary_encode().indices, dtype=np.int64)


def rank_by_id(documents: "pa.Table") -> "npt.NDArray[np.int64]":
    """A stable priority: the place of each document in the order of all ids, then of paths."""
    import numpy as np

    keys = list(zip(documents["id"].to_pylist(), documents["path"].to_pylist(), strict=True))
    order = sorted(range(len(keys)), key=keys.__getitem__)
    rank = np.empty(len(keys), dtype=np.int64)
    rank[order] = np.arange(len(keys))
    return rank


def first_by_rank(code: "npt.NDArray[np.int64]", rank: "npt.NDArray[np.int64]") -> "npt.NDArray[np.bool_]":
    """True for the one place of each code with the smallest rank; within a document, for the first."""
    import numpy as np

    order = np.lexsort((np.arange(len(code)), rank, code))
    is_first = np.ones(len(code), dtype=np.bool_)
    is_first[1:] = code[order][1:] != code[order][:-1]
    found = np.zeros(len(code), dtype=np.bool_)
    found[order[is_first]] = True
    return found
