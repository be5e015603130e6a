"""Continued pretraining within a budget: adapters on a frozen base, new rows, and a checkpoint to go on from.

```
tokens ──order──> packs ──> loss ──> AdamW ──> every 30 s: checkpoint ──> merged weights, training.json
```
The rates follow the share of the budget that is spent, so that a slow machine ends as annealed as a fast one.
"""

import hashlib
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from daulat import machine
from daulat.errors import DaulatError
from daulat.model import checkpoint, expected, extension, memory
from daulat.model import network as networks
from daulat.model import shape as shapes
from daulat.model.folder import read_json
from daulat.model.loop import Loop, Run, Watched
from daulat.model.merged import write_model
from daulat.model.options import PretrainOptions
from daulat.model.packing import Pack, packs
from daulat.model.rows import initialise
from daulat.model.tokens import Document, documents
from daulat.records import Digest, Progress, Record, no_progress

PROBE_PACKS = 2
"""Packs that new rows are set by; each costs as much as a third of a step."""


class CurvePoint(Record, frozen=True):
    """The training loss of one step."""

    step: int
    seconds: float
    nats_per_token: float


class PretrainReport(Record, frozen=True):
    """What the training did."""

    steps: int
    documents: int
    """How many it saw; which, and from which step on: exposure.parquet."""
    seconds: float
    tokens: dict[str, int]
    """Predicted tokens by language."""
    start: str
    """How the written rows of new tokens were initialised."""
    start_nats_per_token: dict[str, float]
    """What each method gave on a probe of training text."""
    precision: str
    resumed: int
    """How often it went on from a checkpoint."""
    curve: tuple[CurvePoint, ...]


def pretrain(
    base: Path,
    tokenizer: Path,
    tokens: Path,
    corpus_digest: Digest,
    options: PretrainOptions,
    into: Path,
    scratch: Path,
    progress: Progress = no_progress,
    watched: Watched | None = None,
) -> PretrainReport:
    """A Hugging Face folder in `into` that has learnt from the corpus within the budget; `tokens`: the corpus, packed.

    Killed and called again with the same `scratch`, it goes on from its last checkpoint with the time that is left. With
    `max_steps` the same inputs give the same weights on the same machine.
    Raises: DaulatError where the loss is no longer a number, there is too little memory, or the inputs are no such folders.
    """
    began = time.monotonic()
    progress(0.0, "loading the base")
    added = extension.read(tokenizer)
    stream = _Stream(
        _learnable(tokens, tokenizer, separator_id(base / "config.json", tokenizer / "tokenizer.json")),
        corpus_digest,
        options,
    )
    run_key = _run_key(corpus_digest, added, options)
    kept = checkpoint.load(scratch, run_key)
    precision = str(kept[1]["state"]["precision"]) if kept else _precision(options)
    if options.max_steps is None:
        machine.choose_threads()
    else:
        machine.use_threads(machine.available_cores())
    full = options.method == "full"
    shape = shapes.read(read_json(base / "config.json"), base.name)
    free = machine.available_memory_bytes()
    memory.require(shape, len(added.added), options, free, bf16=precision == "bfloat16")
    network = networks.load(base, len(added.added), bf16=precision == "bfloat16", full=full)
    networks.attach(network, options.method, options.rank, options.seed)
    loop = Loop(network, options, scratch, run_key, began, progress, watched)
    if options.max_steps is None:
        speed = expected.tokens_per_s(shape, len(added.added), options, bf16=precision == "bfloat16")
        known = sum(document.count for document in stream.documents)
        loop.expected = expected.words(speed * (options.budget_s - loop.elapsed()), known)
        progress(0.04, f"expecting {loop.expected}")
    if kept:
        loop.resume(kept)
    else:
        progress(0.02, "setting new rows")
        counts = Counter({token.id: token.count for token in added.added})
        probe = list(itertools.islice(stream.packs(options.seed + 1, 0.0), PROBE_PACKS))
        start = initialise(network, [token.pieces for token in added.added], counts, added.text_tokens, probe)
        loop.run.precision = precision
        loop.run.start, loop.run.start_nats = start.method, start.nats_per_token
    run = loop.train(stream.packs(options.seed, options.replay_share))
    progress(0.96, "writing the model")
    write_model(base, tokenizer, network, into)
    report = _report(run, loop.exposure.write(into))
    (into / "training.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    progress(1.0, f"{run.step} steps, {sum(run.tokens.values())} tokens")
    return report


@dataclass(frozen=True)
class _Stream:
    """The packs of a corpus."""

    documents: list[Document]
    corpus_digest: Digest
    options: PretrainOptions

    def packs(self, seed: int, replay_share: float) -> Iterator[Pack]:
        """Without end, in the order that corpus and seed decide."""
        size = self.options.pack_tokens
        return packs(
            self.documents,
            corpus_digest=self.corpus_digest,
            seed=seed,
            replay_share=replay_share,
            pack_tokens=size,
            segment_tokens=min(self.options.segment_tokens, size),
        )


def _learnable(tokens: Path, tokenizer: Path, separator: int) -> list[Document]:
    """Documents that have a token to learn.

    Raises: DaulatError where none is the nation's, or the tokens are not this tokenizer's.
    """
    found = [document for document in documents(tokens, tokenizer, separator) if document.count]
    if not any(document.role == "nation" for document in found):
        raise DaulatError(
            f"`{tokens.name}` holds no text of the nation to learn from", 'add a [[source]] with role = "nation"'
        )
    return found


def separator_id(config: Path, tokenizer: Path) -> int:
    """The id that the base was trained to see before a document: `<|endoftext|>` where it has one, else its start token.

    `config` and `tokenizer`: the base's `config.json`, and a `tokenizer.json`.
    """
    from tokenizers import Tokenizer

    end = Tokenizer.from_file(str(tokenizer)).token_to_id("<|endoftext|>")
    start = read_json(config).get("bos_token_id") if end is None else end
    return int(start or 0)


def _precision(options: PretrainOptions) -> str:
    if options.precision != "auto":
        return options.precision
    return "bfloat16" if machine.prefers_bf16() else "float32"


def _run_key(corpus_digest: Digest, added: extension.Extension, options: PretrainOptions) -> str:
    parts = [corpus_digest.encode(), msgspec.json.encode(added), msgspec.json.encode(options)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _report(run: Run, documents_seen: int) -> PretrainReport:
    return PretrainReport(
        steps=run.step,
        documents=documents_seen,
        seconds=round(run.seconds, 1),
        tokens=dict(sorted(run.tokens.items())),
        start=run.start,
        start_nats_per_token=run.start_nats,
        precision=run.precision,
        resumed=run.resumed,
        curve=tuple(CurvePoint(*point) for point in run.curve),
    )
