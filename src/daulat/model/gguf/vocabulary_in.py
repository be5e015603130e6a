"""The tokenizer of a GGUF file as a Hugging Face tokenizer.json with its settings."""

import json
from pathlib import Path
from typing import Any

from daulat.errors import DaulatError
from daulat.model.gguf.header import Header
from daulat.model.pretokenizers import PRETOKENIZERS
from daulat.model.spelling import BYTE_LEVEL_DECODER, METASPACE_DECODER, splits

NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
"""Kinds of tokens. Source: `llama_token_type` of llama.cpp."""


def write_tokenizer(header: Header, into: Path) -> None:
    """tokenizer.json, tokenizer_config.json and generation_config.json in `into`.

    Raises: DaulatError for a tokenizer that is not read from GGUF.
    """
    kind, pre = header.need("tokenizer.ggml.model"), header.get("tokenizer.ggml.pre", "default")
    tokens, types = header.need("tokenizer.ggml.tokens"), header.need("tokenizer.ggml.token_type")
    if kind == "gpt2" and pre in PRETOKENIZERS:
        parts = _byte_level(header, tokens, pre)
    elif kind == "llama" and not header.get("tokenizer.ggml.add_space_prefix", True):
        parts = _metaspace(tokens, types, header.need("tokenizer.ggml.scores"))
    else:
        raise DaulatError(
            f"the tokenizer of `{header.path.name}` ({kind}, {pre}) is not read from GGUF yet",
            "name the model as a Hugging Face folder",
        )
    added = [
        _added(i, token, kind) for i, (token, kind) in enumerate(zip(tokens, types, strict=True)) if kind in _APART
    ]
    parts |= {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added}
    start = _start_token(header, tokens)
    parts["post_processor"] = None if start is None else _begin_with(*start)
    _write_json(into / "tokenizer.json", parts, indent=None)
    _write_settings(header, tokens, into)


_APART = (CONTROL, USER)


def _added(i: int, token: str, kind: int) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {"id": i, "content": token, **flags, "special": kind == CONTROL}


def _byte_level(header: Header, tokens: list[str], pre: str) -> dict[str, Any]:
    merges = [merge.split(" ") for merge in header.need("tokenizer.ggml.merges")]
    return {
        "normalizer": None,
        "pre_tokenizer": PRETOKENIZERS[pre],
        "decoder": BYTE_LEVEL_DECODER,
        "model": _model(tokens, merges, ignore_merges=pre == "llama-bpe"),
    }


def _metaspace(tokens: list[str], types: list[int], scores: list[float]) -> dict[str, Any]:
    """llama.cpp ranks tokens by score and merges any two that spell one; Hugging Face wants those pairs as a list."""
    vocab = {token: i for i, (token, kind) in enumerate(zip(tokens, types, strict=True)) if kind == NORMAL}
    ranked = sorted((i for i in vocab.values() if len(tokens[i]) > 1), key=lambda i: (-scores[i], i))
    merges = [pair for i in ranked for pair in splits(tokens[i], vocab)]
    unknown = next((token for token in ("<unk>",) if token in tokens), None)
    return {
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "pre_tokenizer": None,
        "decoder": METASPACE_DECODER,
        "model": _model(tokens, merges, byte_fallback=True, fuse_unk=True, unk_token=unknown),
    }


def _model(tokens: list[str], merges: list[list[str]], **flags: Any) -> dict[str, Any]:
    found = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
        "vocab": {token: i for i, token in enumerate(tokens)},
        "merges": merges,
    }
    return found | flags


def _start_token(header: Header, tokens: list[str]) -> tuple[str, int] | None:
    """The token that every text begins with, where the model was trained so."""
    start = header.get("tokenizer.ggml.bos_token_id")
    return (tokens[start], start) if header.get("tokenizer.ggml.add_bos_token", False) and start is not None else None


def _begin_with(token: str, i: int) -> dict[str, Any]:
    special = {"SpecialToken": {"id": token, "type_id": 0}}
    text = [{"Sequence": {"id": name, "type_id": kind}} for name, kind in (("A", 0), ("B", 1))]
    return {
        "type": "TemplateProcessing",
        "single": [special, text[0]],
        "pair": [special, text[0], {"SpecialToken": {"id": token, "type_id": 1}}, text[1]],
        "special_tokens": {token: {"id": token, "ids": [i], "tokens": [token]}},
    }


def _write_settings(header: Header, tokens: list[str], into: Path) -> None:
    names = {"bos_token": "bos", "eos_token": "eos", "unk_token": "unknown", "pad_token": "padding"}
    ids = {kind: header.get(f"tokenizer.ggml.{key}_token_id") for kind, key in names.items()}
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        **{kind: tokens[i] for kind, i in ids.items() if i is not None},
        **({"add_bos_token": True} if header.get("tokenizer.ggml.add_bos_token", False) else {}),
    }
    template = header.get("tokenizer.chat_template")
    _write_json(into / "tokenizer_config.json", settings | ({"chat_template": template} if template else {}))
    ends = {f"{kind}_id": i for kind, i in ids.items() if kind in ("bos_token", "eos_token") and i is not None}
    _write_json(into / "generation_config.json", ends)


def _write_json(path: Path, content: dict[str, Any], indent: int | None = 2) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=indent) + "\n", encoding="utf-8")
