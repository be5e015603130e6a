"""What the README tells a stranger to type is there: every command, every flag, every make target."""

import re
from pathlib import Path

import click
import pytest

from daulat.cli.main import daulat

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/guides/*.md"))]
CODE = re.compile(r"`([^`\n]+)`|^\$ (daulat .*?)(?:\s{2,}.*)?$", re.MULTILINE)
LAST_LINE_KEYS = ["seconds", "peak_gb", "bytes_per_token_base", "bytes_per_token_ours", "bpb_base", "bpb_ours"]


def typed(page: Path, program: str) -> list[list[str]]:
    """The words after `program` in every piece of code on the page."""
    found = [first or second for first, second in CODE.findall(page.read_text(encoding="utf-8"))]
    return [code.split()[1:] for code in found if code.split()[0] == program and len(code.split()) > 1]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_command_and_flag_exists(page: Path) -> None:
    for words in typed(page, "daulat"):
        command: click.Command = daulat
        for word in words:
            if isinstance(command, click.Group) and not word.startswith("-"):
                inner = command.get_command(click.Context(command), word)
                assert inner is not None, f"{page.name}: daulat {' '.join(words)}: no `{word}`"
                command = inner
        known = {flag for p in command.params if isinstance(p, click.Option) for flag in (*p.opts, *p.secondary_opts)}
        known |= {flag for p in daulat.params if isinstance(p, click.Option) for flag in p.opts}
        for flag in [word.split("=")[0] for word in words if word.startswith("--")]:
            assert flag in known, f"{page.name}: daulat {' '.join(words)}: no `{flag}`"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    asked = re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)
    assert asked or page.name != "README.md"
    assert set(asked) <= targets


def test_the_readme_shows_a_measured_last_line() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    line = re.search(r"^quickstart: (.*)$", text, re.MULTILINE)
    assert line is not None
    told = dict(word.split("=") for word in line.group(1).split())
    assert list(told)[: len(LAST_LINE_KEYS)] == LAST_LINE_KEYS
    assert all(float(told[key]) > 0 for key in LAST_LINE_KEYS)
