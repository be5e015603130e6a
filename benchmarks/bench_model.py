"""Claim: a model learns faster here than in Hugging Face's `Trainer` and TRL's `SFTTrainer`, with the same loss.

The same model (SmolLM2-135M), the same sequences of 512 predicted tokens of Thai news and English help in the same order, one to
a step, bfloat16 with what learns in float32, AdamW with the same rates, one thread each; twice: everything learns, and adapters
of rank 16 on all seven projections (the peers' by PEFT). Tokens a CPU-second from the third step on; `loss` is the mean of all
steps, `first_loss` that of the first, before anything was learnt. A sequence is of one document, so that nothing is gained by
keeping documents apart or by leaving padding out; with documents of all lengths the peers lose more.

`matmul_share`: of this core's bfloat16 peak, measured in the same run on a product of 2,048 x 2,048, by the products that the
step cannot do without: 2 FLOP a weight forwards, 2 backwards for what stays, 4 for what learns. `gguf_ppl_diff`: perplexity of
llama.cpp on the exported f16 file, new tokens and all, against PyTorch's.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from machine_words import machine_words
from peers_python import peers_python

from daulat.corpus.packed import pack
from daulat.model import network as networks
from daulat.model.base import fetch_base
from daulat.model.check import check_export
from daulat.model.expected import flop_per_token
from daulat.model.folder import read_json
from daulat.model.gguf.write import export_gguf
from daulat.model.loop import Loop
from daulat.model.options import BaseOptions, PretrainOptions, TokenizerOptions
from daulat.model.packing import Pack, Segment
from daulat.model.pretrain import pretrain, separator_id
from daulat.model.shape import read as read_shape
from daulat.model.tokenizer import extend
from daulat.model.tokens import Document, documents

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "model.json"
SHARED = Path(os.environ.get("DAULAT_SHARED", ROOT.parent / "shared")) / "data" / "corpus"
BOUNDS = {"train_vs_trainer": 1.5, "gguf_ppl_diff": 0.005}
AT_MOST = ("gguf_ppl_diff",)
COLUMNS = ["tokens_per_cpu_s", "loss", "first_loss", "matmul_share"]
STEPS, TOKENS, SKIPPED = 14, 512, 2
RATES = {"full": 5e-5, "lora": 3e-3}
DIGEST = "sha256:" + "1" * 64
LENGTH = {"th": 3e6, "en": 1e6}
"""UTF-8 bytes of text."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        base, corpus = _base(where), _corpus(where)
        plain = _tokens(where, base, corpus, 0)
        given = where / "sequences.json"
        given.write_text(json.dumps(_sequences(base, *plain)))
        rows = {
            f"{who} {method}": _run(who, method, base, given) for method in RATES for who in ("ours", "trainer", "sft")
        }
        peak = max(_peak() for _ in range(5))
        total = _total(rows, base, peak)
        total["gguf_ppl_diff"] = _gguf(where, base, corpus)
    write(rows, total)


def _base(where: Path) -> Path:
    base, cache = where / "base", where / "cache"
    base.mkdir()
    cache.mkdir()
    fetch_base(BaseOptions(), base, cache)
    return base


def _corpus(where: Path) -> Path:
    """Thai news and English help, as the corpus room lays them out."""
    corpus = where / "corpus"
    corpus.mkdir()
    for language, size in LENGTH.items():
        rows = [row for row in pq.read_table(SHARED / f"{language}.parquet").to_pylist() if len(row["text"]) > 300]
        random.Random(language).shuffle(rows)
        kept, held, room = list[dict[str, Any]](), list[dict[str, Any]](), size
        for row in rows:
            (held if len(held) < 20 else kept).append(_row(row, language))
            room -= kept[-1]["utf8_bytes"] if kept else 0
            if room < 0:
                break
        pq.write_table(pa.Table.from_pylist(kept), corpus / f"train.{language}.00000.parquet")
        pq.write_table(pa.Table.from_pylist(held), corpus / f"heldout.{language}.parquet")
    return corpus


def _row(row: dict[str, Any], language: str) -> dict[str, Any]:
    fixed = {"snapshot": DIGEST, "path": "a", "country": "th", "role": "nation" if language == "th" else "replay"}
    own = {key: row[key] for key in ("source", "licence", "text")}
    return {"id": f"sha256:{row['id']}", "language": language, "utf8_bytes": len(row["text"].encode()), **own, **fixed}


def _tokens(where: Path, base: Path, corpus: Path, new: int) -> tuple[Path, Path]:
    """A tokenizer with so many new tokens, and the corpus in them."""
    tokenizer, tokens = where / f"tokenizer-{new}", where / f"tokens-{new}"
    tokenizer.mkdir()
    tokens.mkdir()
    extend(base, corpus, TokenizerOptions(new_tokens=new), tokenizer)
    pack(
        corpus,
        tokenizer,
        separator_id(base / "config.json", tokenizer / "tokenizer.json"),
        tokens,
        where / f"scratch-{new}",
    )
    return tokenizer, tokens


def _sequences(base: Path, tokenizer: Path, tokens: Path) -> list[list[int]]:
    """Of one document each."""
    separator = separator_id(base / "config.json", tokenizer / "tokenizer.json")
    long = [one for one in documents(tokens, tokenizer, separator) if one.count > TOKENS]
    random.Random(0).shuffle(long)
    return [list(one.tokens(0, TOKENS + 1)) for one in long[:STEPS]]


