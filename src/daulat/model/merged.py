"""The trained model written as an ordinary Hugging Face folder: adapters merged, new rows behind the old ones."""

import json
import shutil
from pathlib import Path
from typing import Any

from daulat.model import extension, lora
from daulat.model.folder import read_json
from daulat.model.network import Network

_COPIED = ("tokenizer.json", "tokenizer_config.json", "generation_config.json", "chat_template.jinja", extension.NAME)


def write_model(base: Path, tokenizer: Path, network: Network, into: Path) -> None:
    """Write config.json, model.safetensors (float16), the extended tokenizer and the base's facts into `into`."""
    import torch
    from safetensors.torch import save_file

    tensors = {
        f"model.{name}": value for name, value in network.body.state_dict().items() if "embed_tokens" not in name
    }
    for name, adapter in network.adapters.items():
        for side in ("frozen.weight", "down", "up"):
            tensors.pop(f"model.{name}.{side}")
        tensors[f"model.{name}.weight"] = lora.merged_weight(adapter)
    config = read_json(base / "config.json")
    tensors["model.embed_tokens.weight"] = torch.cat([network.old_in, network.new_in.detach().to(network.dtype)])
    tied = bool(config.get("tie_word_embeddings")) and len(network.new_in) == 0
    if not tied:
        tensors["lm_head.weight"] = torch.cat([network.old_out, network.new_out.detach().to(network.dtype)])
    half = {name: value.detach().to(torch.float16).contiguous() for name, value in sorted(tensors.items())}
    assert_finite(half)
    save_file(half, into / "model.safetensors", metadata={"format": "pt"})
    config |= {"vocab_size": len(tensors["model.embed_tokens.weight"]), "tie_word_embeddings": tied, "dtype": "float16"}
    (into / "config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for folder, names in ((tokenizer, _COPIED), (base, ("base.json",))):
        for name in names:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, into / name)


def assert_finite(tensors: dict[str, Any]) -> None:
    """Float16 ends at 65,504: a weight beyond it would be served as infinity."""
    for name, value in tensors.items():
        assert bool(value.isfinite().all()), f"{name} does not fit float16"
