"""How a tokenizer spells text before its merges: bytes as printable characters, or characters with `▁` for a space.

```
byte-level   (Llama 3, Qwen, DeepSeek, SmolLM)  "é ini" ──cut by a rule──> "Ã©" "Ġini" ──merges──> tokens
metaspace    (Gemma)                            "é ini" ──not cut──────> "é▁ini"    ──merges──> tokens, else byte tokens
```
A metaspace tokenizer merges any two tokens whose spelling together is a token (so do SentencePiece and llama.cpp), the one
that was learnt first before others; a byte-level one merges only the pairs on its list.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from daulat.errors import DaulatError
from daulat.model.pretokenizers import PRETOKENIZERS, name_of

SPACE = "▁"
METASPACE_RULE = "default"
"""llama.cpp's name of a metaspace tokenizer's rule: it has none."""
_WORDS = r"▁?[\p{L}\p{M}]+"
"""Words, from which a metaspace tokenizer learns: letters with their marks, and the space before."""
_REPLACE = {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}
_TO_SPACE = {"type": "Replace", "pattern": {"String": SPACE}, "content": " "}
METASPACE_DECODER = {"type": "Sequence", "decoders": [_TO_SPACE, {"type": "ByteFallback"}, {"type": "Fuse"}]}
BYTE_LEVEL_DECODER = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}


@dataclass(frozen=True)
class Spelling:
    """Which of the two, and by which rule text is cut."""

    kind: Literal["byte-level", "metaspace"]
    rule: str
    """llama.cpp's name of it."""

    @property
    def pre_tokenizer(self) -> dict[str, Any] | None:
        """What the tokenizer.json cuts with."""
        return PRETOKENIZERS[self.rule] if self.kind == "byte-level" else None

    @property
    def cutter(self) -> dict[str, Any]:
        """`normalizer` and `pre_tokenizer` that cut text into the pieces that merges are learnt on and counted over."""
        if self.kind == "byte-level":
            return {"normalizer": None, "pre_tokenizer": self.pre_tokenizer}
        words = {"type": "Split", "pattern": {"Regex": _WORDS}, "behavior": "Isolated", "invert": False}
        return {"normalizer": _REPLACE, "pre_tokenizer": words}

    def learnable(self, pieces: Iterable[str]) -> set[str]:
        """The pieces that new tokens may be learnt from: all, or words where nothing else keeps merges within one."""
        if self.kind == "byte-level":
            return set(pieces)
        return {piece for piece in pieces if (word := piece.removeprefix(SPACE)) and not _odd(word)}


def _odd(word: str) -> bool:
    """Whether there is anything but letters and marks in it."""
    import unicodedata

    return any(unicodedata.category(character)[0] not in "LM" for character in word)


def spelling_of(tokenizer: dict[str, Any], name: str) -> Spelling:
    """How the tokenizer of that tokenizer.json spells text; `name` is what an error calls its model.

    Raises: DaulatError where it does so in a way that llama.cpp could not serve.
    """
    model, normalizer = tokenizer.get("model", {}), tokenizer.get("normalizer")
    if model.get("type") == "BPE" and model.get("byte_fallback"):
        if normalizer == _REPLACE and _cuts_nothing(tokenizer.get("pre_tokenizer")):
            return Spelling("metaspace", METASPACE_RULE)
    elif model.get("type") == "BPE":
        rule = name_of(tokenizer.get("pre_tokenizer"))
        # NFC changes nothing: the corpus is NFC, and llama.cpp does not know it either.
        if rule is not None and normalizer in (None, {"type": "NFC"}):
            return Spelling("byte-level", rule)
    raise DaulatError(
        f"the tokenizer of `{name}` ({model.get('type')}) cuts text by a rule that llama.cpp has no name for",
        f"these can be extended: byte-level BPE with one of the rules {', '.join(sorted(PRETOKENIZERS))}; "
        "BPE with byte fallback that writes spaces as `▁` (Gemma)",
    )


def _cuts_nothing(pre_tokenizer: dict[str, Any] | None) -> bool:
    """Gemma cuts at spaces that its normalizer has already taken away."""
    if pre_tokenizer is None:
        return True
    return pre_tokenizer.get("type") == "Split" and pre_tokenizer.get("pattern") == {"String": " "}


def splits(token: str, vocab: dict[str, int]) -> list[list[str]]:
    """Every pair of tokens that together spell this one."""
    return [
        [token[:place], token[place:]]
        for place in range(1, len(token))
        if token[:place] in vocab and token[place:] in vocab
    ]


def with_all_splits(model: dict[str, Any], new: list[str]) -> list[list[str]]:
    """The merges of a metaspace model whose vocabulary has grown by `new`: any two tokens that spell a token merge.

    Old tokens keep their rank, and get the pairs that the new ones make possible; new ones follow in their order.
    """
    vocab, added = model["vocab"], set(new)
    merges: list[list[str]] = []
    seen: set[str] = set()
    for left, right in ((m.split(" ") if isinstance(m, str) else m) for m in model["merges"]):
        merges.append([left, right])
        token = left + right
        if token not in seen:
            seen.add(token)
            merges += [pair for pair in splits(token, vocab) if pair[0] in added or pair[1] in added]
    for token in new:
        merges += splits(token, vocab)
    return merges
