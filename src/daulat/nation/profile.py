"""A country as its pack describes it: names, languages, sample sources."""

import difflib
import tomllib
from datetime import date
from pathlib import Path
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from daulat.errors import DaulatError
from daulat.nation import mistake
from daulat.records import Record, Source

Kind = TypeVar("Kind", bound=Record)

PACKS = Path(__file__).parent.parent / "nations"
"""The packs that come with daulat; each is a folder of data."""


class Language(Record, frozen=True):
    """A language of the country, and how its words are found."""

    code: str
    name: str
    script: str
    """ISO 15924."""
    words: Literal["spaces", "dictionary"]
    """`dictionary` where the script writes no spaces between words."""


class Calendar(Record, frozen=True):
    """What the library `holidays` does not know yet: days by decree. It counts weekends, holidays and working Saturdays."""

    closed: tuple[date, ...] = ()
    open: tuple[date, ...] = ()


class Nation(Record, frozen=True):
    """What `nation.toml` says."""

    code: str
    name: str
    names: dict[str, str]
    language: str
    """The language that the quickstart adapts a model to."""
    languages: tuple[Language, ...]
    time_zone: str
    authority: str
    question: str
    """What the quickstart asks the finished model, in the nation's language."""
    aliases: tuple[str, ...] = ()
    calendar: Calendar = Calendar()
    """Working days, by which terms of the law are counted."""


class _Samples(Record, frozen=True):
    source: tuple[Source, ...]


def nations(packs: Path = PACKS) -> dict[str, Nation]:
    """Every nation that has a pack, by its code."""
    found = {}
    for folder in sorted(packs.iterdir()):
        if (folder / "nation.toml").is_file():
            found[folder.name] = _checked(folder.name, load_toml(folder / "nation.toml", Nation))
    taken: dict[str, str] = {}
    for one in found.values():
        for name in (one.code, *one.aliases):
            if taken.setdefault(name, one.code) != one.code:
                raise DaulatError(
                    f"`{one.code}/nation.toml`: `{name}` is what the pack `{taken[name]}` is called",
                    "codes and aliases are of one pack only",
                )
    return found


def _checked(folder: str, found: Nation) -> Nation:
    """Raises: DaulatError for a code that is not the folder's, a time zone that there is not, a day both open and closed."""
    where = f"`{folder}/nation.toml`"
    if found.code != folder:
        raise DaulatError(
            f"{where}: the code `{found.code}` is not the folder's name", "call both by the ISO 3166-1 code"
        )
    try:
        ZoneInfo(found.time_zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise DaulatError(
            f"{where}: there is no time zone `{found.time_zone}`", "write one such as Asia/Bangkok"
        ) from None
    both = set(found.calendar.closed) & set(found.calendar.open)
    if both:
        raise DaulatError(f"{where}: {min(both)} is both `closed` and `open`", "decide which of them it is")
    return found


def nation(code: str, packs: Path = PACKS) -> Nation:
    """The nation of that code or alias.

    Raises: DaulatError where no pack has it, naming those that exist.
    """
    known = nations(packs)
    names = {name: found for found in known.values() for name in (found.code, *found.aliases)}
    if code.lower() in names:
        return names[code.lower()]
    near = difflib.get_close_matches(code.lower(), [*names, *(n.name.lower() for n in known.values())], 1)
    hint = f"did you mean `{near[0]}`? " if near else ""
    listed = ", ".join(f"{n.code} ({n.name})" for n in known.values())
    raise DaulatError(f"no nation pack is called `{code}`", f"{hint}packs: {listed}")


def samples(code: str, packs: Path = PACKS) -> tuple[Source, ...]:
    """The sample sources of that nation's pack: real text that a fresh machine can reach."""
    return load_toml(packs / nation(code, packs).code / "sources.toml", _Samples).source


def load_toml(path: Path, kind: type[Kind]) -> Kind:
    """The pack file as a record; a typo in it is named with its file.

    Raises: DaulatError for a file that is missing, not TOML, or has an unknown key or a wrong type.
    """
    text = ""
    try:
        text = path.read_text(encoding="utf-8")
        return msgspec.convert(tomllib.loads(text), kind)
    except FileNotFoundError:
        raise DaulatError(f"the file `{'/'.join(path.parts[-3:])}` is missing", "restore it, or write it") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        where = "/".join(path.parts[-3:])
        line = mistake.in_table(text, str(error)) if isinstance(error, msgspec.ValidationError) else ""
        raise DaulatError(f"`{where}`{line}: {error}", "correct that line of the pack") from None
