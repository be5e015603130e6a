"""The table of steps, from sources to a scorecard: what each takes, makes, asks the law, and calls.

```
fetch SOURCE ─> snapshot ──┐
                           ├─> corpus ─┬─> tokenizer ─> pack ─> pretrain ─> export ─> gguf
adopt ─> base ─────────────┼───────────┘                           │                   │
                           └───────────────────────────────────────┴──> score <────────┘
```
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from daulat.code import code_digest
from daulat.corpus.build import Snapshot, build, forget
from daulat.corpus.packed import pack
from daulat.corpus.source import NothingThere, SourceUnavailable, clear, fetch, survey
from daulat.corpus.taking import is_hidden
from daulat.corpus.where import place
from daulat.errors import DaulatError
from daulat.evals.scorecard import score
from daulat.journey import canonical, statement
from daulat.machine import available_cores
from daulat.model.base import fetch_base
from daulat.model.folder import shard_names
from daulat.model.gguf.write import export_gguf
from daulat.model.loop import Watched
from daulat.model.page import Price
from daulat.model.pretrain import pretrain, separator_id
from daulat.model.tokenizer import extend
from daulat.records import Digest, Progress, Source, no_progress
from daulat.work.lineage import trained_here
from daulat.work.project import Project
from daulat.work.questions import base_question, evidence, expanded, fetch_questions, opt_out, questions
from daulat.work.run import Bench, Facts, Outcome, Step, as_daulat_error, ask, plain, run

TRAINING_PAGE = "training.html"
"""In the project's folder: how the training stands, or stood."""
Told = Callable[[str], Progress]
"""Called with a step's name as it begins; gives the progress to tell."""


def silent(step: str) -> Progress:
    """Tells nobody."""
    return no_progress


@dataclass(frozen=True)
class Developed:
    """Every artefact from sources to scorecard, and how each came to be."""

    outcomes: tuple[Outcome, ...]

    def __getitem__(self, step: str) -> Outcome:
        """The step of that name."""
        return next(outcome for outcome in self.outcomes if outcome.step == step)


def fetch_sources(project: Project, told: Told = silent) -> dict[str, Outcome]:
    """A snapshot of every source; an optional one that this machine's archive lacks is left out, with a word."""
    if not project.config.source:
        raise DaulatError("`daulat.toml` names no [[source]]", "add one, or run `daulat init` with samples")
    found: dict[str, Outcome] = {}
    for source in project.config.source:
        progress = told(f"fetch {source.name}")
        try:
            found[source.name] = run(project, _fetch(project, source, progress), progress)
            clear(_located(project, source), project.cache)
        except SourceUnavailable as error:
            if not source.optional:
                raise
            progress(1.0, f"left out: {error.problem}")
        except NothingThere:
            forget(_state(project))
            raise
    missing = [s.language for s in project.config.source if s.role == "nation"]
    if not any(source.name in found for source in project.config.source if source.role == "nation"):
        raise DaulatError(
            f"no source in {', '.join(sorted(set(missing))) or 'the nation’s language'} could be had",
            "name your own: `--text FOLDER`",
        )
    return found


def fetch_model(project: Project, told: Told = silent) -> Outcome:
    """The base model as a folder of weights, tokenizer and facts."""
    options = project.config.base
    local = expanded(options.location)
    what = (
        {"content": folder_digest(local) if local.is_dir() else canonical.digest_file(local)} if local.exists() else {}
    )

    def make(bench: Bench) -> Facts:
        facts = dict(plain(fetch_base(options, bench.into, project.cache, bench.progress)))
        earlier = trained_here(project, {canonical.digest_file(path) for path in _weights(local)})
        return facts if earlier is None else {**facts, "trained_here": earlier}

    step = Step(
        name="adopt",
        room="model",
        inputs={},
        output="base",
        options={"base": plain(options), **what},
        questions=(base_question(project, "adopt"),),
        make=make,
    )
    return run(project, step, told("adopt"))


