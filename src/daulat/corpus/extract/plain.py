"""Plain text and Markdown: lines that were wrapped by hand become paragraphs again."""

import re
from bisect import bisect_right

from daulat.corpus.extract.charset import decode
from daulat.corpus.extract.reading import Reading

_WRAPPED_CHARACTERS = (40, 100)
"""Lines of a hard-wrapped text are at least, and at most so long. Ours: 72 to 80 are usual; ragged languages go down
to 40."""


def read(data: bytes) -> Reading:
    """The paragraphs of a text: blocks between empty lines if the lines are hard-wrapped, else its lines."""
    return read_text(decode(data))


def read_text(text: str) -> Reading:
    """The same of a text whose charset is known."""
    return Reading(_paragraphs(text))


def read_markdown(data: bytes) -> Reading:
    """The same for Markdown, without its marks; fenced listings are left out."""
    reading = Reading([])

    text = _without_listings(decode(data), reading)
    text = re.sub(r"!\[[^\[\]]{0,2000}\]\([^()]{0,2000}\)", "", text)
    text = re.sub(r"\[([^\[\]]{1,2000})\](?:\([^()]{0,2000}\)|\[[^\[\]]{0,2000}\])", r"\1", text)
    text = re.sub(r"(?m)^[ \t]*(?:#{1,6}|>)[ \t]+", "", text)
    text = re.sub(r"(\*\*|__|`)(?!\1)(\S(?:.{0,400}?\S)?)\1", r"\2", text)
    reading.paragraphs = _paragraphs(text)
    return reading


def _without_listings(text: str, reading: Reading) -> str:
    """The text without what stands between two fences of a kind, which is counted as left out; one look at each line."""
    lines = text.split("\n")
    closing: dict[str, list[int]] = {"```": [], "~~~": []}
    for number, line in enumerate(lines):
        if (fence := line.rstrip(" \t\r")) in closing:
            closing[fence].append(number)
    kept, at = list[str](), 0
    while at < len(lines):
        ends = closing.get(lines[at][:3], [])
        place = bisect_right(ends, at)
        if place < len(ends):
            reading.leave_out("listing", "\n".join(lines[at : ends[place] + 1]))
            kept.append("")
            at = ends[place] + 1
        else:
            kept.append(lines[at])
            at += 1
    return "\n".join(kept)


def _paragraphs(text: str) -> list[str]:
    found: list[str] = []
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = [" ".join(line.split()) for line in block.split("\n")]
        lines = [line for line in lines if line]
        found += [" ".join(lines)] if _is_wrapped(lines) else lines
    return found


def _is_wrapped(lines: list[str]) -> bool:
    low, high = _WRAPPED_CHARACTERS
    inner = lines[:-1]
    return bool(inner) and max(map(len, lines)) <= high and sum(len(line) >= low for line in inner) * 2 > len(inner)
