"""Every country's strategy is there, goal by goal, and says where each is written."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from daulat.cli.main import daulat
from daulat.errors import DaulatError
from daulat.nation.profile import PACKS, nations
from daulat.nation.strategy import strategy

PUBLISHED = {
    "Thailand": ("National AI Strategy (2022-2027)", "600,000 citizens", "by 2027"),
    "Singapore": ("NAIS 2.0 (2019, updated 2023)", "triple AI workforce", "2023-2028"),
    "Vietnam": ("National AI Strategy (2021-2030)", "top-4 ASEAN", "by 2030"),
    "Indonesia": ("National AI Strategy (2020-2045)", "education, technology, civilisation", "by 2045"),
    "Malaysia": ("AI Roadmap (2021-2025)", "National AI Office 2024", "by 2025"),
    "Philippines": ("NAISR 2.0 (2024)", "regional AI research hub", "-"),
}
"""Strategy, goals and timeline of each country, as published summaries put them."""


def test_the_table_of_strategies_is_what_was_published() -> None:
    shown = CliRunner().invoke(daulat, ["nation", "show", "--strategies"]).output
    lines = {line.split("  ")[1].strip(): line for line in shown.splitlines()[2:]}
    assert set(PUBLISHED) <= set(lines)
    for country, cells in PUBLISHED.items():
        for cell in cells:
            assert cell in lines[country]


@pytest.mark.parametrize("code", sorted(nations()))
def test_every_goal_says_what_is_counted_and_where_it_is_written(code: str) -> None:
    goals = strategy(code).goal
    assert len({goal.id for goal in goals}) == len(goals) > 0
    for goal in goals:
        assert goal.id.startswith(f"{code}-")
        assert goal.indicator
        assert goal.source
    shown = CliRunner().invoke(daulat, ["nation", "show", code])
    assert shown.exit_code == 0
    assert all(goal.id in shown.output for goal in goals)


def test_a_target_that_is_no_number_is_named_with_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "id"
    folder.mkdir()
    (folder / "nation.toml").write_text((PACKS / "id" / "nation.toml").read_text())
    text = (PACKS / "sg" / "strategy.toml").read_text().replace('"15000"', '"many"')
    (folder / "strategy.toml").write_text(text)
    with pytest.raises(DaulatError, match=r"id/strategy\.toml"):
        strategy("id", tmp_path)
