"""Claim: the decisions of FineWeb-2's filters 80 times as fast as datatrove ships them, and near copies too, better found.

Real text of eleven languages. Filters: every document gets one verdict by the rules and limits of FineWeb-2, from us with every
metric measured, from datatrove 0.10.1 as it ships (with each language's own splitter) and with ICU's words patched in;
`mismatch` is the share of documents that one keeps and the other does not. Near copies: documents grown by copies in which 0, 1,
2, 5 and 10% of the words are replaced; `recall` is of the copies with 1 and 2%, `false` counts what is removed and is no copy;
`cheap` is datatrove with a regular expression as splitter; Daft, text-dedup and Data-Juicer make signatures of as many
permutations over shingles as long, of their own words; dolma has no MinHash, but n-grams in a Bloom filter. Of the filters
Data-Juicer has four of Gopher's rules, and dolma Gopher's measures without verdicts: of these two only the speed is told.
CPU-seconds of one process each, in the same run, Numba's compiling left out.
The whole pipeline (`build`) reads Parquet and writes the corpus with everything on; 1x, 4x, 16x grow it by edits. Of 16x, 1% is
added, taken away again, and taken at random; the shards are as small beside that corpus as they are beside a real one.
The limit: reading memory takes 0.03 s a GB, checking UTF-8 0.7 s; finding words takes 11 s a GB of Thai (20 s by ICU itself),
the most of any part.
"""

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from corpus_samples import CODES, ROOT, SHARED, edited, peer, segments, texts, vocabulary
from machine_words import machine_words

from daulat.corpus import duplicates
from daulat.corpus.build import Snapshot, build
from daulat.corpus.options import CorpusOptions
from daulat.corpus.quality import metrics, rules
from daulat.corpus.taking import file_digest
from daulat.corpus.thresholds import thresholds
from daulat.corpus.words import tokens
from daulat.journey.store import Store
from daulat.records import Decision, Source

RESULTS = ROOT / "benchmarks" / "results" / "corpus.json"
BOUNDS = {
    "filters_vs_shipped": 80.0, "filters_vs_patched": 20.0, "verdict_mismatch": 1 / 2000, "dedup_vs_shipped": 80.0,
    "dedup_vs_cheap": 12.0, "mb_per_core_s": 13.0, "lsh4m_gb": 0.7, "incremental_1pct": 0.03,
}  # fmt: skip
AT_MOST = ("verdict_mismatch", "lsh4m_gb", "incremental_1pct")
COLUMNS = ["filters_mb_s", "filters_shipped_mb_s", "filters_patched_mb_s"]
COLUMNS += ["filters_juicer_mb_s", "filters_dolma_mb_s", "verdicts", "mismatch", "dedup_mb_s"]
COLUMNS += [
    "dedup_shipped_mb_s",
    "dedup_cheap_mb_s",
    "dedup_daft_mb_s",
    "dedup_text_dedup_mb_s",
    "dedup_juicer_mb_s",
    "dedup_dolma_mb_s",
    "recall",
    "shipped_recall",
]
COLUMNS += ["cheap_recall", "daft_recall", "text_dedup_recall", "text_dedup_false", "false"]
COLUMNS += ["juicer_recall", "juicer_false", "dolma_recall", "dolma_false"]
FILTER_PEERS = {
    "patched": ("filters", "patched"), "shipped": ("filters", "shipped"), "juicer": ("juicer", "gopher"),
    "dolma": ("dolma_peer", "gopher"),
}  # fmt: skip
DEDUP_PEERS = {
    "cheap": ("duplicates", "cheap"), "shipped": ("duplicates", "shipped"), "daft": ("signatures", "daft"),
    "text_dedup": ("signatures", "text_dedup"), "juicer": ("juicer", "minhash"), "dolma": ("dolma_peer", "ngrams"),
}  # fmt: skip
"""Script and mode of each peer."""
FEW, SOME = 0.5e6, 2.5e6
"""UTF-8 bytes a language for the slow peers, and for the others."""
EDITS = (0.0, 0.01, 0.02, 0.05, 0.10)
COUNTED = (0.01, 0.02)
ALLOW = Decision(outcome="allow", action="curate", subject="s", rules=("r",), cites=(), law="sha256:" + "0" * 64)


def main() -> None:
    if not (SHARED / "data" / "corpus").is_dir():
        print("bench-corpus: the collection of real text is not here (DAULAT_SHARED)")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows: dict[str, dict[str, Any]] = {language: {} for language in CODES}
        total = filters(rows, folder) | near_copies(rows, folder) | {"lsh4m_gb": lsh()} | pipeline(folder)
    total |= privacy()
    write(rows, total)


