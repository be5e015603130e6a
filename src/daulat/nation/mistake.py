"""Where in a pack's file a mistake is: the line that whoever mends it has to look at."""

import re

_COMMENT = re.compile(r"//.*|#.*")


def in_policy(text: str, problem: str) -> str:
    """`, line N`: of the first word that Cedar quotes, within the policy that it names; empty where neither is found."""
    named = re.search(r"policy(\d+)", problem)
    starts = [number for number, line in enumerate(text.splitlines(), 1) if "@id(" in line]
    at = starts[int(named.group(1))] if named and int(named.group(1)) < len(starts) else 1
    quoted = [word for word in re.findall(r"`([^`]+)`", problem) if not re.fullmatch(r"policy\d+", word)]
    quoted = quoted or re.findall(r": (\w+)$", problem)
    return _first(text, quoted, at) or (f", line {at}" if named and starts else "")


def of_policy(text: str, id_: str) -> str:
    """`, line N` of the policy with that `@id`."""
    return _first(text, [f'"{id_}"'], 1)


def in_table(text: str, problem: str) -> str:
    """`, line N`: of the key that the error quotes, within the table that its path names; empty where it is not found."""
    path = re.search(r"\$\.(\w+)\[(\d+)\]", problem)
    headers = [n for n, line in enumerate(text.splitlines(), 1) if path and line.strip() == f"[[{path.group(1)}]]"]
    at = headers[int(path.group(2))] if path and int(path.group(2)) < len(headers) else 1
    keys = re.findall(r"field `([^`]+)`", problem) + re.findall(r"\$[^`]*\.(\w+)`", problem)
    return _first(text, keys, at) or (f", line {at}" if headers else "")


def _first(text: str, words: list[str], at: int) -> str:
    lines = [_COMMENT.sub("", line) for line in text.splitlines()]
    for word in words:
        for number in range(at, len(lines) + 1):
            if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", lines[number - 1]):
                return f", line {number}"
    return ""
