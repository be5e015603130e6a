"""A real, tiny Llama in a GGUF file, made here: random weights that say ASCII letters until they are stopped."""

from pathlib import Path

TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
WIDTH, HEADS, LAYERS, CONTEXT = 64, 4, 2, 4096
_ENDS = 256
"""Id of the end token; its output row is zero, so it (nearly) never comes."""


def _byte_tokens() -> list[str]:
    """The 256 bytes as GPT-2 writes them, in byte order."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = {byte: chr(256 + n) for n, byte in enumerate(b for b in range(256) if b not in plain)}
    return [others.get(byte, chr(byte)) for byte in range(256)]


def write_tiny_model(path: Path) -> Path:
    import gguf
    import numpy as np

    random = np.random.default_rng(7)
    tokens = [*_byte_tokens(), "<|end|>"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(2 * WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([int(gguf.TokenType.NORMAL)] * 256 + [int(gguf.TokenType.CONTROL)])
    writer.add_token_merges(["t h"])
    writer.add_eos_token_id(_ENDS)
    writer.add_bos_token_id(_ENDS)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    rows = random.normal(0, 1, (len(tokens), WIDTH))
    output = random.normal(0, 0.2, (len(tokens), WIDTH))
    output[[n for n in range(len(tokens)) if not chr(n).isascii() or not chr(n).isalpha()]] = 0
    tensors = {"token_embd": rows, "output": output, "output_norm": np.ones(WIDTH)}
    for n in range(LAYERS):
        shapes = dict.fromkeys(("attn_q", "attn_k", "attn_v", "attn_output"), (WIDTH, WIDTH))
        shapes |= {"ffn_gate": (2 * WIDTH, WIDTH), "ffn_up": (2 * WIDTH, WIDTH), "ffn_down": (WIDTH, 2 * WIDTH)}
        tensors |= {f"blk.{n}.{name}": random.normal(0, 0.1, shape) for name, shape in shapes.items()}
        tensors |= {f"blk.{n}.{name}": np.ones(WIDTH) for name in ("attn_norm", "ffn_norm")}
    for name, values in tensors.items():
        writer.add_tensor(f"{name}.weight", values.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