def filters(rows: dict[str, dict[str, Any]], folder: Path) -> dict[str, float]:
    """Verdicts and speed by language."""
    for code in CODES:  # compiled, and its word list read, before it counts
        _verdicts(code, texts(code, 1e4))
    some, few = ({c: texts(c, size) for c in CODES} for size in (SOME, FEW))
    samples = {mode: some if mode == "patched" else few for mode in FILTER_PEERS}
    ours: dict[str, dict[str, float]] = {}
    theirs: dict[str, dict[str, float]] = {}
    mismatch = verdicts = 0
    for mode, sample in samples.items():
        ours[mode], theirs[mode] = {}, {}
        said = {code: _timed(lambda c=code, t=own: _verdicts(c, t)) for code, own in sample.items()}  # type: ignore[misc]
        lines = (
            {"language": c, "code": CODES[c], "limits": msgspec.to_builtins(thresholds(c, "web")), "texts": own}
            for c, own in sample.items()
        )
        for code, one in peer(*FILTER_PEERS[mode], lines, folder).items():
            size = _mb(sample[code])
            ours[mode][code], theirs[mode][code] = said[code][1], one["cpu_s"]
            rows[code][f"filters_{mode}_mb_s"] = size / one["cpu_s"]
            if mode == "patched":
                pairs = zip(said[code][0], (verdict == "keep" for verdict in one["verdicts"]), strict=True)
                wrong = sum(a != b for a, b in pairs)
                rows[code] |= {"filters_mb_s": size / said[code][1], "verdicts": len(sample[code]), "mismatch": wrong}
                mismatch, verdicts = mismatch + wrong, verdicts + len(sample[code])
    ratio = {mode: sum(theirs[mode].values()) / sum(ours[mode].values()) for mode in samples}
    return {
        **{f"filters_vs_{mode}": value for mode, value in ratio.items()},
        "verdict_mismatch": mismatch / verdicts,
    }  # fmt: skip


def _verdicts(language: str, own: list[str]) -> list[bool]:
    """Whether each document is kept, by the limits of FineWeb-2."""
    limits = thresholds(language, "web")
    found = metrics(tokens(own, language), limits.stop_words)
    options = CorpusOptions(quality="web", min_words=50)
    broken = np.zeros(len(own), np.bool_)
    for _, beyond in rules(found, limits, options, spaceless=False):
        broken |= beyond
    return (~broken).tolist()  # type: ignore[no-any-return]


def near_copies(rows: dict[str, dict[str, Any]], folder: Path) -> dict[str, float]:
    """Which copies are found, and how fast."""
    options = CorpusOptions()
    duplicates.near_groups(["satu dua tiga empat lima enam"] * 3, ["id"] * 3, options)
    seconds = dict.fromkeys(("ours", "ours of few", *DEDUP_PEERS), 0.0)
    found = {"recall": [0, 0], "removed": [0, 0]}
    for size, modes in ((SOME, tuple(mode for mode in DEDUP_PEERS if mode != "shipped")), (FEW, ("shipped",))):
        grown = {code: _grown(code, size) for code in CODES}
        ours = {
            code: _timed(lambda c=code, t=own: duplicates.near_groups(t, [c] * len(t), options))  # type: ignore[misc]
            for code, (own, _) in grown.items()
        }
        removed = {code: set(np.flatnonzero(g != np.arange(len(g))).tolist()) for code, (g, _) in ours.items()}
        seconds["ours" if "cheap" in modes else "ours of few"] += sum(one[1] for one in ours.values())
        for mode in modes:
            lines = ({"language": c, "code": CODES[c], "texts": own} for c, (own, _) in grown.items())
            for code, one in peer(*DEDUP_PEERS[mode], lines, folder).items():
                seconds[mode] += one["cpu_s"]
                own, marks = grown[code]
                hits = _hits(marks, set(one["removed"]))
                rows[code] |= {
                    f"dedup_{mode}_mb_s": _mb(own) / one["cpu_s"],
                    f"{mode}_recall": hits[0] / max(1, hits[1]),
                    f"{mode}_false": len(set(one["removed"]) - _pairs(marks)),
                }
        if "cheap" in modes:
            for code, (own, marks) in grown.items():
                hit, of = _hits(marks, removed[code])
                false = len(removed[code] - _pairs(marks))
                rows[code] |= {"dedup_mb_s": _mb(own) / ours[code][1], "recall": hit / max(1, of), "false": false}
                found["recall"][0] += hit
                found["recall"][1] += of
                found["removed"][0] += false
                found["removed"][1] += len(removed[code])
    return {
        "dedup_vs_shipped": seconds["shipped"] / seconds["ours of few"], "dedup_vs_cheap": seconds["cheap"] / seconds["ours"],
        **{f"dedup_vs_{mode}": seconds[mode] / seconds["ours"] for mode in ("daft", "text_dedup", "juicer", "dolma")},
        "dedup_recall": found["recall"][0] / found["recall"][1],
        "dedup_precision": 1 - found["removed"][0] / max(1, found["removed"][1]),
    }  # fmt: skip


