"""The corpus as a training reads it: tokens that lie in files, looked at where they lie.

`pack` of the corpus room writes them: `train.LANGUAGE.NUMBER.bin` with a separator before every document and behind the last,
beside it `.documents.parquet` with where each document starts, and `tokens.json` with what it was made by.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daulat.errors import DaulatError
from daulat.model.folder import read_json

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

COLUMNS = ["id", "role", "utf8_bytes", "start", "tokens"]


@dataclass(frozen=True, slots=True)
class Document:
    """One text that may be learnt from."""

    id: str
    language: str
    role: str
    utf8_bytes: int
    count: int
    """Of its tokens."""
    start: int
    """Where the first one stands in the shard."""
    shard: "npt.NDArray[np.integer[Any]]"

    def tokens(self, first: int, most: int) -> tuple[int, ...]:
        """Up to so many tokens; the first is the one before the document's token `first`: a separator before its first."""
        begin = self.start - 1 + first
        return tuple(self.shard[begin : min(begin + most, self.start + self.count)].tolist())


def documents(tokens: Path, tokenizer: Path, separator: int) -> Iterator[Document]:
    """Every training document, by language and file, each file in its own order.

    Raises: DaulatError where the folder holds none, or they were made by another tokenizer.
    """
    import numpy as np
    import pyarrow.parquet as pq

    if not (tokens / "tokens.json").is_file():
        raise DaulatError(f"`{tokens.name}` holds no tokens", "give a folder that the pack step made")
    facts = read_json(tokens / "tokens.json")
    made_by = f"sha256:{hashlib.sha256((tokenizer / 'tokenizer.json').read_bytes()).hexdigest()}"
    if (facts["tokenizer"], facts["separator"]) != (made_by, separator):
        raise DaulatError(
            f"the tokens in `{tokens.name}` were made by another tokenizer than `{tokenizer.name}`",
            "pack the corpus with it",
        )
    names = [shard["name"] for shard in facts["shards"] if shard["name"].startswith("train.")]
    if not names:
        raise DaulatError(f"`{tokens.name}` holds no training text", "give a folder that the pack step made")
    for name in names:
        shard = np.memmap(tokens / f"{name}.bin", np.dtype(facts["dtype"]), mode="r")
        rows = pq.read_table(tokens / f"{name}.documents.parquet", columns=COLUMNS)
        for identity, role, size, start, count in zip(*(rows[column].to_pylist() for column in COLUMNS), strict=True):
            yield Document(identity, name.split(".")[1], role, size, count, start, shard)
