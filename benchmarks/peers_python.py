"""The Python of the tools that a benchmark measures against: in an environment of their own, made the first time."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def peers_python(environment: str, *requirements: tuple[str, list[str]]) -> Path:
    """The one that has what those files of `benchmarks/peers` name, each installed with those flags of pip: minutes, at first."""
    folder = ROOT / environment
    python, done = folder / "bin" / "python", folder / ".installed"
    wanted = [(ROOT / "benchmarks" / "peers" / name, flags) for name, flags in requirements]
    content = "".join(path.read_text() for path, _ in wanted)
    if not done.exists() or done.read_text() != content:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        for path, flags in wanted:
            subprocess.run([python, "-m", "pip", "install", "--quiet", *flags, "-r", path], check=True)
        done.write_text(content)
    return python
