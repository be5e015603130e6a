"""Each gate of the law opens for what it names and for nothing else, in every country that has it."""

import shutil
from datetime import date
from pathlib import Path

import msgspec
import pytest

from daulat.errors import DaulatError
from daulat.nation.grid import enumerate_pack
from daulat.nation.law import LawPack
from daulat.nation.licence import commercial_use
from daulat.nation.profile import PACKS, nations
from daulat.nation.question import Facts, Question, source_facts
from daulat.records import Decision, Place, Source

TODAY = date(2026, 11, 24)
COUNTRIES = sorted(nations())
OPEN = Source(
    name="text", kind="folder", location="text", language="id", owner="its authors", licence="CC-BY-4.0",
    basis="open-licence", country="international", personal_data="none",
)  # fmt: skip
PEOPLE = msgspec.structs.replace(
    OPEN, basis="consent", consent="given", personal_data="present", retain_until=date(2027, 1, 1), subjects=500,
    sensitive_subjects=0,
)  # fmt: skip
MINED = msgspec.structs.replace(OPEN, licence=None, basis="text-and-data-mining", access="lawful")
OFFICER = ("data-protection-officer",)


def decided(country: str, source: Source, action: str = "train", **more: object) -> Decision:
    place = Place(name="here", jurisdiction=str(more.pop("jurisdiction", country)), operator="lab")
    known = {key: more.pop(key) for key in ("opt_out", "findings") if key in more}
    facts = source_facts(source, TODAY, **known)  # type: ignore[arg-type]
    asked = {"sector": "private", "redaction": True, **more}
    return LawPack(country, TODAY).decide(Question(action, "Source", source.name, facts, place, **asked))  # type: ignore[arg-type]


@pytest.mark.parametrize("country", COUNTRIES)
def test_the_whole_grid_of_a_pack_is_decided_by_named_rules_and_no_rule_is_dead(country: str) -> None:
    grid = enumerate_pack(LawPack(country, TODAY))
    assert (grid.undecided, grid.wrong, grid.dead) == ([], [], [])
    assert grid.cells > 7_200
    assert min(grid.outcomes.values()) > 0
    assert set(grid.outcomes) == {"allow", "hold", "refuse"}


@pytest.mark.parametrize("country", COUNTRIES)
def test_people_who_consented_are_in_with_an_end_and_an_officer(country: str) -> None:
    assert decided(country, PEOPLE, findings=OFFICER).outcome == "allow"


@pytest.mark.parametrize(
    ("country", "rule"), [("id", "id-pdp-53"), ("sg", "sg-pdpa-11"), ("ph", "ph-npc-dpo"), ("vn", "vn-pdpl-dpo")]
)
def test_without_an_officer_named_people_are_held(country: str, rule: str) -> None:
    decision = decided(country, PEOPLE)
    assert (decision.outcome, decision.rules) == ("hold", (rule,))
    assert "daulat law finding data-protection-officer" in decision.remedy


@pytest.mark.parametrize(("subjects", "sensitive", "outcome"), [
    (20_000, 10_000, "allow"), (20_001, 0, "hold"), (500, 10_001, "hold"), (None, None, "hold"),
])  # fmt: skip
def test_malaysias_officer_is_asked_for_above_its_thresholds(
    subjects: int | None, sensitive: int | None, outcome: str
) -> None:
    source = msgspec.structs.replace(PEOPLE, subjects=subjects, sensitive_subjects=sensitive)
    assert decided("my", source).outcome == outcome


@pytest.mark.parametrize("country", COUNTRIES)
def test_text_whose_time_has_passed_builds_nothing_new(country: str) -> None:
    over = msgspec.structs.replace(OPEN, retain_until=date(2026, 11, 23))
    decision = decided(country, over)
    assert (decision.outcome, decision.rules) == ("refuse", ("house-retention",))
    assert decided(country, msgspec.structs.replace(OPEN, retain_until=TODAY)).outcome == "allow"


@pytest.mark.parametrize("country", ["id", "sg"])
def test_people_without_an_end_are_held_where_the_law_surely_says_so(country: str) -> None:
    forever = msgspec.structs.replace(PEOPLE, retain_until=None)
    assert decided(country, forever, findings=OFFICER).outcome == "hold"


