"""A Debian package as a file, without root and without touching the system's own apt state."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from daulat.corpus import notes
from daulat.errors import DaulatError
from daulat.records import Progress, no_progress

TIMEOUT_S = 900
"""One package or one update; ours: the largest sample has 35 MB."""

_OWN_TEXT = "name a folder with your own text: `--text FOLDER`"
_CONNECT = "connect and try again; or take this [[source]] out of daulat.toml and name your own text: `--text FOLDER`"
_LISTS_BYTES = 20_000_000
"""Free space below which the archive's lists may not fit: Debian stable's take about 60 MB, smaller archives less."""
_NO_SPACE = re.compile(r"no space left|write error", re.IGNORECASE)
_NO_NETWORK = re.compile(
    r"could not resolve|temporary failure|connection (failed|refused|timed out)|could not connect|unable to connect|"
    r"network is unreachable|timed out",
    re.IGNORECASE,
)


class SourceUnavailable(DaulatError):
    """This machine does not have the package, or no apt at all: a source that is `optional` may be left out."""


@dataclass(frozen=True)
class Deb:
    """A package in the cache, checked against the archive's own record."""

    path: Path
    package: str
    version: str
    sha256: str


@dataclass(frozen=True)
class _Record:
    """What the archive says of the package: its file's name, size and SHA-256."""

    file: str
    size_bytes: int
    sha256: str


