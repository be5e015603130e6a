"""The trained model written as an ordinary Hugging Face folder: adapters merged, new rows behind the old ones.

INVARIANT: what was not trained is the base's own, read from its files again; the network may hold it rounded to bfloat16.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from daulat.model import extension, lora
from daulat.model import shape as shapes
from daulat.model.folder import read_json
from daulat.model.network import BODY, HEAD, Network

_EMBEDDING = f"{BODY}embed_tokens.weight"
_COPIED = ("tokenizer.json", "tokenizer_config.json", "generation_config.json", "chat_template.jinja", extension.NAME)


def write_model(base: Path, tokenizer: Path, network: Network, into: Path) -> None:
    """Write config.json, model.safetensors, the extended tokenizer and the base's facts into `into`.

    Matrices are float16; vectors (norms, biases) are in the base's number format, and the base's own unless everything learnt.
    One tensor at a time is held in float32, so that this takes no more memory than the training did.
    """
    from safetensors.torch import save_file

    config = read_json(base / "config.json")
    shape = shapes.read(config, base.name)
    tied = shape.tied and len(network.new_in) == 0
    trained = {name: tensor.detach() for name, tensor in network.trainable().items()} if network.full else {}
    half: dict[str, Any] = {}
    for name, tensor in _weights(base):
        adapter = network.adapters.get(name.removeprefix(BODY).removesuffix(".weight"))
        learnt = trained.get(name, tensor) if adapter is None else tensor.float() + lora.learnt(adapter)
        half[name] = _half(learnt) if tensor.ndim > 1 else learnt.to(tensor.dtype)
    old_in, old_out = half[_EMBEDDING], half.get(HEAD, half[_EMBEDDING])
    half[_EMBEDDING] = _with_rows(old_in, network.new_in)
    if not tied:
        half[HEAD] = _with_rows(old_out, network.new_out)
    assert_finite(half)
    save_file(dict(sorted(half.items())), into / "model.safetensors", metadata={"format": "pt"})
    config |= {"vocab_size": len(half[_EMBEDDING]), "tie_word_embeddings": tied}
    config |= {"dtype": shape.architecture.dtype}
    config.pop("torch_dtype", None)  # what transformers 4 called it
    (into / "config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for folder, names in ((tokenizer, _COPIED), (base, ("base.json",))):
        for name in names:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, into / name)


def _half(tensor: Any) -> Any:
    import torch

    return tensor.to(torch.float16).contiguous()


def _with_rows(old: Any, new: Any) -> Any:
    """New rows behind the old ones; a copy in any case, for two names may not share one tensor."""
    import torch

    return torch.cat([old, _half(new.detach())])


def _weights(folder: Path) -> Iterator[tuple[str, Any]]:
    """Every tensor of a Hugging Face folder, in its own number format, read as it is needed."""
    from safetensors import safe_open

    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as shard:
            for name in shard.keys():  # noqa: SIM118  it is no dict
                yield name, shard.get_tensor(name)


def assert_finite(tensors: dict[str, Any]) -> None:
    """Float16 ends at 65,504: a weight beyond it would be served as infinity."""
    for name, value in tensors.items():
        assert bool(value.isfinite().all()), f"{name} does not fit float16"
