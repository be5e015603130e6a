"""What is learnt in which order: a pure function of the corpus, its digest and a seed.

```
documents, as tokens ──order──> visits ──one segment each──> segments ──mixed by role──> packs of T tokens
```
Every visit to a document takes one segment of it, so that a few long documents do not fill a short budget; the next
round takes the next one. A pack holds several segments, which do not see each other.
"""

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from daulat.model.head_loss import IGNORED
from daulat.model.tokens import Document

GOLDFISH_CONTEXT = 13
"""Tokens before one that decide whether it is learnt from. Source: arXiv:2406.10209, section 3.1."""
_MIX = 0x4CF5AD432745937F
_MIN_SEGMENT_TOKENS = 16
"""A pack is closed when less room than this is left: shorter runs teach little and cost a row of the mask each."""


@dataclass(frozen=True)
class Segment:
    """A run of tokens of one document: `tokens[0]` is only context, every later one is predicted."""

    document: Document
    tokens: tuple[int, ...]
    learnt: tuple[bool, ...] | None = None
    """Of each predicted token, whether it is learnt from; None: all are."""


@dataclass
class Pack:
    """Segments that are learnt from together, at most T predicted tokens."""

    segments: list[Segment] = field(default_factory=list)

    @property
    def predicted(self) -> int:
        """Tokens that are predicted."""
        return sum(len(segment.tokens) - 1 for segment in self.segments)


def order_key(corpus_digest: str, seed: int, turn: int, document_id: str) -> bytes:
    """Where a document stands in that round; whoever knows corpus and seed can work it out again."""
    return hashlib.sha256(f"{corpus_digest}\0{seed}\0{turn}\0{document_id}".encode()).digest()


def packs(
    documents: list[Document],
    *,
    corpus_digest: str,
    seed: int,
    replay_share: float,
    pack_tokens: int,
    segment_tokens: int,
) -> Iterator[Pack]:
    """Packs without end; of their tokens, `replay_share` is replay text as far as there is any."""
    shares = {"nation": 1 - replay_share, "replay": replay_share}
    streams = {}
    for role in shares:
        chosen = [document for document in documents if document.role == role and document.count]
        if chosen and shares[role] > 0:
            streams[role] = _segments(chosen, corpus_digest, seed, segment_tokens)
    used = dict.fromkeys(streams, 0)
    pending = {role: next(stream) for role, stream in streams.items()}
    while streams:
        pack = Pack()
        while True:
            role = min(streams, key=lambda name: (used[name] / shares[name], name))
            room = pack_tokens - pack.predicted
            if room < min(_MIN_SEGMENT_TOKENS, pack_tokens):
                break
            taken = pending[role].tokens[: room + 1]
            pack.segments.append(Segment(pending[role].document, taken))
            used[role] += len(taken) - 1
            pending[role] = next(streams[role])
        yield pack


def _segments(documents: list[Document], corpus_digest: str, seed: int, segment_tokens: int) -> Iterator[Segment]:
    for turn in itertools.count():
        for document in sorted(documents, key=lambda one: order_key(corpus_digest, seed, turn, one.id)):
            yield _visit(document, turn, segment_tokens)


def _visit(document: Document, turn: int, segment_tokens: int) -> Segment:
    count = -(-document.count // segment_tokens)
    first = int.from_bytes(hashlib.sha256(document.id.encode()).digest()[:4], "big")
    start = (first + turn) % count * segment_tokens
    return Segment(document, document.tokens(start, segment_tokens + 1))


def tensors(pack: Pack, goldfish: int = 0) -> tuple[Any, Any, Any, list[int]]:
    """Input ids, targets and positions (each 1 x T), and the lengths of the segments, which must not see each other.

    Targets that are not learnt from are `IGNORED`; with `goldfish` also one in so many of the others.
    """
    import torch

    lengths = [len(segment.tokens) - 1 for segment in pack.segments]
    inputs = torch.tensor([[token for segment in pack.segments for token in segment.tokens[:-1]]])
    targets = torch.tensor([[token for segment in pack.segments for token in segment.tokens[1:]]])
    if goldfish or any(segment.learnt is not None for segment in pack.segments):
        targets[0, ~torch.cat([_learnt(segment, goldfish) for segment in pack.segments])] = IGNORED
    positions = torch.cat([torch.arange(length) for length in lengths])[None]
    return inputs, targets, positions, lengths


def _learnt(segment: Segment, goldfish: int) -> Any:
    """Of each predicted token, whether it is learnt from.

    Not one token in `goldfish`, told by the tokens before it: a passage that stands in many documents lacks the same ones in
    each, and so is never learnt by heart. Source: goldfish loss with a hashed mask, arXiv:2406.10209.
    """
    import torch

    count = len(segment.tokens) - 1
    learnt = torch.ones(count, dtype=torch.bool) if segment.learnt is None else torch.tensor(segment.learnt)
    if goldfish and count > GOLDFISH_CONTEXT:
        tokens = torch.tensor(segment.tokens[:-1])
        value = torch.zeros(count - GOLDFISH_CONTEXT + 1, dtype=torch.int64)
        for place in range(GOLDFISH_CONTEXT):  # wraps around, as a hash may
            value = (value + tokens[place : count - GOLDFISH_CONTEXT + 1 + place] + 1) * _MIX
            value ^= value >> 29
        learnt[GOLDFISH_CONTEXT - 1 :] &= (value & 0x7FFFFFFF) % goldfish != 0
    return learnt
