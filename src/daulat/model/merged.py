"""The trained model written as an ordinary Hugging Face folder: adapters merged, new rows behind the old ones.

INVARIANT: what was not trained is the base's own, read from its files again; the network may hold it rounded to bfloat16.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from daulat.model import extension, lora
from daulat.model import shape as shapes
from daulat.model.folder import read_json
from daulat.model.network import Network

_EMBEDDING, _HEAD = "model.embed_tokens.weight", "lm_head.weight"
_COPIED = ("tokenizer.json", "tokenizer_config.json", "generation_config.json", "chat_template.jinja", extension.NAME)


def write_model(base: Path, tokenizer: Path, network: Network, into: Path) -> None:
    """Write config.json, model.safetensors, the extended tokenizer and the base's facts into `into`.

    Matrices are float16; vectors (norms, biases) are not trained and stay as the base has them.
    """
    import torch
    from safetensors.torch import save_file

    config = read_json(base / "config.json")
    tensors = _read_weights(base)
    for name, adapter in network.adapters.items():
        tensors[f"model.{name}.weight"] = tensors[f"model.{name}.weight"].float() + lora.learnt(adapter)
    old_in = tensors[_EMBEDDING]
    shape = shapes.read(config, base.name)
    tied = shape.tied and len(network.new_in) == 0
    if not tied:
        tensors[_HEAD] = torch.cat([tensors.get(_HEAD, old_in).float(), network.new_out.detach()])
    tensors[_EMBEDDING] = torch.cat([old_in.float(), network.new_in.detach()])
    half = {
        name: (value.to(torch.float16) if value.ndim > 1 else value).contiguous()
        for name, value in sorted(tensors.items())
    }
    assert_finite(half)
    save_file(half, into / "model.safetensors", metadata={"format": "pt"})
    config |= {"vocab_size": len(half[_EMBEDDING]), "tie_word_embeddings": tied}
    config |= {"dtype": shape.architecture.dtype}
    config.pop("torch_dtype", None)  # what transformers 4 called it
    (into / "config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for folder, names in ((tokenizer, _COPIED), (base, ("base.json",))):
        for name in names:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, into / name)


def _read_weights(folder: Path) -> dict[str, Any]:
    """Every tensor of a Hugging Face folder, in its own number format."""
    from safetensors.torch import load_file

    found: dict[str, Any] = {}
    for file in sorted(folder.glob("*.safetensors")):
        found |= load_file(file)
    return found


def assert_finite(tensors: dict[str, Any]) -> None:
    """Float16 ends at 65,504: a weight beyond it would be served as infinity."""
    for name, value in tensors.items():
        assert bool(value.isfinite().all()), f"{name} does not fit float16"
