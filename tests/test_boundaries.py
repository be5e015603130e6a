"""The house keeps its borders: what is imported, how fast, and with what behind it."""

import json
import subprocess
import sys

HEAVY = ["torch", "transformers", "numpy", "pyarrow", "numba", "icu", "xllamacpp", "cedarpy", "uvicorn", "msgspec"]


def imported_by(*modules: str) -> set[str]:
    """Top-level packages that a fresh Python has after importing these."""
    listed = "print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    code = f"import {', '.join(modules)}; import sys, json; {listed}"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(found.stdout))


def test_importing_daulat_takes_less_than_0_3_s_and_brings_nothing_heavy() -> None:
    code = "import time; t = time.perf_counter(); import daulat; print(time.perf_counter() - t)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3)]
    assert min(float(run.stdout) for run in runs) < 0.3
    assert not imported_by("daulat") & set(HEAVY)


def test_verify_has_only_the_standard_library_and_cryptography_behind_it() -> None:
    own = {"daulat", "cryptography", "cffi", "_cffi_backend", "_openssl"}
    before = imported_by("json")
    assert imported_by("daulat.journey.verify") - before - sys.stdlib_module_names - own == set()


def test_the_help_of_the_command_line_needs_nothing_heavy() -> None:
    files = [f"daulat.cli.{name}" for name in ("main", "manage", "develop", "corpus", "deploy", "journey")]
    assert not imported_by(*files) & set(HEAVY[:-1])


def test_every_setting_and_the_plan_are_read_without_torch() -> None:
    assert not imported_by("daulat.config", "daulat.work.plan") & {"torch", "transformers", "numba", "pyarrow", "numpy"}
