"""A stream of bytes as runs of whole lines, with a bound on how long a line may be."""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from daulat.corpus.extract.reading import Unreadable

_NOT_LINES = (b"PK\x03\x04", b"PAR1", b"\x7fELF", b"%PDF", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"WARC/")


@dataclass(frozen=True)
class Lines:
    """Whole lines, the last one with its end."""

    data: bytes

    @property
    def count(self) -> int:
        """How many."""
        return self.data.count(b"\n")


@dataclass(frozen=True)
class TooLong:
    """A line that was passed over."""


def _as_utf8(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same text in UTF-8 where it begins as UTF-16 does: in that, an end of line is no byte of its own."""
    decoder: codecs.IncrementalDecoder | None = None
    for number, block in enumerate(blocks):
        if number == 0 and block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            decoder = codecs.getincrementaldecoder("utf-16")("replace")
        yield decoder.decode(block).encode("utf-8", "replace") if decoder else block


def whole_lines(blocks: Iterable[bytes], max_bytes: int) -> Iterator[Lines | TooLong]:
    """The same bytes, cut after ends of lines; a line longer than `max_bytes` is passed over, never held in memory.

    Raises: Unreadable for what is no text in lines.
    """
    rest: list[bytes] = []
    size = 0
    first, passing = True, False
    for block in _as_utf8(blocks):
        if first and (block.startswith(_NOT_LINES) or b"\0" in block[:4096]):
            raise Unreadable("not what its name says")
        first = False
        end = block.rfind(b"\n") + 1
        if not end:
            if not passing:
                rest.append(block)
                size += len(block)
                if size > max_bytes:
                    rest, size, passing = [], 0, True
            continue
        if passing:
            yield TooLong()
            start = block.find(b"\n") + 1
            passing = False
        else:
            start = 0
        if start < end:
            yield Lines(b"".join([*rest, block[start:end]]))
        rest, size = [block[end:]], len(block) - end
    if passing:
        yield TooLong()
    elif size:
        yield Lines(b"".join([*rest, b"\n"]))
