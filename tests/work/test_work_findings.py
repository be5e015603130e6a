"""What no rule can decide is found by a person who signs; the law takes it as a fact, for as long as it holds."""

import re
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
from daulat.records import Source
from daulat.work import keys, plan
from daulat.work.amendment import compare
from daulat.work.findings import find, in_force, standing, take_back
from daulat.work.lineage import lineage, trained_here
from daulat.work.project import Project, create
from daulat.work.query import releases
from daulat.work.questions import beneath, fetch_questions, source_question
from daulat.work.release import decide
from daulat.work.run import ask, now
from daulat.work.serving import may_go_on
from daulat.work.template import OwnText, settings, starting_sources

TODAY = datetime.now(ZoneInfo("Asia/Singapore")).date()
"""In the project's country: its day is another one than the machine's for eight hours of each."""


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


def released(project: Project, state: str = "approved") -> Project:
    """The project with a release of its sources."""
    parts = [project.journey.store.put_bytes(content) for content in (b"m", b"w", b"s")]
    record_steps(project, parts[1])
    release = {
        "id": "rel-1", "model": parts[0], "weights": parts[1], "scorecard": parts[2], "state": state,
        "findings": [{"rule": "better", "passed": True, "words": "1 -> 2"}], "by": "operator", "reason": "good",
    }  # fmt: skip
    project.record(st.release_statement(release=release, at=now(), extra={}))
    return project


def changed(project: Project, *pairs: tuple[str, str]) -> Project:
    file = project.folder / "daulat.toml"
    text = file.read_text()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text)
    return Project.open(project.folder)


def without_sources(project: Project) -> Project:
    file = project.folder / "daulat.toml"
    parts = re.split(r"(?m)^(?=\[)", file.read_text())
    file.write_text("".join(part for part in parts if not part.startswith("[[source]]")))
    return Project.open(project.folder)


def test_what_is_served_is_asked_about_all_that_it_stands_on_though_it_left_the_settings(project: Project) -> None:
    laws = {"sg": project.law}
    released(project)
    assert not may_go_on(project, "rel-1", laws), "nobody weighed the interest"
    number = find(project, "balance", "own-text", "weighed")
    find(project, "data-protection-officer", "own-text", "the registrar")
    assert may_go_on(project, "rel-1", laws)
    left = without_sources(project)
    assert left.config.source == ()
    assert may_go_on(left, "rel-1", laws), "what was found about it counts though it left"
    take_back(left, number, "no longer")
    assert not may_go_on(left, "rel-1", laws)
    find(left, "balance", "own-text", "weighed anew, about the text as it is on record")
    assert may_go_on(left, "rel-1", laws)


def test_how_long_text_is_kept_bars_building_and_not_serving(project: Project) -> None:
    over = released(changed(project, ("retain_until = 2199-01-01", f"retain_until = {TODAY - timedelta(days=1)}")))
    for kind in ("balance", "data-protection-officer"):
        find(over, kind, "own-text", "found")  # type: ignore[arg-type]
    assert may_go_on(over, "rel-1", {"sg": over.law})
    with pytest.raises(NotAllowed, match="house-retention"):
        ask(over, "approve", beneath(over, lineage(over, releases(over)["rel-1"])))


COMMERCIAL = ('licence = "CC-BY-4.0"', 'licence = "CC-BY-NC-4.0"'), ("[nation]", '[nation]\npurpose = "commercial"')


def refused_to_sell(project: Project) -> bool:
    with pytest.raises(NotAllowed, match="house-licence-commercial") as barred:
        decide(project, "rel-1", "approved", "good")
    return "daulat develop" in barred.value.hint


def test_a_barred_source_bars_under_whatever_name_or_terms_the_settings_have_now(project: Project) -> None:
    for kind in ("balance", "data-protection-officer"):
        find(project, kind, "own-text", "found")  # type: ignore[arg-type]
    barred = released(changed(project, *COMMERCIAL), "proposed")
    assert refused_to_sell(barred)
    other = project.folder.parent / "other"
    other.mkdir()
    (other / "a.txt").write_text("free")
    swapped = changed(barred, (str(project.folder.parent / "text"), str(other)), ("CC-BY-NC-4.0", "CC-BY-4.0"))
    assert refused_to_sell(swapped), "the same name for other text"
    back = changed(swapped, (str(other), str(project.folder.parent / "text")))
    plan.fetch_sources(back)
    assert refused_to_sell(back), "fetched again under other terms, and not built again"
    assert refused_to_sell(without_sources(back))


