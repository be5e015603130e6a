"""The sizes of a model in a GGUF's header. Source: docs/gguf.md of ggml, `LLM_KV_NAMES` of llama.cpp."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from daulat.errors import DaulatError
from daulat.model.architecture import of_gguf
from daulat.model.shape import Shape, Stretch

_ENCODERS = ("bert", "nomic-bert", "jina-bert-v2", "t5encoder", "neo-bert", "eurobert")


class Header:
    """The key-value part of one file."""

    def __init__(self, fields: dict[str, Any], path: Path) -> None:
        self.fields, self.path = fields, path

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or the default where the file does not state it."""
        return self.fields[key].contents() if key in self.fields else default

    def need(self, key: str) -> Any:
        """The value.

        Raises: DaulatError where the file does not state it.
        """
        if key not in self.fields:
            raise DaulatError(
                f"`{self.path.name}` does not say its `{key}`: it is no language model", "name another model"
            )
        return self.fields[key].contents()


def read(header: Header, *, tied: bool, vocabulary: int, freqs: list[float] | None) -> Shape:
    """The shape that the header states; `freqs` is the tensor of stretched rotary frequencies, where the file has one.

    Raises: DaulatError for an encoder, for a family that is not adapted, or where a size is missing.
    """
    name = header.need("general.architecture")
    if name in _ENCODERS:
        raise DaulatError(
            f"`{header.path.name}` is an encoder ({name}): it cannot write text", "choose a text-generating model"
        )
    architecture = of_gguf(name)
    heads, width = header.need(f"{name}.attention.head_count"), header.need(f"{name}.embedding_length")
    if not isinstance(heads, int):
        raise DaulatError(f"`{header.path.name}` has layers of different sizes, which is not read yet", "name another")
    head_dim = header.get(f"{name}.attention.key_length") or header.get(f"{name}.rope.dimension_count")
    theta = header.get(f"{name}.rope.freq_base", 10_000.0)
    head_dim = head_dim or width // heads
    shape = Shape(
        architecture=architecture,
        layers=header.need(f"{name}.block_count"),
        width=width,
        inner=header.need(f"{name}.feed_forward_length"),
        heads=heads,
        kv_heads=header.get(f"{name}.attention.head_count_kv", heads),
        head_dim=head_dim,
        context=header.need(f"{name}.context_length"),
        vocabulary=vocabulary,
        # Stored as 32-bit; written shortest, so that 9.999999747378752e-06 is 1e-05 again.
        epsilon=float(f"{header.need(f'{name}.attention.layer_norm_rms_epsilon'):.6g}"),
        theta=float(f"{theta:.7g}"),
        tied=tied,
        window=header.need(f"{name}.attention.sliding_window") if architecture.windowed else None,
        bos=header.get("tokenizer.ggml.bos_token_id"),
        eos=header.get("tokenizer.ggml.eos_token_id"),
    )
    stretch = _stretch(header, name, shape, freqs)
    return replace(shape, stretch=stretch)


def _stretch(header: Header, name: str, shape: Shape, freqs: list[float] | None) -> Stretch | None:
    kind = header.get(f"{name}.rope.scaling.type", "none")
    if kind == "linear":
        return Stretch("linear", float(header.need(f"{name}.rope.scaling.factor")))
    if kind not in ("none", ""):
        raise DaulatError(
            f"`{header.path.name}` stretches its positions by `{kind}`, which is not read yet", "name another model"
        )
    if freqs is None:
        return None
    # The file holds the frequencies, not what they were made of: Llama 3.1 and later use the same constants.
    guess = Stretch("llama3", float(f"{max(freqs):.6g}"))
    wanted = guess.factors(shape.head_dim, shape.theta)
    if len(freqs) != len(wanted) or any(abs(a - b) > 1e-4 * b for a, b in zip(freqs, wanted, strict=True)):
        raise DaulatError(
            f"`{header.path.name}` stretches its positions in a way of its own, which is not read from GGUF yet",
            "name the model as a Hugging Face folder",
        )
    return guess


def write(writer: Any, shape: Shape, kind: str) -> None:
    """State the shape in the header."""
    from gguf import LlamaFileType, RopeScalingType

    writer.add_name("daulat")
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_rope_freq_base(shape.theta)
    writer.add_rope_dimension_count(shape.head_dim)
    if shape.stretch is not None and shape.stretch.kind == "linear":
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(shape.stretch.factor)
    if shape.window is not None:
        writer.add_sliding_window(shape.window)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_file_type(LlamaFileType.MOSTLY_Q8_0 if kind == "q8_0" else LlamaFileType.MOSTLY_F16)
