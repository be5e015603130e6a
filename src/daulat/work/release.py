"""The gate in practice: propose what was measured, approve or reject it by name, and put both on record."""

from typing import Literal

import msgspec

from daulat.errors import DaulatError, NotAllowed
from daulat.journey import statement
from daulat.journey.keys import SigningKey
from daulat.nation.question import Question
from daulat.records import Decision, Release
from daulat.release.gate import propose as judge
from daulat.work.findings import in_force
from daulat.work.lineage import lineage
from daulat.work.project import Project
from daulat.work.query import latest_scorecard, latest_step, releases
from daulat.work.questions import beneath
from daulat.work.run import ask, now, plain


def propose(project: Project) -> Release:
    """The latest model with its scorecard, judged against `[release]`; proposed once, however often it is asked.

    Raises: DaulatError where nothing was measured yet, or where the scorecard is not of the latest model.
    """
    measured, exported = latest_step(project, "score"), latest_step(project, "export")
    scorecard = latest_scorecard(project)
    if measured.inputs["gguf"] != exported.output or scorecard.model != exported.inputs["model"]:
        raise DaulatError("the latest scorecard is not of the latest model", "run `daulat develop` to its end")
    sources = project.config.source
    replay = tuple(sorted({s.language for s in sources if s.role == "replay" and _measured(s.language, project)}))
    release = judge(
        scorecard, measured.output, exported.output, project.config.nation.language, replay, project.config.release
    )
    known = releases(project)
    if release.id in known:
        return known[release.id]
    project.record(
        statement.scorecard_statement(
            model=exported.output,
            scorecard=measured.output,
            inputs=measured.inputs,
            at=now(),
            passed=[finding.rule for finding in release.findings if finding.passed],
            failed=[finding.rule for finding in release.findings if not finding.passed],
        )
    )
    _sign(project, release)
    return release


def decide(
    project: Project,
    release_id: str | None,
    state: Literal["approved", "rejected"],
    reason: str,
    key: SigningKey | None = None,
) -> Release:
    """The release, approved or rejected by that key (default: the operator's) with a reason.

    An approved one may still be rejected: it is withdrawn, and the gateway serves it no longer.

    Raises: NotAllowed where a threshold is not met or the records do not match; DaulatError for a release that is
    unknown or was decided the other way.
    """
    release = find(project, release_id)
    if not reason.strip():
        raise DaulatError("a decision needs a reason", 'say why: `--reason "..."`')
    by = key or project.operator
    if release.state == state and key is None:
        return release
    withdrawn = release.state == "approved" and state == "rejected"
    if release.state != "proposed" and not withdrawn:
        raise DaulatError(f"`{release.id}` was {release.state} by `{release.by}`", "develop and propose a new one")
    asked = about_release(project, release) if state == "approved" else ()
    try:
        decisions = ask(project, "release", asked)
    except NotAllowed as barred:
        hint = f"{barred.hint}; then `daulat develop` again: a release is asked about as its corpus is on record"
        raise NotAllowed(barred.problem, hint) from None
    signed = msgspec.structs.replace(release, state=state, by=by.name, reason=reason)
    _sign(project, signed, decisions, by)
    return signed


def find(project: Project, release_id: str | None, state: str | None = None) -> Release:
    """The release of that id; without an id the last one (in that state).

    Raises: DaulatError where there is none, naming those that exist.
    """
    known = releases(project)
    if release_id is not None:
        if release_id not in known:
            listed = ", ".join(f"{r.id} ({r.state})" for r in known.values()) or "none yet"
            raise DaulatError(f"no release is called `{release_id}`", f"releases: {listed}")
        return known[release_id]
    fitting = [release for release in known.values() if state in (None, release.state)]
    if not fitting:
        first = "propose" if state is None else "approve"
        raise DaulatError(f"there is no {state or 'proposed'} release yet", f"run `daulat release {first}` first")
    return fitting[-1]


def about_release(project: Project, release: Release) -> tuple[Question, ...]:
    """What is asked before a release is signed or handed out: about it, and once more about all that it stands on.

    Raises: NotVerified where what it stands on is not on record.
    """
    return (question(project, release, "release"), *beneath(project, lineage(project, release)))


def question(project: Project, release: Release, action: Literal["release", "deploy"]) -> Question:
    """May this release be signed, or served, here? Its artefacts are looked for in the store, not believed."""
    store = project.journey.store
    parts = (release.model, release.weights, release.scorecard)
    return Question(
        action=action,
        kind="Release",
        name=release.id,
        facts={
            "state": release.state,
            "gate_passed": bool(release.findings) and all(finding.passed for finding in release.findings),
            "records_match": all(store.has(part) for part in parts),
            "withdrawn": False,
            "findings": sorted({finding.kind for finding in in_force(project, release.id, project.today)}),
        },
        place=project.config.place,
        sector=project.config.nation.sector,
    )


def _measured(language: str, project: Project) -> bool:
    """Replay that could not be had on this machine was not trained on, and is not judged."""
    tallies = latest_step(project, "corpus").facts["tallies"]
    names = {source.name for source in project.config.source if source.language == language and source.role == "replay"}
    return any(tally["source"] in names for tally in tallies)


def _sign(
    project: Project, release: Release, decisions: tuple[Decision, ...] = (), key: SigningKey | None = None
) -> None:
    said = statement.release_statement(release=plain(release), at=now(), extra={"decisions": plain(decisions)})
    project.journey.record(said, key or project.operator)
