"""Bits are counted right, every number can be measured again, and the page stands alone."""

import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daulat.errors import DaulatError
from daulat.evals.bits import Document, Model, heldout, measure, ratio
from daulat.evals.floor import unigram_bits
from daulat.evals.options import EvalOptions
from daulat.evals.page import page
from daulat.evals.scorecard import _language_scores
from daulat.evals.speed import measure_speed
from daulat.records import Score, Scorecard

TEXTS = [f"Kalimat nomor {n} tentang perangkat lunak bebas dan data nasional. " * (n % 7 + 1) for n in range(40)]
OPTIONS = EvalOptions(heldout_bytes=4000, resamples=200)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of two layers with random weights and a byte-level tokenizer learnt on the texts."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny") / "model"
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=320, initial_alphabet=alphabet, special_tokens=["<s>", "</s>"], show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>").save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=4096, tie_word_embeddings=True,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    rows = [{"id": f"{n:04d}", "language": "id", "text": text} for n, text in enumerate(TEXTS)]
    pq.write_table(pa.Table.from_pylist(rows[:10]), folder / "heldout.id.parquet")
    pq.write_table(pa.Table.from_pylist(rows[10:]), folder / "train.id.00000.parquet")
    return folder


def test_a_document_that_fits_has_the_bits_that_transformers_counts(model: Path) -> None:
    import torch

    loaded = Model(model, OPTIONS)
    loaded.bfloat16 = False
    document = Document("a", "id", TEXTS[3])
    ids = torch.tensor([[loaded.first, *loaded.ids(document.text)]])
    with torch.inference_mode():
        loss = loaded.model(input_ids=ids, labels=ids).loss
    expected = float(loss) * (ids.shape[1] - 1) / math.log(2)
    assert loaded.measure(document).bits == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("window", "overlap"), [(16, 4), (33, 0), (64, 63), (1024, 256)])
def test_every_token_is_scored_exactly_once_whatever_the_window(model: Path, window: int, overlap: int) -> None:
    import torch

    loaded = Model(model, EvalOptions(window_tokens=window, overlap_tokens=overlap))
    with torch.no_grad():
        loaded.model.get_output_embeddings().weight.zero_()  # every token then costs log2(V)
    document = Document("a", "id", " ".join(TEXTS))
    measured = loaded.measure(document)
    vocabulary = loaded.model.config.vocab_size
    assert measured.tokens == len(loaded.ids(document.text))
    assert measured.bits == pytest.approx(measured.tokens * math.log2(vocabulary), rel=1e-5)


def test_held_out_text_is_a_sample_by_id_and_no_more_than_asked_for(corpus: Path) -> None:
    found = heldout(corpus, EvalOptions(heldout_bytes=500))
    assert [document.id for document in found["id"]] == sorted(document.id for document in found["id"])
    assert sum(document.utf8_bytes for document in found["id"][:-1]) < 500


def test_no_document_counts_for_more_than_its_share_and_no_character_is_cut(corpus: Path, tmp_path: Path) -> None:
    rows = [{"id": f"{n}", "language": "th", "text": "ภาษาไทย" * 100} for n in range(5)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "heldout.th.parquet")
    found = heldout(tmp_path, EvalOptions(heldout_bytes=1000, document_bytes=400))["th"]
    assert [document.utf8_bytes for document in found] == [399, 399, 399]
    assert all(rows[0]["text"].startswith(document.text) for document in found)


def test_a_corpus_without_held_out_text_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(DaulatError, match="held-out"):
        heldout(tmp_path, OPTIONS)


def test_a_folder_that_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(DaulatError, match="cannot be loaded"):
        Model(tmp_path, OPTIONS)


def test_the_interval_holds_the_value_and_is_the_same_each_time() -> None:
    over, under = [10.0, 12.0, 9.0, 30.0], [5.0, 6.0, 5.0, 12.0]
    value, low, high = ratio(over, under, OPTIONS)
    assert value == pytest.approx(61 / 28)
    assert low < value < high
    assert ratio(over, under, OPTIONS) == (value, low, high)


def test_the_floor_is_below_what_chance_gives_and_counts_every_byte(model: Path, corpus: Path) -> None:
    documents = heldout(corpus, OPTIONS)["id"]
    bits = unigram_bits(model, corpus, documents, "id")
    loaded = Model(model, OPTIONS)
    chance = [len(loaded.ids(d.text)) * math.log2(320) for d in documents]
    assert all(floor < uniform for floor, uniform in zip(bits, chance, strict=True))


def test_a_model_measured_twice_has_the_same_numbers(model: Path, corpus: Path) -> None:
    texts = heldout(corpus, OPTIONS)
    one, two = (_language_scores("ours", measure(model, texts, OPTIONS), OPTIONS) for _ in range(2))
    assert one == two
    assert {score.metric for score in one} == {"bits_per_byte", "bytes_per_token"}


def test_an_engine_that_cannot_load_the_file_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "model.gguf"
    broken.write_bytes(b"GGUF but no more")
    with pytest.raises(DaulatError, match="engine"):
        measure_speed(broken, "halo", 4)


def test_the_memory_of_the_engine_is_its_own_not_that_of_who_started_it() -> None:
    held = bytearray(500_000_000)
    held[::4096] = b"x" * len(held[::4096])
    code = "from daulat.evals.speed import _peak_bytes; print(_peak_bytes())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 1_000_000 < int(found.stdout) < 300_000_000


def test_a_document_follows_the_token_that_stands_between_documents(model: Path, tmp_path: Path) -> None:
    assert Model(model, OPTIONS).first == 0  # <s>: this one has no token between documents
    other = Path(shutil.copytree(model, tmp_path / "other"))
    content = (other / "tokenizer.json").read_text().replace('"</s>"', '"<|endoftext|>"')
    (other / "tokenizer.json").write_text(content)
    settings = (other / "tokenizer_config.json").read_text().replace("</s>", "<|endoftext|>")
    (other / "tokenizer_config.json").write_text(settings)
    assert Model(other, OPTIONS).first == 1


def test_the_page_shows_every_number_and_loads_nothing() -> None:
    scores = tuple(
        Score(metric, who, language, value, value - 0.1, value + 0.1)
        for metric in ("bits_per_byte", "bytes_per_token")
        for who, value in (("base", 1.912), ("ours", 1.512))
        for language in ("id", "en")
    )
    card = Scorecard(base="sha256:b", model="sha256:m", corpus="sha256:<c>", scores=scores)
    text = page(card, "id")
    assert text.count("1.912 [1.812, 2.012]") == 4
    assert "-20.9%" in text
    assert "sha256:&lt;c&gt;" in text
    assert not re.search(r"(src|href|url\()\s*=?\s*['\"]?(https?:)?//", text)
    assert msgspec.json.decode(msgspec.json.encode(card), type=Scorecard) == card
    assert json.loads(msgspec.json.encode(card))["scores"][0]["unit"] == ""
