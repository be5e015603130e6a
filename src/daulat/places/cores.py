"""How many cores this process may really use."""

import math
import os
from pathlib import Path

_CGROUP_V2 = Path("/sys/fs/cgroup/cpu.max")
_CGROUP_V1 = Path("/sys/fs/cgroup/cpu")


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