def _weights(local: Path) -> list[Path]:
    """The files that hold weights, of a base that lies here."""
    if local.is_dir():
        return [local / name for name in shard_names(local)]
    return [local] if local.is_file() else []


def develop(project: Project, told: Told = silent) -> Developed:
    """From sources to a scorecard; what the journey has already is not done again."""
    snapshots = fetch_sources(project, told)
    base = fetch_model(project, told)
    corpus = curate(project, snapshots, told)
    tokenizer = run(project, _tokenizer(project, base, corpus), told("tokenizer"))
    tokens = run(project, _pack(project, base, tokenizer, corpus), told("pack"))
    model = run(project, _pretrain(project, base, tokenizer, corpus, tokens), told("pretrain"))
    exported = run(project, _export(project, model), told("export"))
    scorecard = run(project, _score(project, base, model, exported, corpus), told("score"))
    return Developed((*snapshots.values(), base, corpus, tokenizer, tokens, model, exported, scorecard))


def curate(project: Project, snapshots: dict[str, Outcome], told: Told = silent) -> Outcome:
    """The corpus of those snapshots.

    INVARIANT: no cache has text that is not in it: where it was made before, what was worked out for a later one goes.
    """
    corpus, mark = run(project, _corpus(project, snapshots), told("corpus")), _state(project) / _MADE
    if corpus.cached and _state(project).is_dir() and (not mark.is_file() or mark.read_text() != corpus.output):
        forget(_state(project))
    if _state(project).is_dir():
        mark.write_text(corpus.output)
    return corpus


def _state(project: Project) -> Path:
    """Where curation keeps what it need not work out again."""
    return project.cache / "corpus"


_MADE = "made"
"""Which corpus the state is of."""


def _fetch(project: Project, source: Source, progress: Progress) -> Step:
    name, asked = f"fetch {source.name}", fetch_questions(project, source)
    ask(project, name, asked)  # before so much as a list of what is there is read
    located = _located(project, source)
    try:
        content = survey(located, project.cache, progress)
    except OSError as error:
        raise as_daulat_error(error, name) from error

    def make(bench: Bench) -> Facts:
        fetched = fetch(located, content, bench.into, project.cache, project.journey.store, bench.progress)
        return {"source": {**terms, **fetched.facts}}

    # The terms are part of the key: what changed in daulat.toml is stated anew, though the bytes are the same.
    terms = {k: v for k, v in plain(source).items() if k in _TERMS}
    for paper in ("access_evidence", "consent_record"):
        shown = evidence(project, getattr(source, paper))
        if shown is not None:
            terms[paper] = shown
    if source.opt_out_snapshot is not None:
        terms["opt_out"] = opt_out(project, source)[0]
        lying = project.folder / expanded(source.opt_out_snapshot)
        if lying.is_dir() and any(lying.iterdir()):
            terms["opt_out_snapshot"] = folder_digest(lying)
    said = {key: value for key, value in plain(source).items() if key in _WHERE and value}
    where: Facts = {"location": source.location, "paths": list(source.paths), "terms": terms, **said}
    if content is not None:
        where["content"] = content
    return Step(
        name=name,
        room="corpus",
        inputs={},
        output="snapshot",
        options=where,
        questions=asked,
        make=make,
        facts=_before(project, name),
    )


def _located(project: Project, source: Source) -> Source:
    """The same source with a path that does not depend on where the command is run."""
    if source.kind == "folder":
        return msgspec.structs.replace(source, location=str((project.folder / source.location).resolve()))
    if source.location.startswith("sqlite:///"):
        file = (project.folder / source.location.removeprefix("sqlite:///")).resolve()
        return msgspec.structs.replace(source, location=f"sqlite:///{file}")
    return source


def _before(project: Project, name: str) -> Facts:
    """The snapshot that this source had before: it stays on record and in the store."""
    project.journey.refresh()
    known = project.journey.index.entries("named", name)
    if not known:
        return {}
    return {"previous_snapshot": statement.outputs(project.journey.entry(known[-1]).statement)["snapshot"]}