@pytest.mark.parametrize("country", ["my", "ph", "th"])
def test_where_that_is_not_sure_it_is_told_and_not_enforced(country: str) -> None:
    decision = decided(country, msgspec.structs.replace(PEOPLE, retain_until=None), findings=OFFICER)
    assert decision.outcome == "allow"
    assert any("confidence M" in warning for warning in decision.warnings)


@pytest.mark.parametrize("country", COUNTRIES)
def test_text_given_for_one_purpose_is_not_used_for_another(country: str) -> None:
    given = msgspec.structs.replace(OPEN, purposes=("research", "education"))
    assert decided(country, given, purpose="research").outcome == "allow"
    for purpose in ("commercial", "unknown"):
        assert decided(country, given, purpose=purpose).rules == ("house-purpose",)


@pytest.mark.parametrize("country", COUNTRIES)
def test_people_leave_the_country_only_with_a_signed_finding(country: str) -> None:
    assert decided(country, PEOPLE, jurisdiction="us", findings=OFFICER).outcome == "hold" or country == "vn"
    assert decided(country, PEOPLE, jurisdiction="us", findings=(*OFFICER, "transfer")).outcome == "allow"


@pytest.mark.parametrize(("subjects", "outcome"), [(999_999, "allow"), (1_000_000, "refuse"), (None, "hold")])
def test_vietnams_core_data_stays_whatever_anybody_finds(subjects: int | None, outcome: str) -> None:
    source = msgspec.structs.replace(PEOPLE, subjects=subjects)
    assert decided("vn", source, jurisdiction="sg", findings=(*OFFICER, "transfer")).outcome == outcome
    assert decided("vn", source, findings=OFFICER).outcome == "allow"


@pytest.mark.parametrize("country", ["id", "ph", "sg", "th"])
def test_a_legitimate_interest_is_weighed_by_a_person_who_signs(country: str) -> None:
    source = msgspec.structs.replace(PEOPLE, basis="legitimate-interest")
    assert "house-balance" in decided(country, source, findings=OFFICER).rules
    assert decided(country, source, findings=(*OFFICER, "balance")).outcome == "allow"


@pytest.mark.parametrize("country", ["sg", "my"])
def test_an_act_that_does_not_bind_the_government_does_not(country: str) -> None:
    bare = msgspec.structs.replace(PEOPLE, basis="open-licence", retain_until=None, subjects=None)
    assert decided(country, bare, sector="private").outcome == "refuse"
    assert decided(country, bare, sector="unknown").outcome == "refuse", "unknown is not public"
    assert decided(country, bare, sector="public").outcome == "allow"


def test_mining_is_a_basis_where_the_law_grants_it_and_its_article_is_cited() -> None:
    for country in COUNTRIES:
        decision = decided(country, MINED, opt_out="none", findings=("no-unreasonable-harm",))
        assert decision.outcome == ("allow" if country in ("sg", "vn") else "refuse"), country
    assert "ss. 243-244" in "; ".join(decided("sg", MINED, opt_out="none").cites)
    assert decided("vn", MINED, opt_out="none").rules == ("vn-ip-7",), "whether it harms is not mechanical"
    before = LawPack("vn", date(2026, 3, 31))
    asked = Question("train", "Source", "x", source_facts(MINED, TODAY, "none", ["no-unreasonable-harm"]),
                     Place(name="h", jurisdiction="vn", operator="o"), "private", True)  # fmt: skip
    assert before.decide(asked).outcome == "refuse", "the exception is in force from 2026-04-01"


@pytest.mark.parametrize(("opt_out", "access", "outcome"), [
    ("none", "lawful", "allow"), ("reserved", "lawful", "refuse"), ("unknown", "lawful", "hold"), ("none", None, "hold"),
])  # fmt: skip
def test_mining_needs_lawful_access_and_a_publisher_who_reserved_nothing(
    opt_out: str, access: str | None, outcome: str
) -> None:
    source = msgspec.structs.replace(MINED, access=access)
    assert decided("sg", source, opt_out=opt_out).outcome == outcome


def test_a_pack_may_not_permit(tmp_path: Path) -> None:
    folder = tmp_path / "xx" / "law"
    folder.mkdir(parents=True)
    (folder / "law.cedar").write_text('@id("xx-1") permit (principal, action, resource);')
    (folder / "rules.toml").write_text(
        'verified_on = "2026-11-23"\n[[rule]]\nid = "xx-1"\nact = "A"\nprovision = "1"\nrule = "r"\nremedy = ""\n'
    )
    with pytest.raises(DaulatError, match="permits: `house-permit, xx-1`"):
        LawPack("xx", TODAY, tmp_path)


