"""The files of a corpus, read some thousand documents at a time: memory does not grow with the corpus."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from daulat.errors import DaulatError
from daulat.records import Language

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 4_000
"""Documents at a time: about 30 MB of text."""


def languages(corpus: Path) -> list[Language]:
    """Languages of which something was kept, in order."""
    return sorted(
        {path.name.split(".")[1] for part in ("train", "heldout") for path in corpus.glob(f"{part}.*.parquet")}
    )


def files(corpus: Path, part: str, language: Language) -> list[Path]:
    """The files of `train` or `heldout` in that language."""
    return sorted(corpus.glob(f"{part}.{language}.*parquet"))


def left(corpus: Path, outcome: str) -> list[Path]:
    """The files of what was `dropped` or `held`.

    Raises: DaulatError where the folder has none: every corpus has one.
    """
    found = sorted(corpus.glob(f"{outcome}.*parquet"))
    if not found:
        raise absent(corpus / f"{outcome}.00000.parquet")
    return found


def left_batches(corpus: Path, outcome: str, columns: list[str]) -> Iterator["pa.RecordBatch"]:
    """Those columns of what was `dropped` or `held`, file after file."""
    for path in left(corpus, outcome):
        yield from batches(path, columns)


def batches(path: Path, columns: list[str]) -> Iterator["pa.RecordBatch"]:
    """The rows of one file.

    Raises: DaulatError for a file that is not there or not whole.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise absent(path)
    try:
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(ROWS, columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise DaulatError(f"a corpus cannot be read: {error}", "run `daulat verify`: it says which file") from None


def absent(path: Path) -> DaulatError:
    """The folder lacks a file that every corpus has."""
    return DaulatError(f"the folder is not a corpus: it has no `{path.name}`", "make one: `daulat develop`")