Marks = list[tuple[float, int] | None]


def _grown(language: str, size: float) -> tuple[list[str], Marks]:
    """Documents and copies of half of them; of each copy what share was edited, and of which document it is."""
    chance = random.Random(f"grown {language}")
    own = texts(language, size * 2 / 3, 300, 20_000)
    words = vocabulary(own, language)
    marks: Marks = [None] * len(own)
    found = list(own)
    for number, share in enumerate(EDITS):
        for at in range(number, len(own), 2 * len(EDITS)):
            found.append(own[at] if share == 0 else edited(segments(own[at], language), words, share, chance))
            marks.append((share, at))
    return found, marks


def _hits(marks: Marks, removed: set[int]) -> tuple[int, int]:
    counted = [(at, mark[1]) for at, mark in enumerate(marks) if mark and mark[0] in COUNTED]
    return sum(at in removed or first in removed for at, first in counted), len(counted)


def _pairs(marks: Marks) -> set[int]:
    return {number for at, mark in enumerate(marks) if mark for number in (at, mark[1])}


def lsh() -> float:
    """Memory that finding the groups of four million documents takes at its peak, in GB."""
    program = (
        "import numpy as np, tempfile\n"
        "from daulat.corpus.duplicates import groups\n"
        "n, chance = 4_000_000, np.random.default_rng(0)\n"
        "with tempfile.TemporaryFile() as file:\n"
        "    of, copy = chance.integers(0, n // 2, n // 5), chance.integers(n // 2, n, n // 5)\n"
        "    for band in range(14):\n"
        "        keys = chance.integers(0, 2**63, n, dtype=np.uint64)\n"
        "        alike = chance.random(len(copy)) < 0.7\n"
        "        keys[copy[alike]] = keys[of[alike]]\n"
        "        keys.tofile(file)\n"
        "    file.seek(0)\n"
        "    found = groups(np.fromfile(file, np.uint64, n) for _ in range(14))\n"
        "assert 0.15 < (found != np.arange(n)).mean() < 0.25\n"
        "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return int(done.stdout) / 1e6


def pipeline(folder: Path) -> dict[str, float]:
    """The whole of it in a process of its own for each size; at 16x once more with 1% added, and with 1% withdrawn."""
    found: dict[str, float] = {}
    for times in (1, 4, 16):
        where = folder / f"x{times}"
        size = _write_sources(where, times)
        run = _one_build(where, "whole")
        found |= {f"x{times}_mb_per_core_s": size / run["cpu_s"], f"x{times}_gb": run["gb"]}
        if times == 16:
            for name, what in (("incremental", "added"), ("withdrawn", "taken"), ("scattered", "scattered")):
                found[f"{name}_1pct"] = _one_build(where, what)["cpu_s"] / run["cpu_s"]
        shutil.rmtree(where)
    return found | {"mb_per_core_s": found["x4_mb_per_core_s"]}


def _write_sources(where: Path, times: int) -> float:
    """Parquet files of each language's text, so many times, each time with 30% of the words replaced; size in MB.

    Beside them lies a hundredth more: documents of which no copy is among the others.
    """
    total = 0.0
    for language in CODES:
        every = texts(language, 1.5e6, 300, 20_000)
        few = max(1, len(every) * times // (100 + times))
        more, own = every[:few], every[few:]
        words, chance = vocabulary(own, language), random.Random(f"{language} {times}")
        parts = [segments(text, language) for text in own] if times > 1 else []
        (where / language / "files").mkdir(parents=True)
        for number in range(times):
            grown = own if number == 0 else [edited(part, words, 0.3, chance) for part in parts]
            total += _mb(grown)
            _table(grown, number, where / language / "files" / f"{number:03}.parquet")
        _table(more, times, where / language / "more.parquet")
    return total


def _table(own: list[str], number: int, path: Path) -> None:
    pq.write_table(pa.table({"id": [f"{number} {at}" for at in range(len(own))], "text": own}), path)


def peak_gb() -> float:
    """Memory of this process at its peak; `getrusage` counts what it was started by too."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1e6


def _one_build(where: Path, what: str) -> dict[str, float]:
    words = [sys.executable, __file__, "--build", str(where), what]
    found: dict[str, float] = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return found


def build_there(where: Path, what: str) -> None:
    """Build the corpus of those sources with what was worked out before; `what` changes 1% of the documents first.

    `added` come as a file of their own, and are `taken` away again; `scattered` are taken at random out of every file.
    """
    for language in CODES if what not in ("whole", "same") else ():
        files = where / language / "files"
        if what == "added":
            shutil.copy(where / language / "more.parquet", files)
        elif what == "taken":
            (files / "more.parquet").unlink()
        else:
            chance = np.random.default_rng(1)
            for file in sorted(files.glob("*.parquet")):
                table = pq.read_table(file)
                pq.write_table(table.filter(pa.array(chance.random(table.num_rows) >= 0.01)), file)
    snapshots = [
        Snapshot(
            Source(
                name=language, kind="folder", location=language, language=language, owner="o", licence="CC-BY-4.0",
                basis="open-licence", country="international", personal_data="incidental",
            ),
            "sha256:" + "1" * 64,
            where / language,
            ALLOW,
            {path.name: file_digest(path) for path in (where / language / "files").iterdir()},
        )
        for language in CODES
    ]  # fmt: skip
    # Shards are as small beside this corpus as they are beside a real one, so that 1% is not in all of them.
    options, store = CorpusOptions(quality="web", shard_utf8_bytes=1_000_000), Store(where / "store")
    for language in CODES:  # every kernel is compiled, and every table of characters made, before it counts
        (where / f"warm-{language}" / "files").mkdir(parents=True, exist_ok=True)
        few_texts = {"id": ["1"], "text": ["\n".join(texts(language, 2e4))[:20_000]]}
        pq.write_table(pa.table(few_texts), where / f"warm-{language}" / "files" / "a.parquet")
    warm = [Snapshot(one.source, one.digest, where / f"warm-{one.source.language}", ALLOW) for one in snapshots]
    into = where / "corpus"
    shutil.rmtree(where / "warm-state", ignore_errors=True)
    for given, state in ((warm, where / "warm-state"), (snapshots, where / "state")):
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir()
        begun = time.process_time()
        build(given, options, b"k" * 32, into, state=state, store=store)
        cpu_s = time.process_time() - begun
    peak = peak_gb()
    store.put_tree(into)
    print(json.dumps({"cpu_s": cpu_s, "gb": peak}))


def privacy() -> dict[str, float]:
    """As `bench_privacy.py` measured it, which has a claim and a peer of its own."""
    script = ROOT / "benchmarks" / "bench_privacy.py"
    last = subprocess.run([sys.executable, script], check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    said = dict(part.split("=") for part in last.split()[1:])
    return {key: float(said[key]) for key in ("pii_recall", "pii_precision")}


def _timed(do: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.process_time()
    found = do()
    return found, time.process_time() - begun


def _mb(own: list[str]) -> float:
    return sum(len(text.encode()) for text in own) / 1e6


def write(rows: dict[str, dict[str, Any]], total: dict[str, float]) -> None:
    """The results, and one line."""
    missed = [
        f"{name} {total[name]:.3g}"
        for name, bound in BOUNDS.items()
        if (total[name] > bound if name in AT_MOST else total[name] < bound)
    ]
    on = {"machine": machine_words(), "at": datetime.now(UTC).date().isoformat()}
    shown = {code: {key: round(value, 3) for key, value in row.items()} | on for code, row in rows.items()}
    shown["all"] = {key: round(value, 6) for key, value in total.items()} | on | {"missed": missed}
    content = {"claim": (__doc__ or "").strip(), "bounds": BOUNDS, "columns": COLUMNS, "rows": shown}
    RESULTS.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    for code, row in rows.items():
        print(code, " ".join(f"{name}={row[name]:.3g}" for name in COLUMNS))
    print(
        {key: round(value, 4) for key, value in total.items() if key.startswith(("x", "with", "scat", "dedup_vs"))},
        "missed:",
        missed,
    )
    names = ("filters_vs_shipped", "filters_vs_patched", "verdict_mismatch", "dedup_vs_shipped", "dedup_vs_cheap")
    names += ("dedup_recall", "dedup_precision", "pii_recall", "pii_precision", "lsh4m_gb", "incremental_1pct")
    print("bench-corpus:", " ".join(f"{name}={total[name]:.4g}" for name in (*names, "mb_per_core_s")))


if __name__ == "__main__":
    if "--build" in sys.argv:
        build_there(Path(sys.argv[2]), sys.argv[3])
    else:
        main()
