"""What a reader gives, and how it says that it cannot."""

from collections import Counter
from dataclasses import dataclass, field

CELL = " | "
"""Between the cells of a table's row."""


class Unreadable(Exception):
    """The file gives no text; `reason` is counted, so it names no file. It is held, unless nothing can come of it."""

    def __init__(self, reason: str, *, worthless: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.worthless = worthless
        """Dropped instead of held: nobody need look."""


@dataclass
class Reading:
    """Paragraphs in their order, one line each, and what was left out of them."""

    paragraphs: list[str]
    messages: bool = False
    """Short messages that belong to no running text."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Paragraphs by reason."""
    left_out_utf8_bytes: Counter[str] = field(default_factory=Counter)

    def leave_out(self, reason: str, text: str) -> None:
        """Count a paragraph that is not text."""
        self.left_out[reason] += 1
        self.left_out_utf8_bytes[reason] += len(text.encode("utf-8", "replace"))
