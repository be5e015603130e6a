"""Claim: the law of six countries is loaded in a third of a second and asked thousands of times a second.

Each pack's whole grid is decided once (`daulat law test`). Then questions that were never asked before are decided with
the parsed packs on one core, and the same ones again from memory.
"""

import json
import time
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

from machine_words import machine_words

from daulat.nation.grid import ACTIONS, TOGETHER, cells, enumerate_pack
from daulat.nation.law import LawPack
from daulat.nation.profile import nations

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "law.json"
BOUNDS = {"decisions_per_s": 4_000.0, "cached_per_s": 200_000.0, "load_s": 0.3}
COLUMNS = ["rules", "grid_cells", "undecided", "decisions_per_s", "cached_per_s", "load_s"]
FRESH, ROUNDS = 1_500, 20


def main() -> None:
    today = date(2026, 11, 24)
    begun = time.perf_counter()
    packs = {code: LawPack(code, today) for code in nations()}
    load_s = time.perf_counter() - begun
    rows: dict[str, dict[str, object]] = {}
    fresh_s = cached_s = 0.0
    for code, pack in packs.items():
        grid = enumerate_pack(LawPack(code, today))
        wrong = len(grid.undecided) + len(grid.wrong) + len(grid.dead)
        asked = list(islice(cells(pack, "Source", ACTIONS["Source"], set(TOGETHER)), FRESH))
        begun = time.process_time()
        for question in asked:
            pack.decide(question)
        middle = time.process_time()
        for _ in range(ROUNDS):
            for question in asked:
                pack.decide(question)
        fresh_s += middle - begun
        cached_s += time.process_time() - middle
        rows[code] = {"rules": grid.rules, "grid_cells": grid.cells, "undecided": wrong}
    total: dict[str, float] = {
        "rules": sum(int(str(row["rules"])) for row in rows.values()),
        "grid_cells": sum(int(str(row["grid_cells"])) for row in rows.values()),
        "undecided": sum(int(str(row["undecided"])) for row in rows.values()),
        "decisions_per_s": FRESH * len(packs) / fresh_s,
        "cached_per_s": FRESH * len(packs) * ROUNDS / cached_s,
        "load_s": load_s,
    }
    missed = [f"{name} {total[name]:.0f}" for name in ("decisions_per_s", "cached_per_s") if total[name] < BOUNDS[name]]
    missed += [f"load_s {load_s:.2f}"] if load_s > BOUNDS["load_s"] else []
    missed += [f"{total['undecided']} cells undecided"] if total["undecided"] else []
    on = {"machine": machine_words(), "at": datetime.now(UTC).date().isoformat()}
    content = {
        "claim": (__doc__ or "").strip(),
        "bounds": BOUNDS,
        "columns": COLUMNS,
        "rows": {**{code: {**row, **on} for code, row in rows.items()}, "all six": {**total, **on, "missed": missed}},
    }
    RESULTS.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    print(
        f"bench-law: packs={len(packs)} rules={total['rules']:.0f} grid_cells={total['grid_cells']:.0f} "
        f"undecided={total['undecided']:.0f} decisions_per_s={total['decisions_per_s']:.0f} "
        f"cached_per_s={total['cached_per_s']:.0f} load_s={load_s:.3f}"
    )


if __name__ == "__main__":
    main()
