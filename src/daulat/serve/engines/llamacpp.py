"""A GGUF file served by llama.cpp, in a process of its own, on loopback, behind a key.

Its own process, because it is a large body of C++ that reads whatever it is sent: if it falls, answers stop and the
gateway says so. As shipped it listens without a key and lets any web page in (CORS `*`); here both are closed.
"""

import argparse
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from daulat.errors import DaulatError
from daulat.records import Record

KEY_VARIABLE = "DAULAT_ENGINE_KEY"
_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
"""Source: github.com/ggml-org/ggml, docs/gguf.md; version 1 is not read any more."""
_LEAST_KEY_CHARACTERS = 16
_HTTP_THREADS = 48
"""llama.cpp gives each open connection a thread; the gateway keeps up to 32 open, and asks for health on another."""
_POLL_S = 0.05

Positive = Annotated[int, Meta(ge=1)]


class LlamaCppSettings(Record, frozen=True):
    """How one GGUF file is served."""

    model: str
    """Path of the file."""
    context: Positive = 2048
    """Tokens of one conversation, prompt and answer together; each of `parallel` has that many."""
    parallel: Positive = 2
    """Answers at once (continuous batching)."""
    threads: Positive = 1
    """Threads beyond the free cores make it slower by far."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 0
    """0: any free one."""


@dataclass
class RunningEngine:
    """An engine that lives no longer than the process that started it."""

    url: str
    process: subprocess.Popen[bytes]

    def stop(self, timeout_s: float = 10.0) -> None:
        """Ask it to end, and see that it has."""
        self.process.terminate()
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()


def command(settings: LlamaCppSettings, port_file: Path, with_parent: bool = False) -> list[str]:
    """The command line of the engine's process; its key goes into the environment as DAULAT_ENGINE_KEY.

    `with_parent`: it ends as soon as its standard input is closed, which the death of its parent does.
    """
    numbers = {"context": settings.context, "parallel": settings.parallel, "threads": settings.threads}
    line = [sys.executable, "-m", "daulat.serve.engines.llamacpp", "--model", settings.model]
    for name, number in ({"port": settings.port} | numbers).items():
        line += [f"--{name}", str(number)]
    return [*line, "--port-file", str(port_file), *(["--with-parent"] if with_parent else [])]


def start(settings: LlamaCppSettings, key: str, scratch: Path, log: Path, timeout_s: float = 120.0) -> RunningEngine:
    """Start the engine and return once it answers; it ends with this process, however that ends.

    Raises: DaulatError with the end of its log where it does not start.
    """
    port_file = scratch / "engine.port"
    port_file.unlink(missing_ok=True)
    with log.open("ab") as out:
        process = subprocess.Popen(
            command(settings, port_file, with_parent=True),
            stdin=subprocess.PIPE, stdout=out, stderr=out, env=os.environ | {KEY_VARIABLE: key}, start_new_session=True,
        )  # fmt: skip
    deadline = time.monotonic() + timeout_s
    while not port_file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise DaulatError(f"the engine did not start: {_last_line(log)}", f"see {log}")
        time.sleep(_POLL_S)
    return RunningEngine(f"http://127.0.0.1:{int(port_file.read_text())}", process)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return next((line for line in reversed(lines) if line.startswith("error: ")), (lines or ["no word"])[-1])


def check_gguf(path: Path) -> None:
    """Raises: DaulatError where `path` is no GGUF file, so that nobody has to read an engine's log to learn it."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise DaulatError(
            f"the model {path} cannot be read: {error.strerror}", "name the GGUF file of a release"
        ) from error
    if head[:4] != _MAGIC:
        raise DaulatError(
            f"the model {path} is no GGUF file (it begins with {head[:4]!r})", "export it with `daulat develop`"
        )
    version = int.from_bytes(head[4:8], "little")
    if version not in _VERSIONS:
        raise DaulatError(f"the model {path} is GGUF version {version}; 2 and 3 are read", "export it again")


