"""What a publisher said of mining, read from a snapshot of the day of access: nothing said is not a yes.

```
snapshot/robots.txt     Content-Usage (IETF AIPREF, draft), License (RSL 1.0), rules for all robots or for AI's
snapshot/tdmrep.json    tdm-reservation (W3C TDM Reservation Protocol); or below .well-known/
snapshot/paths.txt      the paths that were fetched, one a line: rules about some paths are asked about these
```
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

ROBOTS, TDMREP, PATHS = "robots.txt", "tdmrep.json", "paths.txt"
MAX_BYTES = 512_000
"""Source: RFC 9309, section 2.5: at least 500 kibibytes of a robots.txt are to be read. A longer one is not judged."""
AI_AGENTS = frozenset(
    re.findall(
        r"\S+",
        "gptbot ccbot google-extended applebot-extended anthropic-ai claudebot claude-web bytespider meta-externalagent "
        "facebookbot amazonbot ai2bot ai2bot-dolma cohere-ai cohere-training-data-crawler pangubot diffbot omgilibot timpibot "
        "img2dataset deepseekbot webzio-extended kangaroo velenpublicwebcrawler imagesiftbot petalbot googleother "
        "google-cloudvertexbot perplexitybot xai-bot grokbot mistralai-user",
    )
)
"""Robots that fetch for training, as their makers name them."""
_LIKE_AI = re.compile(r"gpt|llm|claude|anthropic|(?:^|[-_])(?:gen)?ai(?:$|[-_0-9])|train")
"""Names that say it themselves."""
_FIELDS = frozenset(
    re.findall(
        r"\S+",
        "user-agent allow disallow sitemap crawl-delay host content-usage content-signal license clean-param request-rate "
        "visit-time noindex",
    )
)
"""Fields of a robots.txt. A line with another one says something that nobody here has read."""
_LINE = re.compile(r"[ \t]*([A-Za-z-]+)[ \t]*:(.*)")
_EVERYTHING = re.compile(r"/|/?\*+\$?")
_MEMBER = re.compile(r"(?:/\S*\s+)?([a-z-]+)\s*=\s*\"?\??([a-z0-9]+)\"?", re.IGNORECASE)
_TRAINING = frozenset(
    re.findall(
        r"\S+",
        "train-ai train-genai ai-train ai-training foundation-model-production ai genai tdm bots all automated-processing",
    )
)
_OTHER_USES = frozenset({"search", "search-index", "ai-input", "ai-use"})
_NO, _YES = frozenset({"n", "no", "0", "false"}), frozenset({"y", "yes", "1", "true"})

Word = Literal["none", "reserved", "unknown"]
Said = tuple[Word, str]
_RANK = {"none": 0, "unknown": 1, "reserved": 2}
_TDM = frozenset({"location", "tdm-reservation", "tdm-policy"})
_NOTHING: Said = ("none", "nothing is reserved")


def read(snapshot: Path) -> Said:
    """`none` where the publisher reserved nothing, `reserved` where it did, `unknown` where that cannot be told; and why."""
    found = [
        _robots(snapshot),
        *(_tdmrep(snapshot / name) for name in (TDMREP, f".well-known/{TDMREP}")),
        _names(snapshot),
    ]
    return max(found, key=lambda said: _RANK[said[0]])


def _names(snapshot: Path) -> Said:
    """A file that nobody reads here, or not under that name, would be passed over."""
    try:
        listed = [path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*") if not path.is_dir()]
    except OSError:
        return "unknown", "the snapshot cannot be read"
    wrong = sorted(set(listed) - {ROBOTS, TDMREP, PATHS, f".well-known/{TDMREP}"})
    return ("unknown", f"`{wrong[0]}` in the snapshot is no file that is read") if wrong else _NOTHING


def _robots(snapshot: Path) -> Said:
    text = _text(snapshot / ROBOTS)
    if text is None:
        return "unknown", "robots.txt is missing, too long, or cannot be read"
    if any(unicodedata.category(one) in ("Cc", "Cf") and one not in "\t\r\n" for one in text):
        return "unknown", "robots.txt holds characters that nobody sees"
    fields = []
    for number, line in enumerate(text.splitlines(), 1):
        said = line.split("#")[0].strip()
        match = _LINE.fullmatch(said)
        if said and (match is None or match.group(1).lower() not in _FIELDS):
            return "unknown", f"line {number} of robots.txt cannot be read"
        if match is not None:
            fields.append((match.group(1).lower(), match.group(2).strip()))
    if not any(name == "user-agent" for name, _ in fields):
        return "unknown", "robots.txt is none: it names no robots"
    return max([*_lines(fields), _fetched(snapshot, fields)], key=lambda one: _RANK[one[0]])


def _lines(fields: list[tuple[str, str]]) -> Iterator[Said]:
    """What each line says."""
    for agents, name, value in _said_to(fields):
        if name in ("content-usage", "content-signal"):
            yield _preference(name, value)
        elif name == "license" and value:
            yield "reserved", f"robots.txt names a licence of its own: {value}"
        elif name in ("allow", "disallow"):
            trainers = sorted(agent for agent in agents if _trains(agent))
            if not agents:
                yield "unknown", f"robots.txt: `{name}: {value}` is said to nobody"
            elif name == "disallow" and _EVERYTHING.fullmatch(value) and (trainers or "*" in agents):
                yield "reserved", f"robots.txt keeps {', '.join(trainers) or 'all robots'} out"


def _agent(value: str) -> str:
    """The product token. Source: RFC 9309, section 2.2.1."""
    token = re.match(r"\*$|[a-z0-9_-]+", value.lower())
    return token[0] if token else ""


def _trains(agent: str) -> bool:
    return agent in AI_AGENTS or _LIKE_AI.search(agent) is not None


def _fetched(snapshot: Path, fields: list[tuple[str, str]]) -> Said:
    """Rules about some paths: whether what was fetched is among them. Without a list of it nobody can tell."""
    from protego import Protego

    rules = list(_rules(fields))
    for value in (value for name, value in fields if name == "user-agent"):
        if not _agent(value) or re.search(r"[,\s]", value.split("(")[0].strip().split("/")[0]):
            return "unknown", f"robots.txt names no robot in `user-agent: {value}`"
    odd = [value for _, name, value in rules if value and (value[0] not in "/*" or re.search(r"[\s\"',]", value))]
    if odd:
        return "unknown", f"robots.txt has a rule about `{odd[0]}`, which is no path"
    asked = {agent for agent, _, _ in rules if agent == "*" or _trains(agent)}
    bound = [rule for rule in rules if rule[0] in asked and rule[1] == "disallow" and rule[2]]
    if all(_EVERYTHING.fullmatch(value) for _, _, value in bound):
        return _NOTHING
    listed = _paths(snapshot)
    if isinstance(listed, str):
        return "unknown", listed
    for agent in sorted(asked):
        own = "\n".join(f"{name}: {value}" for one, name, value in rules if one == agent)
        said = Protego.parse(f"User-agent: {agent}\n{own}\n")
        for path in listed:
            if not said.can_fetch(path, agent) or not said.can_fetch(unquote(path), agent):
                return "reserved", f"robots.txt keeps {agent} from `{path}`, which was fetched"
    return _NOTHING


def _said_to(fields: list[tuple[str, str]]) -> Iterator[tuple[set[str], str, str]]:
    """Each line but those that name robots, with the robots it is said to.

    Source: RFC 9309, section 2.2: a group is user-agents, then rules; other lines end none.
    """
    agents: set[str] = set()
    in_rules = False
    for name, value in fields:
        if name == "user-agent":
            agents = {_agent(value)} if in_rules else agents | {_agent(value)}
            in_rules = False
        else:
            in_rules = in_rules or name in ("allow", "disallow")
            yield agents, name, value


def _rules(fields: list[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Agent, `allow` or `disallow`, and path, of every rule."""
    for agents, name, value in _said_to(fields):
        if name in ("allow", "disallow"):
            yield from ((agent, name, value) for agent in sorted(agents))


