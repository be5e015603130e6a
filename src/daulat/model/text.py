"""The corpus as this room reads it: documents of one language, in the order of their ids."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from daulat.errors import DaulatError

COLUMNS = ["id", "role", "text", "utf8_bytes"]


@dataclass(frozen=True)
class Document:
    """One text that may be learnt from."""

    id: str
    language: str
    role: str
    text: str
    utf8_bytes: int


def by_language(texts: Iterable[Document]) -> dict[str, list[Document]]:
    """Each language's own, the languages sorted."""
    found: dict[str, list[Document]] = {}
    for text in texts:
        found.setdefault(text.language, []).append(text)
    return dict(sorted(found.items()))


def documents(corpus: Path, split: str = "train") -> Iterator[Document]:
    """Every document of that split, by language and file, each file in its own order.

    Raises: DaulatError where the folder holds none.
    """
    import pyarrow.parquet as pq

    files = sorted(corpus.glob(f"{split}.*.parquet"))
    if not files:
        raise DaulatError(f"`{corpus.name}` holds no {split} text", "give a folder that the corpus step made")
    for file in files:
        language = file.name.split(".")[1]
        # Not the dataset reader, which would infer a schema across files; one file at a time bounds the memory.
        for batch in pq.ParquetFile(file).iter_batches(batch_size=512, columns=COLUMNS):
            for row in batch.to_pylist():
                yield Document(row["id"], language, row["role"], row["text"], row["utf8_bytes"])
