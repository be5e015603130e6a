"""Claim: durable appends are ahead of SQLite's and pymerkle's; proofs and traces grow like a logarithm.

Appends: threads, each of which appends one entry after another; an index is returned once it is durable (fsync). `raw`
are bytes appended to the log, `signed` are statements that are checked, signed, appended and indexed, both by 64 threads
of one process; `busy` the same statements by two processes of 256 threads each, as gateways under load write.
`append_vs_sqlite` is raw, `append_vs_pymerkle` is busy. Peers in the same run, with the same bytes and without any
signature: SQLite (WAL, synchronous=FULL), one insert a transaction, one writer, which suits it best; pymerkle's SQLite
tree, one writer, for it takes no more. Then one log grows, and at each size proofs of random
statements and the trace of a chain of 20 steps spread over all of it are timed, on a journey that was just opened.
"""

import hashlib
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from machine_words import machine_words

from daulat.journey import merkle
from daulat.journey import statement as st
from daulat.journey.journey import INDEX, Journey
from daulat.journey.keys import SigningKey
from daulat.journey.log import Log
from daulat.journey.seal import seal
from daulat.journey.trace import Node, trace
from daulat.journey.verify import verify

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "journey.json"
BOUNDS = {"append_vs_sqlite": 1.0, "append_vs_pymerkle": 10.0, "trace20_ms": 50.0}
ROUNDS, THREADS, EACH, PEER_ROWS, PYMERKLE_ROWS = 3, 64, 200, 8_000, 4_000
PROCESSES, BUSY_THREADS, BUSY_EACH, WRITER = 2, 256, 100, "--writer"
SIZES = (10_000, 100_000, 1_000_000)
CHUNK, CHAIN, PROOFS = 2_000, 20, 300
AT = "2026-01-02T03:04:05Z"
PLACE = {"name": "bench", "jurisdiction": "id", "operator": "lab", "provider": "own", "region": "-"}
ALLOW: dict[str, Any] = {
    "outcome": "allow", "action": "train", "subject": "source", "rules": [], "cites": [],
    "law": "sha256:" + "11" * 32, "remedy": "", "warnings": [],
}  # fmt: skip
KEY = SigningKey("operator", hashlib.sha256(b"bench").digest())
COLUMNS = [
    "raw_per_s", "signed_per_s", "busy_per_s", "sqlite_per_s", "pymerkle_per_s", "append_vs_sqlite", "signed_vs_sqlite",
    "append_vs_pymerkle", "signed_cpu_us", "alone_per_s", "open_ms", "trace20_ms", "proof_us", "check_us",
    "verify_per_s", "grow_per_s",
]  # fmt: skip


def digest(words: str) -> str:
    return f"sha256:{hashlib.sha256(words.encode()).hexdigest()}"


def step(name: str, inputs: dict[str, str], output: str) -> dict[str, Any]:
    return st.step_statement(
        name=name, key=digest(f"{name} {output}"), inputs=inputs, outputs={name: output}, options={}, code_version="bench",
        place=PLACE, started=AT, finished=AT, by=KEY.name, decisions=[ALLOW], extra={},
    )  # fmt: skip


def project(folder: Path) -> Journey:
    folder.mkdir()
    return Journey.create(folder, "bench/journey", KEY, {})


def appends(scratch: Path) -> dict[str, Any]:
    """Rates of all, each in a folder on the same disk: the median of three rounds, one after another in each."""
    rounds = [one_round(scratch / f"round-{number}") for number in range(ROUNDS)]
    found = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    return {
        **found,
        "append_vs_sqlite": found["raw_per_s"] / found["sqlite_per_s"],
        "signed_vs_sqlite": found["signed_per_s"] / found["sqlite_per_s"],
        "append_vs_pymerkle": found["busy_per_s"] / found["pymerkle_per_s"],
    }


def one_round(scratch: Path) -> dict[str, float]:
    from pymerkle import SqliteTree

    scratch.mkdir()
    log = Log.create(scratch / "log", "bench/log", KEY)
    journey = project(scratch / "ours")
    statement = st.decision_statement(decision=ALLOW, step="train", place=PLACE, at=AT)
    entry = seal(statement, KEY)
    raw = by_threads(lambda: log.append([entry], KEY))
    assert Log.open(scratch / "log").checkpoint().size == THREADS * EACH
    cpu = time.process_time()
    ours = by_threads(lambda: journey.record(statement, KEY))
    cpu = time.process_time() - cpu
    assert Journey.open(scratch / "ours").log.checkpoint().size == THREADS * EACH + 1
    tree = SqliteTree(str(scratch / "pymerkle.sqlite"))
    pymerkle_rate = rate(PYMERKLE_ROWS, lambda: [tree.append_entry(entry) for _ in range(PYMERKLE_ROWS)])
    busy = by_processes(scratch / "busy")
    alone = rate(300, lambda: [journey.record(statement, KEY) for _ in range(300)])
    base = sqlite3.connect(scratch / "peer.sqlite", isolation_level=None)
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = FULL")
    base.execute("CREATE TABLE entry (number INTEGER PRIMARY KEY, content BLOB)")
    insert = "INSERT INTO entry (content) VALUES (?)"
    sqlite_rate = rate(PEER_ROWS, lambda: [base.execute(insert, (entry,)) for _ in range(PEER_ROWS)])
    return {
        "raw_per_s": raw,
        "signed_per_s": ours,
        "busy_per_s": busy,
        "signed_cpu_us": cpu / (THREADS * EACH) * 1e6,
        "alone_per_s": alone,
        "sqlite_per_s": sqlite_rate,
        "pymerkle_per_s": pymerkle_rate,
    }


