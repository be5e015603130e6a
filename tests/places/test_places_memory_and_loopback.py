"""What a machine is asked about itself is measured, not guessed."""

import os
import shlex
import shutil
import signal
import subprocess
import sys

import pytest

from daulat.places.loopback import ensure_loopback
from daulat.places.memory import PeakMemory

CHILD_BYTES = 200_000_000


def test_the_peak_counts_processes_that_were_started() -> None:
    with PeakMemory() as memory:
        subprocess.run([sys.executable, "-c", f"import time; x = b'x' * {CHILD_BYTES}; time.sleep(1.5)"], check=True)
    assert CHILD_BYTES < memory.peak_bytes < 50 * CHILD_BYTES


def test_a_service_that_ran_before_counts_where_it_belongs_to_the_job() -> None:
    code = f"import os, time; x = b'x' * {CHILD_BYTES}; print(os.getpid(), flush=True); time.sleep(30)"
    # Started by a parent that ends at once, so that it is nobody's child here.
    shell = f"{sys.executable} -c {shlex.quote(code)} & "
    found = subprocess.Popen(["sh", "-c", shell], stdout=subprocess.PIPE, text=True)
    assert found.stdout is not None
    pid = int(found.stdout.readline())
    found.wait()
    try:
        with PeakMemory() as without:
            pass
        with PeakMemory(also=lambda: [pid]) as counted:
            pass
    finally:
        os.kill(pid, signal.SIGKILL)
        found.stdout.close()
    assert without.peak_bytes + CHILD_BYTES <= counted.peak_bytes


def test_loopback_that_is_up_is_left_alone() -> None:
    assert ensure_loopback() is False


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root and unshare")
def test_without_any_network_loopback_is_brought_up() -> None:
    code = (
        "from daulat.places.loopback import ensure_loopback as up; import socket; print(up(), up());"
        "s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname()).close();"
        "print('connected')"
    )
    found = subprocess.run(["unshare", "-n", sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if "unshare" in found.stderr:
        pytest.skip("this machine does not allow network namespaces")
    assert found.stdout.split() == ["True", "False", "connected"], found.stderr
