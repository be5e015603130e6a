"""The law is asked with what is on record, and what is not on record is held."""

from datetime import date
from itertools import product
from pathlib import Path

import msgspec
import pytest

from daulat.errors import DaulatError, NotAllowed
from daulat.nation.law import LawPack, require
from daulat.nation.profile import PACKS, nation, nations, samples
from daulat.nation.question import Question, source_facts
from daulat.records import Place, Source

TODAY = date(2026, 11, 23)
JAKARTA = Place(name="jakarta-1", jurisdiction="id", operator="lab")
ABROAD = Place(name="elsewhere", jurisdiction="us", operator="lab")
OPEN = Source(
    name="handbook",
    kind="debian",
    location="debian-handbook",
    language="id",
    owner="its authors",
    licence="GPL-2.0-or-later",
    basis="open-licence",
    country="international",
    personal_data="none",
)
COUNTRIES = sorted(nations())


@pytest.fixture(scope="module", params=COUNTRIES)
def law(request: pytest.FixtureRequest) -> LawPack:
    return LawPack(request.param, TODAY)


def home(law: LawPack) -> Place:
    return msgspec.structs.replace(JAKARTA, jurisdiction=law.country)


def about(source: Source, place: Place, action: str = "curate", **more: object) -> Question:
    question = {"sector": "private", "redaction": True, **more}
    return Question(action=action, kind="Source", name=source.name, facts=source_facts(source), place=place, **question)  # type: ignore[arg-type]


def test_open_text_with_everything_recorded_is_allowed(law: LawPack) -> None:
    assert law.decide(about(OPEN, home(law))).outcome == "allow"


@pytest.mark.parametrize("missing", ["licence", "basis", "country", "owner", "personal_data"])
def test_what_nobody_recorded_is_never_a_yes(law: LawPack, missing: str) -> None:
    decision = law.decide(about(msgspec.structs.replace(OPEN, **{missing: None}), home(law)))
    assert decision.outcome == "hold"
    assert missing in decision.remedy or missing in ("country", "owner")
    assert decision.cites


def test_a_place_without_a_country_is_held(law: LawPack) -> None:
    nowhere = msgspec.structs.replace(JAKARTA, jurisdiction="unknown")
    assert law.decide(about(OPEN, nowhere)).outcome == "hold"


def test_personal_data_without_a_lawful_basis_is_refused_and_the_article_cited() -> None:
    decision = LawPack("id", TODAY).decide(about(msgspec.structs.replace(OPEN, personal_data="present"), JAKARTA))
    assert decision.outcome == "refuse"
    assert any("UU 27/2022" in cite and "art. 20(2)" in cite for cite in decision.cites)
    with pytest.raises(NotAllowed, match=r"art\. 20\(2\)"):
        require(decision)


def test_personal_data_without_redaction_is_refused(law: LawPack) -> None:
    source = msgspec.structs.replace(OPEN, personal_data="incidental")
    assert law.decide(about(source, home(law), redaction=False)).outcome == "refuse"
    assert law.decide(about(source, home(law), redaction=True)).outcome == "allow"


def test_an_indonesian_public_operator_stays_in_indonesia() -> None:
    law = LawPack("id", TODAY)
    decision = law.decide(about(OPEN, ABROAD, sector="public"))
    assert (decision.outcome, decision.rules) == ("refuse", ("id-gr71-20",))
    assert law.decide(about(OPEN, ABROAD, sector="private")).outcome == "allow"


def test_a_rule_not_yet_in_force_warns_and_binds_from_its_day() -> None:
    facts = {"state": "approved", "gate_passed": True, "records_match": True, "withdrawn": False, "findings": []}
    hanoi = Place(name="hanoi", jurisdiction="vn", operator="ministry")
    question = Question("deploy", "Release", "rel", facts, hanoi, "public")
    before = LawPack("vn", TODAY).decide(question)
    assert before.outcome == "allow"
    assert any("in force from 2027-03-01" in warning for warning in before.warnings)
    assert LawPack("vn", date(2027, 3, 1)).decide(question).outcome == "hold"
    reported = Question("deploy", "Release", "rel", {**facts, "findings": ["impact-assessment"]}, hanoi, "public")
    assert LawPack("vn", date(2027, 3, 1)).decide(reported).outcome == "allow"


def test_a_draft_act_never_refuses() -> None:
    facts = {"state": "approved", "gate_passed": True, "records_match": True, "withdrawn": False, "findings": []}
    bangkok = Place(name="bangkok", jurisdiction="th", operator="lab")
    decision = LawPack("th", TODAY).decide(Question("deploy", "Release", "rel", facts, bangkok, "private"))
    assert decision.outcome == "allow"
    assert any("draft" in warning for warning in decision.warnings)


