"""The weights: how GGUF names and lays them out, and how a Hugging Face folder does.

llama.cpp stores the rows of a Llama's query and key in the order its rotary embedding wants; Gemma's norms plus one.
"""

from collections.abc import Iterator
from typing import Any

from daulat.errors import DaulatError
from daulat.model.shape import Shape

ROPE_FREQS = "rope_freqs.weight"
_OUTSIDE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


def names(shape: Shape) -> dict[str, str]:
    """Every tensor of the model: its name in GGUF -> its name in the folder."""
    outside = {key: value for key, value in _OUTSIDE.items() if key != "output" or not shape.tied}
    found = {f"{key}.weight": f"{value}.weight" for key, value in outside.items()}
    for layer in range(shape.layers):
        for part, module in shape.architecture.parts.items():
            for kind in ("weight", "bias") if part in shape.architecture.biased else ("weight",):
                found[f"blk.{layer}.{part}.{kind}"] = f"model.layers.{layer}.{module}.{kind}"
    return found


def check(shape: Shape, there: set[str], name: str) -> None:
    """Raises: DaulatError where the file lacks a tensor of its family, or has one that would be left out."""
    wanted = {*names(shape)}
    missing, odd = sorted(wanted - there), sorted(there - wanted - {ROPE_FREQS})
    if missing:
        raise DaulatError(
            f"`{name}` lacks {len(missing)} of {len(wanted)} tensors, the first `{missing[0]}`", "download it again"
        )
    if odd:
        raise DaulatError(
            f"`{name}` has {len(odd)} tensors that a {shape.architecture.model_type} has not, the first `{odd[0]}`",
            "name another model",
        )


def to_folder(shape: Shape, gguf_name: str, weight: Any) -> Any:
    """A tensor of GGUF (rows x columns, or a vector) as the folder has it: matrices as float16, vectors as float32."""
    import numpy as np

    if "norm" in gguf_name:
        return np.ascontiguousarray((weight - shape.architecture.norm_offset).astype(np.float32))
    turned = _heads(shape, gguf_name)
    if turned:
        rows = weight.shape[0] // turned // 2
        weight = weight.reshape(turned, rows, 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)
    return np.ascontiguousarray(weight.astype(np.float32 if weight.ndim == 1 else np.float16))


def to_gguf(shape: Shape, gguf_name: str, weight: Any) -> Any:
    """A tensor of the folder, as float32, laid out as GGUF has it."""
    if "norm" in gguf_name:
        return weight + shape.architecture.norm_offset
    turned = _heads(shape, gguf_name)
    if turned:
        rows = weight.shape[0] // turned // 2
        weight = weight.reshape(turned, 2, rows, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)
    return weight


def _heads(shape: Shape, gguf_name: str) -> int:
    """How many heads the rows of this tensor are turned in; 0 where they are not."""
    part = gguf_name.split(".")[-2]
    return {"attn_q": shape.heads, "attn_k": shape.kv_heads}.get(part, 0) if shape.architecture.turned else 0


def add(writer: Any, shape: Shape, gguf_name: str, weight: Any, kind: str) -> None:
    """Put one tensor into the file: vectors as float32, matrices as `kind`."""
    import numpy as np
    from gguf import GGMLQuantizationType
    from gguf.quants import quantize

    weight = to_gguf(shape, gguf_name, weight)
    if weight.ndim == 1:
        writer.add_tensor(gguf_name, weight.astype(np.float32))
    elif kind == "q8_0" and weight.shape[-1] % _Q8_BLOCK == 0:
        writer.add_tensor(gguf_name, quantize(weight, GGMLQuantizationType.Q8_0), raw_dtype=GGMLQuantizationType.Q8_0)
    else:
        writer.add_tensor(gguf_name, weight.astype(np.float16))


_Q8_BLOCK = 32
"""Weights that share one scale in Q8_0; a matrix whose rows are no multiple of it stays float16."""


def add_stretch(writer: Any, shape: Shape) -> None:
    """The stretched rotary frequencies as a tensor, which is how llama.cpp is told of Llama 3's."""
    import numpy as np

    if shape.stretch is not None and shape.stretch.kind == "llama3":
        factors = shape.stretch.factors(shape.head_dim, shape.theta)
        writer.add_tensor(ROPE_FREQS, np.array(factors, dtype=np.float32))


def folder_tensors(folder: Any) -> Iterator[tuple[str, Any]]:
    """Every tensor of a Hugging Face folder by name, as float32, one at a time; sorted within each file."""
    from safetensors import safe_open

    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as shard:
            for key in sorted(shard.keys()):
                if key.endswith("rotary_emb.inv_freq"):
                    continue  # older folders hold it; it follows from config.json
                yield key, shard.get_tensor(key).float().numpy()
