"""Data-Juicer's MinHash and its filters on documents that it is handed: what they would remove, and CPU-seconds.

Run by the peers' own Python: `juicer.py IN.jsonl OUT.json minhash|gopher`. Its operators are called directly on texts in memory:
`run` of an operator asks for PyTorch, and passing through a dataset takes a third longer or more, for the same result.
`minhash` is `DocumentMinhashDeduplicator`: 112 permutations as 14 bands of 8 rows, shingles of 5, lower case as it ships. Its
words are what stands between spaces; for languages written without them it shingles characters, as its documentation says for
"Chinese-like languages". The SentencePiece model that it advises for many languages does not come with it. Its MinHash in C++ is
left out: the wheel has its source alone, the source archive does not build, and it runs only on a Ray cluster.
`gopher` is its operators that have a counterpart among Gopher's rules, fused by its own `GeneralFusedOP`, which splits words once
and stops at the first rule that a document breaks: words in a document, stop words, alphanumeric characters (its own limit: its
share is of characters), repeated 10-grams. It has no operator for Gopher's other rules (length of words, 2- to 9-grams, bullets,
ellipses, repeated lines) nor for FineWeb-2's on lines: less work, then. Words stand between white space here.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

from by_language import by_language, timed
from data_juicer.utils.lazy_loader import LazyLoader


def refuse(_: type, package: str, *_more: Any) -> NoReturn:
    """In the place of its installer: it would fetch what it lacks while it runs, PyTorch with CUDA among it."""
    raise ImportError(f"Data-Juicer wants to install {package} while it is measured")


LazyLoader._install_package = classmethod(refuse)

from data_juicer.core.data import NestedDataset  # noqa: E402
from data_juicer.ops.deduplicator import DocumentMinhashDeduplicator  # noqa: E402
from data_juicer.ops.op_fusion import GeneralFusedOP  # noqa: E402
from data_juicer.utils.constant import Fields  # noqa: E402

SPACELESS = ("th", "km", "my", "lo", "zh")
BATCH = 1000
"""Documents at a time, as its operators take them by default."""


def minhash(language: str) -> DocumentMinhashDeduplicator:
    """The operator for that language."""
    return DocumentMinhashDeduplicator(
        tokenization="character" if language in SPACELESS else "space",
        window_size=5, num_permutations=112, num_bands=14, num_rows_per_band=8,
    )  # fmt: skip


def removed_of(operator: DocumentMinhashDeduplicator, texts: list[str]) -> list[int]:
    """Numbers of the documents that it would remove."""
    rows = [operator.compute_hash({"text": text, "number": number}) for number, text in enumerate(texts)]
    kept, _ = operator.process(NestedDataset.from_list(rows))
    return sorted(set(range(len(texts))) - set(kept["number"]))


def gopher(language: str, limits: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Operators with the limits of FineWeb-2; of the stop words one is enough, because their share is what it looks at."""
    (folder / "stopwords.json").write_text(json.dumps({language: list(limits["stop_words"])}))
    return [
        {"words_num_filter": {"min_num": 50, "max_num": 100_000}},
        {"stopwords_filter": {"lang": language, "stopwords_dir": str(folder), "min_ratio": 1e-9}},
        {"alphanumeric_filter": {}},
        {"word_repetition_filter": {"rep_len": 10, "max_ratio": limits["repeated_ngrams"][-1]}},
    ]


def verdicts(fused: GeneralFusedOP, texts: list[str]) -> list[str]:
    """One word a document."""
    said = ["drop"] * len(texts)
    for at in range(0, len(texts), BATCH):
        some = texts[at : at + BATCH]
        samples = {"text": some, "number": list(range(at, at + len(some))), Fields.stats: [{} for _ in some]}
        for number in fused.process_batched(samples)["number"]:
            said[number] = "keep"
    return said


def answer(line: dict[str, Any], mode: str) -> dict[str, Any]:
    """Duplicates by MinHash, or verdicts by the filters of Gopher."""
    language, texts = line["language"], line["texts"]
    if mode == "minhash":
        operator = minhash(language)
        removed_of(operator, ["warm up " * 9] * 3)
        return timed("removed", lambda: removed_of(operator, texts))
    with tempfile.TemporaryDirectory() as folder:
        fused = GeneralFusedOP(fused_op_list=gopher(language, line["limits"], Path(folder)))
    verdicts(fused, ["warm up " * 99] * 3)
    return timed("verdicts", lambda: verdicts(fused, texts))


if __name__ == "__main__":
    by_language(lambda line: answer(line, sys.argv[3]))
