"""The state of a training run on disk, replaced atomically: killed at any moment, the last whole one is there."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

NAME = "checkpoint"

Kept = tuple[dict[str, Any], dict[str, Any]]
"""Tensors by name; the run's key and its state."""


def save(folder: Path, state: dict[str, Any], facts: dict[str, Any]) -> None:
    """Keep tensors and facts; what was kept before stays until this is whole and on the disk."""
    from safetensors.torch import save as encode

    folder.mkdir(parents=True, exist_ok=True)
    tensors = encode({key: value.detach().contiguous() for key, value in state.items()})
    header = json.dumps({**facts, "sha256": hashlib.sha256(tensors).hexdigest()}).encode()
    partial = folder / f".{NAME}.partial"
    with partial.open("wb") as file:
        file.write(len(header).to_bytes(8, "big") + header + tensors)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / NAME)


def load(folder: Path, run: str) -> Kept | None:
    """Tensors and facts of the last whole checkpoint of that run; None where there is none to go on from."""
    from safetensors.torch import load as decode

    try:
        content = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return None
    size = int.from_bytes(content[:8], "big")
    try:
        facts: dict[str, Any] = json.loads(content[8 : 8 + size])
    except ValueError:
        return None
    tensors = content[8 + size :]
    if facts.get("run") != run or facts.get("sha256") != hashlib.sha256(tensors).hexdigest():
        return None
    return decode(tensors), facts
