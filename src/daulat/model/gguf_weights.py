"""A GGUF file read back into a Hugging Face folder: weights as float16, tokenizer and chat template kept.

llama.cpp stores the rows of the query and key projections in the order its rotary embedding wants; here they are put back.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daulat.errors import DaulatError
from daulat.model.pretokenizers import PRETOKENIZERS
from daulat.records import Progress

READABLE = ("llama",)
"""Architectures whose GGUF is read."""

_ENCODERS = ("bert", "nomic-bert", "jina-bert-v2", "t5encoder", "neo-bert", "eurobert")
_CONTROL_TOKEN = 3
_USER_TOKEN = 4

_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_OUTSIDE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


@dataclass(frozen=True)
class Converted:
    """What was read."""

    name: str
    parameters: int
    stored_as: str


def convert(path: Path, into: Path, progress: Progress) -> Converted:
    """Write config.json, model.safetensors, tokenizer.json and their kin into `into`.

    Raises: DaulatError where the file is no whole GGUF, or holds no model that is read here.
    """
    reader = _open(path)
    values = dict(reader.fields)
    architecture = _value(values, "general.architecture", path)
    if architecture in _ENCODERS:
        raise DaulatError(
            f"`{path.name}` is an encoder ({architecture}): it cannot write text", "choose a text-generating model"
        )
    if architecture not in READABLE:
        raise DaulatError(
            f"GGUF files of the architecture `{architecture}` are not read yet",
            f"what works: {', '.join(READABLE)} as GGUF, or the model as a Hugging Face folder",
        )
    config = _config(values, path)
    tied = not any(tensor.name == "output.weight" for tensor in reader.tensors)
    config["tie_word_embeddings"] = tied
    _write_json(into / "config.json", config)
    _write_tokenizer(values, path, into)
    parameters = _write_weights(reader, config, into, progress)
    kinds = Counter(tensor.tensor_type.name for tensor in reader.tensors if len(tensor.shape) > 1)
    name = values["general.name"].contents() if "general.name" in values else path.stem
    return Converted(name=name, parameters=parameters, stored_as=kinds.most_common(1)[0][0])


def _open(path: Path) -> Any:
    from gguf import GGUFReader

    try:
        reader = GGUFReader(path)
        needed = max((int(tensor.data_offset + tensor.n_bytes) for tensor in reader.tensors), default=0)
    except (ValueError, IndexError, KeyError, OverflowError, MemoryError) as error:
        whole = path.open("rb").read(4) == b"GGUF"
        words = "is cut off" if whole else "is no GGUF file"
        raise DaulatError(f"`{path.name}` {words}: {error}", "download it again, or name another model") from None
    if not reader.tensors or needed > path.stat().st_size:
        raise DaulatError(f"`{path.name}` is cut off: it should hold {needed} bytes", "download it again")
    return reader


def _value(fields: dict[str, Any], key: str, path: Path) -> Any:
    if key not in fields:
        raise DaulatError(f"`{path.name}` does not say its `{key}`: it is no language model", "name another model")
    return fields[key].contents()


def _config(fields: dict[str, Any], path: Path) -> dict[str, Any]:
    def get(key: str) -> Any:
        return _value(fields, key, path)

    heads, width = get("llama.attention.head_count"), get("llama.embedding_length")
    scaling = fields.get("llama.rope.scaling.type")
    if scaling is not None and scaling.contents() not in ("none", ""):
        raise DaulatError(
            f"`{path.name}` stretches its positions (`{scaling.contents()}`), which is not read from GGUF yet",
            "name the model as a Hugging Face folder",
        )
    theta = fields["llama.rope.freq_base"].contents() if "llama.rope.freq_base" in fields else 10_000.0
    return {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": get("tokenizer.ggml.bos_token_id"),
        "dtype": "float16",
        "eos_token_id": get("tokenizer.ggml.eos_token_id"),
        "head_dim": fields["llama.rope.dimension_count"].contents()
        if "llama.rope.dimension_count" in fields
        else width // heads,
        "hidden_act": "silu",
        "hidden_size": width,
        "initializer_range": 0.02,
        "intermediate_size": get("llama.feed_forward_length"),
        "max_position_embeddings": get("llama.context_length"),
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": heads,
        "num_hidden_layers": get("llama.block_count"),
        "num_key_value_heads": fields["llama.attention.head_count_kv"].contents()
        if "llama.attention.head_count_kv" in fields
        else heads,
        # Stored as 32-bit; written shortest, so that 9.999999747378752e-06 is 1e-05 again.
        "rms_norm_eps": float(f"{get('llama.attention.layer_norm_rms_epsilon'):.6g}"),
        "rope_theta": float(f"{theta:.7g}"),
        "vocab_size": len(fields["tokenizer.ggml.tokens"].data) if "tokenizer.ggml.tokens" in fields else 0,
    }


def _write_weights(reader: Any, config: dict[str, Any], into: Path, progress: Progress) -> int:
    import numpy as np
    from gguf.quants import dequantize
    from safetensors.numpy import save_file

    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    tensors: dict[str, Any] = {}
    for number, tensor in enumerate(reader.tensors):
        name = _name(tensor.name)
        if name is None:
            continue
        weight = dequantize(tensor.data, tensor.tensor_type)
        part = tensor.name.split(".")[-2]
        if part in heads:
            rows = weight.shape[0] // heads[part] // 2
            weight = weight.reshape(heads[part], rows, 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)
        tensors[name] = np.ascontiguousarray(weight.astype(np.float16))
        if number % 16 == 0:
            progress(number / len(reader.tensors), "unpacking the weights")
    expected = config["num_hidden_layers"] * len(_LAYER) + 2 + (not config["tie_word_embeddings"])
    if len(tensors) != expected:
        raise DaulatError(f"the GGUF holds {len(tensors)} known tensors, not {expected}", "name another model")
    save_file(dict(sorted(tensors.items())), into / "model.safetensors", metadata={"format": "pt"})
    return sum(int(tensor.size) for tensor in tensors.values())


def _name(gguf_name: str) -> str | None:
    parts = gguf_name.split(".")
    if parts[0] == "blk" and len(parts) == 4 and parts[2] in _LAYER:
        return f"model.layers.{parts[1]}.{_LAYER[parts[2]]}.{parts[3]}"
    return f"{_OUTSIDE[parts[0]]}.{parts[1]}" if parts[0] in _OUTSIDE and len(parts) == 2 else None


def _write_tokenizer(fields: dict[str, Any], path: Path, into: Path) -> None:
    model, pre = _value(fields, "tokenizer.ggml.model", path), _value(fields, "tokenizer.ggml.pre", path)
    if model != "gpt2" or pre not in PRETOKENIZERS:
        raise DaulatError(
            f"the tokenizer of `{path.name}` ({model}, {pre}) is not read from GGUF yet",
            "name the model as a Hugging Face folder",
        )
    tokens, types = fields["tokenizer.ggml.tokens"].contents(), fields["tokenizer.ggml.token_type"].contents()
    added = [
        {
            "id": i,
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": kind == _CONTROL_TOKEN,
        }
        for i, (token, kind) in enumerate(zip(tokens, types, strict=True))
        if kind in (_CONTROL_TOKEN, _USER_TOKEN)
    ]
    merges = [merge.split(" ") for merge in fields["tokenizer.ggml.merges"].contents()]
    _write_json(
        into / "tokenizer.json",
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": added,
            "normalizer": None,
            "pre_tokenizer": PRETOKENIZERS[pre],
            "post_processor": None,
            "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            "model": {
                "type": "BPE",
                "dropout": None,
                "unk_token": None,
                "continuing_subword_prefix": None,
                "end_of_word_suffix": None,
                "fuse_unk": False,
                "byte_fallback": False,
                "ignore_merges": pre == "llama-bpe",
                "vocab": {token: i for i, token in enumerate(tokens)},
                "merges": merges,
            },
        },
        indent=None,
    )
    _write_tokenizer_config(fields, tokens, path, into)


def _write_tokenizer_config(fields: dict[str, Any], tokens: list[str], path: Path, into: Path) -> None:
    special = {
        kind: tokens[fields[f"tokenizer.ggml.{key}_token_id"].contents()]
        for kind, key in (
            ("bos_token", "bos"),
            ("eos_token", "eos"),
            ("unk_token", "unknown"),
            ("pad_token", "padding"),
        )
        if f"tokenizer.ggml.{key}_token_id" in fields
    }
    template = (
        {"chat_template": fields["tokenizer.chat_template"].contents()} if "tokenizer.chat_template" in fields else {}
    )
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        **special,
        **template,
    }
    _write_json(into / "tokenizer_config.json", settings)
    ids = {key: fields[f"tokenizer.ggml.{key}_token_id"].contents() for key in ("bos", "eos")}
    _write_json(into / "generation_config.json", {"bos_token_id": ids["bos"], "eos_token_id": ids["eos"]})


def _write_json(path: Path, content: dict[str, Any], indent: int | None = 2) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=indent) + "\n", encoding="utf-8")
