"""How fast this machine is right now: which number format, and how many threads.

Both are measured. A processor without bfloat16 units runs it up to 60 times slower than float32; and where others use
the same cores, two threads that wait for each other are slower than one.
"""

import math
import os
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

_CGROUP_V2 = Path("/sys/fs/cgroup/cpu.max")
_CGROUP_V1 = Path("/sys/fs/cgroup/cpu")
_ROWS, _INNER, _COLUMNS = 512, 576, 1536
BF16_GAIN = 1.5
"""bfloat16 is used where a matrix product is this much faster: below, its conversions cost more than it saves."""


def available_cores() -> int:
    """Cores that the scheduler and the container's quota leave to this process; at least 1."""
    allowed = len(os.sched_getaffinity(0))
    quota = _quota_cores()
    return allowed if quota is None else max(1, min(allowed, math.floor(quota)))


def _quota_cores() -> float | None:
    """The container's share, or None where it has no limit. Source: the kernel's cgroup-v2 and sched-bwc documents."""
    try:
        quota, period = _CGROUP_V2.read_text().split()
    except (OSError, ValueError):
        try:
            quota = (_CGROUP_V1 / "cpu.cfs_quota_us").read_text().strip()
            period = (_CGROUP_V1 / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    return None if quota in ("max", "-1") else int(quota) / int(period)


def available_memory_bytes() -> int:
    """Memory that the system and the container's limit leave to this process, without swapping."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    limit = _quota_bytes()
    return free if limit is None else max(0, min(free, limit))


def _quota_bytes() -> int | None:
    """What the container's limit leaves, pages counted that can be dropped; None without a limit. Source: cgroup-v2."""
    folder = _CGROUP_V2.parent
    try:
        limit, taken = ((folder / name).read_text().strip() for name in ("memory.max", "memory.current"))
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except OSError:
        return None
    return None if limit == "max" else int(limit) - int(taken) + int(stat["inactive_file"])


@cache
def prefers_bf16() -> bool:
    """Whether matrix products in bfloat16 are clearly faster here than in float32."""
    import torch

    times = {kind: _best(_product(kind), 3) for kind in (torch.float32, torch.bfloat16)}
    return times[torch.float32] > BF16_GAIN * times[torch.bfloat16]


def matmul_flop_per_s(*, bf16: bool) -> float:
    """Floating-point operations a second in products of matrices, with the threads that torch has now. Measured."""
    import torch

    kind = torch.bfloat16 if bf16 else torch.float32
    return 2.0 * _ROWS * _INNER * _COLUMNS / _best(_product(kind), 5, take=_median)


def use_threads(threads: int) -> None:
    """Set torch to so many threads."""
    import torch

    torch.set_num_threads(threads)


def choose_threads() -> int:
    """Set torch to the number of threads that is fastest at this moment, and return it."""
    import torch

    timed = {}
    for threads in range(1, available_cores() + 1):
        torch.set_num_threads(threads)
        timed[threads] = _best(_product(torch.float32), 3, take=_median)
    best = min(timed, key=lambda threads: timed[threads])
    torch.set_num_threads(best)
    return best


def _product(kind: Any) -> Callable[[], Any]:
    import torch

    left, right = torch.ones(_ROWS, _INNER, dtype=kind), torch.ones(_INNER, _COLUMNS, dtype=kind)
    return lambda: left @ right


def _median(seconds: list[float]) -> float:
    return sorted(seconds)[len(seconds) // 2]


def _best(work: Callable[[], Any], times: int, take: Callable[[list[float]], float] = min) -> float:
    work()
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return take(seconds)
