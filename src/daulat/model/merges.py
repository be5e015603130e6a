"""New BPE merges learnt on top of an old tokenizer's own segmentation, so that each new token can be reached.

The text is cut as it will be cut later, each piece is encoded with the old merges, and every old token becomes one
private-use character; an ordinary BPE trainer then learns on these. Appended behind the old merges in rank order, the
new ones see exactly the symbols they were learnt on. Source: continued BPE, arXiv:2512.03989.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from daulat.model.spelling import Spelling, with_all_splits

_PRIVATE_USE = ((0xE000, 0xF8FF), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD))
_WORDS_A_LINE = 2_000
_BYTE = re.compile("<0x[0-9A-F]{2}>")


@dataclass(frozen=True)
class Merge:
    """One new merge: two tokens that stand side by side become one."""

    left: str
    right: str

    @property
    def token(self) -> str:
        """What it makes, as the vocabulary spells it."""
        return self.left + self.right


def pretokens(texts: Iterable[str], spelling: Spelling) -> Counter[str]:
    """How often each piece of text occurs, cut and spelt as the vocabulary spells it."""
    cutter = _tokenizer({"type": "BPE", "vocab": {}, "merges": []}, spelling.cutter)
    found: Counter[str] = Counter()
    for text in texts:
        spelt = cutter.normalizer.normalize_str(text) if cutter.normalizer else text
        found.update([piece for piece, _ in cutter.pre_tokenizer.pre_tokenize_str(spelt)])
    return found


def segment(pieces: Iterable[str], model: dict[str, Any]) -> Iterator[list[str]]:
    """The tokens of each piece under the merges of that BPE model."""
    encoder = _tokenizer(model, {})
    spelling = {i: token for token, i in model["vocab"].items()}
    batch = list(pieces)
    for start in range(0, len(batch), _WORDS_A_LINE):
        for encoding in encoder.encode_batch_fast(batch[start : start + _WORDS_A_LINE], add_special_tokens=False):
            yield [spelling[i] for i in encoding.ids]


def learn(counts: Counter[str], model: dict[str, Any], limit: int, min_count: int) -> list[Merge]:
    """At most `limit` merges, the most frequent first; none that occurred fewer than `min_count` times when learnt."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    pieces = sorted(counts)
    segmented = list(segment(pieces, model))
    if model.get("byte_fallback"):
        # A character that the vocabulary lacks is bytes, and tokens of bytes are never merged.
        kept = [i for i, tokens in enumerate(segmented) if not any(_BYTE.fullmatch(token) for token in tokens)]
        pieces, segmented = [pieces[i] for i in kept], [segmented[i] for i in kept]
    symbol = _symbols({token for tokens in segmented for token in tokens})
    words = ["".join(symbol[token] for token in tokens) for tokens in segmented]
    trainer = trainers.BpeTrainer(
        vocab_size=len(symbol) + limit, min_frequency=min_count, special_tokens=[], show_progress=False
    )
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    learner.train_from_iterator(_lines(words, [counts[piece] for piece in pieces]), trainer)
    spelt = {character: token for token, character in symbol.items()}
    found = json.loads(learner.to_str())["model"]["merges"]
    return [Merge(*("".join(spelt[character] for character in side) for side in pair)) for pair in found]


def extended(model: dict[str, Any], merges: list[Merge], first_id: int) -> dict[str, Any]:
    """The BPE model with these merges behind its own; a token that exists already keeps its id."""
    vocab = dict(model["vocab"])
    new: list[str] = []
    for merge in merges:
        if merge.token not in vocab:
            vocab[merge.token] = first_id + len(new)
            new.append(merge.token)
    if model.get("byte_fallback"):
        return {**model, "vocab": vocab, "merges": with_all_splits({**model, "vocab": vocab}, new)}
    return {**model, "vocab": vocab, "merges": [*_pairs(model), *([merge.left, merge.right] for merge in merges)]}


def unreachable(model: dict[str, Any], merges: list[Merge]) -> set[str]:
    """Tokens made by these merges that no text becomes under the extended model: their spelling is cut otherwise."""
    names = sorted({merge.token for merge in merges})
    return {name for name, tokens in zip(names, segment(names, model), strict=True) if tokens != [name]}


def without(merges: list[Merge], unwanted: set[str]) -> list[Merge]:
    """The merges that neither make an unwanted token nor need one that can no longer be made."""
    gone: set[str] = set()
    kept: list[Merge] = []
    made: set[str] = set()
    for merge in merges:
        if merge.token in unwanted or merge.left in gone or merge.right in gone:
            if merge.token not in made:
                gone.add(merge.token)
            continue
        kept.append(merge)
        made.add(merge.token)
        gone.discard(merge.token)
    return kept


def _pairs(model: dict[str, Any]) -> list[list[str]]:
    """Merges as pairs: older files write `left right` in one string."""
    return [merge.split(" ") if isinstance(merge, str) else list(merge) for merge in model["merges"]]


def _symbols(tokens: set[str]) -> dict[str, str]:
    characters = (chr(code) for low, high in _PRIVATE_USE for code in range(low, high + 1))
    return dict(zip(sorted(tokens), characters, strict=False))


def _lines(words: list[str], counts: list[int]) -> Iterator[str]:
    line: list[str] = []
    for word, count in zip(words, counts, strict=True):
        for start in range(0, count, _WORDS_A_LINE):
            line.extend([word] * min(_WORDS_A_LINE, count - start))
            if len(line) >= _WORDS_A_LINE:
                yield " ".join(line)
                line = []
    yield " ".join(line)


def _tokenizer(model: dict[str, Any], cutter: dict[str, Any]) -> Any:
    from tokenizers import Tokenizer

    parts: dict[str, Any] = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": []}
    parts |= {"normalizer": None, "pre_tokenizer": None, **cutter, "post_processor": None, "decoder": None}
    return Tokenizer.from_str(json.dumps(parts | {"model": model}, ensure_ascii=False))