def test_a_rule_that_only_warns_and_errs_is_told_and_holds_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "xx" / "law"
    folder.mkdir(parents=True)
    (folder / "law.cedar").write_text(
        '@id("xx-1") @outcome("refuse")\nforbid (principal, action, resource is Source)\n'
        'when { resource.licence != "" && 9223372036854775807 + 1 > 0 };'
    )
    (folder / "rules.toml").write_text(
        'verified_on = "2026-11-23"\n[[rule]]\nid = "xx-1"\nact = "A"\nprovision = "1"\nstatus = "draft"\n'
        'rule = "r"\nremedy = ""\n'
    )
    place = Place(name="h", jurisdiction="id", operator="o")
    decision = LawPack("xx", TODAY, tmp_path).decide(
        Question("train", "Source", "x", source_facts(OPEN, TODAY), place, "private", True)
    )
    assert decision.outcome == "allow"
    assert decision.warnings == ("a rule that only warns could not be read",)


def test_the_same_facts_are_answered_once_and_the_name_does_not_matter() -> None:
    law = LawPack("id", TODAY)
    place = Place(name="h", jurisdiction="id", operator="o")
    asked = [Question("train", "Source", name, source_facts(OPEN, TODAY), place, "private", True) for name in "ab"]
    one, two = map(law.decide, asked)
    assert (one.subject, two.subject) == ("source a", "source b")
    assert msgspec.structs.replace(one, subject="") == msgspec.structs.replace(two, subject="")
    assert len(law._known) == 1


def test_a_changed_fact_is_another_question() -> None:
    law = LawPack("id", TODAY)
    place = Place(name="h", jurisdiction="id", operator="o")

    def ask(**changed: object) -> str:
        facts = source_facts(msgspec.structs.replace(OPEN, **changed), TODAY)
        return law.decide(Question("train", "Source", "x", facts, place, "private", True)).outcome

    assert [ask(), ask(basis=None), ask(), ask(retain_until=date(2020, 1, 1))] == ["allow", "hold", "allow", "refuse"]


def test_every_pack_has_words_for_each_policy_and_cites_an_act() -> None:
    for country in COUNTRIES:
        law = LawPack(country, TODAY)
        for rule in law.rules.values():
            assert rule.rule
            assert rule.provision
            assert rule.source or rule.id.startswith("house-")
        assert (PACKS / country / "law" / "rules.toml").read_text().startswith("# Facts for software, not legal advice")


def test_a_countrys_rule_without_an_act_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "xx" / "law"
    folder.mkdir(parents=True)
    (folder / "law.cedar").write_text('@id("xx-1") @outcome("hold") forbid (principal, action, resource is Source);')
    (folder / "rules.toml").write_text(
        'verified_on = "2026-11-23"\n[[rule]]\nid = "xx-1"\nprovision = "1"\nrule = "r"\nremedy = ""\n'
    )
    with pytest.raises(DaulatError, match=r"`xx/law/rules\.toml`, line 3: `xx-1` cites no act"):
        LawPack("xx", TODAY, tmp_path)


@pytest.mark.parametrize("country", ["my", "vn"])
def test_an_impact_assessment_is_told_until_it_is_found(country: str) -> None:
    told = decided(country, PEOPLE, findings=OFFICER).warnings
    assert any("impact" in warning for warning in told)
    found = decided(country, PEOPLE, findings=(*OFFICER, "impact-assessment")).warnings
    assert not any("impact" in warning for warning in found)


_POLICY = (
    '// a\n// `licens` here is only a comment\n@id("xx-1") @outcome("hold")\n'
    "forbid (principal, action, resource is Source)\n"
)


