"""New tokens are within reach, cheap text gets cheaper, and what the base knew is cut as before."""

import json
import random
from collections import Counter
from pathlib import Path

import model_samples
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from daulat.errors import DaulatError
from daulat.model import extension
from daulat.model.compare import compare
from daulat.model.merges import Merge, extended, learn, pretokens, segment, without
from daulat.model.options import TokenizerOptions
from daulat.model.pretokenizers import KEEPS_MARKS, name_of
from daulat.model.spelling import Spelling
from daulat.model.text import documents
from daulat.model.tokenizer import extend

OPTIONS = TokenizerOptions(new_tokens=60)
BYTES = Spelling("byte-level", "smollm")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_samples.base(tmp_path_factory.mktemp("base") / "tiny-llama")


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("corpora")
    return {nation: model_samples.corpus(folder / nation, nation) for nation in ("id", "th")}


@pytest.fixture(scope="module")
def made(base: Path, corpora: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folders = {}
    for nation, corpus in corpora.items():
        folders[nation] = tmp_path_factory.mktemp(nation)
        extend(base, corpus, OPTIONS, folders[nation])
    return folders


@pytest.mark.parametrize("nation", ["id", "th"])
def test_every_new_token_is_what_some_text_becomes(base: Path, made: dict[str, Path], nation: str) -> None:
    model = json.loads((made[nation] / "tokenizer.json").read_text())["model"]
    found = extension.read(made[nation])
    assert len(found.added) == 60
    assert list(segment([token.token for token in found.added], model)) == [[token.token] for token in found.added]


@pytest.mark.parametrize("nation", ["id", "th"])
def test_a_new_token_stands_for_exactly_its_pieces(base: Path, made: dict[str, Path], nation: str) -> None:
    vocab = json.loads((base / "tokenizer.json").read_text())["model"]["vocab"]
    spelt = {i: token for token, i in vocab.items()}
    found = extension.read(made[nation])
    assert [token.id for token in found.added] == list(range(found.base_rows, found.base_rows + len(found.added)))
    for token in found.added:
        assert len(token.pieces) > 1
        assert "".join(spelt[piece] for piece in token.pieces) == token.token


def test_the_same_corpus_gives_the_same_bytes(
    base: Path, corpora: dict[str, Path], made: dict[str, Path], tmp_path: Path
) -> None:
    extend(base, corpora["th"], OPTIONS, tmp_path)
    for name in ("tokenizer.json", extension.NAME):
        assert (tmp_path / name).read_bytes() == (made["th"] / name).read_bytes()


@pytest.mark.parametrize("nation", ["id", "th"])
def test_text_gets_cheaper_and_english_and_digits_stay(
    base: Path, corpora: dict[str, Path], tmp_path: Path, nation: str
) -> None:
    report = extend(base, corpora[nation], OPTIONS, tmp_path)
    sizes = {one.language: one for one in report.bytes_per_token}
    assert sizes[nation].ours > 1.3 * sizes[nation].base
    assert sizes["en"].ours == sizes["en"].base
    assert report.replay_changed == 0
    old, new = (Tokenizer.from_file(str(folder / "tokenizer.json")) for folder in (base, tmp_path))
    for text in (*model_samples.ENGLISH, "2024-11-23", "x = 3.14159;\n\n\n  y", "a\tb  c\r\n"):
        assert old.encode(text).tokens == new.encode(text).tokens


def test_marks_are_kept_with_letters_only_where_the_script_has_them(
    base: Path, corpora: dict[str, Path], tmp_path: Path
) -> None:
    rules = {}
    for nation in ("id", "th"):
        (tmp_path / nation).mkdir()
        report = extend(base, corpora[nation], OPTIONS, tmp_path / nation)
        tokenizer = json.loads((tmp_path / nation / "tokenizer.json").read_text())
        assert name_of(tokenizer["pre_tokenizer"]) == report.pretokenizer
        rules[nation] = report.pretokenizer
    assert rules == {"id": "smollm", "th": KEEPS_MARKS}


def test_auto_stops_where_a_merge_is_too_rare_to_be_learnt(
    base: Path, corpora: dict[str, Path], tmp_path: Path
) -> None:
    found = {}
    for count in (20, 200):
        (tmp_path / str(count)).mkdir()
        found[count] = extend(base, corpora["id"], TokenizerOptions(min_count=count), tmp_path / str(count)).new_tokens
    assert 0 < found[200] < found[20] < TokenizerOptions().max_new_tokens


def test_no_new_tokens_leave_the_tokenizer_as_it_was(base: Path, corpora: dict[str, Path], tmp_path: Path) -> None:
    report = extend(base, corpora["th"], TokenizerOptions(new_tokens=0), tmp_path)
    assert (report.new_tokens, report.pretokenizer) == (0, "smollm")
    assert json.loads((tmp_path / "tokenizer.json").read_text()) == json.loads((base / "tokenizer.json").read_text())


def test_a_corpus_without_the_nations_text_is_refused(base: Path, corpora: dict[str, Path], tmp_path: Path) -> None:
    replay = tmp_path / "replay"
    replay.mkdir()
    (replay / "train.en.00000.parquet").write_bytes((corpora["id"] / "train.en.00000.parquet").read_bytes())
    with pytest.raises(DaulatError, match="no text of the nation"):
        extend(base, replay, OPTIONS, tmp_path)
    with pytest.raises(DaulatError, match="holds no train text"):
        extend(base, tmp_path, OPTIONS, tmp_path)


def test_an_extension_that_was_changed_by_hand_is_refused(made: dict[str, Path], tmp_path: Path) -> None:
    content = json.loads((made["id"] / extension.NAME).read_text()) | {"surprise": 1}
    (tmp_path / extension.NAME).write_text(json.dumps(content))
    with pytest.raises(DaulatError, match="surprise"):
        extension.read(tmp_path)
    assert msgspec.to_builtins(extension.read(made["id"]))["pretokenizer"] == "smollm"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 5))
