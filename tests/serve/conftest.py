"""A real engine with a tiny real model, and a real gateway in front of it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import openai
import pytest

from daulat.serve.engines.llamacpp import LlamaCppSettings, RunningEngine, start
from daulat.serve.gateway.keys import new_key
from daulat.serve.gateway.tenants import Tenant, save_tenants
from daulat.serve.gateway.usage_file import UsageFile

sys.path.insert(0, str(Path(__file__).parent))

from serve_gateway_process import ENGINE_KEY, PEPPER
from serve_tiny_model import write_tiny_model

PROGRAM = Path(__file__).parent / "serve_gateway_process.py"
MODEL = "daulat-tiny"


@dataclass
class Gateway:
    """The gateway's process and its folder; the folder outlives the process."""

    folder: Path
    engine_url: str
    settings: dict[str, object] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    url: str = ""
    key: str = ""

    def __post_init__(self) -> None:
        self.key, kept = new_key(PEPPER)
        tenant = Tenant(name="health", country="id", sector="health", keys=(kept,))
        save_tenants(self.folder / "tenants.json", (tenant,))

    @property
    def usage(self) -> UsageFile:
        return UsageFile(self.folder / "usage.sqlite")

    def start(self) -> "Gateway":
        options = {"engine_url": self.engine_url, "settings": {"model": MODEL} | self.settings}
        (self.folder / "options.json").write_bytes(msgspec.json.encode(options))
        (self.folder / "port").unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([sys.executable, str(PROGRAM), str(self.folder)], stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while not (self.folder / "port").exists():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, "the gateway was not ready within 20 s"
            time.sleep(0.02)
        self.url = f"http://127.0.0.1:{(self.folder / 'port').read_text()}"
        return self

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            assert self.process.wait(30) == 0

    def client(self, key: str | None = None) -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=key or self.key, max_retries=0, timeout=30)

    def wait_for_record(self, answer_id: str):  # type: ignore[no-untyped-def]
        deadline = time.monotonic() + 5
        while (found := self.usage.get(answer_id)) is None and time.monotonic() < deadline:
            time.sleep(0.02)
        return found


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.gguf")


@pytest.fixture(scope="session")
def engine(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEngine]:
    scratch = tmp_path_factory.mktemp("engine")
    running = start(
        LlamaCppSettings(model=str(tiny_model), context=4096, parallel=4), ENGINE_KEY, scratch, scratch / "log"
    )
    yield running
    running.stop()


@pytest.fixture(scope="session")
def gateway(engine: RunningEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    settings: dict[str, object] = {"max_body_bytes": 100_000, "body_timeout_s": 1.0}
    running = Gateway(tmp_path_factory.mktemp("gateway"), engine.url, settings).start()
    yield running
    running.stop()


@pytest.fixture
def own_gateway(engine: RunningEngine, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway that a test may kill, starve or withdraw from."""
    running = Gateway(tmp_path, engine.url)
    yield running
    if running.process is not None and running.process.poll() is None:
        running.kill()
