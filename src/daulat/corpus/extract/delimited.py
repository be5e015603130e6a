"""Records of tables in text (`.csv`, `.tsv`), with a head line. Source: RFC 4180."""

import csv
import io
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from daulat.corpus.extract.charset import decoded, found_charset
from daulat.corpus.extract.columns import Columns, choose
from daulat.corpus.extract.lines import TooLong, whole_lines
from daulat.corpus.extract.reading import Unreadable
from daulat.corpus.extract.unpack import blocks, packing
from daulat.corpus.options import CorpusOptions
from daulat.records import Source

_BATCH_CHARACTERS, _BATCH_ROWS = 4_000_000, 32_768
_TOO_LONG = "\0"
"""Stands for a line that was passed over; no line of text has it."""
_OPEN = "a quote that is not closed"
_SAMPLE_BYTES = 1 << 20
_SECOND_LOOKS = 4
"""Times `max_file_bytes`: so much of a file is read again, after quotes that nobody closed. Ours."""


def read(path: Path, name: str, source: Source, options: CorpusOptions) -> Iterator[Columns]:
    """The two columns of every row; a row with more or fewer cells than the head is unreadable, and the next one is
    read. Where a quote was never closed, the line with it is unreadable, and the next one is read.

    Raises: Unreadable for what has no such column, is in no charset, or is broken in its packing.
    """
    csv.field_size_limit(max(csv.field_size_limit(), options.max_file_bytes))
    lines = _Lines(_lines(path, packing(name), options.max_file_bytes), _SECOND_LOOKS * options.max_file_bytes)
    head = next(lines, "")
    delimiter = "\t" if ".tsv" in name.lower()[-8:] else max(",;\t|", key=head.count)
    names = next(csv.reader([head.removeprefix("\ufeff")], delimiter=delimiter), [])
    text, key = choose(names, [name for name in names if name], source)
    yield from _rows(lines, delimiter, names, text, key)


class _Lines:
    """The lines of a file, of which those of the row under way can be given back."""

    def __init__(self, lines: Iterator[str], looks: int) -> None:
        self.lines, self.again, self.looks = lines, deque[str](), looks
        self.taken: list[str] = []
        """Since the last row."""

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self.again.popleft() if self.again else next(self.lines)
        self.taken.append(line)
        return line

    def give_back(self) -> bool:
        """Read on after the first line of the row; False where that is the next line anyway, or was done too often."""
        rest = self.taken[1:]
        self.looks -= sum(map(len, rest))
        if not rest or self.looks < 0:
            return False
        self.again.extendleft(reversed(rest))
        return True


def _rows(lines: _Lines, delimiter: str, names: list[str], text: str, key: str | None) -> Iterator[Columns]:
    text_at, key_at, cells = names.index(text), None if key is None else names.index(key), len(names)
    found, size = Columns([], []), 0
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.taken.clear()
        row, wrong = list[str](), ""
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            wrong = "too large" if "limit" in str(error) else _OPEN
        if not row and not wrong:
            continue
        wrong = wrong or _why(row, cells, text_at)
        if wrong and lines.give_back():
            wrong, reader = _OPEN, csv.reader(lines, delimiter=delimiter, strict=True)
        if wrong:
            _put(found, None, None, wrong)
        else:
            _put(found, None if key_at is None else row[key_at] or None, row[text_at])
            size += len(row[text_at])
        if size > _BATCH_CHARACTERS or len(found) >= _BATCH_ROWS:
            yield found
            found, size = Columns([], []), 0
    if len(found):
        yield found


def _put(found: Columns, key: str | None, text: str | None, why: str = "") -> None:
    assert isinstance(found.keys, list)
    assert isinstance(found.texts, list)
    if why:
        found.unreadable[len(found.texts)] = Unreadable(why)
    found.keys.append(key)
    found.texts.append(text)


def _why(row: list[str], cells: int, text_at: int) -> str:
    """Why the row cannot be read, or nothing."""
    if row == [_TOO_LONG]:
        return "too large"
    if len(row) != cells:
        return "a row with more or fewer cells than its head"
    try:
        row[text_at].encode("utf-8")
    except UnicodeEncodeError:
        return "bytes that its charset does not have"
    return ""


def _lines(path: Path, ending: str, max_bytes: int) -> Iterator[str]:
    """The file's lines in its charset, which is found by its first megabyte; a wrong byte becomes a lone surrogate."""
    charset = ""
    for run in whole_lines(blocks(path, ending, max_bytes), max_bytes):
        if isinstance(run, TooLong):
            yield _TOO_LONG
            continue
        charset = charset or found_charset(run.data[:_SAMPLE_BYTES])
        yield from io.StringIO(decoded(run.data, charset, "surrogateescape"), newline="")
