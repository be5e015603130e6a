"""How text is cut before byte-level BPE merges: the same rule as Hugging Face and llama.cpp each write it.

llama.cpp knows pre-tokenizers by name only, so a tokenizer whose rule has no name there cannot be served by it.
Source: the patterns are llama.cpp's own (`llm_tokenizer_bpe` in llama-vocab.cpp).
"""

from typing import Any

_CONTRACTIONS = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
_CONTRACTIONS_FOLDED = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
"""The same, as Llama 3, Qwen and DeepSeek write it in their tokenizer.json; llama.cpp's engine has no case folding."""
_TAIL = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def _split(pattern: str) -> dict[str, Any]:
    return {
        "type": "Sequence",
        "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
        ],
    }


_GPT2: dict[str, Any] = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}

PRETOKENIZERS: dict[str, dict[str, Any]] = {
    "gpt-2": _GPT2,
    "smollm": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, _GPT2]},
    "llama-bpe": _split(_CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + _TAIL),
    "qwen2": _split(_CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + _TAIL),
    "qwen35": _split(
        _CONTRACTIONS
        + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
}
"""llama.cpp's name -> the `pre_tokenizer` of a tokenizer.json."""

KEEPS_MARKS = "qwen35"
"""Keeps combining marks with their letters: Thai, Lao, Khmer, Burmese and Tamil words stay whole."""

MARKS_AWARE_FOR = frozenset({"smollm", "qwen2"})
"""Rules that cut digits one by one, as `qwen35` does: numbers and English stay as they were under it."""


def name_of(pre_tokenizer: dict[str, Any] | None) -> str | None:
    """llama.cpp's name of a tokenizer.json's `pre_tokenizer`; None where it has none."""
    wanted = _essence(pre_tokenizer)
    for name, known in PRETOKENIZERS.items():
        if _essence(known) == wanted:
            return name
    return None


def _essence(part: Any) -> Any:
    """What decides the cuts: offsets, the order of keys and two spellings of one pattern do not.

    A sequence of one is that one.
    """
    if isinstance(part, str):
        return part.replace(_CONTRACTIONS_FOLDED, _CONTRACTIONS)
    if isinstance(part, dict):
        inner = part.get("pretokenizers")
        if inner is not None and len(inner) == 1:
            return _essence(inner[0])
        return {key: _essence(value) for key, value in part.items() if key != "trim_offsets"}
    return [_essence(item) for item in part] if isinstance(part, list) else part
