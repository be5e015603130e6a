"""What a publisher said of mining, read from a snapshot of the day of access: nothing said is not a yes.

```
snapshot/robots.txt     Content-Usage (IETF AIPREF, draft), License (RSL 1.0), rules for all robots or for AI's
snapshot/tdmrep.json    tdm-reservation (W3C TDM Reservation Protocol)
```
"""

import json
import re
from pathlib import Path
from typing import Literal

MAX_BYTES = 512_000
"""Source: RFC 9309, section 2.5: at least 500 kibibytes of a robots.txt are to be read."""
AI_AGENTS = frozenset(
    re.findall(
        r"\S+", "* gptbot ccbot google-extended applebot-extended anthropic-ai claudebot bytespider meta-externalagent"
    )
)
"""Robots that fetch for training, as their makers name them, and all robots."""
_LINE = re.compile(r"\s*([A-Za-z-]+)\s*:\s*([^#]*)")
_TRAINS_NOT = re.compile(r"\b(?:train-ai|bots)\s*=\s*n\b", re.IGNORECASE)

Word = Literal["none", "reserved", "unknown"]


def read(snapshot: Path) -> tuple[Word, str]:
    """`none` where the publisher reserved nothing, `reserved` where it did, `unknown` where that cannot be told; and why."""
    robots = _text(snapshot / "robots.txt")
    if robots is None:
        return "unknown", "robots.txt is missing or cannot be read"
    fields = [match.groups() for line in robots.splitlines() if (match := _LINE.match(line))]
    if robots.strip() and not fields:
        return "unknown", "robots.txt is none: it holds something else"
    reserved = _robots(fields) or _tdmrep(snapshot / "tdmrep.json")
    if reserved.startswith("tdmrep.json cannot"):
        return "unknown", reserved
    return ("reserved", reserved) if reserved else ("none", "nothing is reserved")


def _robots(fields: list[tuple[str, ...]]) -> str:
    """Why it is reserved; empty where it is not."""
    agents: set[str] = set()
    in_rules = False
    for name, value in ((name.lower(), value.strip()) for name, value in fields):
        if name == "user-agent":
            agents = {value.lower()} if in_rules else agents | {value.lower()}
            in_rules = False
            continue
        in_rules = True
        if name == "content-usage" and _TRAINS_NOT.search(value):
            return f"robots.txt: Content-Usage: {value}"
        if name == "license" and value:
            return f"robots.txt names a licence of its own: {value}"
        if name == "disallow" and value in ("/", "/*") and agents & AI_AGENTS:
            return f"robots.txt keeps {', '.join(sorted(agents & AI_AGENTS))} out"
    return ""


def _tdmrep(path: Path) -> str:
    if not path.exists():
        return ""
    text = _text(path)
    try:
        listed = json.loads(text or "")
    except ValueError:
        return "tdmrep.json cannot be read"
    rules = listed if isinstance(listed, list) else [listed]
    if not all(isinstance(rule, dict) for rule in rules):
        return "tdmrep.json cannot be read"
    held = [rule for rule in rules if rule.get("tdm-reservation") not in (0, "0", None)]
    return f"tdmrep.json reserves {held[0].get('location', '/')}" if held else ""


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes()[:MAX_BYTES].decode("utf-8-sig") if path.is_file() and not path.is_symlink() else None
    except (OSError, UnicodeDecodeError):
        return None
