"""By when: the day and hour on which a duty ends, in the country's own time and working days.

Hours run from the moment of the event. Days and working days end with the day: the day of the event does not count.
Working days leave out weekends and public holidays, and take in the working Saturdays that make up for them, as the library
`holidays` lists them for the whole country;
what a later decree closes or opens stands under `[calendar]` in the pack's `nation.toml`; days that one state adds are in
neither, so a date that matters is to be confirmed.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from daulat.errors import DaulatError
from daulat.nation.profile import PACKS, Nation, load_toml, nation
from daulat.records import Record

FILE = "law/clocks.toml"
Event = Literal["withdrawal", "erasure", "restriction", "breach"]
Positive = Annotated[int, Meta(ge=1, le=10_000)]


class Clock(Record, frozen=True):
    """One duty that ends at a time."""

    id: str
    event: Event
    duty: str
    act: str
    provision: str
    amount: Positive
    unit: Literal["hours", "days", "working-days"]
    confidence: Literal["S", "H", "M", "U"]
    """As for rules: M and U are told as not confirmed."""
    source: str
    with_processor: Positive | None = None
    """The amount where a processor or a third party holds the data too."""
    extension: Positive | None = None
    """By how much it may be extended, once."""
    where: str = ""
    """When it applies, where it does not always."""


class _Clocks(Record, frozen=True):
    verified_on: date
    clock: tuple[Clock, ...]


class Due(Record, frozen=True):
    """A duty and when it ends."""

    clock: Clock
    at: datetime
    """With the country's offset."""
    confirmed: bool
    """Whether the rule is seen or well known; otherwise take it as a hint."""


def clocks(code: str, packs: Path = PACKS) -> tuple[Clock, ...]:
    """The clocks of that country.

    Raises: DaulatError where there is no pack, or its file has a mistake.
    """
    return load_toml(packs / nation(code, packs).code / FILE, _Clocks).clock


def due(
    code: str, event: Event, begun: datetime, *, processor: bool = False, extended: bool = False, packs: Path = PACKS
) -> tuple[Due, ...]:
    """Every duty after that event, the first due first. `begun` has an offset, or is the country's own time.

    Raises: DaulatError where the country has no pack, or its act names no term for that event.
    """
    profile = nation(code, packs)
    zone = ZoneInfo(profile.time_zone)
    if not 2000 <= begun.year <= 2200:
        raise DaulatError(f"{begun.date()} is no day on which this can have begun", "write it as YYYY-MM-DDTHH:MM")
    start = (begun if begun.tzinfo else begun.replace(tzinfo=zone)).astimezone(zone)
    found = [
        Due(clock, _end(clock, start, profile, processor, extended), clock.confidence in ("S", "H"))
        for clock in clocks(code, packs)
        if clock.event == event
    ]
    if not found:
        raise DaulatError(
            f"the pack `{profile.code}` knows no term for {event}",
            "its act may name none: do it without delay, and ask a local lawyer",
        )
    return tuple(sorted(found, key=lambda one: one.at))


def _end(clock: Clock, start: datetime, country: Nation, processor: bool, extended: bool) -> datetime:
    amount = clock.with_processor if processor and clock.with_processor else clock.amount
    amount += clock.extension if extended and clock.extension else 0
    if clock.unit == "hours":
        # In UTC, so that a change of the clocks would neither give nor take an hour.
        return (start.astimezone(UTC) + timedelta(hours=amount)).astimezone(start.tzinfo)
    days = _days(start.date()) if clock.unit == "days" else _working_days(start.date(), country)
    last = next(day for number, day in enumerate(days, 1) if number == amount)
    return datetime.combine(last, time(23, 59, 59), start.tzinfo)


def _days(after: date) -> Iterator[date]:
    day = after
    while True:
        day += timedelta(days=1)
        yield day


def _working_days(after: date, country: Nation) -> Iterator[date]:
    import holidays

    try:
        free = holidays.country_holidays(country.code.upper())
    except NotImplementedError:
        problem = f"the working days of `{country.code}` are not known"
        raise DaulatError(problem, "write its clocks in days or hours, or ask a local lawyer") from None
    decreed = country.calendar
    return (
        day for day in _days(after) if day in decreed.open or (free.is_working_day(day) and day not in decreed.closed)
    )


def as_json(found: tuple[Due, ...]) -> list[dict[str, object]]:
    """The same for programs."""
    return [{**msgspec.to_builtins(one.clock), "due": one.at.isoformat(), "confirmed": one.confirmed} for one in found]