def _run(who: str, method: str, base: Path, given: Path) -> dict[str, float]:
    if who == "ours":
        command = [sys.executable, __file__, "--ours", method, str(base), str(given)]
    else:
        command = [
            str(peers_python(".venv-peers-model", ("requirements-model.txt", []))),
            str(ROOT / "benchmarks" / "peers" / "trainer.py"),
            who,
            method,
            str(base),
            str(given),
        ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    said = json.loads(done.stdout.splitlines()[-1])
    spent = said["cpu_s"][-1] - said["cpu_s"][SKIPPED - 1]
    print(who, method, [round(loss, 3) for loss in said["losses"]], flush=True)
    return {
        "tokens_per_cpu_s": TOKENS * (len(said["cpu_s"]) - SKIPPED) / spent,
        "loss": sum(said["losses"]) / len(said["losses"]),
        "first_loss": said["losses"][0],
    }


def ours(method: Any, base: Path, given: Path) -> None:
    """Our own loop on those sequences: what `pretrain` runs, without what is before and after it."""
    import torch

    torch.set_num_threads(1)
    rows = json.loads(given.read_text())
    options = PretrainOptions(
        max_steps=len(rows), method=method, full_rate=RATES["full"], adapter_rate=RATES["lora"], rank=16, schedule="wsd",
        warm_up=0.0, decay=0.0, checkpoint_s=1e9,
    )  # fmt: skip
    network = networks.load(base, 0, bf16=True, full=method == "full")
    networks.attach(network, method, options.rank, seed=0)
    at: list[float] = []

    def stream() -> Iterator[Pack]:
        for number, row in enumerate(rows):
            if number:
                at.append(time.process_time())
            document = Document(str(number), "th", "nation", 1, len(row), 1, np.zeros(1, np.int64))
            yield Pack([Segment(document, tuple(row))])

    with tempfile.TemporaryDirectory() as scratch:
        loop = Loop(network, options, Path(scratch), "", time.monotonic(), lambda share, words: None)
        run = loop.train(stream())
    at.append(time.process_time())
    print(json.dumps({"cpu_s": at, "losses": [point[2] for point in run.curve]}))


def _peak() -> float:
    """FLOP of a CPU-second at most, in one large product of bfloat16 matrices."""
    import torch

    torch.set_num_threads(1)
    side = 2048
    left, right = (torch.ones(side, side, dtype=torch.bfloat16) for _ in range(2))
    begun = time.process_time()
    for _ in range(10):
        left @ right
    return 10 * 2 * side**3 / (time.process_time() - begun)


def _total(rows: dict[str, dict[str, float]], base: Path, peak: float) -> dict[str, float]:
    shape = read_shape(read_json(base / "config.json"), "base")
    for name, row in rows.items():
        method: Any = name.split()[1]
        row["matmul_share"] = row["tokens_per_cpu_s"] * flop_per_token(shape, 0, method) / peak
    speed = {name: row["tokens_per_cpu_s"] for name, row in rows.items()}
    found = {
        f"{method}_vs_{peer}": speed[f"ours {method}"] / speed[f"{peer} {method}"]
        for method in RATES
        for peer in ("trainer", "sft")
    }
    return {
        **found,
        "train_vs_trainer": min(found["full_vs_trainer"], found["lora_vs_trainer"]),
        "matmul_share": min(rows[f"ours {method}"]["matmul_share"] for method in RATES),
        "peak_gflop_per_cpu_s": peak / 1e9,
    }


def _gguf(where: Path, base: Path, corpus: Path) -> float:
    """How far llama.cpp's perplexity is from PyTorch's, on a model with new tokens that learnt a little."""
    tokenizer, tokens = _tokens(where, base, corpus, 1000)
    model, file = where / "model", where / "gguf"
    model.mkdir()
    file.mkdir()
    pretrain(base, tokenizer, tokens, DIGEST, PretrainOptions(max_steps=6), model, where / "checkpoint")
    texts = [row["text"][:2_000] for row in pq.read_table(corpus / "heldout.th.parquet").to_pylist()[:20]]
    checked = check_export(model, export_gguf(model, file, "f16"), texts, 128)
    assert checked.same_ids == len(texts), checked.difference
    return checked.relative_difference


def write(rows: dict[str, dict[str, float]], total: dict[str, float]) -> None:
    """The results, and one line."""
    missed = [
        f"{name} {total[name]:.3g}"
        for name, bound in BOUNDS.items()
        if (total[name] > bound if name in AT_MOST else total[name] < bound)
    ]
    on = {"machine": machine_words(), "at": datetime.now(UTC).date().isoformat()}
    shown: dict[str, Any] = {
        name: {key: round(value, 4) for key, value in row.items()} | on for name, row in rows.items()
    }
    shown["all"] = {key: round(value, 6) for key, value in total.items()} | on | {"missed": missed}
    content = {"claim": (__doc__ or "").strip(), "bounds": BOUNDS, "columns": COLUMNS, "rows": shown}
    RESULTS.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    for name, row in rows.items():
        print(f"{name:14}", " ".join(f"{key}={row[key]:.4g}" for key in COLUMNS))
    print({key: round(value, 4) for key, value in total.items()}, "missed:", missed)
    names = ("train_vs_trainer", "matmul_share", "gguf_ppl_diff")
    print("bench-model:", " ".join(f"{name}={total[name]:.4g}" for name in names))


if __name__ == "__main__":
    if "--ours" in sys.argv:
        ours(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
    else:
        main()