def test_a_base_that_was_trained_here_stands_on_its_own_sources(project: Project, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "model.safetensors").write_bytes(b"weights")
    barred = changed(project, *COMMERCIAL)
    files = {canonical.digest_file(weights / "model.safetensors")}
    digest = barred.journey.store.put_tree(weights)
    record_steps(barred, digest)
    assert trained_here(barred, files) == digest
    assert trained_here(barred, {"sha256:" + "0" * 64}) is None
    clean = changed(barred, ("CC-BY-NC-4.0", "CC-BY-4.0"), ('name = "own-text"', 'name = "clean"'))
    parts = [clean.journey.store.put_bytes(content) for content in (b"m", b"w", b"s")]
    record_steps(clean, parts[1], trained_here=digest)
    release = {
        "id": "rel-1", "model": parts[0], "weights": parts[1], "scorecard": parts[2], "state": "proposed",
        "findings": [{"rule": "better", "passed": True, "words": "1 -> 2"}], "by": "", "reason": "",
    }  # fmt: skip
    clean.record(st.release_statement(release=release, at=now(), extra={}))
    stands_on = lineage(clean, releases(clean)["rel-1"])
    assert [one.source.licence for one in stands_on.sources] == ["CC-BY-4.0", "CC-BY-NC-4.0"]
    for name in ("clean", "own-text"):
        for kind in ("balance", "data-protection-officer"):
            find(clean, kind, name, "found")  # type: ignore[arg-type]
    assert refused_to_sell(clean)


def test_a_corpus_of_nothing_and_a_statement_that_is_odd_are_not_verified(project: Project) -> None:
    weights = project.journey.store.put_bytes(b"w")
    record_steps(project, weights, sources=[])
    release = {
        "id": "rel-1", "model": weights, "weights": weights, "scorecard": weights, "state": "proposed",
        "findings": [{"rule": "better", "passed": True, "words": "1 -> 2"}], "by": "", "reason": "",
    }  # fmt: skip
    project.record(st.release_statement(release=release, at=now(), extra={}))
    with pytest.raises(NotVerified, match="no `corpus` made it"):
        lineage(project, releases(project)["rel-1"])
    record_steps(project, weights, sources=[{"name": "own-text", "basis": "nonsense"}])
    with pytest.raises(NotVerified, match="no `corpus` made it"):
        lineage(project, releases(project)["rel-1"])


def test_a_corpus_is_asked_about_as_it_was_redacted_and_not_as_the_settings_are_now(project: Project) -> None:
    for kind in ("balance", "data-protection-officer"):
        find(project, kind, "own-text", "found")  # type: ignore[arg-type]
    open_ = Project(
        project.folder,
        msgspec.structs.replace(project.config, corpus=msgspec.structs.replace(project.config.corpus, privacy="hold")),
        project.journey,
    )
    released(open_, "proposed")
    with pytest.raises(NotAllowed, match="house-personal-data-redacted"):
        decide(project, "rel-1", "approved", "good")


def test_a_finding_that_sleeps_is_taken_back_too(project: Project) -> None:
    number = find(project, "balance", "own-text", "weighed")
    other = changed(project, ('owner = "A clinic"', 'owner = "Another"'))
    assert standing(other, "own-text")[0].ended
    take_back(other, number, "it shall not wake")
    again = changed(other, ('owner = "Another"', 'owner = "A clinic"'))
    assert standing(again, "own-text")[0].taken
    assert in_force(again, "own-text") == []


@pytest.mark.parametrize("more", ["subjects = 5_000_000", "sensitive_subjects = 9"])
def test_a_finding_is_not_about_more_people_than_were_counted_then(project: Project, more: str) -> None:
    few = changed(project, ("retain_until", "subjects = 5\nretain_until"))
    find(few, "balance", "own-text", "weighed")
    assert in_force(few, "own-text")
    many = changed(few, ("subjects = 5", more))
    assert in_force(many, "own-text") == []


def test_an_empty_paper_and_the_settings_themselves_show_nothing(project: Project) -> None:
    consented = (
        ("legitimate-interest", "consent"),
        ("retain_until", 'consent = "given"\nconsent_record = "PAPER"\nretain_until'),
    )
    opened = changed(project, *consented)
    find(opened, "data-protection-officer", "own-text", "the registrar")
    (project.folder / "empty.csv").write_bytes(b"")
    before = "PAPER"
    for paper, rules in (
        ("empty.csv", ("house-consent",)),
        ("daulat.toml", ("house-consent",)),
        (".", ("house-consent",)),
    ):
        opened = changed(opened, (f'consent_record = "{before}"', f'consent_record = "{paper}"'))
        assert verdict(opened) == ("hold", rules)
        before = paper


def test_a_diff_with_one_countrys_draft_asks_the_others_as_they_are(project: Project, tmp_path: Path) -> None:
    packs = tmp_path / "packs"
    shutil.copytree(PACKS / "sg", packs / "sg")
    abroad_ = changed(project, ('country = "sg"', 'country = "vn"'))
    assert compare(abroad_, packs).verdicts == ()


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


def people_in_malaysia(project: Project) -> Project:
    """Ten people who consented, in Malaysia, in a release."""
    (project.folder / "forms.csv").write_bytes(b"412 people")
    consented = 'consent = "given"\nconsent_record = "forms.csv"\nsubjects = 10\nsensitive_subjects = 0\nretain_until'
    return changed(
        project, ("legitimate-interest", "consent"), ("retain_until", consented), ('country = "sg"', 'country = "my"')
    )