def _paths(snapshot: Path) -> list[str] | str:
    """What was fetched, a path or an address a line; or why that cannot be told."""
    text = _text(snapshot / PATHS)
    if text is None:
        return f"robots.txt keeps robots from some paths, and `{PATHS}` does not say what was fetched"
    found = [line.strip() for line in text.splitlines() if line.strip()]
    plain = re.compile(r"(?:https?://[\w.:-]+)?/[^\s\"'\\#]*")
    for line in found:
        parts = re.sub(r"^https?://", "", line).split("?")[0].split("/")[1:]
        hidden = any(part in (".", "..") for part in parts) or "" in parts[:-1]
        coded = re.search(r"%(?:2f|5c|00)", line, re.IGNORECASE) or line.endswith("?")
        seen = all(unicodedata.category(one)[0] != "C" for one in line) and unicodedata.is_normalized("NFC", line)
        if not plain.fullmatch(line) or hidden or coded or not seen:
            return f"`{PATHS}` has a line that is no path: `{line[:60]}`"
    return found or f"`{PATHS}` names nothing that was fetched"


def _preference(name: str, value: str) -> Said:
    """Source: IETF AIPREF (drafts of vocab and attach), Content Signals. Every member must be one that is known."""
    members = [_MEMBER.fullmatch(member.strip()) for member in re.split(r"[,;]", value)]
    pairs = [(match.group(1).lower(), match.group(2).lower()) for match in members if match]
    if any(key in _TRAINING and said in _NO for key, said in pairs):
        return "reserved", f"robots.txt: {name}: {value}"
    known = all(key in _TRAINING | _OTHER_USES and said in _YES | _NO for key, said in pairs)
    if None in members or not known:
        return "unknown", f"robots.txt: {name}: {value} cannot be read"
    return _NOTHING


def _tdmrep(path: Path) -> Said:
    """Source: W3C community group report TDM Reservation Protocol, section 6: an array of rules."""
    try:
        if not path.exists() and not path.is_symlink():
            return _NOTHING
        rules = json.loads(_text(path) or "", object_pairs_hook=_once)
    except (OSError, ValueError, RecursionError):
        rules = None
    if not isinstance(rules, list) or not all(
        isinstance(rule, dict) and rule.get("tdm-reservation") in (0, 1, "0", "1") and set(rule) <= _TDM
        for rule in rules
    ):
        return "unknown", "tdmrep.json cannot be read"
    held = [rule for rule in rules if rule["tdm-reservation"] in (1, "1")]
    return ("reserved", f"tdmrep.json reserves {held[0].get('location', '/')}") if held else _NOTHING


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are there once, however they are written.

    Raises: ValueError for one that says two things.
    """
    found = {key.lower(): value for key, value in pairs}
    if len(found) != len(pairs) or any(key != key.lower() for key, _ in pairs):
        raise ValueError("a key twice, or in capitals")
    return found


def _text(path: Path) -> str | None:
    try:
        plain = path.is_file() and not path.is_symlink() and path.stat().st_size <= MAX_BYTES
        return path.read_bytes().decode("utf-8-sig") if plain else None
    except (OSError, UnicodeDecodeError):
        return None
