"""A GGUF file as a Hugging Face folder: matrices as float16, tokenizer and chat template kept."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daulat.errors import DaulatError
from daulat.model import shape as shapes
from daulat.model.gguf import header as headers
from daulat.model.gguf import tensors
from daulat.model.gguf.header import Header
from daulat.model.gguf.vocabulary_in import write_tokenizer
from daulat.model.shape import Shape
from daulat.records import Progress


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
    header = Header(dict(reader.fields), path)
    there = {tensor.name: tensor for tensor in reader.tensors}
    freqs = there.get(tensors.ROPE_FREQS)
    shape = headers.read(
        header,
        tied="output.weight" not in there,
        vocabulary=len(header.get("tokenizer.ggml.tokens", ())),
        freqs=None if freqs is None else [float(value) for value in freqs.data],
    )
    tensors.check(shape, {*there}, path.name)
    config = json.dumps(shapes.write(shape), indent=2, ensure_ascii=False)
    (into / "config.json").write_text(config + "\n", encoding="utf-8")
    write_tokenizer(header, into)
    parameters = _write_weights(shape, there, into, progress)
    kinds = Counter(tensor.tensor_type.name for tensor in reader.tensors if len(tensor.shape) > 1)
    return Converted(header.get("general.name", path.stem), parameters, kinds.most_common(1)[0][0])


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


def _write_weights(shape: Shape, there: dict[str, Any], into: Path, progress: Progress) -> int:
    from gguf.quants import dequantize
    from safetensors.numpy import save_file

    wanted = tensors.names(shape)
    found: dict[str, Any] = {}
    for number, (name, target) in enumerate(wanted.items()):
        found[target] = tensors.to_folder(shape, name, dequantize(there[name].data, there[name].tensor_type))
        if number % 16 == 0:
            progress(number / len(wanted), "unpacking the weights")
    save_file(dict(sorted(found.items())), into / "model.safetensors", metadata={"format": "pt"})
    return sum(int(weight.size) for weight in found.values())
