"""A country's AI strategy: what it set out to do, by when, and where that is written."""

from datetime import date
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from daulat.nation.profile import PACKS, load_toml, nation
from daulat.records import Record

FILE = "strategy.toml"


class Goal(Record, frozen=True):
    """One goal, with what would show that it is reached."""

    id: str
    words: str
    indicator: str
    """What is counted, with its unit."""
    source: str
    target: Annotated[str, Meta(pattern="^[0-9]+$")] | None = None
    """The official figure; None where none was found."""
    deadline: Annotated[int, Meta(ge=2000, le=2100)] | None = None
    """The year; None where none was set."""


class Strategy(Record, frozen=True):
    """What `strategy.toml` says."""

    name: str
    timeline: str
    goals: str
    """In one line, as published summaries put it."""
    verified_on: date
    goal: tuple[Goal, ...]


def strategy(code: str, packs: Path = PACKS) -> Strategy:
    """The strategy of that country.

    Raises: DaulatError where there is no pack, or its file has a mistake.
    """
    return load_toml(packs / nation(code, packs).code / FILE, Strategy)
