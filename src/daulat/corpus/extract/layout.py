"""Lines as they stand on pages become paragraphs: hyphens joined, what repeats at the edges of pages left out."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from daulat.corpus.extract.reading import Reading

HYPHEN = "\ufffe"
"""Ends a line whose last word goes on in the next one, as PDFium marks it."""
_EDGE_LINES = 3
"""Of a page, at its head and at its foot, may be running ones."""
_RUNNING_PAGES = 3
_RUNNING_SHARE = (0.05, 0.3)
"""Of the pages, from which a line at their edge is a running one: the same words, or the same but for its numbers.
Ours: headings of a long law (`Pasal 7`) stand at the head of one page in twelve."""
_NEAR_POINTS = 4.0
"""Running lines stand at the same height, give or take."""
_GAP = 1.45
"""Times the usual distance of two lines, from which a new paragraph begins. Ours: 1.0 within, 1.5 to 2 between."""
_INDENT_EMS = 1.0
_ROOM_EMS = 2.5
"""Left at the end of a line where the next word has no borders: more, and the line ended by itself."""
_NO_SPACES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uff00-\uffef"
_JOINED = re.compile(f"[{_NO_SPACES}]$")
_JOINS = re.compile(f"[{_NO_SPACES}]")
_ITEM = re.compile(
    r"(?:[•●▪◦‣–—·*\-]|\(?(?:\d{1,3}|[ivxlc]{1,5}|[A-Za-z\u0e01-\u0e2e])[.)]|(?:\d{1,3}\.)+\d{1,3}\.?)\s+\S"
    r"|(?:pasal|bab|bagian|paragraf|điều|chương|mục|article|section|chapter|มาตรา|ข้อ|หมวด)\s+[\dIVXLC\u0e50-\u0e59]",
    re.IGNORECASE,
)
"""Begins a paragraph wherever it stands: an item of a list, an article of a law."""
_NUMBERS = re.compile(r"[\d\u0e50-\u0e59\u0ed0-\u0ed9\u1040-\u1049\u17e0-\u17e9]+")
_SENTENCE_END = re.compile("[.!?:;。！？။៕។」”\"')]\\s*$")


@dataclass(slots=True)
class Line:
    """A line of a page; lengths in points, heights from the foot of the page."""

    text: str
    left: float
    right: float
    baseline: float
    size: float
    """Of its first letter's font."""


def paragraphs(pages: Sequence[Sequence[Line]]) -> Reading:
    """The paragraphs of the pages, in order; one that goes on overleaf is joined."""
    reading = Reading([])
    running = _running(pages)
    bodies: list[list[Line]] = []
    for number, page in enumerate(pages):
        body = []
        for at, line in enumerate(page):
            if (number, at) in running:
                reading.leave_out("running head or foot", line.text)
            else:
                body.append(line)
        bodies.append(body)
    known = frozenset(_hyphenated(bodies))
    for block in _blocks(bodies):
        text = " ".join(_joined(block, known).split())
        if text:
            reading.paragraphs.append(text)
    return reading


def _running(pages: Sequence[Sequence[Line]]) -> set[tuple[int, int]]:
    """Page and place of each line that repeats, at the same height, at the edges of many pages."""
    edges = [
        (number, at, line)
        for number, page in enumerate(pages)
        for at, line in enumerate(page)
        if at < _EDGE_LINES or at >= len(page) - _EDGE_LINES
    ]
    found: set[tuple[int, int]] = set()
    fewest = min(_RUNNING_PAGES, max(2, len(pages)))
    for bare, share in ((False, _RUNNING_SHARE[0]), (True, _RUNNING_SHARE[1])):
        texts = [_NUMBERS.sub("#", line.text) if bare else line.text for _, _, line in edges]
        places = [(text, round(edge[2].baseline / _NEAR_POINTS)) for text, edge in zip(texts, edges, strict=True)]
        on_pages = Counter(place for _, place in {(edge[0], place) for edge, place in zip(edges, places, strict=True)})
        for (page, at, _), (text, height) in zip(edges, places, strict=True):
            count = sum(on_pages[text, near] for near in (height - 1, height, height + 1))
            is_number = bare and not re.search(r"[^\W\d_]", text)
            if count >= (fewest if is_number else max(fewest, share * len(pages))):
                found.add((page, at))
    return found


