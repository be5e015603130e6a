"""datatrove's MinHash, stages 1 to 3, on documents that it is handed: which it would remove, and CPU-seconds of each stage.

Run by the peers' own Python: `duplicates.py IN.jsonl OUT.json shipped|cheap`; `cheap` has a regular expression as splitter.
"""

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from by_language import by_language, timed
from datatrove.data import Document
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.utils.binaryio import read_tuples_from_file
from datatrove.utils.hashing import HashConfig
from datatrove.utils.word_tokenizers import load_word_tokenizer

CONFIG = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8, hash_config=HashConfig(precision=64))
"""As in FineWeb-2's pipeline."""


def answer(line: dict[str, Any], mode: str) -> dict[str, Any]:
    """Duplicates by MinHash, on words as they are cut there or, `cheap`, by a regular expression."""
    code = line["code"]
    if mode == "cheap":
        load_word_tokenizer(code).word_tokenize = re.compile(r"\w+").findall  # type: ignore[method-assign]
    load_word_tokenizer(code).word_tokenize("warm up")
    documents = [Document(text=text, id=str(number)) for number, text in enumerate(line["texts"])]
    with tempfile.TemporaryDirectory() as folder:
        return timed("removed", lambda: removed_of(documents, Path(folder), code))


def removed_of(documents: list[Document], folder: Path, code: str) -> list[int]:
    """Numbers of the documents that it would remove."""
    for name in ("sigs", "buckets", "remove"):
        (folder / name).mkdir()
    MinhashDedupSignature(str(folder / "sigs"), config=CONFIG, language=code).run(iter(documents), 0, 1)
    buckets = MinhashDedupBuckets(str(folder / "sigs"), str(folder / "buckets"), config=CONFIG)
    for rank in range(CONFIG.num_buckets):
        buckets.run(None, rank, CONFIG.num_buckets)
    MinhashDedupCluster(str(folder / "buckets"), str(folder / "remove"), config=CONFIG).run(None, 0, 1)
    removed: list[int] = []
    for path in sorted((folder / "remove").glob("*.remove")):
        with path.open("rb") as file:
            removed += [number for (number,) in read_tuples_from_file(file, "I")]
    return removed


if __name__ == "__main__":
    by_language(lambda line: answer(line, sys.argv[3]))