_WHERE = ("endpoint", "region", "tables", "query", "text_columns", "id_column", "changed_column")
_TERMS = (
    *("name", "kind", "language", "owner", "licence", "basis", "country", "personal_data", "role"),
    *("purposes", "retain_until", "consent", "access", "subjects", "sensitive_subjects", "jurisdiction"),
)


def _corpus(project: Project, snapshots: dict[str, Outcome]) -> Step:
    sources = [source for source in project.config.source if source.name in snapshots]

    tasks = _tasks(project)

    def make(bench: Bench) -> Facts:
        parts = [
            Snapshot(
                source,
                snapshots[source.name].output,
                tree(project, snapshots[source.name].output, bench, source.name),
                bench.decided[source.name],
                _files(project, snapshots[source.name].output),
            )
            for source in sources
        ]
        work = project.config.work
        with place(work.where, work.address, available_cores()) as where:
            report = build(
                parts,
                project.config.corpus,
                project.derived("subjects"),
                bench.into,
                bench.progress,
                _state(project),
                code_digest("corpus"),
                list(tasks.values()),
                where,
                project.journey.store,
            )
        said = {"contradictions": list(report.contradictions)} if report.contradictions else {}
        return {"tallies": plain(report.tallies), **said}

    return Step(
        name="corpus",
        room="corpus",
        inputs={f"snapshot {source.name}": snapshots[source.name].output for source in sources},
        output="corpus",
        options={
            "corpus": plain(project.config.corpus),
            "sources": plain(sources),
            **({"tasks": [canonical.digest_file(path) for path in tasks.values()]} if tasks else {}),
        },
        questions=questions(project, "curate"),
        make=make,
    )


def _tasks(project: Project) -> dict[str, Path]:
    """The files of the tasks that will measure, by what daulat.toml calls them.

    Raises: DaulatError for one that is not there.
    """
    found = {name: project.folder / expanded(name) for name in project.config.corpus.tasks}
    for name, path in found.items():
        if not path.is_file():
            raise DaulatError(f"`tasks` in `[corpus]` names `{name}`, which is no file", "correct it, or leave it out")
    return found


def _files(project: Project, snapshot: Digest) -> dict[str, Digest]:
    """Digests of a snapshot's files by their paths below `files`: they need not be read to be told apart."""
    listed = project.journey.store.read_tree(snapshot)
    return {name.removeprefix("files/"): digest for name, digest in listed.items() if name.startswith("files/")}


def _tokenizer(project: Project, base: Outcome, corpus: Outcome) -> Step:
    def make(bench: Bench) -> Facts:
        report = extend(
            tree(project, base.output, bench, "base"),
            tree(project, corpus.output, bench, "corpus"),
            project.config.tokenizer,
            bench.into,
            bench.progress,
        )
        return dict(plain(report))

    return Step(
        name="tokenizer",
        room="model",
        inputs={"base": base.output, "corpus": corpus.output},
        output="tokenizer",
        options=project.config.tokenizer,
        questions=(base_question(project, "train"), *questions(project, "train")),
        make=make,
    )


def _pack(project: Project, base: Outcome, tokenizer: Outcome, corpus: Outcome) -> Step:
    config, cutter = (_file(project, *one) for one in ((base, "config.json"), (tokenizer, "tokenizer.json")))
    separator = separator_id(config, cutter)

    def make(bench: Bench) -> Facts:
        packed = pack(
            tree(project, corpus.output, bench, "corpus"),
            tree(project, tokenizer.output, bench, "tokenizer"),
            separator,
            bench.into,
            bench.scratch / "shards",
            bench.progress,
            project.journey.store.read_tree(corpus.output),
            project.cache / "tokens",
            project.journey.store,
        )
        return {
            "documents": sum(shard.documents for shard in packed.shards),
            "tokens": sum(shard.tokens for shard in packed.shards),
            "utf8_bytes": sum(shard.utf8_bytes for shard in packed.shards),
        }

    return Step(
        name="pack",
        room="corpus",
        inputs={"tokenizer": tokenizer.output, "corpus": corpus.output},
        output="tokens",
        options={"separator": separator},
        questions=(base_question(project, "train"), *questions(project, "train")),
        make=make,
    )


