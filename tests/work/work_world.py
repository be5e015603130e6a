"""A release whose steps are on record, without the hours that training takes: what they made is a few bytes each."""

import tempfile
from pathlib import Path
from typing import Any

from daulat.journey import statement as st
from daulat.work.project import Project
from daulat.work.run import now, plain


def record_steps(
    project: Project,
    weights: str,
    *,
    sources: list[Any] | None = None,
    trained_here: str | None = None,
    adopted: Any = None,
) -> None:
    """The statements from the sources of daulat.toml (or others) and its base to those weights."""

    def put(name: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "made.txt").write_text(name)
            return project.journey.store.put_tree(Path(folder))

    snapshots = {source.name: put(f"snapshot {source.name}") for source in project.config.source}
    for source in project.config.source:
        said = {key: value for key, value in plain(source).items() if key not in ("location", "paths", "main")}
        _step(project, f"fetch {source.name}", {}, "snapshot", snapshots[source.name], {}, {"source": said})
    base, corpus = put("base"), put(f"corpus of {sorted(snapshots)}")
    facts = {"trained_here": trained_here} if trained_here else {}
    base = base if trained_here is None else put("another base")
    _step(
        project, "adopt", {}, "base", base, {"base": plain(project.config.base)} if adopted is None else adopted, facts
    )
    options = {
        "corpus": plain(project.config.corpus),
        "sources": plain(project.config.source) if sources is None else sources,
    }
    snapshots = snapshots if sources is None else {one["name"]: d for one in sources for d in snapshots.values()}
    _step(project, "corpus", {f"snapshot {name}": d for name, d in snapshots.items()}, "corpus", corpus, options, {})
    _step(project, "pretrain", {"base": base, "corpus": corpus}, "model", weights, {}, {})


def _step(
    project: Project, name: str, inputs: dict[str, str], output: str, digest: str, options: Any, facts: Any
) -> None:
    at = now()
    project.record(
        st.step_statement(
            name=name, key=digest, inputs=inputs, outputs={output: digest}, options=options, code_version="test",
            place=plain(project.config.place), started=at, finished=at, by="operator", extra=facts,
        )
    )  # fmt: skip
