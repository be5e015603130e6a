"""Countries that there are: ISO 3166-1 alpha-2, in lower case, as the time zone database lists them (`iso3166.tab`)."""

from functools import cache
from importlib import resources


@cache
def countries() -> dict[str, str]:
    """Each country's code and English name."""
    text = (resources.files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {code.lower(): name for code, name in rows}