def _blocks(pages: Iterable[Sequence[Line]]) -> Iterator[list[Line]]:
    """The lines of each paragraph."""
    block: list[Line] = []
    for page in pages:
        leading, rights, starts = _leading(page), _rights(page), _starts(page)
        for at, line in enumerate(page):
            if block and (
                _ends_overleaf(block[-1], line)
                if at == 0
                else _is_border(page[at - 1], line, leading, rights[at - 1], starts[at])
            ):
                yield block
                block = []
            block.append(line)
        if page:
            last_right = rights[-1]
            if block and not _is_full(page[-1], None, last_right):
                yield block
                block = []
    if block:
        yield block


def _is_border(before: Line, line: Line, leading: float, right: float, start: float) -> bool:
    """Whether a paragraph ends between two lines of one page."""
    if before.text.endswith(HYPHEN):
        return False
    if _ITEM.match(line.text) or abs(before.size - line.size) > 0.15 * max(before.size, line.size):
        return True
    down = before.baseline - line.baseline
    if leading and (down > _GAP * leading or down < -0.5 * leading):
        return True
    if line.left > max(before.left, start) + _INDENT_EMS * line.size and down > 0.3 * line.size:
        return True
    return not _is_full(before, line, right)


def _is_full(line: Line, following: Line | None, right: float) -> bool:
    """Whether the line ends because there was no more room: the next word would not have fitted."""
    if line.text.endswith(HYPHEN):
        return True
    width = (line.right - line.left) / max(1, len(line.text))
    first = "" if following is None else following.text.split(" ", 1)[0]
    needs = (len(first) + 1) * width if first and not _JOINS.search(first) else _ROOM_EMS * line.size * 2
    return line.right + min(needs, (right - line.left) * 0.5) >= right - 0.3 * line.size


def _ends_overleaf(last: Line, first: Line) -> bool:
    """Whether a paragraph ends with its page."""
    if last.text.endswith(HYPHEN):
        return False
    return bool(
        _ITEM.match(first.text)
        or _SENTENCE_END.search(last.text)
        or abs(last.size - first.size) > 0.15 * max(last.size, first.size)
        or (first.text[:1].isupper() and not _JOINED.search(last.text))
    )


def _leading(page: Sequence[Line]) -> float:
    """The usual distance of two lines, or 0."""
    downs = sorted(round(a.baseline - b.baseline, 1) for a, b in pairwise(page) if a.baseline - b.baseline > 1)
    return Counter(downs).most_common(1)[0][0] if downs else 0.0


def _rights(page: Sequence[Line]) -> list[float]:
    """Where each line could have ended: the right edge of the lines beside it that begin as it does."""
    found = []
    for at, line in enumerate(page):
        near = page[max(0, at - 6) : at + 7]
        same = [other.right for other in near if other.left < line.right and other.right > line.left]
        found.append(max(same, default=line.right))
    return found


def _starts(page: Sequence[Line]) -> list[float]:
    """Where lines beside each line usually begin."""
    found = []
    for at in range(len(page)):
        near = [round(line.left, 0) for line in page[max(0, at - 4) : at + 5]]
        found.append(Counter(near).most_common(1)[0][0])
    return found


def _hyphenated(pages: Iterable[Sequence[Line]]) -> Iterator[str]:
    """Words with a hyphen inside a line: there it is spelling."""
    for page in pages:
        for line in page:
            yield from re.findall(r"[^\W\d_]+-[^\W\d_]+", line.text.lower())


def _joined(block: Sequence[Line], known: frozenset[str]) -> str:
    """One text of lines: a hyphen at a line's end goes, unless the word is known with it or says itself twice."""
    text = ""
    for line in block:
        if not text:
            text = line.text
        elif text.endswith(HYPHEN):
            text = text[:-1]
            before, after = re.search(r"[^\W\d_]*$", text), re.match(r"[^\W\d_]*", line.text)
            assert before is not None
            assert after is not None
            word = f"{before[0]}-{after[0]}".lower()
            keeps = word in known or (len(before[0]) > 2 and after[0].lower().startswith(before[0].lower()))
            text += ("-" if keeps else "") + line.text
        else:
            text += ("" if _JOINED.search(text) and _JOINS.match(line.text) else " ") + line.text
    return text.replace(HYPHEN, "")
