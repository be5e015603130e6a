"""Speed of an exported model, by the engine that serves it, in a process of its own so that its memory is its own.

`python -m daulat.evals.speed MODEL PROMPT TOKENS THREADS` prints one line of JSON.
"""

import json
import os
import re
import resource
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from daulat.errors import DaulatError
from daulat.records import Record

TIMEOUT_S = 300
_CONTEXT_TOKENS = 4096


class Speed(Record, frozen=True):
    """What the engine did with one prompt."""

    prompt_tokens: int
    prompt_tokens_per_s: float
    written_tokens: int
    written_tokens_per_s: float
    written_utf8_bytes: int
    peak_bytes: int
    """Largest resident memory of the process, in bytes."""


def measure_speed(gguf: Path, prompt: str, tokens: int) -> Speed:
    """Prefill and decoding of one prompt.

    Raises: DaulatError where the engine cannot load the file, or takes longer than five minutes.
    """
    import msgspec

    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        file.write(prompt)
        file.flush()
        threads = len(os.sched_getaffinity(0))
        command = [sys.executable, "-m", "daulat.evals.speed", str(gguf), file.name, str(tokens), str(threads)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            raise DaulatError(
                f"the engine took more than {TIMEOUT_S} s for {tokens} tokens", "measure on a machine that is less busy"
            ) from None
    try:
        return msgspec.json.decode(done.stdout.splitlines()[-1], type=Speed)
    except (IndexError, msgspec.DecodeError):
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise DaulatError(f"the engine cannot run the exported model: {last}", "export it again") from None


def main(gguf: str, prompt_file: str, tokens: str, threads: str) -> None:
    """Load, answer once, print."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = gguf
    params.n_ctx = _CONTEXT_TOKENS
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = int(threads)
    params.warmup = True
    # xllamacpp always opens a port: on loopback, for nobody.
    params.hostnames = ["127.0.0.1"]
    params.api_keys = [secrets.token_urlsafe(32)]
    params.endpoint_slots = params.endpoint_props = params.ui = False
    params.offline = True
    params.fit_params = False
    params.verbosity = 1
    server = xllamacpp.Server(params)
    asked = {
        "prompt": Path(prompt_file).read_text(encoding="utf-8"),
        "n_predict": int(tokens),
        "temperature": 0.0,
        "ignore_eos": True,
        "cache_prompt": False,
    }
    answer: dict[str, Any] = server.handle_completions(asked)
    timings = answer["timings"]
    found = {
        "prompt_tokens": timings["prompt_n"],
        "prompt_tokens_per_s": timings["prompt_per_second"],
        "written_tokens": timings["predicted_n"],
        "written_tokens_per_s": timings["predicted_per_second"],
        "written_utf8_bytes": len(_text(answer).encode()),
        "peak_bytes": _peak_bytes(),
    }
    sys.stdout.write(json.dumps(found) + "\n")


def _peak_bytes() -> int:
    """Largest resident memory of this process. Not `getrusage`, which passes a parent's peak on to its children."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(found.group(1)) * 1024 if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _text(answer: dict[str, Any]) -> str:
    choices = answer.get("choices")
    return str(choices[0]["text"] if choices else answer["content"])


if __name__ == "__main__":
    main(*sys.argv[1:])
