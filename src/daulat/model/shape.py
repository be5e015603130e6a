"""How large a model is, and how it tells positions: config.json in one typed place, read and written.

transformers 4 writes `rope_theta` and `rope_scaling`, transformers 5 `rope_parameters`; both are read, the former is
written, which both and vLLM read.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

from daulat.errors import DaulatError
from daulat.model.architecture import Architecture, of_model_type

WINDOW_EVERY = 6
"""In a windowed family each sixth layer sees everything. Source: Gemma 3 technical report, arXiv:2503.19786, section 2."""
WINDOW_THETA = 10_000.0
"""Base of the rotary angles in windowed layers. Source: the same."""


@dataclass(frozen=True)
class Stretch:
    """Positions made to reach further than the model was first trained for."""

    kind: Literal["linear", "llama3"]
    factor: float
    low: float = 1.0
    high: float = 4.0
    original: int = 8192
    """Tokens of context before; with `low` and `high` used by `llama3` only."""

    def factors(self, head_dim: int, theta: float) -> list[float]:
        """By how much each of the `head_dim / 2` rotary frequencies is slowed down.

        Source: `_compute_llama3_parameters` of transformers; llama.cpp's `rope_freqs`.
        """
        if self.kind == "linear":
            return [self.factor] * (head_dim // 2)
        found = []
        for place in range(0, head_dim, 2):
            wave = 2 * math.pi * theta ** (place / head_dim)
            if wave < self.original / self.high:
                found.append(1.0)
            elif wave > self.original / self.low:
                found.append(self.factor)
            else:
                smooth = (self.original / wave - self.low) / (self.high - self.low)
                found.append(1 / ((1 - smooth) / self.factor + smooth))
        return found


@dataclass(frozen=True)
class Shape:
    """Sizes of one model. Counts, and tokens for `context` and `window`."""

    architecture: Architecture
    layers: int
    width: int
    inner: int
    heads: int
    kv_heads: int
    head_dim: int
    context: int
    vocabulary: int
    epsilon: float
    theta: float
    tied: bool
    stretch: Stretch | None = None
    window: int | None = None
    bos: int | None = None
    eos: int | None = None


def read(config: dict[str, Any], name: str) -> Shape:
    """The shape that a config.json states; `name` is what an error calls the model.

    Raises: DaulatError where a size is missing, or the model computes something that is not read yet.
    """
    architecture = of_model_type(str(config.get("model_type")))
    _refuse_unknown(config, architecture, name)
    try:
        width, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
        shape = Shape(
            architecture=architecture,
            layers=int(config["num_hidden_layers"]),
            width=width,
            inner=int(config["intermediate_size"]),
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head_dim=int(config.get("head_dim") or width // heads),
            context=int(config["max_position_embeddings"]),
            vocabulary=int(config["vocab_size"]),
            epsilon=float(config["rms_norm_eps"]),
            theta=_theta(config),
            tied=bool(config.get("tie_word_embeddings", architecture.scaled_embedding)),
            stretch=_stretch(config, name),
            window=int(config["sliding_window"]) if architecture.windowed else None,
            bos=_token(config, "bos_token_id"),
            eos=_token(config, "eos_token_id"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DaulatError(f"config.json of `{name}` does not say its {error}", "download the model again") from None
    scalar = config.get("query_pre_attn_scalar", shape.head_dim)
    if scalar != shape.head_dim:
        raise DaulatError(
            f"`{name}` scales its attention by {scalar}, not by its head size {shape.head_dim}: llama.cpp would not",
            "name another model",
        )
    return shape


def write(shape: Shape) -> dict[str, Any]:
    """The config.json of that shape."""
    one = shape.architecture
    config: dict[str, Any] = {
        "architectures": [one.causal_class],
        "model_type": one.model_type,
        "hidden_size": shape.width,
        "intermediate_size": shape.inner,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "max_position_embeddings": shape.context,
        "vocab_size": shape.vocabulary,
        "rms_norm_eps": shape.epsilon,
        "rope_theta": shape.theta,
        "tie_word_embeddings": shape.tied,
        "initializer_range": 0.02,
        "dtype": one.dtype,
        "hidden_activation" if one.windowed else "hidden_act": one.activation,
        **one.extra,
    }
    if shape.stretch is not None:
        config["rope_scaling"] = _scaling(shape.stretch)
    if one.windowed:
        config |= {"sliding_window": shape.window, "rope_local_base_freq": WINDOW_THETA}
        config["query_pre_attn_scalar"] = shape.head_dim
    tokens = {"bos_token_id": shape.bos, "eos_token_id": shape.eos}
    return dict(sorted((config | {key: value for key, value in tokens.items() if value is not None}).items()))


def _refuse_unknown(config: dict[str, Any], architecture: Architecture, name: str) -> None:
    """What would be computed otherwise than the family's plain form is refused, never passed over."""
    activation = config.get("hidden_activation") or config.get("hidden_act") or architecture.activation
    kinds = config.get("layer_types")
    wanted = [
        "full_attention" if n % WINDOW_EVERY == 0 else "sliding_attention" for n in range(1, len(kinds or []) + 1)
    ]
    odd = {
        f"the activation `{activation}`": activation != architecture.activation,
        "biases that its family has not": bool(config.get("attention_bias") or config.get("mlp_bias")),
        "a window on all layers": bool(config.get("use_sliding_window")),
        "attention in both directions": bool(config.get("use_bidirectional_attention")),
        "soft-capped logits": bool(config.get("final_logit_softcapping") or config.get("attn_logit_softcapping")),
        "windows in an order of its own": architecture.windowed and kinds is not None and kinds != wanted,
        "rotation of a part of each head": config.get("partial_rotary_factor", 1.0) != 1.0,
        "rotary angles of its own in windows": architecture.windowed and _window_theta(config) != WINDOW_THETA,
    }
    for words, found in odd.items():
        if found:
            raise DaulatError(f"`{name}` has {words}, which is not read yet", "name another model")


