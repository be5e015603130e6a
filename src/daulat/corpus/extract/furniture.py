"""Which lines of a page are its text, where no part of it is marked as such: by length and links.

Source: the idea of jusText (Pomikálek, 2011), on effective lengths that hold for scripts without spaces too.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

LINK, LINK_END = "\x0e", "\x0f"
"""Stand around the text of a link."""
_LINKED = re.compile(f"{LINK}([^{LINK}{LINK_END}]*){LINK_END}?")
_HAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_HAN_LETTERS = 2.5
"""Letters that one Chinese character is worth. Ours: the same text in English and Chinese."""
_LONG = 140
"""Effective letters of a paragraph that is text by itself. Ours: jusText has 200 for European languages."""
_LINK_SHARE = 0.5
"""Of a line's letters inside links, from which it is one of a menu."""
_MENU_LINES = (3, 5)
"""Links from which lines are a menu: before the first and after the last long paragraph, and between two."""
_ENOUGH = 200
"""Effective letters of text by itself; below, a page is of another kind, and everything stays."""


def without_marks(line: str) -> str:
    """The line without what stands around links."""
    return line.replace(LINK, "").replace(LINK_END, "")


def is_text(lines: Sequence[str]) -> list[bool]:
    """For each line, links marked in it, whether it belongs to the page's text.

    Long paragraphs do; so does what stands between two of them, or before the first and after the last, but for menus:
    of lines with many links among them those from the first link to the last one go.
    """
    sizes = [_size(line) for line in lines]
    links = [_is_link(line, size) for line, size in zip(lines, sizes, strict=True)]
    long = [at for at, size in enumerate(sizes) if size >= _LONG and not links[at]]
    if sum(sizes[at] for at in long) < _ENOUGH:
        return [True] * len(lines)
    found = [True] * len(lines)
    for start, end in pairwise((-1, *long, len(lines))):
        menu = [at for at in range(start + 1, end) if links[at]]
        is_edge = start < 0 or end == len(lines)
        linked = sum(sizes[at] for at in menu)
        if len(menu) < _MENU_LINES[not is_edge] or (not is_edge and linked < _LINK_SHARE * sum(sizes[start + 1 : end])):
            continue
        first, last = (0 if start < 0 else menu[0]), (len(lines) - 1 if end == len(lines) else menu[-1])
        found[first : last + 1] = [False] * (last + 1 - first)
    return found


def _size(line: str) -> float:
    """Effective letters."""
    size = len(line) - line.count(LINK) - line.count(LINK_END)
    return size if line.isascii() else size + (_HAN_LETTERS - 1) * len(_HAN.findall(line))


def _is_link(line: str, size: float) -> bool:
    return LINK in line and size > 0 and sum(map(_size, _LINKED.findall(line))) >= _LINK_SHARE * size
