"""Run one step: asked before, stated after, never half done.

A step's key is the digest of its inputs, options and code. If the journey already has a step of that key and the store
still has what it made, nothing runs. Otherwise the step makes its outputs in a folder of its own; they go to the store,
and only when the signed statement is durable in the log has the step happened. Killed anywhere before, it has not, and
the next run starts it again (from its own checkpoints, if it keeps any).
"""

import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

import daulat
from daulat.code import code_digest
from daulat.errors import DaulatError
from daulat.journey import canonical, statement
from daulat.nation.law import require
from daulat.nation.question import Question
from daulat.records import Decision, Digest, Progress, Record, no_progress
from daulat.work.project import Project

Facts = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """What a step works with: `into` is empty and taken away after it, `scratch` stays until the step has happened."""

    into: Path
    scratch: Path
    progress: Progress
    decided: dict[str, Decision]
    """What the law said to each of the step's questions, by the name that it was about."""


@dataclass(frozen=True)
class Step:
    """One arrow of the flow, with everything its key depends on."""

    name: str
    room: str
    """The package whose code does it; a changed line there is another key."""
    inputs: dict[str, Digest]
    output: str
    """What the one artefact that it makes is called."""
    options: Record | Facts
    questions: tuple[Question, ...]
    make: Callable[[Bench], Facts]
    """Fills `into` and returns facts worth keeping: a count, a version, a licence."""
    single_file: bool = False
    """The output is the one file in `into`, not the folder."""
    facts: Facts = field(default_factory=dict)
    """Known beforehand, kept in the statement, not part of the key."""

    def key(self) -> str:
        """Same inputs, options and code: same key."""
        parts = {
            "step": self.name,
            "inputs": self.inputs,
            "options": plain(self.options),
            "code": code_digest(self.room),
        }
        return canonical.digest(canonical.canonical(parts))


@dataclass(frozen=True)
class Outcome:
    """What a step made, or had made before."""

    step: str
    output: Digest
    cached: bool
    index: int
    facts: Facts
    seconds: float
    decisions: tuple[Decision, ...]


def run(project: Project, step: Step, progress: Progress = no_progress) -> Outcome:
    """The step's output, made now or found; the law is asked either way.

    Raises: NotAllowed, with the refusal on record; DaulatError for what the step cannot do, with nothing on record.
    """
    decisions = ask(project, step.name, step.questions)
    key = step.key()
    with _only_one(project.work, key):
        found = _recorded(project, step, key, decisions)
        if found is not None:
            return found
        return _make(project, step, key, decisions, progress)


def ask(project: Project, step: str, questions: tuple[Question, ...]) -> tuple[Decision, ...]:
    """Every decision, all of them `allow`, this country's first; a refusal is written to the journey, then raised."""
    decided = [(question, project.decide(question)) for question in questions]
    for question, decision in [(question, one) for question, found in decided for one in found]:
        if decision.outcome != "allow":
            project.record(
                statement.decision_statement(
                    decision=plain(decision),
                    step=step,
                    place=plain(question.place),
                    at=now(),
                )
            )
        require(decision)
    return (*(found[0] for _, found in decided), *(one for _, found in decided for one in found[1:]))


def _recorded(project: Project, step: Step, key: str, decisions: tuple[Decision, ...]) -> Outcome | None:
    entry = project.journey.find_step(key)
    if entry is None:
        return None
    output = statement.outputs(entry.statement)[step.output]
    if not project.journey.store.has(output):
        return None
    facts = statement.facts(entry.statement)
    index, latest = entry.index, project.journey.index.entries("named", step.name)[-1]
    if latest != index:  # another one was made since: this one is the latest again
        moment = datetime.now(UTC)
        index = _state(project, step, key, output, decisions, (moment, moment), {**facts, "again": entry.index})
    return Outcome(step.name, output, True, index, facts, 0.0, decisions)


def _make(project: Project, step: Step, key: str, decisions: tuple[Decision, ...], progress: Progress) -> Outcome:
    started = datetime.now(UTC)
    folder = project.work / key.removeprefix("sha256:")[:16]
    decided = {question.name: decision for question, decision in zip(step.questions, decisions, strict=False)}
    bench = Bench(folder / "into", folder / "scratch", progress, decided)
    shutil.rmtree(bench.into, ignore_errors=True)
    bench.into.mkdir(parents=True)
    bench.scratch.mkdir(exist_ok=True)
    try:
        facts = {**step.facts, **step.make(bench)}
        output = _keep(project, step, bench.into)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            shutil.rmtree(folder, ignore_errors=True)
        raise as_daulat_error(error, step.name) from error
    finally:
        shutil.rmtree(bench.into, ignore_errors=True)
    finished = datetime.now(UTC)
    index = _state(project, step, key, output, decisions, (started, finished), facts)
    shutil.rmtree(folder, ignore_errors=True)
    return Outcome(step.name, output, False, index, facts, (finished - started).total_seconds(), decisions)


def _state(
    project: Project,
    step: Step,
    key: str,
    output: Digest,
    decisions: tuple[Decision, ...],
    when: tuple[datetime, datetime],
    facts: Facts,
) -> int:
    """That the step happened, signed; its place in the log."""
    return project.record(
        statement.step_statement(
            name=step.name,
            key=key,
            inputs=step.inputs,
            outputs={step.output: output},
            options=plain(step.options),
            code_version=f"daulat {daulat.__version__}, {step.room} {code_digest(step.room)}",
            place=plain(project.config.place),
            started=rfc3339(when[0]),
            finished=rfc3339(when[1]),
            by=project.operator.name,
            decisions=[plain(decision) for decision in decisions],
            extra=facts,
        )
    )


def _keep(project: Project, step: Step, into: Path) -> Digest:
    if not step.single_file:
        return project.journey.store.put_tree(into)
    (made,) = into.iterdir()
    return project.journey.store.put_file(made)


def as_daulat_error(error: OSError, doing: str) -> DaulatError:
    """What the operating system refused, as one sentence and a hint."""
    name = f" `{Path(os.fsdecode(error.filename)).name}`" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return DaulatError(f"the disk is full ({doing})", "free some space and run the same command again: it goes on")
    return DaulatError(
        f"{doing}: {error.strerror or error}{name}", "check the folder's rights and the disk, then run again"
    )


@contextmanager
def _only_one(work: Path, key: str) -> Iterator[None]:
    """Two processes never make the same step at once; the second waits and finds it made."""
    work.mkdir(parents=True, exist_ok=True)
    with (work / f"{key.removeprefix('sha256:')[:16]}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def plain(value: Any) -> Any:
    """A record as JSON has it: lists, not tuples."""
    return msgspec.json.decode(msgspec.json.encode(value))


def rfc3339(moment: datetime) -> str:
    """UTC, to the millisecond, with `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> str:
    """This moment, RFC 3339."""
    return rfc3339(datetime.now(UTC))
