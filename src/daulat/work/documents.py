"""Documents of the corpora on record: where one is kept, and which of them a model saw.

```
document id ──> every corpus whose files hold it: trained on, held out, dropped (why), held (why); its place among tokens
corpus      ──> documents trained on, by source
```
Read from the corpora in the store; the journey names corpora, never documents.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from daulat.corpus.packed import DOCUMENTS
from daulat.errors import DaulatError
from daulat.journey import tree
from daulat.journey.trace import Node
from daulat.model.exposure import NAME as EXPOSURE
from daulat.records import Digest
from daulat.work.project import Project
from daulat.work.query import Made, steps

PARTS = ("train", "heldout", "dropped", "held")
"""What a corpus has a file for; a document is in one of them."""


def find(project: Project, document: str) -> dict[Digest, dict[str, Any]]:
    """Every corpus that holds the document, the newest first, with what became of it there."""
    found: dict[Digest, dict[str, Any]] = {}
    for corpus in corpora(project):
        for part, shard, path in _files(project, corpus):
            rows = _rows(path, document)
            if rows:
                kept = {
                    key: value for key, value in rows[0].items() if value and key not in ("id", "text", "utf8_bytes")
                }
                found[corpus] = {"part": part, **kept}
                if part == "train":
                    found[corpus]["models"] = _exposures(project, corpus, document)
                if part in ("train", "heldout"):
                    found[corpus]["tokens"] = _places(project, corpus, shard, document)
                break
    return found


def _exposures(project: Project, corpus: Digest, document: str) -> dict[Digest, dict[str, int]]:
    """For every model of that corpus: the step that first saw the document, of how many; 0 where none did."""
    found: dict[Digest, dict[str, int]] = {}
    for made, files in _made_of(project, corpus, "pretrain"):
        if EXPOSURE in files:
            rows = _rows(files[EXPOSURE], document)
            seen = rows[0] if rows else {"first_step": 0, "tokens": 0}
            found[made.output] = {
                "first_step": seen["first_step"], "steps": made.facts["steps"], "tokens": seen["tokens"]
            }  # fmt: skip
    return found


def _places(project: Project, corpus: Digest, shard: str, document: str) -> dict[Digest, dict[str, Any]]:
    """For everything that this corpus was packed into: the shard, the document's first token in it, and how many."""
    found: dict[Digest, dict[str, Any]] = {}
    for made, files in _made_of(project, corpus, "pack"):
        index = files.get(f"{shard}{DOCUMENTS}")
        for row in _rows(index, document) if index else ():
            found[made.output] = {"shard": shard, "start": row["start"], "tokens": row["tokens"]}
    return found


def _made_of(project: Project, corpus: Digest, step: str) -> Iterator[tuple[Made, dict[str, Path]]]:
    """What such steps made of that corpus, the newest first, with its files as they lie in the store."""
    store = project.journey.store
    for made in reversed(steps(project, step)):
        if made.inputs.get("corpus") == corpus and store.path(made.output).is_file():
            yield made, {name: store.path(digest) for name, (digest, _) in tree.read(store.path(made.output)).items()}


def trained_on(project: Project, corpus: Digest) -> dict[str, list[str]]:
    """Ids of the documents that a model of this corpus may have seen, by source, sorted."""
    import pyarrow.parquet as pq

    found: dict[str, list[str]] = {}
    for part, _, path in _files(project, corpus):
        if part == "train":
            rows = pq.read_table(path, columns=["id", "source"])
            for identity, source in zip(rows["id"].to_pylist(), rows["source"].to_pylist(), strict=True):
                found.setdefault(source, []).append(identity)
    return {source: sorted(found[source]) for source in sorted(found)}


def seen_by(project: Project, root: Node) -> dict[Digest, dict[str, list[str]]]:
    """For every corpus in a trace: the documents trained on, by source."""
    found: dict[Digest, dict[str, list[str]]] = {}
    known, todo = set(corpora(project)), [root]
    while todo:
        node = todo.pop()
        todo += [*node.made_from, *node.went_into]
        if node.id in known and node.id not in found:
            found[node.id] = trained_on(project, node.id)
    return found


def corpora(project: Project) -> list[Digest]:
    """Every corpus on record, the newest first."""
    return list(dict.fromkeys(made.outputs["corpus"] for made in reversed(steps(project, "corpus"))))


def _files(project: Project, corpus: Digest) -> Iterator[tuple[str, str, Path]]:
    """Part, name and place of the Parquet files of a corpus that hold documents; none where the store has it no more."""
    path = project.journey.store.path(corpus)
    if not path.is_file():
        return
    for name, (digest, _) in sorted(tree.read(path).items()):
        part = name.partition(".")[0]
        if part in PARTS and name.endswith(".parquet"):
            yield part, name.removesuffix(".parquet"), project.journey.store.path(digest)


def _rows(path: Path, document: str) -> list[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = [name for name in pq.read_schema(path).names if name != "text"]
        return list(pq.read_table(path, columns=names, filters=[("id", "==", document)]).to_pylist())
    except (OSError, pa.ArrowInvalid) as error:
        raise DaulatError(f"a corpus cannot be read: {error}", "run `daulat verify`: it says which file") from None
