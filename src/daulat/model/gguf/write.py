"""A Hugging Face folder as one GGUF file that llama.cpp serves: the same tokens, the same numbers."""

import tempfile
from pathlib import Path
from typing import Literal

from daulat.errors import DaulatError
from daulat.model import shape as shapes
from daulat.model.folder import read_json
from daulat.model.gguf import header, quantize, tensors
from daulat.model.gguf.vocabulary_out import add_vocabulary
from daulat.model.options import Kind
from daulat.records import Progress, no_progress

FILE = "model.gguf"


def export_gguf(model: Path, into: Path, kind: Kind = "f16", progress: Progress = no_progress) -> Path:
    """`model.gguf` in `into`; the same folder gives the same bytes.

    Raises: DaulatError for an architecture or a tokenizer that is not exported, weights that are not its own, or a kind that is
    packed by a program which is not installed.
    """
    if kind == "f16" or kind == "q8_0":
        return _packed(model, into, kind, progress)
    quantize.program(kind)
    with tempfile.TemporaryDirectory(dir=into.parent) as folder:
        plain = _packed(model, Path(folder), "f16", progress)
        progress(0.9, f"packing as {kind}")
        quantize.quantize(plain, into / FILE, kind)
    progress(1.0, f"{(into / FILE).stat().st_size / 1e6:.0f} MB")
    return into / FILE


def _packed(model: Path, into: Path, kind: Literal["f16", "q8_0"], progress: Progress) -> Path:
    from gguf import GGUFWriter

    shape = shapes.read(read_json(model / "config.json"), model.name)
    writer = GGUFWriter(into / FILE, shape.architecture.name)
    header.write(writer, shape, kind)
    add_vocabulary(writer, model, shape)
    wanted = {target: name for name, target in tensors.names(shape).items()}
    done = 0
    tensors.add_stretch(writer, shape)
    for key, weight in tensors.folder_tensors(model):
        if key == "lm_head.weight" and shape.tied:
            continue
        if key not in wanted:
            raise DaulatError(
                f"`{model.name}` holds `{key}`, which a {shape.architecture.model_type} has not", "name another model"
            )
        tensors.add(writer, shape, wanted[key], weight, kind)
        done += 1
        progress(0.8 * done / len(wanted), "packing the weights")
    if done != len(wanted):
        raise DaulatError(f"`{model.name}` holds {done} of {len(wanted)} tensors", "make or download it again")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    progress(1.0, f"{(into / FILE).stat().st_size / 1e6:.0f} MB")
    return into / FILE
