"""The families of open models that are adapted, and what tells one from another.

All of them are decoders with the same seven projections; they differ in norms, biases, positions and in how GGUF writes
them. A model of a family that is not in this table is refused by name before anything is read or downloaded.
Source: `modeling_*.py` of transformers 5, and `convert_hf_to_gguf.py` of llama.cpp.
"""

from dataclasses import dataclass, field

from daulat.errors import DaulatError


@dataclass(frozen=True)
class Architecture:
    """One family."""

    name: str
    """As GGUF names it in `general.architecture`."""
    model_type: str
    """As Hugging Face names it in config.json."""
    causal_class: str
    """The class that `architectures` of config.json names."""
    families: str
    """Which models a person knows it by."""
    parts: dict[str, str]
    """Name of a layer's tensor in GGUF -> name of the module in the Hugging Face folder."""
    biased: frozenset[str] = frozenset()
    """Those parts that have a bias too, as GGUF names them."""
    turned: bool = False
    """GGUF keeps the rows of query and key in pairs that are rotated together; Hugging Face keeps them in halves."""
    norm_offset: float = 0.0
    """GGUF stores norm weights plus this."""
    activation: str = "silu"
    scaled_embedding: bool = False
    """Rows of the embedding are multiplied by the square root of the width as they are read."""
    windowed: bool = False
    """Five of six layers look back only so far."""
    own_rule: bool = False
    """transformers 5 cuts text by the family's own rule whatever tokenizer.json says (it holds that most folders of this
    family are wrong), and vLLM through it: another rule would give other tokens there than in llama.cpp, so it stays."""
    dtype: str = "float16"
    """Number format in which the adapted model is to be run."""
    extra: dict[str, object] = field(default_factory=dict)
    """What else config.json says of each model of the family."""


_COMMON = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_PRE_NORM = {**_COMMON, "ffn_norm": "post_attention_layernorm"}
_HEAD_NORMS = {"attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm"}

ARCHITECTURES = (
    Architecture(
        name="llama",
        model_type="llama",
        causal_class="LlamaForCausalLM",
        families="Llama, SmolLM, DeepSeek-R1-Distill-Llama",
        parts=_PRE_NORM,
        turned=True,
        extra={"attention_bias": False, "attention_dropout": 0.0, "mlp_bias": False},
    ),
    Architecture(
        name="qwen2",
        model_type="qwen2",
        causal_class="Qwen2ForCausalLM",
        families="Qwen 2 and 2.5, DeepSeek-R1-Distill-Qwen",
        parts=_PRE_NORM,
        biased=frozenset({"attn_q", "attn_k", "attn_v"}),
        own_rule=True,
        extra={"attention_dropout": 0.0, "use_sliding_window": False},
    ),
    Architecture(
        name="qwen3",
        model_type="qwen3",
        causal_class="Qwen3ForCausalLM",
        families="Qwen 3, DeepSeek-R1-0528-Qwen3",
        parts={**_PRE_NORM, **_HEAD_NORMS},
        extra={"attention_bias": False, "attention_dropout": 0.0, "use_sliding_window": False},
    ),
    Architecture(
        name="gemma3",
        model_type="gemma3_text",
        causal_class="Gemma3ForCausalLM",
        families="Gemma 3 (text)",
        parts={
            **_COMMON,
            **_HEAD_NORMS,
            "ffn_norm": "pre_feedforward_layernorm",
            "post_attention_norm": "post_attention_layernorm",
            "post_ffw_norm": "post_feedforward_layernorm",
        },
        norm_offset=1.0,
        activation="gelu_pytorch_tanh",
        scaled_embedding=True,
        windowed=True,
        dtype="bfloat16",
        extra={"attention_bias": False, "attention_dropout": 0.0, "use_bidirectional_attention": False},
    ),
)


def of_model_type(model_type: str) -> Architecture:
    """The family of a config.json's `model_type`.

    Raises: DaulatError naming those that work.
    """
    return _find("model_type", model_type)


def of_gguf(name: str) -> Architecture:
    """The family of a GGUF's `general.architecture`.

    Raises: DaulatError naming those that work.
    """
    return _find("name", name)


def _find(key: str, wanted: str) -> Architecture:
    for architecture in ARCHITECTURES:
        if getattr(architecture, key) == wanted:
            return architecture
    works = "; ".join(f"`{getattr(one, key)}` ({one.families})" for one in ARCHITECTURES)
    raise DaulatError(f"models of the architecture `{wanted}` are not adapted yet", f"what works: {works}")