def by_processes(folder: Path) -> float:
    """Signed statements a second, all processes together, from the first's begin to the last's end."""
    project(folder)
    argv = [sys.executable, __file__, WRITER, str(folder)]
    writers = [
        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    begun = time.perf_counter()
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.close()
    assert [writer.wait() for writer in writers] == [0] * PROCESSES
    seconds = time.perf_counter() - begun
    size = PROCESSES * BUSY_THREADS * BUSY_EACH
    assert Journey.open(folder).log.checkpoint().size == size + 1
    return size / seconds


def write_busily(folder: Path) -> None:
    """One of the processes of `by_processes`: begins when its input is closed."""
    journey = Journey.open(folder)
    statement = st.decision_statement(decision=ALLOW, step="train", place=PLACE, at=AT)
    print("ready", flush=True)
    sys.stdin.read()
    by_threads(lambda: journey.record(statement, KEY), BUSY_THREADS, BUSY_EACH)


def by_threads(append: Callable[[], object], count: int = THREADS, each: int = EACH) -> float:
    """Appends a second, all threads together."""
    threads = [threading.Thread(target=lambda: [append() for _ in range(each)]) for _ in range(count)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return count * each / (time.perf_counter() - begun)


def rate(count: int, work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return count / (time.perf_counter() - begun)


def grow(journey: Journey, size: int, link: int) -> int:
    """Steps with artefacts of their own up to that size; a link of the chain at every 20th part of it."""
    have = journey.log.checkpoint().size
    places = {have + (size - have) * (part + 1) // (CHAIN + 1) for part in range(CHAIN)}
    while have < size:
        some = []
        for number in range(have, min(have + CHUNK, size)):
            if number in places:
                some.append(step("link", {"before": digest(f"{size} link {link}")}, digest(f"{size} link {link + 1}")))
                link += 1
            else:
                some.append(step("fill", {"from": digest(f"in {number}")}, digest(f"out {number}")))
        journey.record_many(some, KEY)
        have += len(some)
    return link


def measure(folder: Path, size: int) -> dict[str, Any]:
    """Times on a journey that was just opened."""
    begun = time.perf_counter()
    journey = Journey.open(folder)
    opened = time.perf_counter()
    node = trace(journey, digest(f"{size} link {CHAIN}"))
    traced = time.perf_counter()
    assert length(node) == CHAIN + 1, length(node)
    chosen = random.Random(1)
    made, checked = [], []
    checkpoint = journey.log.checkpoint()
    for _ in range(PROOFS):
        index = chosen.randrange(size)
        leaf = merkle.leaf_hash(journey.sealed(index))
        start = time.perf_counter()
        path = journey.log.inclusion_proof(index, size)
        middle = time.perf_counter()
        assert merkle.check_inclusion(leaf, index, size, path, checkpoint.root)
        made.append(middle - start)
        checked.append(time.perf_counter() - middle)
    return {
        "open_ms": (opened - begun) * 1e3,
        "trace20_ms": (traced - opened) * 1e3,
        "proof_us": statistics.median(made) * 1e6,
        "check_us": statistics.median(checked) * 1e6,
        "index_bytes": (folder / INDEX).stat().st_size,
    }


def length(node: Node) -> int:
    count = 1
    while node.made_from:
        node, count = node.made_from[0], count + 1
    return count


def main(sizes: tuple[int, ...]) -> None:
    rows: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-journey-", dir=ROOT) as name:
        scratch = Path(name)
        rows["appends"] = appends(scratch)
        print(json.dumps(rows["appends"]), flush=True)
        folder = scratch / "grown"
        journey = project(folder)
        for size in sizes:
            begun, before = time.perf_counter(), journey.log.checkpoint().size
            grow(journey, size, 0)
            rows[f"{size:,}"] = {"grow_per_s": (size - before) / (time.perf_counter() - begun), **measure(folder, size)}
            if size == min(sizes):
                begun = time.perf_counter()
                report = verify(folder)
                assert report.statements == size
                assert all("is not in the store" in problem.what for problem in report.problems)
                rows[f"{size:,}"]["verify_per_s"] = size / (time.perf_counter() - begun)
            print(size, json.dumps(rows[f"{size:,}"]), flush=True)
    last = rows[f"{max(sizes):,}"]
    rows["appends"]["missed"] = [
        f"{name} {rows['appends'][name]:.2f}, bound {BOUNDS[name]:g}"
        for name in ("append_vs_sqlite", "append_vs_pymerkle")
        if rows["appends"][name] < BOUNDS[name]
    ]
    last["missed"] = [f"trace20_ms {last['trace20_ms']:.0f}"] if last["trace20_ms"] > BOUNDS["trace20_ms"] else []
    if max(sizes) == max(SIZES):
        on = {"machine": machine_words(), "at": datetime.now(UTC).date().isoformat()}
        content = {
            "claim": (__doc__ or "").strip(),
            "bounds": BOUNDS,
            "columns": COLUMNS,
            "rows": {key: {**row, **on} for key, row in rows.items()},
        }
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    print(
        f"bench-journey: append_vs_pymerkle={rows['appends']['append_vs_pymerkle']:.2f} "
        f"append_vs_sqlite={rows['appends']['append_vs_sqlite']:.2f} trace20_ms_at_1e6={last['trace20_ms']:.1f} "
        f"proof_us_at_1e6={last['proof_us']:.0f} verify_per_s={rows[f'{min(sizes):,}']['verify_per_s']:.0f}"
    )
    os.sync()


if __name__ == "__main__":
    if sys.argv[1:2] == [WRITER]:
        write_busily(Path(sys.argv[2]))
    else:
        main(tuple(int(word) for word in sys.argv[1:]) or SIZES)