@pytest.mark.parametrize("more", ["subjects = 50000", ""])
def test_todays_counts_are_asked_about_too(project: Project, more: str) -> None:
    opened = released(people_in_malaysia(project))
    for kind in ("data-protection-officer", "transfer"):
        find(opened, kind, "own-text", "found")  # type: ignore[arg-type]
    laws = {code: LawPack(code, TODAY) for code in ("sg", "my")}
    assert may_go_on(opened, "rel-1", laws)
    many = changed(opened, ("subjects = 10", more)) if more else changed(opened, ("subjects = 10\n", ""))
    for kind in ("data-protection-officer", "impact-assessment", "transfer"):
        find(many, kind, "own-text", "again")  # type: ignore[arg-type]
    officer = [
        one.number
        for one in standing(many, "own-text")
        if one.finding.kind == "data-protection-officer" and not one.ended
    ]
    take_back(many, officer[-1], "left")
    assert not may_go_on(many, "rel-1", laws)


@pytest.mark.parametrize(
    ("old", "new"),
    [('location = "{text}"', 'location = "{text}/"'), ('paths = ["**/*"]', 'paths = ["**/*.txt"]'), ("", "")],
)
def test_todays_terms_count_however_the_place_is_written(project: Project, old: str, new: str) -> None:
    for kind in ("balance", "data-protection-officer"):
        find(project, kind, "own-text", "found")  # type: ignore[arg-type]
    released(project, "proposed")
    text = str(project.folder.parent / "text")
    file = project.folder / "daulat.toml"
    said = file.read_text().replace('licence = "CC-BY-4.0"', 'licence = "CC-BY-NC-4.0"')
    said = said.replace("[nation]", '[nation]\npurpose = "commercial"').replace(
        old.format(text=text), new.format(text=text)
    )
    if 'paths = ["**/*.txt"]' in new and new not in said:
        said = said.replace("[[source]]", f"[[source]]\n{new}")
    file.write_text(said)
    assert refused_to_sell(Project.open(project.folder))


def test_without_an_end_text_is_not_served_where_the_law_asks_for_one(project: Project) -> None:
    for kind in ("balance", "data-protection-officer"):
        find(project, kind, "own-text", "found")  # type: ignore[arg-type]
    opened = released(project)
    assert may_go_on(opened, "rel-1", {"sg": opened.law})
    open_ended = changed(opened, ("retain_until = 2199-01-01\n", ""))
    assert not may_go_on(open_ended, "rel-1", {"sg": opened.law})


def test_where_the_bytes_lie_counts_as_long_as_what_was_made_of_them_is_served(project: Project) -> None:
    abroad_ = changed(project, ("retain_until", 'jurisdiction = "us"\nretain_until'))
    kinds = ("balance", "data-protection-officer", "transfer")
    numbers = {kind: find(abroad_, kind, "own-text", "found") for kind in kinds}  # type: ignore[arg-type]
    opened = released(abroad_)
    assert may_go_on(opened, "rel-1", {"sg": opened.law})
    take_back(opened, numbers["transfer"], "no longer")
    assert not may_go_on(opened, "rel-1", {"sg": opened.law})


def test_a_bucket_lies_nowhere_until_somebody_says_where(project: Project) -> None:
    bucket = Source(
        name="b", kind="objects", location="s3://b/x", endpoint="https://s3.own.id", language="id", owner="o",
        licence="CC-BY-4.0", basis="open-licence", country="international", personal_data="none",
    )  # fmt: skip
    _, there = fetch_questions(project, bucket)
    assert project.law.decide(there).rules == ("house-place-unknown",)
    assert len(fetch_questions(project, msgspec.structs.replace(bucket, jurisdiction="sg"))) == 1
    assert len(fetch_questions(project, msgspec.structs.replace(bucket, endpoint="http://127.0.0.1:9000"))) == 1


@pytest.mark.parametrize("paper", [b"\n", b"   \n\t", b"\0" * 10])
def test_a_paper_that_says_nothing_shows_nothing(project: Project, paper: bytes) -> None:
    opened = people_in_malaysia(project)
    find(opened, "data-protection-officer", "own-text", "the registrar")
    assert verdict(opened)[0] == "allow"
    (project.folder / "forms.csv").write_bytes(paper)
    assert verdict(opened) == ("hold", ("house-consent",))
    (project.folder / "forms.csv").unlink()
    (project.folder / "forms.csv").symlink_to(project.folder / "keys" / "operator.key")
    assert verdict(opened) == ("hold", ("house-consent",))


@pytest.mark.parametrize("said", [{}, {"base": {}}, {"base": "x"}])
def test_an_adoption_that_says_no_base_is_not_verified(project: Project, said: dict[str, object]) -> None:
    weights = project.journey.store.put_bytes(b"w")
    record_steps(project, weights, adopted=said)
    release = {
        "id": "rel-1", "model": weights, "weights": weights, "scorecard": weights, "state": "proposed",
        "findings": [{"rule": "better", "passed": True, "words": "1 -> 2"}], "by": "", "reason": "",
    }  # fmt: skip
    project.record(st.release_statement(release=release, at=now(), extra={}))
    with pytest.raises(NotVerified, match="no `adopt` made it"):
        lineage(project, releases(project)["rel-1"])
