"""A duty ends when the act says, in the country's own days; what is not sure is told so."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from daulat.cli.main import daulat
from daulat.errors import DaulatError
from daulat.nation.clocks import clocks, due
from daulat.nation.profile import PACKS, nation, nations

COUNTRIES = sorted(nations())


def when(country: str, event: str, begun: datetime, **more: bool) -> dict[str, datetime]:
    return {one.clock.id: one.at for one in due(country, event, begun, **more)}  # type: ignore[arg-type]


def test_hours_run_from_the_moment_whatever_the_clock_of_who_asks_shows() -> None:
    jakarta = datetime(2026, 11, 24, 10, tzinfo=ZoneInfo("Asia/Jakarta"))
    expected = jakarta + timedelta(hours=72)
    for begun in (jakarta, jakarta.astimezone(UTC), datetime(2026, 11, 24, 10)):  # noqa: DTZ001  the country's own time
        assert when("id", "withdrawal", begun)["id-pdp-40"] == expected


def test_working_days_leave_out_weekends_and_holidays() -> None:
    # 2026-08-28 is a Friday; 31 August is National Heroes Day in the Philippines.
    begun = datetime(2026, 8, 28, 9, tzinfo=ZoneInfo("Asia/Manila"))
    thirty = when("ph", "erasure", begun)["ph-npc-2021-01"]
    assert thirty.date().isoformat() == "2026-10-12", "30 working days, the 31st of August not among them"
    # Vietnam's Lunar New Year of 2026 is from Monday the 16th to Friday the 20th of February.
    begun = datetime(2026, 2, 13, 16, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
    assert when("vn", "withdrawal", begun)["vn-356-reply"].date().isoformat() == "2026-02-24"


def test_vietnams_term_grows_with_a_processor_and_by_one_extension() -> None:
    begun = datetime(2026, 11, 24, 9, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
    days = [
        (when("vn", "withdrawal", begun, processor=p, extended=e)["vn-356-stop"].date() - begun.date()).days
        for p, e in ((False, False), (True, False), (False, True), (True, True))
    ]
    assert days == [15, 20, 30, 35]


def test_what_is_not_sure_is_told_and_what_no_act_names_is_a_sentence() -> None:
    (guess,) = due("sg", "withdrawal", datetime(2026, 11, 24, tzinfo=UTC))
    assert not guess.confirmed
    with pytest.raises(DaulatError, match="`my` knows no term for withdrawal"):
        due("my", "withdrawal", datetime(2026, 11, 24, tzinfo=UTC))


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_country_knows_by_when_a_breach_is_told(country: str) -> None:
    begun = datetime(2026, 11, 24, 12, tzinfo=ZoneInfo(nation(country).time_zone))
    first = due(country, "breach", begun)[0]
    assert timedelta(hours=71) < first.at - begun <= timedelta(days=4)
    assert first.confirmed
    assert len({clock.id for clock in clocks(country)}) == len(clocks(country))


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)), st.sampled_from(COUNTRIES))  # noqa: DTZ001
def test_no_duty_ends_before_it_begins_and_later_events_never_end_earlier(begun: datetime, country: str) -> None:
    for event in {clock.event for clock in clocks(country)}:
        one = when(country, event, begun)
        two = when(country, event, begun + timedelta(hours=5))
        zone = ZoneInfo(nation(country).time_zone)
        for name, end in one.items():
            assert end > begun.replace(tzinfo=zone)
            assert two[name] >= end


def test_the_command_line_says_it_with_the_act() -> None:
    words = ["law", "clock", "breach", "--nation", "my", "--from", "2026-11-24T10:00"]
    shown = CliRunner().invoke(daulat, words)
    assert shown.exit_code == 0, shown.output
    assert "2026-11-27 10:00" in shown.output
    assert "2026-12-01 23:59" in shown.output
    assert "s. 12B" in shown.output


def test_a_mistake_in_a_pack_is_named_with_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "id" / "law"
    folder.mkdir(parents=True)
    (tmp_path / "id" / "nation.toml").write_text((PACKS / "id" / "nation.toml").read_text())
    text = (PACKS / "id" / "law" / "clocks.toml").read_text()
    (folder / "clocks.toml").write_text(text.replace('unit = "hours"', 'unit = "moons"'))
    with pytest.raises(DaulatError, match=r"id/law/clocks\.toml"):
        clocks("id", tmp_path)


def test_a_working_saturday_is_a_working_day() -> None:
    # 2026-08-22 makes up for Monday the 31st of August, in Vietnam.
    begun = datetime(2026, 8, 20, 9, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
    assert when("vn", "withdrawal", begun)["vn-356-reply"].date().isoformat() == "2026-08-22"


def test_a_year_that_cannot_be_meant_is_a_sentence() -> None:
    with pytest.raises(DaulatError, match="is no day on which"):
        due("th", "breach", datetime(9999, 12, 30, tzinfo=UTC))


def test_days_that_a_decree_closes_or_opens_stand_in_the_pack(tmp_path: Path) -> None:
    shutil.copytree(PACKS, tmp_path / "packs")
    file = tmp_path / "packs" / "ph" / "nation.toml"
    begun = datetime(2026, 8, 28, 9, tzinfo=ZoneInfo("Asia/Manila"))

    def end() -> str:
        (one,) = (d for d in due("ph", "erasure", begun, packs=tmp_path / "packs") if d.clock.unit == "working-days")
        return one.at.date().isoformat()

    assert end() == "2026-10-12"
    plain = file.read_text()
    file.write_text(plain + "\n[calendar]\nclosed = [2026-09-01, 2026-09-02]\n")
    assert end() == "2026-10-14"
    file.write_text(plain + "\n[calendar]\nclosed = [2026-09-01]\nopen = [2026-08-29, 2026-08-30]\n")
    assert end() == "2026-10-09"