@pytest.mark.parametrize(
    ("policy", "rules", "named"),
    [
        (_POLICY + 'when { resource.licens == "x" };', "rule = []", "`law.cedar`, line 5"),
        (_POLICY.replace("Source)", "Source") + "when { true };", "rule = []", "`law.cedar`, line 5"),
        (_POLICY.replace("Source", "Sauce") + ";", "rule = []", "`law.cedar`, line 4"),
        ('\n\n@id("xx-1")\nforbid (principal, action, resource);', "rule = []", "`law.cedar`, line 3"),
        ("", '\n[[rule]]\nid = "a"\nprovison = "1"', "`xx/law/rules.toml`, line 5"),
        ("", '[[rule]]\nid = "a"\nprovision = "1"\nrule = "r"\nremedy = ""\nstatus = "maybe"', "rules.toml`, line 7"),
        ("", '[[rule]\nid = "a"', "line 2"),
    ],
)
def test_a_mistake_in_a_pack_is_named_with_file_and_line(tmp_path: Path, policy: str, rules: str, named: str) -> None:
    folder = tmp_path / "xx" / "law"
    folder.mkdir(parents=True)
    (folder / "law.cedar").write_text(policy)
    (folder / "rules.toml").write_text('verified_on = "2026-11-23"\n' + rules)
    with pytest.raises(DaulatError) as told:
        LawPack("xx", TODAY, tmp_path)
    assert named in told.value.problem


def test_a_sector_that_nobody_recorded_is_not_a_private_one() -> None:
    for sector, outcome in (("private", "allow"), ("public", "refuse"), ("unknown", "refuse")):
        assert decided("id", OPEN, jurisdiction="us", sector=sector).outcome == outcome


@pytest.mark.parametrize("change", [{"owner": " "}, {"licence": "LicenseRef-unknown"}, {"licence": "LicenseRef-NONE"}])
def test_a_word_for_nothing_is_nothing(change: dict[str, str]) -> None:
    assert decided("id", msgspec.structs.replace(OPEN, **change)).outcome == "hold"


@pytest.mark.parametrize(("country", "rule"), [("id", "id-pdp-4"), ("my", "my-pdpa-4"), ("th", "th-pdpa-26")])
def test_sensitive_data_asks_for_explicit_consent(country: str, rule: str) -> None:
    sensitive = msgspec.structs.replace(PEOPLE, personal_data="sensitive")
    assert decided(country, sensitive, findings=OFFICER).rules == (rule,)
    explicit = msgspec.structs.replace(sensitive, consent="explicit")
    assert decided(country, explicit, findings=OFFICER).outcome == "allow"


@pytest.mark.parametrize(
    ("licence", "use"),
    [
        ("CC-BY-NC-4.0", "excluded"), ("CC-BY-NC-SA-3.0", "excluded"), ("CC-BY-4.0", "allowed"), ("MIT", "allowed"),
        ("CC-BY-NC-4.0 OR CC-BY-4.0", "allowed"), ("CC-BY-NC-4.0 AND CC-BY-4.0", "excluded"),
        ("(CC-BY-NC-4.0 OR MIT) AND Apache-2.0", "allowed"), ("CC-BY-NC-4.0 OR CC-BY-NC-ND-4.0", "excluded"),
        ("MIT OR Apache-2.0 AND CC-BY-NC-4.0", "allowed"), ("PolyForm-Noncommercial-1.0.0", "excluded"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "allowed"), ("LicenseRef-Ministry-NC", "excluded"),
        ("LicenseRef-NCSC-terms", "unknown"), ("MIT OR LicenseRef-Own", "allowed"), ("NCGL-UK-2.0", "excluded"),
        ("NCGL-UK-2.0 OR CC-BY-NC-4.0", "excluded"), ("LicenseRef-CC.BY.NC", "excluded"), ("LicenseRef-NC4.0", "excluded"),
        ("LicenseRef-NoCommercialUse", "excluded"), ("LicenseRef-not-for-commercial-use", "excluded"),
        ("LicenseRef-research-only", "excluded"), ("free", "unknown"), (None, "unknown"),
    ],
)  # fmt: skip
def test_commercial_use_is_read_off_the_whole_expression(licence: str | None, use: str) -> None:
    assert commercial_use(licence) == use


@pytest.mark.parametrize(("purpose", "outcome"), [("commercial", "refuse"), ("unknown", "hold"), ("research", "allow")])
def test_what_is_not_for_commerce_is_refused_to_it_as_text_and_as_a_base(purpose: str, outcome: str) -> None:
    text = msgspec.structs.replace(OPEN, licence="CC-BY-NC-4.0")
    assert decided("ph", text, purpose=purpose).outcome == outcome
    facts: Facts = {"licence": "CC-BY-NC-4.0", "commercial_use": "excluded", "terms_accepted": True}
    place = Place(name="here", jurisdiction="ph", operator="lab")
    base = Question("adopt", "Base", "aya", facts, place, "private", purpose=purpose)
    assert LawPack("ph", TODAY).decide(base).outcome == outcome


