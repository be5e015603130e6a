"""A tokenizer that knows the nation's words: the base's own, with new merges behind.

```
nation text ──cut──> pieces ──old merges──> symbols ──BPE trainer──> new merges ──guards──> tokenizer.json
replay text ──cut──> pieces that must stay as they are ──────────────────┘                  extension.json
```
How many (`auto`): as many merges as occur at least `min_count` times in the text, at most `max_new_tokens`. A row that is
seen less often stays where it started; more rows than a short training can reach make the text cheaper and the model worse.
"""

import json
import shutil
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from daulat.errors import DaulatError
from daulat.model import extension
from daulat.model import shape as shapes
from daulat.model.extension import AddedToken, Extension
from daulat.model.folder import read_json
from daulat.model.merges import Merge, extended, learn, pretokens, segment, unreachable, without
from daulat.model.options import TokenizerOptions
from daulat.model.pretokenizers import KEEPS_MARKS, MARKS_AWARE_FOR
from daulat.model.spelling import Spelling, spelling_of
from daulat.model.text import by_language, documents
from daulat.records import Progress, Record, no_progress

REPLAY_RATIO = 0.2
"""A piece or token that is at least a fifth as frequent in replay text belongs to that language: left as it is."""
_COPIED = ("tokenizer_config.json", "generation_config.json", "chat_template.jinja")


class BytesPerToken(Record, frozen=True):
    """Of one language, on held-out text."""

    language: str
    base: float
    ours: float


class TokenizerReport(Record, frozen=True):
    """What was learnt, and what it saves."""

    new_tokens: int
    new_merges: int
    vocabulary: int
    pretokenizer: str
    marks_share: float
    replay_changed: float
    """Share of the pieces of the replay text that are now cut otherwise."""
    bytes_per_token: tuple[BytesPerToken, ...]


def extend(
    base: Path, corpus: Path, options: TokenizerOptions, into: Path, progress: Progress = no_progress
) -> TokenizerReport:
    """The base's tokenizer with merges of the nation's text appended, and `extension.json`, in `into`.

    No new token is out of reach; text of the replay language and digits are cut as before.
    Raises: DaulatError where base or corpus is no such folder, or the base's tokenizer is none that can be extended.
    """
    tokenizer = read_json(base / "tokenizer.json")
    shape = shapes.read(read_json(base / "config.json"), base.name)
    rows = shape.vocabulary
    own = spelling_of(tokenizer, base.name)
    progress(0.0, "reading the corpus")
    nation, replay = _texts(corpus, options.max_utf8_bytes)
    marks = _marks_share(nation)
    may_change = own.rule in MARKS_AWARE_FOR and not shape.architecture.own_rule
    spelling = Spelling(own.kind, KEEPS_MARKS) if may_change and marks >= options.marks_share else own
    progress(0.2, "counting words")
    counts = {role: pretokens(texts, spelling) for role, texts in (("nation", nation), ("replay", replay))}
    progress(0.6, "learning merges")
    merges = _merges(tokenizer["model"], counts["nation"], counts["replay"], spelling, options)
    model, made = tokenizer["model"], tokenizer
    if merges:
        model = extended(tokenizer["model"], merges, rows)
        made = {**tokenizer, "model": model}
        if spelling != own:
            made |= {"pre_tokenizer": spelling.pre_tokenizer}
    progress(0.8, "measuring")
    facts = _facts(tokenizer["model"], model, rows, counts["nation"], (spelling if merges else own).rule)
    _write(base, into, made, facts)
    report = TokenizerReport(
        new_tokens=len(facts.added),
        new_merges=len(merges),
        vocabulary=rows + len(facts.added),
        pretokenizer=facts.pretokenizer,
        marks_share=round(marks, 4),
        replay_changed=_changed(counts["replay"], tokenizer["model"], model),
        bytes_per_token=tuple(_bytes_per_token(corpus, tokenizer, made)),
    )
    progress(1.0, f"{report.new_tokens} new tokens")
    return report


def _texts(corpus: Path, limit: int) -> tuple[list[str], list[str]]:
    """Nation's and replay text, each from the start of the corpus up to the limit."""
    found: dict[str, list[str]] = {"nation": [], "replay": []}
    room = {"nation": limit, "replay": limit}
    for document in documents(corpus):
        if room[document.role] > 0:
            room[document.role] -= document.utf8_bytes
            found[document.role].append(document.text)
    if not found["nation"]:
        raise DaulatError(
            f"`{corpus.name}` holds no text of the nation, only replay", 'add a [[source]] with role = "nation"'
        )
    return found["nation"], found["replay"]


