"""Real text for the corpus benchmarks, grown by known edits, and the peers' own Python."""

import itertools
import json
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import icu
import pyarrow.parquet as pq
from peers_python import peers_python

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("DAULAT_SHARED", ROOT.parent / "shared"))
CODES = {
    "th": "tha_Thai", "km": "khm_Khmr", "my": "mya_Mymr", "lo": "lao_Laoo", "zh": "cmn_Hani", "id": "ind_Latn",
    "ms": "zsm_Latn", "tl": "fil_Latn", "vi": "vie_Latn", "en": "eng_Latn", "ta": "tam_Taml",
}  # fmt: skip
"""Languages of the collection, and what datatrove calls them."""


def texts(language: str, utf8_bytes: float, shortest: int = 0, longest: int = 10**9) -> list[str]:
    """Distinct documents of the collection, in a fixed order, of about so many bytes together."""
    column = pq.read_table(SHARED / "data" / "corpus" / f"{language}.parquet", columns=["text"])["text"]
    distinct = sorted({text.strip() for text in column.to_pylist()})
    random.Random(language).shuffle(distinct)
    found, size = [], 0
    for text in distinct:
        if size >= utf8_bytes:
            break
        if shortest <= len(text) <= longest:
            found.append(text)
            size += len(text.encode())
    return found


def segments(text: str, language: str) -> list[str]:
    """The text in ICU's segments, white space too."""
    breaker = icu.BreakIterator.createWordInstance(icu.Locale(language))
    breaker.setText(icu.UnicodeString(text))
    borders, raw = [0, *breaker], text.encode("utf-16-le")
    return [raw[2 * a : 2 * b].decode("utf-16-le") for a, b in itertools.pairwise(borders)]


def edited(parts: list[str], vocabulary: list[str], share: float, chance: random.Random) -> str:
    """The text with that share of its words, at least one, replaced by others of its language."""
    parts = list(parts)
    words = [at for at, part in enumerate(parts) if any(map(str.isalnum, part))]
    for at in chance.sample(words, min(len(words), max(1, round(share * len(words))))):
        parts[at] = chance.choice(vocabulary)
    return "".join(parts)


def vocabulary(originals: list[str], language: str) -> list[str]:
    """Words to edit with."""
    return [part for text in originals[:40] for part in segments(text, language) if any(map(str.isalnum, part))]


def peer(script: str, mode: str, lines: Iterator[dict[str, Any]], folder: Path) -> dict[str, Any]:
    """What that script says of these lines, run by the peers' own Python."""
    python = peers_python(".venv-peers", ("requirements.txt", []), ("requirements-no-deps.txt", ["--no-deps"]))
    given, out = folder / f"{script}.jsonl", folder / f"{script}.{mode}.json"
    with given.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line) + "\n")
    subprocess.run(
        [python, ROOT / "benchmarks" / "peers" / f"{script}.py", given, out, mode], check=True, capture_output=True
    )
    found: dict[str, Any] = json.loads(out.read_text())
    return found