def load(settings: LlamaCppSettings, key: str) -> Any:
    """A server that answers on loopback to that key alone.

    Raises: DaulatError where the key is too short, the file broken, or the port taken.
    """
    if len(key) < _LEAST_KEY_CHARACTERS:
        problem = f"{KEY_VARIABLE} is not set, or is shorter than {_LEAST_KEY_CHARACTERS} characters"
        raise DaulatError(problem, "an engine without a key answers anybody: set one")
    check_gguf(Path(settings.model))
    with tempfile.TemporaryFile() as said:
        try:
            with _StderrInto(said.fileno()):
                return _server(settings, key)
        except RuntimeError as error:
            said.seek(0)
            reason = _reason(said.read().decode(errors="replace"))
            raise DaulatError(
                f"llama.cpp cannot serve {settings.model} on port {settings.port}: {reason}",
                "check the file with `daulat verify`, and choose port 0",
            ) from error


def _server(settings: LlamaCppSettings, key: str) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = settings.model
    params.n_ctx = settings.context * settings.parallel
    params.n_parallel = settings.parallel
    params.cont_batching = True
    params.use_jinja = True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings.threads
    params.n_threads_http = _HTTP_THREADS
    params.hostnames = ["127.0.0.1"]
    params.port = settings.port
    params.api_keys = [key]
    params.cors_origins = params.cors_methods = params.cors_headers = ""
    params.cors_origins_explicit = True
    params.cors_credentials = False
    params.endpoint_slots = params.endpoint_props = params.ui = False
    params.offline = True
    params.fit_params = False
    # A prompt cache in memory would keep what one agency asked beside what another asks.
    params.cache_prompt = params.cache_idle_slots = False
    params.cache_ram_mib = 0
    # 2 is warnings and errors: information lines would tell of every request.
    params.verbosity = 2
    return xllamacpp.Server(params)


class _StderrInto:
    """Send this process's standard error to `descriptor`: llama.cpp says there what is wrong, and nowhere else."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._kept = -1

    def __enter__(self) -> None:
        sys.stderr.flush()
        self._kept = os.dup(2)
        os.dup2(self._descriptor, 2)

    def __exit__(self, *_: object) -> None:
        os.dup2(self._kept, 2)
        os.close(self._kept)


def _reason(said: str) -> str:
    """The first error that llama.cpp told: later ones only follow from it."""
    errors = [line.split(" E ", 1)[1] for line in said.splitlines() if " E " in line]
    return errors[0].strip() if errors else "it gave no reason"


def wait_for_end(with_parent: bool) -> None:
    """Return on SIGTERM or SIGINT, and `with_parent` when standard input is closed."""
    woken, wake = os.pipe()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.write(wake, b"."))
    watched = [woken, sys.stdin.fileno()] if with_parent else [woken]
    while True:
        readable, _, _ = select.select(watched, [], [])
        if woken in readable or not os.read(readable[0], 4096):
            return


def write_port(port_file: Path, port: int) -> None:
    """Tell the port in one step: whoever sees the file sees all of it."""
    fresh = port_file.with_name(f".{port_file.name}.{os.getpid()}")
    fresh.write_text(f"{port}\n")
    fresh.replace(port_file)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to end. Exit 0 then, 1 with a sentence and a hint where it cannot be served."""
    parser = argparse.ArgumentParser(prog="python -m daulat.serve.engines.llamacpp", description=__doc__)
    parser.add_argument("--model", required=True)
    for name, default in (("port", 0), ("context", 2048), ("parallel", 2), ("threads", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--port-file", type=Path)
    parser.add_argument("--with-parent", action="store_true")
    given = parser.parse_args(arguments)
    # Out of the environment at once: what this process starts or dumps need not know it.
    key = os.environ.pop(KEY_VARIABLE, "")
    try:
        settings = _settings(given)
        server = load(settings, key)
    except DaulatError as error:
        sys.stderr.write(f"error: {error.problem}\nhint: {error.hint}\n")
        return error.exit_code
    port = int(server.listening_address.rpartition(":")[2])
    if given.port_file is not None:
        write_port(given.port_file, port)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    wait_for_end(given.with_parent)
    del server
    return 0


def _settings(given: argparse.Namespace) -> LlamaCppSettings:
    import msgspec

    fields = {name: getattr(given, name) for name in LlamaCppSettings.__struct_fields__}
    try:
        return msgspec.convert(fields, LlamaCppSettings)
    except msgspec.ValidationError as error:
        raise DaulatError(f"the engine cannot start: {error}", "see --help") from error


if __name__ == "__main__":
    sys.exit(main())
