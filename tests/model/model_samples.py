"""A tiny model and a tiny corpus, made here: random weights, real machinery."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

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


def base(folder: Path, tied: bool = True) -> Path:
    """A Llama of two layers, 64 wide, with a byte-level tokenizer that was made on English."""
    import torch
    from tokenizers import Tokenizer, decoders, models, trainers
    from transformers import LlamaConfig, LlamaForCausalLM

    from daulat.model.pretokenizers import PRETOKENIZERS

    folder.mkdir()
    shell = Tokenizer(models.BPE())
    parts = json.loads(shell.to_str()) | {"pre_tokenizer": PRETOKENIZERS["smollm"]}
    tokenizer = Tokenizer.from_str(json.dumps(parts))
    tokenizer.decoder = decoders.ByteLevel()
    from tokenizers import pre_tokenizers

    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text("en", n) for n in range(24)], trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|im_start|>",
        "eos_token": "<|im_end|>",
        "pad_token": "<|im_end|>",
        "unk_token": "<|endoftext|>",
        "chat_template": "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        bos_token_id=1,
        eos_token_id=2,
        tie_word_embeddings=tied,
    )
    model = LlamaForCausalLM(config).half()
    model.save_pretrained(folder)
    return folder
