"""Where the identifiers of one text stand: suspects are classified from left to right, each by what stands before it.

INVARIANT: what stands before is read as it will be read once redacted, so that redacting twice finds nothing new.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from daulat.corpus.privacy.kinds import candidates
from daulat.corpus.privacy.kinds.addresses import at_sign, ipv4s, ipv6
from daulat.corpus.privacy.kinds.labelled import labelled
from daulat.corpus.privacy.kinds.phones import phones
from daulat.corpus.privacy.kinds.shape import AT, COLONS, CONTEXT_CHARACTERS, fold

PLACEHOLDER = re.compile("<[A-Z][A-Z_]{1,19}(?::[a-z0-9]{10})?>")
_PLAIN = re.compile(
    r"(?:(?:1[6-9]|2[0-9])[0-9]{2} ?[-/. ] ?(?:1[6-9]|2[0-9])[0-9]{2}(?: ?[-/] ?2[0-9]{3})*"
    r"|(?:1[6-9]|2[0-9])[0-9]{2}([-/.])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([-/.])[0-9]{1,2}\2(?:1[89]|2[0-9])[0-9]{2}"
    r"|[0-9]{1,2}\.[0-9]{2} ?- ?[0-9]{1,2}\.[0-9]{2}|[1-9][0-9]?(?:\.[0-9]{3}){2}|[1-9][0-9]{0,2}(?:\.[0-9]{3})+\.000)"
)
"""Years, days, hours and amounts: no identifier, and half of all suspects. `123.456.789` may be an old CMND, `1.234.123.234` an
address."""
_BYTES_BEFORE, _BESIDE = 320, 6
_RUN_BYTES, _OVERLAP = 1_024, 160
"""No number is longer than the latter."""


@dataclass(frozen=True)
class Found:
    """An identifier in a text: where, of which kind, and in the form that its commitment is made of."""

    start: int
    end: int
    kind: str
    normal: str
    of_person: bool = False
    """Whether one person has it, rather than an office or a machine: what people are counted by."""


class _Before:
    """What stands before a place, with a placeholder in the place of what was found there."""

    def __init__(self, text: bytes) -> None:
        self.text, self.at, self.done = text, 0, ""

    def __call__(self, start: int) -> str:
        begin = max(self.at, start - _BYTES_BEFORE)
        raw = self.text[begin:start].decode("utf-8", "ignore")
        whole = self.done + raw if begin == self.at else raw
        return (PLACEHOLDER.sub("<>", whole) if "<" in whole else whole)[-CONTEXT_CHARACTERS:]

    def claim(self, one: Found) -> None:
        self.done, self.at = self(one.start) + "<>", one.end


def find(text: bytes, suspects: Sequence[Sequence[int]], region: str, *, labels: bool) -> list[Found]:
    """Every identifier, in order, none overlapping another; places are bytes.

    `suspects` are rows of first byte, byte after the last, digits; `labels` says whether any label stands in the text.
    """
    sure = _apart([*_addresses(text, suspects), *(_labelled(text) if labels else ())])
    before, found, ahead = _Before(text), list[Found](), 0
    for start, end, size in suspects:
        if size < 0:
            continue
        while ahead < len(sure) and sure[ahead].end <= start:
            before.claim(sure[ahead])
            ahead += 1
        for begin, stop in _outside(start, end, sure[ahead:]):
            for first, last, own in _windows(text, begin, stop):
                first = max(first, before.at)
                for one in _numbers(text, first, last, before(first), region):
                    if one.start < own:
                        found.append(one)
                        before.claim(one)
    return sorted([*sure, *found], key=lambda one: one.start)


def _addresses(text: bytes, suspects: Sequence[Sequence[int]]) -> Iterator[Found]:
    for start, end, size in suspects:
        if size == AT and (one := at_sign(text, start, end)):
            yield Found(*one)
        elif size == COLONS and ipv6(written := text[start:end].decode("ascii")):
            yield Found(start, end, "ip", written.lower())


def _labelled(text: bytes) -> Iterator[Found]:
    for start, end, kind, normal in labelled(text):
        yield Found(start, end, kind, normal)


def _apart(found: list[Found]) -> list[Found]:
    """Without those that overlap an earlier one."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def _outside(start: int, end: int, claimed: Sequence[Found]) -> Iterator[tuple[int, int]]:
    """The parts of a run that nothing has claimed."""
    for one in claimed:
        if one.start >= end:
            break
        if one.start > start:
            yield start, one.start
        start = max(start, one.end)
    if start < end:
        yield start, end


def _windows(text: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """First byte, byte after the last, and where the next one begins, of windows over a run: mostly one, the run itself.

    What they are looked at with takes time that grows with the square. What begins in a window ends in it.
    """
    while end - start > _RUN_BYTES:
        own = start + _RUN_BYTES - _OVERLAP
        while own > start + _OVERLAP and text[own] & 0xC0 == 0x80:
            own -= 1
        last = min(end, own + _OVERLAP)
        while last < end and text[last] & 0xC0 == 0x80:
            last += 1
        yield start, last, own
        start = own
    yield start, end, end


def _numbers(text: bytes, start: int, end: int, before: str, region: str) -> list[Found]:
    """What a run of digits has in it: the candidate that most speaks for claims its place first."""
    raw = text[start:end].decode("utf-8", "ignore")
    run = fold(raw)
    if _PLAIN.fullmatch(run):
        return []
    left = before[-_BESIDE:]
    right = text[end : end + 4 * _BESIDE].decode("utf-8", "ignore")[:_BESIDE]
    whole, first = left + run + right, len(left)
    options = sorted(_options(whole, first, first + len(run), before[: -len(left)] if left else before, region))
    found: list[Found] = []
    for _, begin, stop, kind, normal, of_person in options:
        if all(stop <= other.start or begin >= other.end for other in found):
            found.append(Found(begin, stop, kind, normal, of_person))
    shown = left + raw + right
    return [_in_bytes(one, shown, first, start) for one in sorted(found, key=lambda one: one.start)]


def _options(
    whole: str, first: int, last: int, earlier: str, region: str
) -> Iterator[tuple[tuple[float, int], int, int, str, str, bool]]:
    """Every kind that the run could have in it: minus its weight and its rank, then what a `Found` is made of."""
    size = sum(map(str.isdigit, whole[first:last]))
    divided = last - first > size
    country = region.lower()
    for rank, kind in enumerate(candidates(size, divided=divided)):
        for match in kind.pattern.finditer(whole):
            if match.start() >= last or match.end() <= first:
                continue
            weight = kind.weight(match, (earlier + whole[: match.start()])[-CONTEXT_CHARACTERS:], country)
            if weight:
                yield (-weight, rank), match.start(), match.end(), kind.kind, kind.normal(match[0]), kind.of_person
    for match in ipv4s(whole[first:last], earlier + whole[:first]):
        yield (-2.0, 0), first + match.start(), first + match.end(), "ip", match[0], False
    for start, end, normal, weight, mobile in phones(whole, first, last, earlier, region):
        yield (-weight, 99), start, end, "phone", normal, mobile


def _in_bytes(one: Found, shown: str, first: int, start: int) -> Found:
    """The same place in bytes of the text; `shown[first]` is its byte `start`."""
    begin = start + len(shown[first : one.start].encode()) - len(shown[one.start : first].encode())
    return Found(begin, begin + len(shown[one.start : one.end].encode()), one.kind, one.normal, one.of_person)
