"""What every peer of the corpus is asked, and how it answers: a language at a time, in CPU-seconds."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def by_language(work: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answers of `work` to the lines of one file, by language, in another; the command line names both.

    A line is JSON: `language`, `code`, `texts`, and for filters `limits`.
    """
    found = {}
    with Path(sys.argv[1]).open(encoding="utf-8") as file:
        for line in map(json.loads, file):
            found[line["language"]] = work(line)
    Path(sys.argv[2]).write_text(json.dumps(found))


def timed(what: str, do: Callable[[], Any]) -> dict[str, Any]:
    """What it gives, by that name, and the CPU-seconds that it took."""
    begun = time.process_time()
    given = do()
    return {"cpu_s": time.process_time() - begun, what: given}
