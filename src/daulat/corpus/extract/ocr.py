"""Scanned pages become lines, through Debian's `tesseract`, where `[corpus] ocr` is on."""

import re
import shutil
import subprocess
from functools import cache

from daulat.corpus.extract.layout import Line
from daulat.corpus.extract.reading import Unreadable
from daulat.errors import DaulatError

_MODELS = {
    "en": "eng",
    "fil": "fil",
    "id": "ind",
    "jv": "jav",
    "km": "khm",
    "lo": "lao",
    "ms": "msa",
    "my": "mya",
    "su": "sun",
    "ta": "tam",
    "th": "tha",
    "tl": "fil",
    "vi": "vie",
    "zh": "chi_sim",
}
"""Language to tesseract's name of it."""
PAGE_TIMEOUT_S = 120
"""Of one page. Ours: a dense A4 page takes 5 to 20 s on one core."""
_POINTS_A_LINE = 12.0


def languages(language: str) -> tuple[str, ...]:
    """What `tesseract` is to read that language with; English is beside it, for names and numbers.

    Raises: DaulatError where the program or its model is not installed, saying which package has it.
    """
    model = _MODELS.get(language)
    if shutil.which("tesseract") is None:
        raise DaulatError(
            "`[corpus] ocr` is on, but the program `tesseract` is not installed",
            f"apt-get install tesseract-ocr tesseract-ocr-{(model or 'eng').replace('_', '-')}, or set `ocr = false`",
        )
    if model is None:
        raise DaulatError(f"`tesseract` does not read `{language}`", "set `ocr = false` in `[corpus]`")
    if model not in _installed():
        raise DaulatError(
            f"`[corpus] ocr` is on, but `tesseract` has no model for `{language}`",
            f"apt-get install tesseract-ocr-{model.replace('_', '-')}, or set `ocr = false`",
        )
    return (model, "eng") if model != "eng" and "eng" in _installed() else (model,)


@cache
def _installed() -> frozenset[str]:
    listed = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=False, timeout=30)
    return frozenset(listed.stdout.split()[1:])


def lines(graymap: bytes, models: tuple[str, ...], page_height: float) -> list[Line]:
    """The lines of a drawn page; between its paragraphs is a line's height more.

    Raises: Unreadable where the program fails or takes too long.
    """
    command = ["tesseract", "stdin", "stdout", "-l", "+".join(models), "-c", "preserve_interword_spaces=1"]
    try:
        done = subprocess.run(command, input=graymap, capture_output=True, check=False, timeout=PAGE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise Unreadable("took too long") from None
    if done.returncode:
        raise Unreadable("its scanned pages cannot be read")
    found, height = list[Line](), page_height
    for block in re.split(r"\n\s*\n|\f", done.stdout.decode("utf-8", "replace")):
        rows = [row.strip() for row in block.split("\n") if row.strip()]
        height -= _POINTS_A_LINE
        for row in rows:
            height -= _POINTS_A_LINE
            found.append(Line(re.sub(r"-$", "\ufffe", row), 0.0, 400.0, height, _POINTS_A_LINE))
    return found