def _file(project: Project, made: Outcome, name: str) -> Path:
    """Where that file of an artefact lies in the store."""
    return project.journey.store.path(project.journey.store.read_tree(made.output)[name])


def _pretrain(project: Project, base: Outcome, tokenizer: Outcome, corpus: Outcome, tokens: Outcome) -> Step:
    work = project.config.work

    def make(bench: Bench) -> Facts:
        report = pretrain(
            tree(project, base.output, bench, "base"),
            tree(project, tokenizer.output, bench, "tokenizer"),
            tree(project, tokens.output, bench, "tokens"),
            corpus.output,
            project.config.pretrain,
            bench.into,
            bench.scratch / "checkpoint",
            bench.progress,
            Watched(
                project.folder / TRAINING_PAGE,
                Price(work.price_per_hour, work.currency) if work.price_per_hour else None,
            ),
        )
        return dict(plain(report))

    return Step(
        name="pretrain",
        room="model",
        inputs={
            "base": base.output,
            "tokenizer": tokenizer.output,
            "corpus": corpus.output,
            "tokens": tokens.output,
        },
        output="model",
        options=project.config.pretrain,
        questions=(base_question(project, "train"), *questions(project, "train")),
        make=make,
    )


def _export(project: Project, model: Outcome) -> Step:
    def make(bench: Bench) -> Facts:
        kind = project.config.export.kind
        export_gguf(tree(project, model.output, bench, "model"), bench.into, kind, bench.progress)
        return {"kind": kind}

    return Step(
        name="export",
        room="model",
        inputs={"model": model.output},
        output="gguf",
        options=project.config.export,
        questions=(base_question(project, "train"),),
        make=make,
        single_file=True,
    )


def _score(project: Project, base: Outcome, model: Outcome, exported: Outcome, corpus: Outcome) -> Step:
    def make(bench: Bench) -> Facts:
        digests = {"base": base.output, "model": model.output, "corpus": corpus.output}
        scorecard = score(
            tree(project, base.output, bench, "base"),
            tree(project, model.output, bench, "model"),
            tree(project, corpus.output, bench, "corpus"),
            project.journey.store.path(exported.output),
            project.config.nation.language,
            digests,
            project.config.evals,
            bench.into,
            bench.progress,
        )
        return {"scorecard": plain(scorecard)}

    return Step(
        name="score",
        room="evals",
        inputs={"base": base.output, "model": model.output, "gguf": exported.output, "corpus": corpus.output},
        output="scorecard",
        options={"evals": plain(project.config.evals), "language": project.config.nation.language},
        questions=(base_question(project, "measure"), *questions(project, "measure")),
        make=make,
    )


def tree(project: Project, digest: Digest, bench: Bench, name: str) -> Path:
    """The artefact as a folder of hard links, below the step's scratch: reading it copies nothing."""
    folder = bench.scratch / "inputs" / name
    if not folder.exists():
        partial_folder = folder.with_name(f".{name}.partial")
        project.journey.store.materialise(digest, partial_folder)
        partial_folder.rename(folder)
    return folder


def folder_digest(folder: Path) -> Digest:
    """Digest of every file's path and bytes: a changed folder is another snapshot.

    Raises: DaulatError where the folder is missing or empty.
    """
    if not folder.is_dir():
        raise DaulatError(f"the folder `{folder}` does not exist", "correct `location` of that [[source]]")
    parts = hashlib.sha256()
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and not is_hidden(path.relative_to(folder))
    )
    if not files:
        raise DaulatError(f"the folder `{folder}` holds no files", "put text files there")
    for path in files:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
        parts.update(path.relative_to(folder).as_posix().encode(errors="surrogateescape") + b"\0" + content)
    return f"sha256:{parts.hexdigest()}"
