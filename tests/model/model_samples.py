"""A tiny model and a tiny corpus, made here: random weights, real machinery."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from daulat.corpus.packed import pack
from daulat.model.pretrain import separator_id

ENGLISH = (
    "The office writes a letter to every farmer in the village.",
    "Open the file menu and choose the second entry, then press enter.",
    "Water, rice and 12 bags of seed were sold in 2024 for 350 coins.",
    "A free program may be copied, changed and given to others.",
)
INDONESIAN = (
    "Kantor desa menulis surat kepada setiap petani di wilayah itu.",
    "Bukalah menu berkas dan pilihlah entri kedua, kemudian tekan masukkan.",
    "Beras, air dan 12 karung benih dijual pada tahun 2024 seharga 350 ribu.",
    "Perangkat lunak bebas boleh disalin, diubah dan diberikan kepada orang lain.",
)
THAI = (
    "สำนักงานเขียนจดหมายถึงเกษตรกรทุกคนในหมู่บ้าน",
    "เปิดเมนูแฟ้มแล้วเลือกรายการที่สอง จากนั้นกดปุ่มตกลง",
    "ข้าว น้ำ และเมล็ดพันธุ์ 12 ถุงขายในปี 2024 ราคา 350 บาท",
    "ซอฟต์แวร์เสรีสามารถคัดลอก แก้ไข และแจกจ่ายให้ผู้อื่นได้",
)
SENTENCES = {"en": ENGLISH, "id": INDONESIAN, "th": THAI}


def text(language: str, number: int) -> str:
    """A document: sentences in an order of its own, so that no two are alike."""
    own = SENTENCES[language]
    return "\n".join(f"{own[(number * 7 + k * k) % len(own)]} ({number}.{k})" for k in range(6 + number % 5))


def corpus(folder: Path, nation: str, documents: int = 24) -> Path:
    """Train and held-out text of the nation and English, as the corpus room lays it out."""
    folder.mkdir()
    for language, role in ((nation, "nation"), ("en", "replay")):
        rows = []
        for number in range(documents + 4):
            content = text(language, number)
            rows.append(
                {
                    "id": f"sha256:{language}{number:062d}",
                    "source": f"sample-{language}",
                    "snapshot": "sha256:0",
                    "path": f"{number}.txt",
                    "language": language,
                    "licence": "CC0-1.0",
                    "country": "id",
                    "role": role,
                    "text": content,
                    "utf8_bytes": len(content.encode()),
                }
            )
        pq.write_table(pa.Table.from_pylist(rows[:documents]), folder / f"train.{language}.00000.parquet")
        pq.write_table(pa.Table.from_pylist(rows[documents:]), folder / f"heldout.{language}.parquet")
    return folder


def packed(folder: Path, corpus: Path, base: Path, tokenizer: Path) -> Path:
    """That corpus in the tokenizer's tokens."""
    folder.mkdir()
    separator = separator_id(base / "config.json", tokenizer / "tokenizer.json")
    pack(corpus, tokenizer, separator, folder, folder.with_name(f"{folder.name}-scratch"))
    return folder


def base(folder: Path, tied: bool = True) -> Path:
    """A Llama of two layers, 64 wide, with a byte-level tokenizer that was made on English."""
    return family(folder, "smollm", tied)


FAMILIES = ("smollm", "llama3", "qwen2", "qwen3", "gemma3")


