"""Packed tokens: every document whole, found by its place, and the same bytes however often it was interrupted."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpus_samples import THAI, indonesian, same_bytes

from daulat.corpus import packed
from daulat.corpus.packed import TokenShard, document_at, facts_of, pack, places_of
from daulat.errors import DaulatError
from daulat.journey.store import Store

CONTROL = "<|endoftext|>"


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Byte-level, of 300 tokens, with a control token at 0."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=[CONTROL], initial_alphabet=alphabet)
    made.train_from_iterator(indonesian(0, 40), trainer)
    made.enable_truncation(max_length=8)
    made.enable_padding(length=8)
    folder = tmp_path_factory.mktemp("tokenizer")
    made.save(str(folder / "tokenizer.json"))
    return folder


def texts(number: int) -> list[str]:
    return ["\n".join(indonesian(number * 1_000 + at * 10, 1 + at % 7)) for at in range(60)]


def corpus(folder: Path, shards: dict[str, list[str]]) -> Path:
    folder.mkdir()
    for name, own in shards.items():
        rows = {
            "id": [f"sha256:{name} {at}" for at in range(len(own))],
            "source": pa.array(["s"] * len(own), pa.string()),
            "role": pa.array(["nation"] * len(own), pa.string()),
            "text": pa.array(own, pa.large_string()),
            "utf8_bytes": pa.array([len(text.encode()) for text in own], pa.int64()),
        }
        pq.write_table(pa.table(rows), folder / f"{name}.parquet")
    return folder


def three(folder: Path) -> Path:
    shards = {
        "train.id.00000": texts(0),
        "train.id.00001": [*texts(1), "", THAI, f"a{CONTROL}b"],
        "heldout.id": texts(2),
    }
    return corpus(folder, shards)


def packed_at(into: Path, given: Path, tokenizer: Path, **more: object) -> packed.Packed:
    into.mkdir()
    return pack(given, tokenizer, 0, into, into.with_name(f"{into.name}-scratch"), **more)  # type: ignore[arg-type]


def test_every_document_is_there_whole_between_separators(tmp_path: Path, tokenizer: Path) -> None:
    from tokenizers import Tokenizer

    given = three(tmp_path / "corpus")
    found = packed_at(tmp_path / "tokens", given, tokenizer)
    assert found == facts_of(tmp_path / "tokens")
    reader = Tokenizer.from_file(str(tokenizer / "tokenizer.json"))
    reader.no_padding()
    for shard in found.shards:
        text = pq.read_table(given / f"{shard.name}.parquet")
        index = pq.read_table(tmp_path / "tokens" / f"{shard.name}.documents.parquet")
        tokens = np.fromfile(tmp_path / "tokens" / f"{shard.name}.bin", np.uint16)
        assert index["id"].to_pylist() == text["id"].to_pylist()
        starts, counts = (np.asarray(index[name]) for name in ("start", "tokens"))
        parts = [tokens[start : start + count].tolist() for start, count in zip(starts, counts, strict=True)]
        read = [reader.decode(part, skip_special_tokens=False) for part in parts]
        assert read == text["text"].to_pylist()
        assert tokens[0] == 0
        assert (tokens[starts + counts] == 0).all()
        assert (tokens == 0).sum() == len(parts) + 1, "no text became a control token"
        sizes = text["utf8_bytes"].to_pylist()
        assert shard == TokenShard(shard.name, len(parts), sum(map(len, parts)), sum(sizes))


def test_the_index_is_megatrons(tmp_path: Path, tokenizer: Path) -> None:
    found = packed_at(tmp_path / "tokens", three(tmp_path / "corpus"), tokenizer)
    for shard in found.shards:
        raw = (tmp_path / "tokens" / f"{shard.name}.idx").read_bytes()
        assert raw[:9] == b"MMIDIDX\0\0"
        version, number, ends = (int(np.frombuffer(raw, "<u8", 1, at)[0]) for at in (9, 18, 26))
        assert (version, raw[17], number, ends) == (1, 8, shard.documents, shard.documents + 1)
        lengths = np.frombuffer(raw, "<i4", number, 34)
        pointers = np.frombuffer(raw, "<i8", number, 34 + 4 * number)
        assert np.frombuffer(raw, "<i8", offset=34 + 12 * number).tolist() == list(range(number + 1))
        index = pq.read_table(tmp_path / "tokens" / f"{shard.name}.documents.parquet")
        assert (pointers == 2 * np.asarray(index["start"])).all()
        assert (lengths == 1 + np.asarray(index["tokens"])).all()
        size = (tmp_path / "tokens" / f"{shard.name}.bin").stat().st_size
        assert pointers[-1] + 2 * lengths[-1] == size


def test_a_place_is_of_one_document_and_a_document_has_its_places(tmp_path: Path, tokenizer: Path) -> None:
    found = packed_at(tmp_path / "tokens", three(tmp_path / "corpus"), tokenizer)
    shard = found.shards[-1]
    index = pq.read_table(tmp_path / "tokens" / f"{shard.name}.documents.parquet").to_pylist()
    for row in index[:9]:
        for position in range(row["start"], row["start"] + row["tokens"] + 1):
            assert document_at(tmp_path / "tokens", shard.name, position)["id"] == row["id"]
        place = {"shard": shard.name, "start": row["start"], "tokens": row["tokens"]}
        assert places_of(tmp_path / "tokens", row["id"]) == [place]
    assert places_of(tmp_path / "tokens", "sha256:unknown") == []
    end = shard.documents + shard.tokens + 1
    assert document_at(tmp_path / "tokens", shard.name, 0)["id"] == index[0]["id"]
    assert document_at(tmp_path / "tokens", shard.name, end - 1)["id"] == index[-1]["id"]
    for position in (-1, end):
        with pytest.raises(DaulatError, match=f"has {end} places"):
            document_at(tmp_path / "tokens", shard.name, position)
    with pytest.raises(DaulatError, match=r"no shard `train\.xx\.00000`"):
        document_at(tmp_path / "tokens", "train.xx.00000", 0)
    with pytest.raises(DaulatError, match="holds no tokens"):
        facts_of(tmp_path / "corpus")


def test_only_shards_whose_text_changed_are_cut_again(
    tmp_path: Path, tokenizer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut, write = [], packed._write
    monkeypatch.setattr(packed, "_write", lambda text, *rest: (cut.append(text.name), write(text, *rest)))
    store, state = Store(tmp_path / "store"), tmp_path / "state"
    shards = {f"train.id.{n:05}": texts(n) for n in range(4)}
    packed_at(tmp_path / "one", corpus(tmp_path / "a", shards), tokenizer, state=state, store=store)
    assert len(cut) == 4
    store.put_tree(tmp_path / "one")
    cut.clear()
    changed = {**shards, "train.id.00002": texts(9)}
    given = corpus(tmp_path / "b", changed)
    packed_at(tmp_path / "two", given, tokenizer, state=state, store=store)
    assert cut == ["train.id.00002.parquet"]
    packed_at(tmp_path / "scratch", given, tokenizer)
    assert same_bytes(tmp_path / "two", tmp_path / "scratch")


def test_killed_it_goes_on_with_the_shard_that_it_was_at(tmp_path: Path, tokenizer: Path) -> None:
    """Killed where it stands, again and again, until it is through."""
    given = corpus(tmp_path / "corpus", {f"train.id.{n:05}": texts(n) * 4 for n in range(6)})
    packed_at(tmp_path / "whole", given, tokenizer)
    into, scratch = tmp_path / "killed", tmp_path / "killed-scratch"
    code = (
        "import shutil, sys; from pathlib import Path; from daulat.corpus.packed import pack\n"
        "given, tokenizer, into, scratch = map(Path, sys.argv[1:])\n"
        "shutil.rmtree(into, ignore_errors=True); into.mkdir()\n"
        "pack(given, tokenizer, 0, into, scratch)\n"
    )
    words = [sys.executable, "-c", code, *map(str, (given, tokenizer, into, scratch))]
    kept = 0
    for kills in range(1, 4):
        child = subprocess.Popen(words, env={**os.environ, "TOKENIZERS_PARALLELISM": "false"})
        deadline = time.monotonic() + 60
        while child.poll() is None and time.monotonic() < deadline and len(whole_shards(scratch)) < kills:
            time.sleep(0.001)
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert len(whole_shards(scratch)) >= max(kept, kills), "what was whole stays"
        kept = len(whole_shards(scratch))
    subprocess.run(words, check=True)
    assert same_bytes(tmp_path / "whole", into)


def whole_shards(scratch: Path) -> list[Path]:
    return [path for path in scratch.glob("*") if path.name != "partial"]


def test_many_ids_take_four_bytes(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    made = Tokenizer(models.WordLevel({f"w{n}": n for n in range(70_000)}, unk_token="w0"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    (tmp_path / "tokenizer").mkdir()
    made.save(str(tmp_path / "tokenizer" / "tokenizer.json"))
    given = corpus(tmp_path / "corpus", {"train.id.00000": ["w1 w69999", "w70000"]})
    found = packed_at(tmp_path / "tokens", given, tmp_path / "tokenizer")
    assert found.dtype == "int32"
    tokens = np.fromfile(tmp_path / "tokens" / "train.id.00000.bin", np.int32)
    assert tokens.tolist() == [0, 1, 69999, 0, 0, 0]
    assert (tmp_path / "tokens" / "train.id.00000.idx").read_bytes()[17] == 4


def test_what_is_no_corpus_or_no_tokenizer_is_said_in_one_sentence(tmp_path: Path, tokenizer: Path) -> None:
    given = corpus(tmp_path / "corpus", {"train.id.00000": texts(0)})
    (tmp_path / "nothing").mkdir()
    with pytest.raises(DaulatError, match="is not a corpus"):
        packed_at(tmp_path / "a", tmp_path / "nothing", tokenizer)
    with pytest.raises(DaulatError, match="no tokenizer that can be read"):
        packed_at(tmp_path / "b", given, tmp_path / "nothing")
    (tmp_path / "nothing" / "tokenizer.json").write_text(json.dumps({"model": 3}))
    with pytest.raises(DaulatError, match="no tokenizer that can be read"):
        packed_at(tmp_path / "c", given, tmp_path / "nothing")
    with pytest.raises(DaulatError, match="the separator 300 is no token"):
        pack(given, tokenizer, 300, tmp_path, tmp_path / "scratch")
    (given / "train.id.00000.parquet").write_bytes(b"PAR1")
    with pytest.raises(DaulatError, match="a corpus cannot be read"):
        packed_at(tmp_path / "d", given, tokenizer)
