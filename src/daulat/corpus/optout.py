"""What a publisher said of mining, read from a snapshot of the day of access: nothing said is not a yes.

```
snapshot/robots.txt     Content-Usage (IETF AIPREF, draft), License (RSL 1.0), rules for all robots or for AI's
snapshot/tdmrep.json    tdm-reservation (W3C TDM Reservation Protocol)
```
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

MAX_BYTES = 512_000
"""Source: RFC 9309, section 2.5: at least 500 kibibytes of a robots.txt are to be read. A longer one is not judged."""
AI_AGENTS = frozenset(
    re.findall(
        r"\S+",
        "gptbot ccbot google-extended applebot-extended anthropic-ai claudebot claude-web bytespider meta-externalagent "
        "ai2bot ai2bot-dolma cohere-ai cohere-training-data-crawler pangubot diffbot omgilibot timpibot img2dataset",
    )
)
"""Robots that fetch for training, as their makers name them."""
_FIELDS = frozenset(
    re.findall(
        r"\S+", "user-agent allow disallow sitemap crawl-delay host content-usage content-signal license clean-param"
    )
)
"""Fields of a robots.txt: a file without any is something else."""
_LINE = re.compile(r"\s*([A-Za-z-]+)\s*:\s*([^#]*)")
_EVERYTHING = re.compile(r"/|/?\*+\$?")
_PREFERENCE = re.compile(r"([a-z-]+)\s*=\s*([a-z0-9]+)", re.IGNORECASE)
_TRAINING = frozenset({"train-ai", "train-genai", "ai-train", "ai", "genai", "tdm", "bots", "all"})
_NO, _YES = frozenset({"n", "no", "0", "false"}), frozenset({"y", "yes", "1", "true"})

Word = Literal["none", "reserved", "unknown"]
Said = tuple[Word, str]
_RANK = {"none": 0, "unknown": 1, "reserved": 2}


def read(snapshot: Path) -> Said:
    """`none` where the publisher reserved nothing, `reserved` where it did, `unknown` where that cannot be told; and why."""
    found = [_robots(snapshot / "robots.txt"), _tdmrep(snapshot / "tdmrep.json")]
    return max(found, key=lambda said: _RANK[said[0]])


def _robots(path: Path) -> Said:
    text = _text(path)
    if text is None:
        return "unknown", "robots.txt is missing, too long, or cannot be read"
    fields = [(m.group(1).lower(), m.group(2).strip()) for line in text.splitlines() if (m := _LINE.match(line))]
    page = re.match(r"\s*(<|HTTP/)", text) or "<html" in text.lower()
    if page or not any(name in _FIELDS for name, _ in fields):
        return "unknown", "robots.txt is none: it holds something else, or nothing"
    return max(_lines(fields), key=lambda said: _RANK[said[0]], default=("none", "nothing is reserved"))


def _lines(fields: list[tuple[str, str]]) -> Iterator[Said]:
    """What each line says. Source: RFC 9309, section 2.2: a group is user-agents, then rules; other lines end none."""
    agents: set[str] = set()
    in_rules = False
    for name, value in fields:
        if name == "user-agent":
            agent = value.split("/")[0].strip().lower()
            agents = {agent} if in_rules else agents | {agent}
            in_rules = False
        elif name in ("content-usage", "content-signal"):
            in_rules = True
            yield _preference(name, value)
        elif name == "license" and value:
            yield "reserved", f"robots.txt names a licence of its own: {value}"
        elif name in ("allow", "disallow"):
            in_rules = True
            if name == "disallow" and value:
                yield _disallow(value, agents)


def _disallow(value: str, agents: set[str]) -> Said:
    trainers = sorted(agents & AI_AGENTS)
    if _EVERYTHING.fullmatch(value) and (trainers or "*" in agents):
        return "reserved", f"robots.txt keeps {', '.join(trainers) or 'all robots'} out"
    if trainers:
        return (
            "unknown",
            f"robots.txt keeps {', '.join(trainers)} out of `{value}`: whether that is in it cannot be told",
        )
    return "none", "nothing is reserved"


def _preference(name: str, value: str) -> Said:
    """Source: IETF AIPREF (drafts of vocab and attach), Content Signals."""
    pairs = [(key.lower(), said.lower()) for key, said in _PREFERENCE.findall(value)]
    if any(key in _TRAINING and said in _NO for key, said in pairs):
        return "reserved", f"robots.txt: {name}: {value}"
    if not pairs or any(said not in _YES | _NO for _, said in pairs):
        return "unknown", f"robots.txt: {name}: {value} cannot be read"
    return "none", "nothing is reserved"


def _tdmrep(path: Path) -> Said:
    """Source: W3C community group report TDM Reservation Protocol, section 6: an array of rules."""
    if not path.exists() and not path.is_symlink():
        return "none", "nothing is reserved"
    try:
        rules = json.loads(_text(path) or "")
    except (ValueError, RecursionError):
        rules = None
    if not isinstance(rules, list) or not all(
        isinstance(rule, dict) and rule.get("tdm-reservation") in (0, 1, "0", "1") for rule in rules
    ):
        return "unknown", "tdmrep.json cannot be read"
    held = [rule for rule in rules if rule["tdm-reservation"] in (1, "1")]
    return (
        ("reserved", f"tdmrep.json reserves {held[0].get('location', '/')}")
        if held
        else ("none", "nothing is reserved")
    )


def _text(path: Path) -> str | None:
    try:
        plain = path.is_file() and not path.is_symlink() and path.stat().st_size <= MAX_BYTES
        return path.read_bytes().decode("utf-8-sig") if plain else None
    except (OSError, UnicodeDecodeError):
        return None
