"""datatrove's MinHash, stages 1 to 3, on documents that it is handed: which it would remove, and CPU-seconds of each stage.

Run by the peers' own Python: `duplicates.py IN.jsonl OUT.json shipped|cheap`; `cheap` has a regular expression as splitter.
"""

import json
import re
import sys
import tempfile
import time
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.utils.binaryio import read_tuples_from_file
from datatrove.utils.hashing import HashConfig
from datatrove.utils.word_tokenizers import load_word_tokenizer

CONFIG = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8, hash_config=HashConfig(precision=64))
"""As in FineWeb-2's pipeline."""


def main(given: Path, out: Path, mode: str) -> None:
    """One JSON line a language: `language`, `code`, `texts`."""
    found = {}
    with given.open(encoding="utf-8") as file:
        for line in map(json.loads, file):
            code = line["code"]
            if mode == "cheap":
                load_word_tokenizer(code).word_tokenize = re.compile(r"\w+").findall  # type: ignore[method-assign]
            load_word_tokenizer(code).word_tokenize("warm up")
            documents = [Document(text=text, id=str(number)) for number, text in enumerate(line["texts"])]
            with tempfile.TemporaryDirectory() as folder:
                begun = time.process_time()
                removed = removed_of(documents, Path(folder), code)
                found[line["language"]] = {"cpu_s": time.process_time() - begun, "removed": removed}
    out.write_text(json.dumps(found))


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
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