def _rope(config: dict[str, Any]) -> dict[str, Any]:
    """The rotary parameters of layers that see everything, wherever they are written."""
    found: dict[str, Any] = config.get("rope_parameters") or config.get("rope_scaling") or {}
    return found.get("full_attention") or found


def _theta(config: dict[str, Any]) -> float:
    stated = config.get("rope_theta") or _rope(config).get("rope_theta")
    return float(stated or (1_000_000.0 if config.get("model_type") == "gemma3_text" else 10_000.0))


def _window_theta(config: dict[str, Any]) -> float:
    inside = (config.get("rope_parameters") or {}).get("sliding_attention") or {}
    return float(config.get("rope_local_base_freq") or inside.get("rope_theta") or WINDOW_THETA)


def _stretch(config: dict[str, Any], name: str) -> Stretch | None:
    rope = _rope(config)
    kind = rope.get("rope_type") or rope.get("type") or "default"
    if kind == "default":
        return None
    if kind == "linear":
        return Stretch("linear", float(rope["factor"]))
    if kind == "llama3":
        low, high = float(rope["low_freq_factor"]), float(rope["high_freq_factor"])
        return Stretch("llama3", float(rope["factor"]), low, high, int(rope["original_max_position_embeddings"]))
    raise DaulatError(f"`{name}` stretches its positions by `{kind}`, which is not read yet", "name another model")


def _scaling(stretch: Stretch) -> dict[str, Any]:
    found: dict[str, Any] = {"rope_type": stretch.kind, "factor": stretch.factor}
    if stretch.kind == "llama3":
        found |= {"low_freq_factor": stretch.low, "high_freq_factor": stretch.high}
        found["original_max_position_embeddings"] = stretch.original
    return found


def _token(config: dict[str, Any], key: str) -> int | None:
    """The id, the first one where there are several; None where there is none."""
    value = config.get(key)
    value = value[0] if isinstance(value, list) and value else value
    return value if isinstance(value, int) else None