def laos(tmp_path: Path) -> Path:
    """A copy of all packs, and Laos as a copy of Thailand's."""
    packs = tmp_path / "packs"
    shutil.copytree(PACKS, packs)
    shutil.copytree(packs / "th", packs / "la")
    for path in (packs / "la").rglob("*.*"):
        path.write_text(path.read_text().replace('code = "th"', 'code = "la"').replace("th-", "la-"))
    return packs


def test_a_folder_that_is_no_pack_is_none_and_a_pack_is_called_as_its_folder(tmp_path: Path) -> None:
    packs = laos(tmp_path)
    (packs / "__pycache__").mkdir()
    (packs / ".idea").mkdir()
    assert "la" in nations(packs)
    file = packs / "la" / "nation.toml"
    text = file.read_text()
    for wrong, words in (
        (text.replace('code = "la"', 'code = "lx"'), "is not the folder's name"),
        (text + 'aliases = ["id"]\n', "is what the pack `id` is called"),
        (text.replace("Asia/Bangkok", "Asia/Nowhere"), "there is no time zone"),
        (text.replace("Asia/Bangkok", "../../etc/passwd"), "there is no time zone"),
        (text + "[calendar]\nopen = [2026-12-05]\nclosed = [2026-12-05]\n", "is both `closed` and `open`"),
    ):
        file.write_text(wrong)
        with pytest.raises(DaulatError, match=words):
            nations(packs)


@pytest.mark.parametrize("id_", ["house-retention", "la-pdpa-24"])
def test_no_pack_says_anew_what_a_rule_of_the_house_or_its_own_says(tmp_path: Path, id_: str) -> None:
    packs = laos(tmp_path)
    rules = packs / "la" / "law" / "rules.toml"
    more = (
        f'\n[[rule]]\nid = "{id_}"\nact = "An Act"\nprovision = "s. 1"\nstatus = "draft"\nrule = "none"\nremedy = ""\n'
    )
    rules.write_text(rules.read_text() + more)
    with pytest.raises(DaulatError, match=rf"`la/law/rules.toml`, line \d+: `{id_}` is the id of another rule"):
        LawPack("la", TODAY, packs)


def test_a_policy_that_would_end_the_process_is_a_sentence(tmp_path: Path) -> None:
    packs = laos(tmp_path)
    file = packs / "la" / "law" / "law.cedar"
    deep = "(" * 1000 + "true" + ")" * 1000
    file.write_text(
        file.read_text() + f'\n@id("la-x") @outcome("hold")\nforbid (principal, action, resource) when {{ {deep} }};\n'
    )
    with pytest.raises(DaulatError, match=r"`law.cedar`, line \d+: brackets too deep"):
        LawPack("la", TODAY, packs)


def test_a_policy_without_words_and_words_without_a_policy_are_named_with_file_and_line(tmp_path: Path) -> None:
    packs = laos(tmp_path)
    file = packs / "la" / "law" / "law.cedar"
    text = file.read_text()
    file.write_text(text + '\n@id("la-x") @outcome("hold")\nforbid (principal, action, resource is Base);\n')
    with pytest.raises(DaulatError, match=r"`la/law/law.cedar`, line \d+: `la-x` is not in rules.toml"):
        LawPack("la", TODAY, packs)
    file.write_text(text.replace('@id("la-pdpa-24")', '@id("la-x")'))
    with pytest.raises(DaulatError, match=r"line \d+: `la-pdpa-24` is not in law.cedar"):
        LawPack("la", TODAY, packs)
    file.write_text(text.replace("when {", "wehn {", 1))
    with pytest.raises(DaulatError, match=r"`law.cedar`, line \d+: .*wehn"):
        LawPack("la", TODAY, packs)


def test_people_that_were_counted_where_none_should_be_are_held() -> None:
    counted = msgspec.structs.replace(OPEN, subjects=5)
    assert decided("ph", counted).rules == ("house-people-contradicted",)
    assert decided("ph", msgspec.structs.replace(OPEN, subjects=0)).outcome == "allow"


def test_terms_of_their_own_are_for_commerce_once_somebody_has_read_them() -> None:
    own = msgspec.structs.replace(OPEN, licence="LicenseRef-Ministry-Terms")
    assert decided("my", own, purpose="commercial").rules == ("house-licence-own-terms",)
    assert decided("my", own, purpose="commercial", findings=("commercial-use",)).outcome == "allow"
    assert decided("my", own, purpose="research").outcome == "allow"