def _marks_share(texts: Iterable[str]) -> float:
    """Combining marks among letters and marks."""
    kinds: Counter[str] = Counter()
    for character, count in Counter(character for text in texts for character in text).items():
        kinds[unicodedata.category(character)[0]] += count
    return kinds["M"] / max(1, kinds["M"] + kinds["L"])


def _merges(
    model: dict[str, Any], nation: Counter[str], replay: Counter[str], spelling: Spelling, options: TokenizerOptions
) -> list[Merge]:
    automatic = options.new_tokens == "auto"
    limit = options.max_new_tokens if isinstance(options.new_tokens, str) else options.new_tokens
    if limit == 0:
        return []
    own = _not_replay(nation, replay)
    words = spelling.learnable(own)
    own = Counter({piece: count for piece, count in own.items() if piece in words})
    learnt = learn(own, model, limit, options.min_count if automatic else 1)
    # A new merge may still fire inside a word of the replay language: those that do so often are taken out again.
    bigger = extended(model, learnt, len(model["vocab"]))
    used = {role: _token_counts(counts, bigger) for role, counts in (("nation", nation), ("replay", replay))}
    ratio = REPLAY_RATIO * used["replay"].total() / max(1, used["nation"].total())
    old = set(model["vocab"])
    foreign = {t for t, count in used["replay"].items() if t not in old and count > ratio * used["nation"][t]}
    learnt = without(learnt, foreign)
    while lost := unreachable(extended(model, learnt, len(model["vocab"])), learnt):
        learnt = without(learnt, lost)
    return learnt


def _not_replay(nation: Counter[str], replay: Counter[str]) -> Counter[str]:
    """Pieces that are the nation's own: names and words shared with the replay language stay as they are."""
    ratio = REPLAY_RATIO * replay.total() / max(1, nation.total())
    return Counter(
        {piece: count for piece, count in nation.items() if replay[piece] < ratio * count or not replay[piece]}
    )


def _token_counts(counts: Counter[str], model: dict[str, Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    pieces = sorted(counts)
    for piece, tokens in zip(pieces, segment(pieces, model), strict=True):
        for token in tokens:
            found[token] += counts[piece]
    return found


def _facts(old: dict[str, Any], new: dict[str, Any], rows: int, nation: Counter[str], rule: str) -> Extension:
    used = _token_counts(nation, new)
    names = sorted((token for token, i in new["vocab"].items() if i >= rows), key=lambda token: new["vocab"][token])
    parts = segment(names, old)
    added = tuple(
        AddedToken(new["vocab"][name], name, tuple(old["vocab"][part] for part in pieces), used[name])
        for name, pieces in zip(names, parts, strict=True)
    )
    return Extension(pretokenizer=rule, base_rows=rows, text_tokens=used.total(), added=added)


def _changed(replay: Counter[str], old: dict[str, Any], new: dict[str, Any]) -> float:
    pieces = sorted(replay)
    both = zip(pieces, segment(pieces, old), segment(pieces, new), strict=True)
    return round(sum(replay[piece] for piece, a, b in both if a != b) / max(1, replay.total()), 6)


def _bytes_per_token(corpus: Path, old: dict[str, Any], new: dict[str, Any]) -> Iterable[BytesPerToken]:
    from tokenizers import Tokenizer

    pair = [Tokenizer.from_str(json.dumps(each, ensure_ascii=False)) for each in (old, new)]
    for language, texts in by_language(documents(corpus, "heldout")).items():
        size = sum(document.utf8_bytes for document in texts)
        tokens = [
            sum(len(e.ids) for e in t.encode_batch_fast([d.text for d in texts], add_special_tokens=False))
            for t in pair
        ]
        yield BytesPerToken(language, *(round(size / max(1, count), 3) for count in tokens))


def _write(base: Path, into: Path, tokenizer: dict[str, Any], facts: Extension) -> None:
    (into / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False) + "\n", encoding="utf-8")
    for name in _COPIED:
        if (base / name).is_file():
            shutil.copyfile(base / name, into / name)
    if facts.added:
        # A class of the family's own would cut text by its own rule again, whatever tokenizer.json says.
        settings = read_json(into / "tokenizer_config.json") | {"tokenizer_class": "PreTrainedTokenizerFast"}
        (into / "tokenizer_config.json").write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n")
    extension.write(into, facts)
