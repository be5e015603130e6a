"""The tokenizer of a Hugging Face folder in the header of a GGUF file."""

import json
from pathlib import Path
from typing import Any

from daulat.errors import DaulatError
from daulat.model.folder import read_json
from daulat.model.gguf.vocabulary_in import BYTE, CONTROL, NORMAL, UNUSED, USER
from daulat.model.shape import Shape
from daulat.model.spelling import SPACE, spelling_of

PLAIN_TEMPLATE = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
"""For a base that was never taught to take turns: what is said is text, and it goes on from there. Without a template
llama.cpp would put marks around each turn that such a model has never seen."""


def add_vocabulary(writer: Any, model: Path, shape: Shape) -> None:
    """Tokens, merges or scores, special tokens and chat template.

    Raises: DaulatError where llama.cpp has no name for the rule by which the tokenizer cuts text.
    """
    tokenizer = read_json(model / "tokenizer.json")
    spelling = spelling_of(tokenizer, model.name)
    settings = read_json(model / "tokenizer_config.json")
    added = {token["id"]: token for token in tokenizer.get("added_tokens", [])}
    tokens, types = _tokens(tokenizer, added, shape, metaspace=spelling.kind == "metaspace")
    writer.add_tokenizer_model("gpt2" if spelling.kind == "byte-level" else "llama")
    writer.add_tokenizer_pre(spelling.rule)
    writer.add_token_list(tokens)
    if spelling.kind == "metaspace":
        writer.add_token_scores(_scores(tokenizer["model"], len(tokens)))
        writer.add_add_space_prefix(False)
    writer.add_token_types(types)
    if spelling.kind == "byte-level":
        merges = tokenizer["model"]["merges"]
        writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in merges])
    _add_special(writer, shape, settings, {token["content"]: i for i, token in added.items()})
    writer.add_add_bos_token(begins_with_start(tokenizer, settings))
    writer.add_chat_template(chat_template(model, settings) or PLAIN_TEMPLATE)


def begins_with_start(tokenizer: dict[str, Any], settings: dict[str, Any]) -> bool:
    """Whether every text begins with the start token: the model was trained so, and is worse without it."""
    start = settings.get("bos_token")
    start = start.get("content") if isinstance(start, dict) else start
    if "add_bos_token" in settings:
        return bool(settings["add_bos_token"]) and start is not None
    return start is not None and json.dumps(start) in json.dumps(tokenizer.get("post_processor"))


def chat_template(model: Path, settings: dict[str, Any]) -> str | None:
    """How turns are written, from the file beside or from the settings; None where the model was never taught any."""
    file = model / "chat_template.jinja"
    found = file.read_text(encoding="utf-8") if file.exists() else settings.get("chat_template")
    if isinstance(found, list):  # several, by name
        found = next((one["template"] for one in found if one.get("name") == "default"), None)
    return found or None


def _tokens(
    tokenizer: dict[str, Any], added: dict[int, dict[str, Any]], shape: Shape, *, metaspace: bool
) -> tuple[list[str], list[int]]:
    spelt = {i: token for token, i in tokenizer["model"]["vocab"].items()}
    tokens, types = [], []
    for i in range(shape.vocabulary):
        special = added.get(i)
        if special:
            text = special["content"]
            # llama.cpp looks for these in the text as it was written.
            tokens.append(text.replace(SPACE, " ") if metaspace and not special["special"] else text)
            types.append(CONTROL if special["special"] else USER)
        elif i in spelt:
            tokens.append(spelt[i])
            types.append(BYTE if metaspace and _is_byte(spelt[i]) else NORMAL)
        else:
            tokens.append(f"[PAD{i}]")
            types.append(UNUSED)
    if len(set(tokens)) != len(tokens):
        raise DaulatError("the tokenizer has one token twice", "the folder was changed by hand: make it again")
    return tokens, types


def _is_byte(token: str) -> bool:
    return len(token) == 6 and token.startswith("<0x") and token.endswith(">")


def _scores(model: dict[str, Any], count: int) -> list[float]:
    """The sooner a token is merged, the higher; what is not merged has the same as a token that comes last."""
    ranks: dict[int, int] = {}
    for merge in model["merges"]:
        left, right = merge.split(" ") if isinstance(merge, str) else merge
        token = model["vocab"].get(left + right)
        if token is not None and token not in ranks:
            ranks[token] = len(ranks)
    return [-float(ranks.get(i, len(ranks))) for i in range(count)]


def _add_special(writer: Any, shape: Shape, settings: dict[str, Any], ids: dict[str, int]) -> None:
    if shape.bos is not None:
        writer.add_bos_token_id(shape.bos)
    if shape.eos is not None:
        writer.add_eos_token_id(shape.eos)
    for key, add in (("unk_token", writer.add_unk_token_id), ("pad_token", writer.add_pad_token_id)):
        content = settings.get(key)
        content = content.get("content") if isinstance(content, dict) else content
        if content in ids:
            add(ids[content])