def test_merges_of_any_text_leave_no_token_out_of_reach_and_lose_no_byte(seed: int, limit: int, least: int) -> None:
    rng = random.Random(seed)
    words = ["".join(rng.choices("abกำ้é ", k=rng.randint(1, 6))) for _ in range(30)]
    texts = [" ".join(rng.choices(words, k=40)) for _ in range(3)]
    alphabet = sorted({character for piece in pretokens(texts, BYTES) for character in piece})
    model = {"type": "BPE", "vocab": {c: i for i, c in enumerate(alphabet)}, "merges": []}
    counts = pretokens(texts, BYTES)
    bigger = extended(model, learn(counts, model, limit, least), len(alphabet))
    assert len(bigger["vocab"]) <= len(alphabet) + limit
    for piece, tokens in zip(counts, segment(counts, bigger), strict=True):
        assert "".join(tokens) == piece
    made = [token for token, i in bigger["vocab"].items() if i >= len(alphabet)]
    assert list(segment(made, bigger)) == [[token] for token in made]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), max_size=12, unique=True), st.data())
def test_taking_a_token_out_takes_out_all_that_need_it(pairs: list[tuple[str, str]], data: st.DataObject) -> None:
    merges = [Merge(*pair) for pair in pairs]
    merges += [Merge(merge.token, "c") for merge in merges]
    unwanted = set(data.draw(st.lists(st.sampled_from([m.token for m in merges]), max_size=3))) if merges else set()
    kept = without(merges, unwanted)
    can_be_made = set("abc")
    for merge in kept:
        assert merge.left in can_be_made
        assert merge.right in can_be_made
        can_be_made.add(merge.token)
    assert not can_be_made & unwanted


def test_words_shared_with_the_replay_language_are_not_learnt(base: Path) -> None:
    from daulat.model.tokenizer import _not_replay

    nation, replay = Counter({"Ġdengan": 90, "Ġoffice": 10}), Counter({"Ġoffice": 10, "Ġthe": 90})
    assert set(_not_replay(nation, replay)) == {"Ġdengan"}


def test_tokenizers_are_compared_on_held_out_text(
    base: Path, made: dict[str, Path], corpora: dict[str, Path], tmp_path: Path
) -> None:
    folders = {"base": base, "ours": made["th"], "file": made["th"] / "tokenizer.json"}
    known, cuts = compare(folders, documents(corpora["th"], "heldout"))
    by_name = {(one.language, one.tokenizer): one for one in cuts}
    assert [(one.language, one.tokenizer) for one in cuts] == [
        (code, name) for code in ("en", "th") for name in folders
    ]
    assert [one.name for one in known] == list(folders)
    assert known[0].number == known[1].number == tuple("1234567")
    assert known[1].vocabulary > known[0].vocabulary
    texts = [one for one in documents(corpora["th"], "heldout") if one.language == "th"]
    plain = Tokenizer.from_file(str(base / "tokenizer.json"))
    assert by_name["th", "base"].tokens == sum(
        len(plain.encode(one.text, add_special_tokens=False).ids) for one in texts
    )
    assert by_name["th", "base"].characters == sum(len(one.text) for one in texts)
    assert by_name["th", "ours"].bytes_per_token > 1.3 * by_name["th", "base"].bytes_per_token
    assert by_name["th", "ours"].tokens_per_character < by_name["th", "base"].tokens_per_character
    assert by_name["en", "ours"].tokens == by_name["en", "base"].tokens
    assert all(one.given_back == 1.0 for one in cuts)
    assert by_name["th", "file"].tokens == by_name["th", "ours"].tokens
    (tmp_path / "tokenizer.json").write_text("{}")
    for folder, problem in [(tmp_path / "none", "has no tokenizer"), (tmp_path, "cannot be read")]:
        with pytest.raises(DaulatError, match=problem):
            compare({"a": folder}, texts)