def family(folder: Path, name: str, tied: bool = True) -> Path:
    """A tiny model of random weights, laid out as that family lays out its own: its classes, its tokenizer, its settings."""
    import torch

    folder.mkdir()
    tokenizer = _gemma_tokenizer() if name == "gemma3" else _byte_level_tokenizer(name)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": _TOKENIZER_CLASSES.get(name, "PreTrainedTokenizerFast"),
        "bos_token": "<|im_start|>",
        "eos_token": "<|im_end|>",
        "pad_token": "<|im_end|>",
        "unk_token": "<|endoftext|>",
        "chat_template": "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}",
    }
    if name == "gemma3":
        settings |= {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"}
        settings |= {"add_bos_token": True}
        del settings["chat_template"]
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    torch.manual_seed(0)
    model = _network(name, tokenizer.get_vocab_size(), tied)
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if weight.ndim == 1:  # norms and biases that are not all alike, so that a wrong one shows
                weight.add_(torch.randn_like(weight) * (0.2 if "norm" in key else 0.05))
    model.half().save_pretrained(folder)
    return folder


_TOKENIZER_CLASSES = {"qwen2": "Qwen2Tokenizer", "qwen3": "Qwen2Tokenizer", "gemma3": "GemmaTokenizer"}


def _network(name: str, vocabulary: int, tied: bool) -> Any:
    from transformers import (
        Gemma3ForCausalLM,
        Gemma3TextConfig,
        LlamaConfig,
        LlamaForCausalLM,
        Qwen2Config,
        Qwen2ForCausalLM,
        Qwen3Config,
        Qwen3ForCausalLM,
    )

    config_class, model_class = {
        "smollm": (LlamaConfig, LlamaForCausalLM),
        "llama3": (LlamaConfig, LlamaForCausalLM),
        "qwen2": (Qwen2Config, Qwen2ForCausalLM),
        "qwen3": (Qwen3Config, Qwen3ForCausalLM),
        "gemma3": (Gemma3TextConfig, Gemma3ForCausalLM),
    }[name]
    sizes: dict[str, Any] = {
        "vocab_size": vocabulary,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 6 if name == "gemma3" else 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "tie_word_embeddings": tied,
    }
    if name == "llama3":  # as Llama 3.2 has them, with a context short enough that the stretch is felt
        sizes["rope_theta"] = 500_000.0
        sizes["rope_scaling"] = {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        }
    if name in ("qwen3", "gemma3"):
        sizes["head_dim"] = 32
    if name == "gemma3":
        sizes |= {"sliding_window": 16, "query_pre_attn_scalar": 32, "bos_token_id": 2, "eos_token_id": 1}
    return model_class(config_class(**sizes))


def _byte_level_tokenizer(name: str) -> Any:
    """Trained on English, with the family's own rule as its tokenizer.json spells it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    from daulat.model.pretokenizers import PRETOKENIZERS

    shell = json.loads(Tokenizer(models.BPE()).to_str())
    if name == "smollm":
        shell |= {"pre_tokenizer": PRETOKENIZERS["smollm"]}
    elif name == "llama3":
        shell |= {"pre_tokenizer": _split(r"\p{N}{1,3}")}
    else:
        shell |= {"pre_tokenizer": _split(r"\p{N}"), "normalizer": {"type": "NFC"}}
    tokenizer = Tokenizer.from_str(json.dumps(shell))
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text("en", n) for n in range(24)], trainer)
    if name == "llama3":
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<|im_start|> $A", special_tokens=[("<|im_start|>", 1)]
        )
    return tokenizer


def _split(digits: str) -> dict[str, Any]:
    """Word for word as it stands in the tokenizer.json of Llama 3 and Qwen 2."""
    pattern = (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
        + digits
        + r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    cut = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    to_bytes = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    return {"type": "Sequence", "pretokenizers": [cut, to_bytes]}


def _gemma_tokenizer() -> Any:
    """Spaces as `▁`, byte tokens for what is not in the vocabulary, and any two tokens that spell a token merge."""
    from tokenizers import Tokenizer, models, trainers

    special = ["<pad>", "<eos>", "<bos>", "<unk>", "\n", "\n\n"]
    bytes_256 = [f"<0x{value:02X}>" for value in range(256)]
    learner = Tokenizer(models.BPE())
    from tokenizers import pre_tokenizers

    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    sample = [text("en", n) for n in range(24)] + [text("th", n) for n in range(2)]
    learner.train_from_iterator(
        [" ".join("▁" + word for word in one.split()) for one in sample],
        trainers.BpeTrainer(vocab_size=300, show_progress=False),
    )
    learnt = json.loads(learner.to_str())["model"]
    by_id = sorted(learnt["vocab"], key=learnt["vocab"].__getitem__)
    merged = {left + right for left, right in learnt["merges"]}
    characters = [token for token in by_id if token not in merged]
    vocab = {
        token: i for i, token in enumerate([*special, *bytes_256, *[t for t in by_id if t in merged], *characters])
    }
    merges = [
        [token[:place], token[place:]]
        for token in by_id
        if token in merged
        for place in range(1, len(token))
        if token[:place] in vocab and token[place:] in vocab
    ]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    parts = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": t, **flags, "special": i < 4} for i, t in enumerate(special)],
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "pre_tokenizer": {
            "type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False,
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<bos>": {"id": "<bos>", "ids": [2], "tokens": ["<bos>"]}},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
            ],
        },
        "model": {
            "type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True, "ignore_merges": False,
            "vocab": vocab, "merges": merges,
        },
    }  # fmt: skip
    return Tokenizer.from_str(json.dumps(parts, ensure_ascii=False))