def test_missing_facts_are_held_not_allowed(law: LawPack) -> None:
    decision = law.decide(Question("deploy", "Release", "rel", {"state": "approved"}, home(law), "private"))
    assert decision.outcome == "hold"


def test_every_cell_of_the_source_grid_is_decided_by_a_named_rule(law: LawPack) -> None:
    cells = 0
    for licence, basis, personal, jurisdiction, sector, redaction in product(
        ("MPL-2.0", None),
        ("open-licence", "consent", "public-task", None),
        ("none", "incidental", "present", "sensitive", None),
        (law.country, "us", "unknown"),
        ("public", "private", "unknown"),
        (True, False),
    ):
        source = msgspec.structs.replace(OPEN, licence=licence, basis=basis, personal_data=personal)
        place = msgspec.structs.replace(JAKARTA, jurisdiction=jurisdiction)
        decision = law.decide(about(source, place, "train", sector=sector, redaction=redaction))
        assert decision.rules, "a default deny cites nothing"
        unknown = None in (licence, basis, personal) or jurisdiction == "unknown"
        assert not (unknown and decision.outcome == "allow")
        cells += 1
    assert cells == 2 * 4 * 5 * 3 * 3 * 2


def broken_pack(tmp_path: Path, policy: str, rules: str) -> Path:
    folder = tmp_path / "xx" / "law"
    folder.mkdir(parents=True)
    (folder / "law.cedar").write_text(policy)
    (folder / "rules.toml").write_text('verified_on = "2026-11-23"\n' + rules)
    return tmp_path


def test_a_forbid_that_errs_holds_although_cedar_would_skip_it(tmp_path: Path) -> None:
    head = '@id("xx-1") @outcome("refuse")\nforbid (principal, action, resource is Source)\n'
    policy = head + 'when { resource.licence != "" && 9223372036854775807 + 1 > 0 };'
    rules = '[[rule]]\nid = "xx-1"\nact = "A"\nprovision = "1"\nrule = "r"\nremedy = "m"\n'
    law = LawPack("xx", TODAY, broken_pack(tmp_path, policy, rules))
    assert law.decide(about(OPEN, JAKARTA)).outcome == "hold"


@pytest.mark.parametrize(
    ("policy", "rules", "named"),
    [
        ('@id("xx-1") @outcome("refuse") forbid (principal, action, resource is Sauce);', "rule = []", "law.cedar"),
        ('@id("xx-1") forbid (principal, action, resource is Source);', "rule = []", "@outcome"),
        ('@id("xx-1") @outcome("hold") forbid (principal, action, resource is Source);', "rule = []", "xx-1"),
        ("forbid (principal, action", "rule = []", "law.cedar"),
        ("", '[[rule]]\nid = "a"\nprovison = "1"\nrule = "r"\nremedy = ""', "rules.toml"),
    ],
)
def test_a_mistake_in_a_pack_is_named(tmp_path: Path, policy: str, rules: str, named: str) -> None:
    with pytest.raises(DaulatError) as caught:
        LawPack("xx", TODAY, broken_pack(tmp_path, policy, rules))
    assert named in caught.value.problem


def test_a_changed_rule_is_another_law(tmp_path: Path) -> None:
    one = LawPack("id", TODAY)
    assert one.digest == LawPack("id", TODAY).digest
    assert one.digest != LawPack("th", TODAY).digest


def test_an_unknown_nation_is_named_with_the_nearest() -> None:
    with pytest.raises(DaulatError) as caught:
        nation("thailnd")
    assert "thailnd" in caught.value.problem
    assert "thailand" in caught.value.hint


def test_the_language_code_finds_vietnam() -> None:
    assert nation("vi").code == "vn"


@pytest.mark.parametrize("code", COUNTRIES)
def test_every_sample_source_is_allowed_by_its_own_country(code: str) -> None:
    law = LawPack(code, TODAY)
    found = samples(code)
    assert any(source.role == "nation" and not source.optional for source in found)
    assert any(source.role == "replay" for source in found)
    for source in found:
        for action in ("fetch", "curate", "train", "measure"):
            assert law.decide(about(source, home(law), action)).outcome == "allow", source.name


def test_a_new_nation_is_a_folder_and_no_code(tmp_path: Path) -> None:
    import shutil

    shutil.copytree(PACKS / "th", tmp_path / "la")
    text = (tmp_path / "la" / "nation.toml").read_text()
    (tmp_path / "la" / "nation.toml").write_text(
        text.replace('code = "th"\nname = "Thailand"', 'code = "la"\nname = "Laos"')
    )
    assert nation("la", tmp_path).name == "Laos"
    assert LawPack("la", TODAY, tmp_path).decide(about(OPEN, JAKARTA)).outcome == "allow"
