"""What can be typed or set is documented, and what is documented is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from daulat.cli.main import COMMANDS
from daulat.config import field_docs, keys

ROOT = Path(__file__).parent.parent


def test_the_reference_is_what_the_code_says_and_the_benchmarks_page_what_was_measured() -> None:
    found = subprocess.run([sys.executable, "docs/generate.py", "--check"], cwd=ROOT, check=False)
    assert found.returncode == 0, "run `make docs`"


def test_every_setting_says_what_it_means() -> None:
    plain = {"name", "kind", "language", "code", "licence", "owner", "country", "operator", "provider"}
    for section, pairs in keys().items():
        docs = field_docs(section)
        for key, _ in pairs:
            assert key in docs or key in plain or section in ("place", "source"), (
                f"[{section}] {key} has no words under it"
            )


def test_every_command_of_the_readme_exists() -> None:
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]:
        for name in re.findall(r"`daulat ([a-z]+)", page.read_text(encoding="utf-8")):
            assert name in COMMANDS, f"{page.name}: `daulat {name}`"


PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} -> {target}"


def test_the_words_of_the_glossary_are_in_order() -> None:
    words = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.M)[2:]
    assert words == sorted(words, key=str.lower)