def package(name: str, cache: Path, progress: Progress = no_progress) -> Deb:
    """The package's `.deb`, from the cache where it was fetched before, else from the archive.

    Half a download never counts: it has another name until its size and SHA-256 are those of the archive's record.
    Raises: SourceUnavailable where the archive has no such package; DaulatError where apt or the network is missing.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name):
        raise DaulatError(f"`{name}` is not the name of a Debian package", "names have a-z, 0-9, +, - and . only")
    debs = cache / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    note = debs / f"{name}.json"
    known = notes.read(note, _Record)
    if known is None or not _is_whole(debs / known.file, known):
        known = _download(name, cache, debs, progress)
        notes.write(note, known)
    version = unquote(known.file.split("_")[1])
    return Deb(debs / known.file, name, version, f"sha256:{known.sha256}")


def _is_whole(path: Path, record: _Record) -> bool:
    try:
        with path.open("rb") as file:
            whole = os.fstat(file.fileno()).st_size == record.size_bytes
            return whole and hashlib.file_digest(file, "sha256").hexdigest() == record.sha256
    except FileNotFoundError:
        return False


def _download(name: str, cache: Path, debs: Path, progress: Progress) -> _Record:
    for program in ("apt-get", "apt-config", "dpkg-deb"):
        if shutil.which(program) is None:
            raise SourceUnavailable(f"`{program}` is missing: this is not a Debian-like machine", _OWN_TEXT)
    apt = _Apt(cache / "apt")
    progress(0.0, f"asking apt for {name}")
    record = apt.record(name)
    if record is None:
        progress(0.1, "reading the archive's lists")
        trouble = apt.update()
        record = apt.record(name)
        if record is None:
            _is_not_for_want_of_space(cache, _LISTS_BYTES, trouble)
            raise _not_found(name, trouble)
    if _is_whole(debs / record.file, record):
        return record
    progress(0.3, f"downloading {name} ({record.size_bytes / 1e6:.1f} MB)")
    trouble = apt.download(name, record, debs)
    if trouble and not _NO_NETWORK.search(trouble):  # the lists may be older than the archive
        apt.update()
        record = apt.record(name) or record
        trouble = apt.download(name, record, debs)
    if trouble:
        _is_not_for_want_of_space(cache, record.size_bytes, trouble)
        raise _not_downloaded(name, trouble)
    return record


def _is_not_for_want_of_space(folder: Path, needed_bytes: int, trouble: str) -> None:
    """apt does not always say that the disk was full: the disk is asked.

    Raises: DaulatError where less is free than was needed.
    """
    free = shutil.disk_usage(folder).free
    if free < needed_bytes or _NO_SPACE.search(trouble):
        raise DaulatError(
            f"the disk is full: {free / 1e6:.1f} MB are free in `{folder}`, and {needed_bytes / 1e6:.1f} MB are needed",
            "free some space and run again: it goes on",
        )


def _not_found(name: str, trouble: str) -> DaulatError:
    if _NO_NETWORK.search(trouble):
        return DaulatError(f"no network: the archive's lists, needed to find `{name}`, cannot be read", _CONNECT)
    return SourceUnavailable(
        f"this machine's archive has no package `{name}`", f"add `optional = true` to that source, or {_OWN_TEXT}"
    )


def _not_downloaded(name: str, trouble: str) -> DaulatError:
    if _NO_NETWORK.search(trouble):
        return DaulatError(f"no network: the package `{name}` cannot be downloaded", _CONNECT)
    errors = (
        [line for line in trouble.splitlines() if line.startswith("E:")] or trouble.splitlines() or ["no reason given"]
    )
    return DaulatError(
        f"apt cannot download `{name}`: {errors[0].removeprefix('E: ')}", f"try again later, or {_OWN_TEXT}"
    )


class _Apt:
    """`apt-get` with its writable state below one folder; its lists are the system's until they do not suffice."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        for part in ("cache/archives/partial", "lists/partial", "empty"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        self.own_lists = any((self.folder / "lists").glob("*Packages*"))

    def record(self, name: str) -> _Record | None:
        """What the archive's lists say of the package, or None."""
        done = self._run("download", "--print-uris", name)
        found = re.search(r"^'[^']+' (\S+) (\d+) SHA256:([0-9a-f]{64})$", done.stdout, re.MULTILINE)
        return _Record(found[1], int(found[2]), found[3]) if found else None

    def update(self) -> str:
        """Read the lists anew, below our own folder; gives what apt complained of."""
        self.own_lists = True
        return self._run("update").stderr

    def download(self, name: str, record: _Record, debs: Path) -> str:
        """Put the package into `debs` under its name, once it is whole; gives apt's complaint, empty if none."""
        with tempfile.TemporaryDirectory(dir=debs, prefix=".partial-") as scratch:
            done = self._run("download", name, cwd=Path(scratch))
            made = Path(scratch) / record.file
            if not _is_whole(made, record):
                return done.stderr or "E: what came is not what the archive's record says"
            made.replace(debs / record.file)
            return ""

    def _run(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "LC_ALL": "C", "APT_CONFIG": str(self._config())}
        try:
            return subprocess.run(
                ["apt-get", "-q", *arguments],
                cwd=cwd or self.folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            raise DaulatError(f"apt did not answer within {TIMEOUT_S} s", f"try again later, or {_OWN_TEXT}") from None

    def _config(self) -> Path:
        """The system's own settings, proxies included, without its hooks, and with our folder for what is written.

        A hook may delete files of the system or need root: containers have one that runs after each update.
        """
        dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False).stdout
        hooks = (
            "APT::Update::Post-Invoke",
            "APT::Update::Pre-Invoke",
            "DPkg::Post-Invoke",
            "DPkg::Pre-",
            "Dir::Etc::parts",
        )
        kept = [line for line in dump.splitlines() if not line.startswith((*hooks, "Dir::Etc::main "))]
        here = self.folder
        ours = {
            "Dir::Etc::parts": here / "empty",
            "Dir::Etc::main": "/dev/null",
            "Dir::Cache": here / "cache",
            "Dir::State::status": here / "status",
            "APT::Sandbox::User": "root",
            "Acquire::Retries": 2,
            "Acquire::http::Timeout": 30,
            "Acquire::https::Timeout": 30,
            "Acquire::Languages": "none",
            **({"Dir::State::lists": here / "lists"} if self.own_lists else {}),
        }
        kept += [f'{key} "{value}";' for key, value in ours.items()]
        config = here / "apt.conf"
        config.write_text("\n".join(kept) + "\n", encoding="utf-8")
        return config
