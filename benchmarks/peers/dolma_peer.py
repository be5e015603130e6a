"""Dolma's Bloom-filter dedupe and its Gopher tagger on documents that it is handed: what they would remove, and CPU-seconds.

Run by the peers' own Python: `dolma_peer.py IN.jsonl OUT.json ngrams|gopher`. Dolma has no MinHash; its dedupe of documents finds
copies without an edit only.
`ngrams` is the nearest that it has to near copies: it marks a paragraph of whose n-grams a share came before in any document;
here the whole document is one paragraph, and the share is where MinHash of 14 bands of 8 rows finds half, Jaccard 0.72, which is
0.84 of the n-grams of two documents as long. It compares with the union of all that came before, not with one document, so it
names no group, finds more that is no copy the larger the corpus grows, and depends on the order. Its n-grams are of 5 words as
UAX #29 bounds them, which knows no words in Thai, Khmer, Burmese, Lao and Chinese: there they are of 8 characters, with which it
finds every copy and little besides (with 5 it is a quarter faster there, and marks ever more that is no copy).
Both are Rust, and read and write files: the documents lie there, uncompressed, before the time is taken, and the marks are read
after it. The Bloom filter has 10 bits a character: left at its smallest it would compute thousands of hashes.
`gopher` is the tagger `gopher_v2`, in Python: it measures what Gopher's rules look at and gives no verdict; that is made here
by the limits of FineWeb-2. Its words are what stands between white space, its word length is the median, and its stop words are
English: they count for English alone. FineWeb-2's own rules, on how lines end and repeat, it does not have: less work, then.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import dolma
from by_language import by_language, timed
from dolma.core.data_types import DocResult, Document
from dolma.core.registry import TaggerRegistry

BITS = 10
SPACELESS = ("th", "km", "my", "lo", "zh")
MOST = {
    "symbol_to_word_ratio": 0.1, "fraction_of_lines_starting_with_bullet_point": 0.9,
    "fraction_of_lines_ending_with_ellipsis": 0.3,
}  # fmt: skip
"""Source: arXiv:2112.11446, table A1."""


def ngrams(language: str) -> dict[str, Any]:
    """The dedupe of paragraphs by n-grams, with one paragraph a document."""
    length = 8 if language in SPACELESS else 5
    by = {"ngram_length": length, "stride": 0, "overlap_threshold": 0.84, "skip_short_paragraphs": False}
    return {"paragraphs": {"attribute_name": "again", "paragraph_separator": "\0", "by_ngram": by}}


def deduped(texts: list[str], what: dict[str, Any], elements: int) -> tuple[list[int], float]:
    """Numbers of the documents that it marks, and CPU-seconds; so many elements of `BITS` each in the Bloom filter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = folder / "documents" / "a.jsonl"
        given.parent.mkdir()
        lines = (json.dumps({"id": str(number), "text": text}, ensure_ascii=False) for number, text in enumerate(texts))
        given.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        config = {
            "documents": [str(given)],
            "work_dir": {"input": str(folder / "input"), "output": str(folder / "output")},
            "dedupe": {
                "name": "again", "skip_empty": True, "min_length": 0, "min_words": 0, "num_partitions": 1,
                "partition_index": 0, "file_partition": False, "document_dir": "documents", **what,
            },
            "bloom_filter": {
                "file": str(folder / "bloom"), "read_only": False, "size_in_bytes": elements * BITS // 8,
                "estimated_doc_count": elements, "desired_false_positive_rate": 0.0,
            },
            "is_s3_volume": False, "processes": 1, "compression": {"input": None, "output": None},
        }  # fmt: skip
        begun = time.process_time()
        dolma.deduper(config)
        cpu_s = time.process_time() - begun
        with (folder / "attributes" / "again" / "a.jsonl").open(encoding="utf-8") as file:
            said = [json.loads(line) for line in file]
    return [int(one["id"]) for one in said if one["attributes"].get("again")], cpu_s


def dropped(said: DocResult, language: str, limits: dict[str, Any]) -> bool:
    """Whether it breaks a rule of Gopher, by the limits of FineWeb-2."""
    found = {span.type: span.score for span in said.spans}
    most = MOST | {"fraction_of_duplicate_lines": limits["repeated_lines"]}
    for n, limit in zip((2, 3, 4), limits["top_ngrams"], strict=True):
        most[f"fraction_of_characters_in_most_common_{n}grams"] = limit
    for n, limit in zip(range(5, 11), limits["repeated_ngrams"], strict=True):
        most[f"fraction_of_characters_in_duplicate_{n}grams"] = limit
    shortest, longest = limits["word_characters"]
    return (
        not 50 <= found["word_count"] <= 100_000
        or not shortest <= found["median_word_length"] <= longest
        or found["fraction_of_words_with_alpha_character"] < limits["lettered"]
        or (language == "en" and found["required_word_count"] < 2)
        or any(found.get(name, 0.0) > limit for name, limit in most.items())
    )


def verdicts(texts: list[str], language: str, limits: dict[str, Any]) -> list[str]:
    """One word a document."""
    tagger = TaggerRegistry.get("gopher_v2")()
    documents = (Document(source="", id=str(number), text=text) for number, text in enumerate(texts))
    return ["drop" if dropped(tagger.predict(one), language, limits) else "keep" for one in documents]


def answer(line: dict[str, Any], mode: str) -> dict[str, Any]:
    """Duplicates by n-grams, or verdicts by Gopher's measures."""
    language, texts = line["language"], line["texts"]
    if mode == "ngrams":
        what = ngrams(language)
        deduped(["warm up " * 9] * 3, what, 1000)
        removed, cpu_s = deduped(texts, what, max(1000, sum(map(len, texts))))
        return {"cpu_s": cpu_s, "removed": removed}
    verdicts(["warm up " * 99], language, line["limits"])
    return timed("verdicts", lambda: verdicts(texts, language, line["limits"]))


if __name__ == "__main__":
    by_language(lambda line: answer(line, sys.argv[3]))
