"""K-quants, by llama.cpp's own `llama-quantize`: nobody else packs weights as its kernels read them."""

import shutil
import subprocess
from pathlib import Path

from daulat.errors import DaulatError

PROGRAM = "llama-quantize"
_MAGIC = b"GGUF"


def program(kind: str) -> str:
    """Where it is installed.

    Raises: DaulatError where it is not.
    """
    found = shutil.which(PROGRAM)
    if found is None:
        raise DaulatError(
            f'`kind = "{kind}"` needs llama.cpp\'s `{PROGRAM}`, which is not installed',
            'put it on PATH, or write `kind = "q8_0"` in `[export]`',
        )
    return found


def quantize(source: Path, into: Path, kind: str) -> None:
    """The GGUF file `source`, packed as that kind in the file `into`.

    Raises: DaulatError where the program is missing or fails.
    """
    done = subprocess.run(
        [program(kind), str(source), str(into), kind.upper()],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode or not into.is_file() or into.open("rb").read(4) != _MAGIC:
        last = (done.stderr.strip() or done.stdout.strip() or f"it ended with {done.returncode}").splitlines()[-1]
        raise DaulatError(
            f"`{PROGRAM}` did not make `{kind}`: {last}",
            'get the one of a newer llama.cpp, or write `kind = "q8_0"` in `[export]`',
        )
