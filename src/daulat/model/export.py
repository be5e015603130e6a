"""A Hugging Face folder as one GGUF file that llama.cpp serves: the same tokens, the same numbers."""

import json
from pathlib import Path
from typing import Any, Literal

from daulat.errors import DaulatError
from daulat.model.folder import read_json
from daulat.model.pretokenizers import name_of
from daulat.records import Progress, no_progress

WRITABLE = ("llama",)
"""Values of `model_type` that are exported."""

FILE = "model.gguf"
_NORMAL, _CONTROL, _USER = 1, 3, 4


def export_gguf(
    model: Path, into: Path, kind: Literal["f16", "q8_0"] = "f16", progress: Progress = no_progress
) -> Path:
    """`model.gguf` in `into`; the same folder gives the same bytes.

    Raises: DaulatError for an architecture or a tokenizer that is not exported yet.
    """
    from gguf import GGUFWriter

    config, tokenizer = read_json(model / "config.json"), read_json(model / "tokenizer.json")
    if config["model_type"] not in WRITABLE:
        raise DaulatError(
            f"models of the architecture `{config['model_type']}` are not exported yet",
            f"what works: {', '.join(WRITABLE)}",
        )
    pre = name_of(tokenizer.get("pre_tokenizer"))
    if pre is None:
        raise DaulatError("llama.cpp has no name for the rule by which this tokenizer cuts text", "choose another base")
    writer = GGUFWriter(into / FILE, "llama")
    _describe(writer, config, kind)
    _write_tokenizer(writer, model, tokenizer, config, pre)
    _write_weights(writer, model, config, kind, progress)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    progress(1.0, f"{(into / FILE).stat().st_size / 1e6:.0f} MB")
    return into / FILE


def _describe(writer: Any, config: dict[str, Any], kind: str) -> None:
    from gguf import LlamaFileType

    heads = config["num_attention_heads"]
    writer.add_name("daulat")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.get("num_key_value_heads", heads))
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(_theta(config))
    writer.add_rope_dimension_count(config.get("head_dim") or config["hidden_size"] // heads)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_file_type(LlamaFileType.MOSTLY_Q8_0 if kind == "q8_0" else LlamaFileType.MOSTLY_F16)


def _theta(config: dict[str, Any]) -> float:
    """Where transformers 5 writes it, or where older versions did."""
    return float(config.get("rope_theta") or (config.get("rope_parameters") or {}).get("rope_theta", 10_000.0))


def _write_tokenizer(writer: Any, model: Path, tokenizer: dict[str, Any], config: dict[str, Any], pre: str) -> None:
    spelt = {i: token for token, i in tokenizer["model"]["vocab"].items()}
    added = {token["id"]: token for token in tokenizer.get("added_tokens", [])}
    tokens, types = [], []
    for i in range(config["vocab_size"]):
        special = added.get(i)
        tokens.append(special["content"] if special else spelt.get(i, f"[PAD{i}]"))
        known = _NORMAL if i in spelt else _USER
        types.append((_CONTROL if special["special"] else _USER) if special else known)
    merges = tokenizer["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in merges])
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_add_bos_token(False)
    settings = json.loads((model / "tokenizer_config.json").read_text(encoding="utf-8"))
    by_content = {token["content"]: i for i, token in added.items()}
    for key, add in (("unk_token", writer.add_unk_token_id), ("pad_token", writer.add_pad_token_id)):
        if settings.get(key) in by_content:
            add(by_content[settings[key]])
    template = model / "chat_template.jinja"
    text = template.read_text(encoding="utf-8") if template.exists() else settings.get("chat_template")
    if text:
        writer.add_chat_template(text)


def _write_weights(writer: Any, model: Path, config: dict[str, Any], kind: str, progress: Progress) -> None:
    import numpy as np
    from gguf import MODEL_ARCH, GGMLQuantizationType, get_tensor_name_map
    from gguf.quants import quantize
    from safetensors import safe_open

    names = get_tensor_name_map(MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    heads = config["num_attention_heads"]
    turned = {"q_proj": heads, "k_proj": config.get("num_key_value_heads", heads)}
    files = sorted(model.glob("*.safetensors"))
    for file in files:
        with safe_open(file, framework="pt") as shard:
            keys = sorted(shard.keys())
            for number, key in enumerate(keys):
                if key == "lm_head.weight" and config.get("tie_word_embeddings"):
                    continue
                weight = shard.get_tensor(key).float().numpy()
                part = key.split(".")[-2]
                if part in turned:
                    rows = weight.shape[0] // turned[part] // 2
                    weight = (
                        weight.reshape(turned[part], 2, rows, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)
                    )
                name = names.get_name(key, try_suffixes=(".weight", ".bias"))
                if weight.ndim == 1:
                    writer.add_tensor(name, weight.astype(np.float32))
                elif kind == "q8_0":
                    packed = quantize(weight, GGMLQuantizationType.Q8_0)
                    writer.add_tensor(name, packed, raw_dtype=GGMLQuantizationType.Q8_0)
                else:
                    writer.add_tensor(name, weight.astype(np.float16))
                if number % 16 == 0:
                    progress(0.8 * number / len(keys), "packing the weights")
