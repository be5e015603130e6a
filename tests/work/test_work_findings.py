"""What no rule can decide is found by a person who signs; the law takes it as a fact, for as long as it holds."""

import shutil
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from work_world import record_steps

from daulat.config import Config
from daulat.errors import DaulatError, NotAllowed, NotVerified
from daulat.journey import canonical
from daulat.journey import statement as st
from daulat.journey.keyfile import create_key
from daulat.journey.verify import verify
from daulat.journey.views.processing import record
from daulat.nation.law import LawPack, strictest
from daulat.nation.profile import PACKS, nation
from daulat.work import keys, plan
from daulat.work.amendment import compare
from daulat.work.findings import find, in_force, standing, take_back
from daulat.work.lineage import lineage
from daulat.work.project import Project, create
from daulat.work.query import releases
from daulat.work.questions import source_question
from daulat.work.release import decide
from daulat.work.run import ask, now
from daulat.work.serving import may_go_on
from daulat.work.template import OwnText, settings, starting_sources

TODAY = date.today()  # noqa: DTZ011


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Text of people, on a legitimate interest, in Singapore."""
    text = tmp_path / "text"
    text.mkdir()
    (text / "a.txt").write_text("x")
    own = starting_sources(nation("sg"), OwnText(text, "CC-BY-4.0", "A clinic"))[:1]
    written = settings(nation("sg"), own, operator="lab")
    written = written.replace('basis = "open-licence"', 'basis = "legitimate-interest"')
    written = written.replace('personal_data = "incidental"', 'personal_data = "present"\nretain_until = 2199-01-01')
    return create(tmp_path / "project", written)


def verdict(project: Project, action: str = "train") -> tuple[str, tuple[str, ...]]:
    (source,) = project.config.source
    decision = project.law.decide(source_question(project, source, action))  # type: ignore[arg-type]
    return decision.outcome, decision.rules


def test_a_finding_is_signed_recorded_and_asked_for(project: Project, tmp_path: Path) -> None:
    assert verdict(project) == ("hold", ("house-balance", "sg-pdpa-11"))
    paper = tmp_path / "balance.pdf"
    paper.write_bytes(b"why it outweighs")
    find(project, "balance", "own-text", "weighed on 2026-11-24", paper)
    assert verdict(project) == ("hold", ("sg-pdpa-11",))
    number = find(project, "data-protection-officer", "own-text", "the registrar")
    assert verdict(project)[0] == "allow"
    assert project.journey.entry(number).kind == "finding"
    (balance, officer) = in_force(project, "own-text")
    assert (balance.document is None, officer.document) == (False, None)
    log = b"".join(path.read_bytes() for path in (project.folder / "journey").rglob("*") if path.is_file())
    assert b"why it outweighs" not in log
    assert verify(project.folder).ok


def test_a_finding_holds_until_its_day_and_not_longer(project: Project) -> None:
    find(project, "balance", "own-text", "for a while", until=TODAY)
    assert [finding.kind for finding in in_force(project, "own-text")] == ["balance"]
    assert in_force(project, "own-text", TODAY + timedelta(days=1)) == []


def test_an_approver_may_find_and_a_gateway_may_not(project: Project) -> None:
    change = keys.add(project, "approver", "siti")
    assert change.file is not None
    from daulat.journey.keyfile import load_key

    number = find(project, "balance", "own-text", "weighed", key=load_key(change.file))
    assert project.journey.entry(number).by == "siti"
    with pytest.raises(NotVerified, match="may not sign"):
        find(project, "balance", "own-text", "weighed", key=project.gateway)
    stranger = create_key(project.folder / "stranger.key", "stranger")
    with pytest.raises(NotVerified, match="not in force"):
        find(project, "balance", "own-text", "weighed", key=stranger)


def test_what_cannot_be_a_finding_is_a_sentence(project: Project, tmp_path: Path) -> None:
    with pytest.raises(DaulatError, match="no source or release is called `other`"):
        find(project, "balance", "other", "x")
    with pytest.raises(DaulatError, match="needs words"):
        find(project, "balance", "own-text", "  ")
    with pytest.raises(DaulatError, match="would have ended"):
        find(project, "balance", "own-text", "x", until=TODAY - timedelta(days=1))
    with pytest.raises(DaulatError, match="there is no file"):
        find(project, "balance", "own-text", "x", tmp_path / "nowhere")
    assert project.journey.log.checkpoint().size == 1


def test_a_changed_law_says_which_verdicts_of_the_project_change(project: Project, tmp_path: Path) -> None:
    packs = tmp_path / "packs"
    shutil.copytree(PACKS, packs)
    assert compare(project, packs).verdicts == ()
    rules = packs / "sg" / "law" / "rules.toml"
    policies = packs / "sg" / "law" / "law.cedar"
    policies.write_text(
        policies.read_text().replace('["consent", "legitimate-interest"]', '["consent"]')
        + '\n@id("sg-new") @outcome("refuse")\nforbid (principal, action == Action::"deploy", resource is Release);\n'
    )
    rules.write_text(
        rules.read_text()
        + '\n[[rule]]\nid = "sg-new"\nact = "New Act"\nprovision = "s. 1"\nrule = "none"\nremedy = ""\n'
    )
    find(project, "balance", "own-text", "weighed")
    find(project, "data-protection-officer", "own-text", "the registrar")
    parts = [project.journey.store.put_bytes(content) for content in (b"m", b"w", b"s")]
    release = {
        "id": "rel-1", "model": parts[0], "weights": parts[1], "scorecard": parts[2], "state": "approved",
        "findings": [{"rule": "better", "passed": True, "words": "1 -> 2"}], "by": "operator", "reason": "good",
    }  # fmt: skip
    record_steps(project, parts[1])
    project.record(st.release_statement(release=release, at=now(), extra={}))
    found = compare(project, packs)
    assert (found.added, found.removed, found.changed) == (("sg-new",), (), ("sg-pdpa-13",))
    changes = {(one.subject, one.action): (one.before, one.after) for one in found.verdicts}
    assert changes == {
        ("source own-text", "curate"): ("allow", "refuse"),
        ("source own-text", "train"): ("allow", "refuse"),
        ("release rel-1", "deploy"): ("allow", "refuse"),
    }
    with pytest.raises(DaulatError, match="no pack `sg`"):
        compare(project, tmp_path)


def test_text_from_another_country_is_asked_of_its_law_too(project: Project) -> None:
    file = project.folder / "daulat.toml"
    file.write_text(file.read_text().replace('country = "sg"', 'country = "vn"'))
    abroad = Project.open(project.folder)
    find(abroad, "balance", "own-text", "weighed")
    find(abroad, "data-protection-officer", "own-text", "the registrar")
    (source,) = abroad.config.source
    own, theirs = abroad.decide(source_question(abroad, source, "train"))
    assert own.outcome == "allow"
    assert theirs.outcome == "refuse", "Vietnam's law has no legitimate interest"
    assert "vn-pdpl-19" in theirs.rules
    assert strictest((own, theirs)) is theirs
    with pytest.raises(NotAllowed, match="91/2025/QH15"):
        ask(abroad, "corpus", (source_question(abroad, source, "train"),))
    refusal = list(abroad.journey.statements())[-1]
    assert (refusal.kind, refusal.statement["predicate"]["verificationResult"]) == ("decision", "FAILED")


def test_the_record_of_processing_says_what_was_done_refused_and_found(project: Project) -> None:
    with pytest.raises(NotAllowed):
        plan.fetch_sources(Project(project.folder, abroad(project), project.journey))
    find(project, "balance", "own-text", "weighed")
    find(project, "data-protection-officer", "own-text", "the registrar")
    plan.fetch_sources(project)
    (one,) = record(project.journey.statements())
    assert one["source"] == "own-text"
    assert one["terms"]["basis"] == "legitimate-interest"
    assert one["terms"]["retain_until"] == "2199-01-01"
    assert [(p["step"], p["action"], p["decision"]) for p in one["processing"]] == [
        ("fetch own-text", "fetch", "allow")
    ]
    assert one["processing"][0]["place"]["jurisdiction"] == "sg"
    assert [r["decision"] for r in one["refused"]] == ["hold"]
    assert any("s. 26" in cite for cite in one["refused"][0]["cites"])
    assert [f["kind"] for f in one["findings"]] == ["balance", "data-protection-officer"]


def abroad(project: Project) -> Config:
    place = msgspec.structs.replace(project.config.place, jurisdiction="us")
    return msgspec.structs.replace(project.config, place=place)


def test_a_release_is_served_only_as_long_as_the_law_of_the_day_allows_it(tmp_path: Path) -> None:
    own = starting_sources(nation("vn"), None)
    made = create(tmp_path / "vn", settings(nation("vn"), own, operator="ministry", sector="public"))
    parts = [made.journey.store.put_bytes(content) for content in (b"m", b"w", b"s")]
    release = {
        "id": "rel-1", "model": parts[0], "weights": parts[1], "scorecard": parts[2], "state": "approved",
        "findings": [{"rule": "better", "passed": True, "words": "1 -> 2"}], "by": "operator", "reason": "good",
    }  # fmt: skip
    made.record(st.release_statement(release=release, at=now(), extra={}))
    before, after = ({"vn": LawPack("vn", day)} for day in (date(2027, 2, 28), date(2027, 3, 1)))
    with pytest.raises(NotVerified, match="no `pretrain` made it"):
        may_go_on(made, "rel-1", before)
    record_steps(made, parts[1])
    assert may_go_on(made, "rel-1", before)
    assert not may_go_on(made, "rel-1", after), "from that day on a public body reports first"
    assert not may_go_on(made, "rel-2", before)
    find(made, "impact-assessment", "rel-1", "reported to the ministry")
    assert may_go_on(made, "rel-1", after)
    made.record(st.release_statement(release={**release, "state": "rejected"}, at=now(), extra={}))
    assert not may_go_on(made, "rel-1", before)


def test_text_is_mined_with_evidence_of_access_and_the_publishers_word(project: Project) -> None:
    file = project.folder / "daulat.toml"
    text = file.read_text().replace('licence = "CC-BY-4.0"\n', "")
    text = text.replace('basis = "legitimate-interest"', 'basis = "text-and-data-mining"\naccess = "lawful"')
    text = text.replace('personal_data = "present"', 'personal_data = "none"')
    file.write_text(text)
    assert verdict(Project.open(project.folder)) == ("hold", ("house-mining-access", "house-mining-unasked"))
    (project.folder / "invoice.pdf").write_bytes(b"subscription 2026")
    (project.folder / "asked").mkdir()
    more = 'access_evidence = "invoice.pdf"\nopt_out_snapshot = "asked"\n'
    file.write_text(text.replace('access = "lawful"\n', 'access = "lawful"\n' + more))
    mined = Project.open(project.folder)
    assert verdict(mined) == ("hold", ("house-mining-unasked",)), "no robots.txt is no yes"
    (project.folder / "asked" / "robots.txt").write_text("User-agent: *\nAllow: /\n")
    assert verdict(mined)[0] == "allow"
    fetched = plan.fetch_sources(mined)["own-text"]
    assert fetched.facts["source"]["access_evidence"] == canonical.digest(b"subscription 2026")
    (project.folder / "asked" / "robots.txt").write_text("User-agent: GPTBot\nDisallow: /\n")
    assert verdict(mined) == ("refuse", ("house-mining-reserved",))
    (project.folder / "invoice.pdf").unlink()
    assert "house-mining-access" in verdict(mined)[1]


def test_an_exception_that_is_gone_and_the_law_of_origin_are_compared_too(project: Project, tmp_path: Path) -> None:
    packs = tmp_path / "packs"
    shutil.copytree(PACKS, packs)
    rules = packs / "sg" / "law" / "rules.toml"
    rules.write_text(rules.read_text().split("\n[[exception]]")[0])
    assert compare(project, packs).removed == ("sg-copyright-244",)
    file = project.folder / "daulat.toml"
    changed = file.read_text().replace('country = "sg"', 'country = "my"').replace("legitimate-interest", "consent")
    file.write_text(changed.replace("retain_until", "subjects = 5\nretain_until"))
    from_malaysia = Project.open(project.folder)
    find(from_malaysia, "data-protection-officer", "own-text", "the registrar")
    assert {v.subject for v in compare(from_malaysia, packs).verdicts} == set()
    policies = packs / "my" / "law" / "law.cedar"
    policies.write_text(policies.read_text().replace('["consent", "contract"', '["contract"'))
    assert {v.subject for v in compare(from_malaysia, packs).verdicts} == {"source own-text"}


def test_thresholds_are_of_all_that_is_curated_together(project: Project) -> None:
    file = project.folder / "daulat.toml"
    text = file.read_text().replace('country = "sg"', 'country = "vn"').replace("legitimate-interest", "consent")
    one = text.replace("retain_until", "subjects = 600_000\nretain_until")
    two = one + one[one.index("[[source]]") :].replace('"own-text"', '"more-text"')
    for written, outcome in ((one, "hold"), (two, "refuse")):
        file.write_text(written)
        opened = Project.open(project.folder)
        source = opened.config.source[0]
        theirs = opened.decide(source_question(opened, source, "train"))[1]
        assert (theirs.outcome, "vn-decision20-core" in theirs.rules) == (outcome, outcome == "refuse")


def test_the_day_is_that_of_the_country_and_not_of_the_machine(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = ZoneInfo("Asia/Singapore")
    for machine in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"):
        monkeypatch.setenv("TZ", machine)
        time.tzset()
        assert project.today == datetime.now(zone).date()
    monkeypatch.undo()
    time.tzset()


def test_a_finding_is_about_the_terms_that_were_looked_at_and_the_country_it_names(project: Project) -> None:
    find(project, "balance", "own-text", "weighed")
    find(project, "transfer", "own-text", "to the place of today")
    assert [finding.kind for finding in in_force(project, "own-text")] == ["balance", "transfer"]
    moved = Project(project.folder, abroad(project), project.journey)
    assert [finding.kind for finding in in_force(moved, "own-text")] == ["balance"]
    file = project.folder / "daulat.toml"
    for old, new in (('owner = "A clinic"', 'owner = "Another"'), ('licence = "CC-BY-4.0"', 'licence = "MIT"')):
        text = file.read_text()
        file.write_text(text.replace(old, new))
        assert in_force(Project.open(project.folder), "own-text") == []
        file.write_text(text)
    assert len(in_force(Project.open(project.folder), "own-text")) == 2


def test_a_release_is_not_approved_once_the_law_bars_what_it_stands_on(project: Project) -> None:
    parts = {name: project.journey.store.put_bytes(name.encode()) for name in ("model", "weights", "scorecard")}
    release = {
        **parts, "id": "rel-1", "state": "proposed", "by": "", "reason": "",
        "findings": [{"rule": "better", "passed": True, "words": "1 -> 2"}],
    }  # fmt: skip
    project.record(st.release_statement(release=release, at=now(), extra={}))
    with pytest.raises(NotVerified, match="what `rel-1` stands on is not on record: no `pretrain` made it"):
        decide(project, "rel-1", "approved", "good")
    record_steps(project, parts["weights"])
    with pytest.raises(NotAllowed, match="train of source own-text is held"):
        decide(project, "rel-1", "approved", "good")
    find(project, "balance", "own-text", "weighed")
    find(project, "data-protection-officer", "own-text", "the registrar")
    assert decide(project, "rel-1", "approved", "good").state == "approved"


def test_a_finding_is_taken_back_once_and_both_stay_on_record(project: Project) -> None:
    officer = find(project, "data-protection-officer", "own-text", "the registrar")
    number = find(project, "balance", "own-text", "weighed")
    assert verdict(project)[0] == "allow"
    with pytest.raises(DaulatError, match="needs words"):
        take_back(project, number, " ")
    with pytest.raises(DaulatError, match=f"statement 0 is no finding .hint: findings are: {officer}, {number}."):
        take_back(project, 0, "x")
    taken = take_back(project, number, "the interest was another one")
    assert verdict(project) == ("hold", ("house-balance",))
    (first, second) = standing(project, "own-text")
    assert (first.ended, second.ended) == ("", f"taken back by statement {taken}")
    with pytest.raises(DaulatError, match="no longer holds: taken back"):
        take_back(project, number, "again")
    with pytest.raises(DaulatError, match="is no finding"):
        take_back(project, taken, "what was taken back is found anew, not by taking that back")
    find(project, "balance", "own-text", "weighed anew")
    assert verdict(project)[0] == "allow"
    assert verify(project.folder).ok


def test_what_is_served_is_asked_about_all_that_it_stands_on_though_it_left_the_settings(project: Project) -> None:
    parts = [project.journey.store.put_bytes(content) for content in (b"m", b"w", b"s")]
    record_steps(project, parts[1])
    release = {
        "id": "rel-1", "model": parts[0], "weights": parts[1], "scorecard": parts[2], "state": "approved",
        "findings": [{"rule": "better", "passed": True, "words": "1 -> 2"}], "by": "operator", "reason": "good",
    }  # fmt: skip
    project.record(st.release_statement(release=release, at=now(), extra={}))
    laws = {"sg": project.law}
    assert may_go_on(project, "rel-1", laws), "how long text is kept bars building, not serving"
    nation_ = msgspec.structs.replace(project.config.nation, purpose="commercial")
    without = msgspec.structs.replace(project.config, nation=nation_, source=())
    left = Project(project.folder, without, project.journey)
    assert may_go_on(left, "rel-1", laws), "as it was fetched it has a licence for that"
    asked = lineage(left, releases(left)["rel-1"]).questions(left, "deploy")
    assert [(one.kind, one.name) for one in asked] == [("Base", left.config.base.location), ("Source", "own-text")]
    licence = msgspec.structs.replace(project.config.source[0], licence="CC-BY-NC-4.0")
    for purpose, goes_on in (("commercial", False), (None, False), ("research", True)):
        named = msgspec.structs.replace(without.nation, purpose=purpose)
        config = msgspec.structs.replace(without, nation=named, source=(licence,))
        assert may_go_on(Project(project.folder, config, project.journey), "rel-1", laws) == goes_on
    with pytest.raises(NotAllowed, match="train of source own-text is held"):
        ask(left, "approve", lineage(left, releases(left)["rel-1"]).questions(left, "train"))


def test_consent_counts_with_the_paper_that_shows_it(project: Project) -> None:
    file = project.folder / "daulat.toml"
    text = file.read_text().replace("legitimate-interest", "consent")
    file.write_text(text.replace("retain_until", 'consent = "given"\nconsent_record = "forms.csv"\nretain_until'))
    opened = Project.open(project.folder)
    find(opened, "data-protection-officer", "own-text", "the registrar")
    assert verdict(opened) == ("hold", ("house-consent",))
    (project.folder / "forms.csv").write_bytes(b"412 people, 2026-03-01")
    assert verdict(opened)[0] == "allow"
    fetched = plan.fetch_sources(opened)["own-text"]
    assert fetched.facts["source"]["consent_record"] == canonical.digest(b"412 people, 2026-03-01")


def test_what_is_out_in_public_is_used_in_singapore_once_somebody_finds_it_to_be(project: Project) -> None:
    file = project.folder / "daulat.toml"
    file.write_text(file.read_text().replace("legitimate-interest", "publicly-available"))
    opened = Project.open(project.folder)
    find(opened, "data-protection-officer", "own-text", "the registrar")
    assert verdict(opened) == ("refuse", ("sg-pdpa-13",))
    find(opened, "publicly-available", "own-text", "the gazette, open to anybody")
    assert verdict(opened)[0] == "allow"
