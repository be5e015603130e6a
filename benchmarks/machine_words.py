"""What a benchmark says of the machine that it ran on."""

import os
import platform
from pathlib import Path


def machine_words() -> str:
    """Processor, cores and matrix units of this machine."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    flags = next((line.split(":")[1].split() for line in lines if line.startswith("flags")), [])
    units = [unit for unit in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if unit in flags]
    return f"{name}, {len(os.sched_getaffinity(0))} cores, {' '.join(units) or 'no vector units named'}"
