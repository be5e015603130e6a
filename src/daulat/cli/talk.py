"""How the CLI speaks: plain words on stderr, a progress bar on a terminal, data on stdout."""

import json
import os
import re
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from daulat.errors import DaulatError
from daulat.records import Progress

BAR_CELLS = 24
LINE_CELLS = 110
QUIET_S = 15.0
"""Without a terminal, a long step says where it is this often."""


def say(words: str = "") -> None:
    """A line for a person."""
    click.echo(words, err=True)


def data(value: Any) -> None:
    """JSON for a program."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True))


def colour(words: str, **style: Any) -> str:
    """Styled on a terminal that wants it (`NO_COLOR` is heard)."""
    return words if "NO_COLOR" in os.environ or not sys.stderr.isatty() else click.style(words, **style)


class Bar:
    """One step's progress: redrawn in place on a terminal, a line now and then elsewhere."""

    def __init__(self, step: str) -> None:
        self.step = step
        self.started = time.monotonic()
        self.spoke = self.started
        self.terminal = sys.stderr.isatty()

    def __call__(self, share: float, words: str) -> None:
        """Told by the step."""
        now = time.monotonic()
        share = min(max(share, 0.0), 1.0)
        if self.terminal:
            if now - self.spoke > 0.1 or share >= 1.0:
                self.spoke = now
                filled = round(share * BAR_CELLS)
                bar = "━" * filled + "─" * (BAR_CELLS - filled)
                line = f"  {self.step} {bar} {share:4.0%} {words}"
                click.echo(f"\r\033[K{line[:LINE_CELLS]}", err=True, nl=False)
        elif now - self.spoke > QUIET_S:
            self.spoke = now
            say(f"  {self.step} {share:.0%} {words}")

    def clear(self) -> None:
        """Leave a clean line."""
        if self.terminal:
            click.echo("\r\033[K", err=True, nl=False)


class Bars:
    """Gives each step its bar; closes the one before."""

    def __init__(self) -> None:
        self.current: Bar | None = None

    def __call__(self, step: str) -> Progress:
        """A new bar."""
        self.close()
        self.current = Bar(step)
        return self.current

    def close(self) -> None:
        """Leave a clean line."""
        if self.current:
            self.current.clear()
            self.current = None


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns aligned by width; numbers to the right."""
    lines = [list(header), *[list(row) for row in rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    right = [all(_is_number(line[i]) for line in lines[1:]) for i in range(len(header))]

    def row(line: Sequence[str]) -> str:
        cells = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True))
        return "  " + "  ".join(cells).rstrip()

    return "\n".join([row(lines[0]), "  " + "  ".join("─" * w for w in widths), *(row(line) for line in lines[1:])])


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"[+-]?[\d.,]+( ?%| [kMG]?B| s)?|cached|", cell) is not None


def size(utf8_bytes: float) -> str:
    """Bytes as a person reads them (decimal units)."""
    for unit in ("B", "kB", "MB"):
        if abs(utf8_bytes) < 1000:
            return f"{utf8_bytes:.0f} B" if unit == "B" else f"{utf8_bytes:.1f} {unit}"
        utf8_bytes /= 1000
    return f"{utf8_bytes:.2f} GB"


def short(digest: str) -> str:
    """The first twelve hex digits: enough to name it, `daulat trace` takes them."""
    return digest.removeprefix("sha256:")[:12]


def plain(words: str) -> str:
    """Somebody else's words in one line: what would move the cursor or begin another line is shown, not done."""
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in words)


def key_text(key: str) -> str:
    """A key given as itself, or as the file that holds it.

    Raises: DaulatError for a file that is no text.
    """
    try:
        return Path(key).read_text(encoding="utf-8") if Path(key).is_file() else key
    except (OSError, UnicodeDecodeError):
        raise DaulatError(f"`{key}` is no key file", "a public key is one line: `NAME+HASH+BASE64`") from None
