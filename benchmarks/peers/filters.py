"""datatrove's filters with the settings of FineWeb-2, on documents that it is handed: verdicts, and CPU-seconds.

Run by the peers' own Python: `filters.py IN.jsonl OUT.json shipped|patched`; `patched` has ICU's words in its splitter's place.
"""

import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from by_language import by_language, timed
from datatrove.data import Document
from datatrove.pipeline.filters import FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
from datatrove.utils import text as splitting
from datatrove.utils.word_tokenizers import load_word_tokenizer

EDGES = "".join(chr(code) for code in range(0x10000) if chr(code).isspace()) + "\u200b\u2060\ufeff"
"""White space, and what has no width: ICU has the zero-width space of Khmer as a segment of its own."""


def filters(language: str, limits: dict) -> list:  # type: ignore[type-arg]
    """As in FineWeb-2's pipeline: https://github.com/huggingface/fineweb-2, fineweb-2-pipeline.py."""
    return [
        GopherRepetitionFilter(
            language=language, dup_para_frac=0, dup_line_char_frac=0, dup_para_char_frac=0,
            dup_line_frac=limits["repeated_lines"],
            top_n_grams=tuple(zip((2, 3, 4), limits["top_ngrams"], strict=True)),
            dup_n_grams=tuple(zip(range(5, 11), limits["repeated_ngrams"], strict=True)),
        ),
        FineWebQualityFilter(
            language=language, short_line_thr=999, char_duplicates_ratio=limits["repeated_line_characters"],
            line_punct_thr=limits["ended_lines"], new_line_ratio=limits["newlines"],
        ),
        GopherQualityFilter(
            language=language, min_avg_word_length=limits["word_characters"][0],
            max_avg_word_length=limits["word_characters"][1], stop_words=limits["stop_words"],
            max_non_alpha_words_ratio=limits["lettered"], min_stop_words=2,
        ),
    ]  # fmt: skip


def icu_words(language: str) -> Callable[[str], list[str]]:
    """Every segment that is not white space, as ICU finds them."""
    import icu

    breaker = icu.BreakIterator.createWordInstance(icu.Locale(language))

    def split(text: str) -> list[str]:
        whole = icu.UnicodeString(text)
        breaker.setText(whole)
        borders = [0, *breaker]
        raw = text.encode("utf-16-le")
        parts = (raw[2 * a : 2 * b].decode("utf-16-le", "replace") for a, b in pairwise(borders))
        return [word for word in (part.strip(EDGES) for part in parts) if word]

    return split


def answer(line: dict[str, Any], mode: str) -> dict[str, Any]:
    """Verdicts, on words as they are cut there or, `patched`, as we cut them."""
    language, code = line["language"], line["code"]
    if mode == "patched":
        split = icu_words(language)
        load_word_tokenizer(code).word_tokenize = split  # type: ignore[method-assign]
    chain = filters(code, line["limits"])
    splitting.split_into_words("warm up", code)
    return timed("verdicts", lambda: [verdict(chain, text) for text in line["texts"]])


def verdict(chain: list, text: str) -> str:  # type: ignore[type-arg]
    """The first reason, or `keep`."""
    document = Document(text=text, id="0")
    for one in chain:
        try:
            said = one.filter(document)
        except ZeroDivisionError:
            return "no words"
        if said is not True:
            return said[1] if isinstance(said, tuple) else "dropped"
    return "keep"


if __name__ == "__main__":
    by_language(lambda line: answer(line, sys.argv[3]))
