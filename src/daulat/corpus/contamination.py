"""Text of the tasks that will measure a model is none to learn from: documents with a long run of its words are dropped.

A run is 13 words, or as many written clusters in scripts without spaces; case and punctuation do not count. Source: as in
GPT-3, arXiv:2005.14165, appendix C. A task's text that is shorter than that is not looked for.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daulat.corpus.duplicates import CLUSTERS
from daulat.corpus.stage import KEEP, Judged, drop
from daulat.errors import DaulatError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

WORDS = 13
REASON = "text of a task that measures"


@dataclass(frozen=True)
class Tasks:
    """The texts of some tasks, to be looked for."""

    texts: tuple[str, ...]

    @classmethod
    def read(cls, files: Sequence[Path]) -> "Tasks":
        """Every text in these files of one JSON object a line.

        Raises: DaulatError naming file and line of what is no such thing.
        """
        found: dict[str, None] = {}
        for file in files:
            with file.open(encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    try:
                        found.update(dict.fromkeys(_texts(json.loads(line)))) if line.strip() else None
                    except (ValueError, RecursionError):
                        raise DaulatError(
                            f"line {number} of `{file.name}` is no JSON", "tasks are files with one JSON object a line"
                        ) from None
        return cls(tuple(sorted(found)))

    def runs(self, language: str) -> "npt.NDArray[np.uint64]":
        """Hashes of every run in them, sorted, as that language counts them."""
        import numpy as np

        from daulat.corpus.kernels.runs import runs

        hashes, starts = self._clusters
        return np.unique(runs(hashes, starts, length(language)))

    @cached_property
    def _clusters(self) -> "tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]":
        return _clusters(list(self.texts))


def length(language: str) -> int:
    """Of a run, in words or clusters of that language."""
    return WORDS if language not in CLUSTERS else WORDS * CLUSTERS[language] // 5


def contamination(documents: "pa.Table", tasks: Tasks, language: str) -> Judged:
    """Drop the documents in which a run of a task's text stands."""
    import numpy as np

    from daulat.corpus.kernels.runs import holds_one

    verdicts = [KEEP] * documents.num_rows
    if not tasks.texts or not documents.num_rows:
        return Judged(documents, verdicts)
    hashes, starts = _clusters(documents["text"].to_pylist())
    for row in np.flatnonzero(holds_one(hashes, starts, length(language), tasks.runs(language))).tolist():
        verdicts[row] = drop(REASON)
    return Judged(documents, verdicts)


def _clusters(texts: list[str]) -> "tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]":
    from daulat.corpus.kernels.clusters import clusters, unit_classes
    from daulat.corpus.words import utf16

    return clusters(*utf16([text.lower() for text in texts]), unit_classes())  # type: ignore[no-any-return]


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)
