"""The engine's process: closed to all but its key, clear when it cannot start, gone when its parent is."""

import http.client
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from daulat.errors import DaulatError
from daulat.serve.engines.llamacpp import LlamaCppSettings, check_gguf, command, start

KEY = "a-key-of-sixteen-or-more"

PARENT = """
import sys, time
from pathlib import Path
from daulat.serve.engines.llamacpp import LlamaCppSettings, start
folder = Path(sys.argv[2])
engine = start(LlamaCppSettings(model=sys.argv[1], context=256), "a-key-of-sixteen-or-more", folder, folder / "log")
(folder / "pid").write_text(str(engine.process.pid))
time.sleep(60)
"""


def answer(url: str, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def wait_until(holds, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_nothing_but_health_is_told_without_the_key_and_no_web_page_is_let_in(engine):
    evil = {"Origin": "http://evil.example"}
    for path in ("/v1/models", "/props", "/slots", "/metrics", "/v1/completions"):
        assert answer(engine.url, path, evil).status == 401
    response = answer(engine.url, "/health", evil)
    assert response.status == 200
    assert not response.headers["access-control-allow-origin"]
    assert answer(engine.url, "/", {"authorization": f"Bearer {KEY}"}).status != 200


def test_it_listens_on_loopback_alone(engine):
    port = int(engine.url.rpartition(":")[2])
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {row[1].split(":")[0] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == port}
    assert listening == {"0100007F"}


@pytest.mark.parametrize("environment", [{}, {"DAULAT_ENGINE_KEY": "short"}])
def test_it_does_not_start_without_a_key(tiny_model, tmp_path, environment):
    kept = {name: value for name, value in os.environ.items() if name != "DAULAT_ENGINE_KEY"}
    line = command(LlamaCppSettings(model=str(tiny_model)), tmp_path / "port")
    ended = subprocess.run(line, env=kept | environment, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: DAULAT_ENGINE_KEY is not set")
    assert not (tmp_path / "port").exists()


def test_a_file_that_is_no_gguf_is_told_as_such(tmp_path):
    path = tmp_path / "model.gguf"
    with pytest.raises(DaulatError, match="cannot be read"):
        check_gguf(path)
    path.write_bytes(b"PK\x03\x04 a zip file")
    with pytest.raises(DaulatError, match="no GGUF file"):
        check_gguf(path)
    path.write_bytes(b"GGUF\x01\x00\x00\x00")
    with pytest.raises(DaulatError, match="version 1"):
        check_gguf(path)


def test_half_a_model_is_told_with_llama_cpps_own_reason(tiny_model, tmp_path):
    path = tmp_path / "half.gguf"
    path.write_bytes(tiny_model.read_bytes()[: tiny_model.stat().st_size // 2])
    with pytest.raises(DaulatError, match="within the file bounds, model is corrupted or incomplete"):
        start(LlamaCppSettings(model=str(path)), KEY, tmp_path, tmp_path / "log")


def test_a_taken_port_is_told(engine, tiny_model, tmp_path):
    port = int(engine.url.rpartition(":")[2])
    with pytest.raises(DaulatError, match=f"on port {port}"):
        start(LlamaCppSettings(model=str(tiny_model), port=port), KEY, tmp_path, tmp_path / "log")


def test_it_ends_on_sigterm_with_exit_code_0(tiny_model, tmp_path):
    engine = start(LlamaCppSettings(model=str(tiny_model), context=256), KEY, tmp_path, tmp_path / "log")
    engine.process.send_signal(signal.SIGTERM)
    assert engine.process.wait(10) == 0
    engine.stop()


def test_it_ends_when_its_parent_is_killed(tiny_model, tmp_path):
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tiny_model), str(tmp_path)])
    assert wait_until((tmp_path / "pid").exists)
    pid = int((tmp_path / "pid").read_text())
    parent.kill()
    parent.wait()

    def gone() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            return True

    assert wait_until(gone)


def test_the_key_is_not_in_the_command_line(tiny_model, tmp_path):
    engine = start(LlamaCppSettings(model=str(tiny_model), context=256), KEY, tmp_path, tmp_path / "log")
    assert KEY.encode() not in Path(f"/proc/{engine.process.pid}/cmdline").read_bytes()
    engine.stop()
