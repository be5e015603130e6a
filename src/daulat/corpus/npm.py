"""An npm package as a file, through the user's own `npm pack`, without running anything that is in it."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from daulat.corpus import notes
from daulat.corpus.apt import SourceUnavailable
from daulat.corpus.taking import inside
from daulat.errors import DaulatError
from daulat.records import Progress, no_progress

TIMEOUT_S = 900
"""One package; ours, as for Debian's."""
MANIFEST_BYTES = 10_000_000
"""A larger package.json is none. Ours."""

_NAME = re.compile(r"((?:@[a-z0-9~][a-z0-9._~-]*/)?[A-Za-z0-9~][A-Za-z0-9._~-]*)(?:@([0-9][0-9A-Za-z.+-]*))?")
_OWN_TEXT = "name a folder with your own text: `--text FOLDER`"
_NO_NETWORK = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET|network")


@dataclass(frozen=True)
class Tarball:
    """A package in the cache, checked against the SHA-512 that npm gave."""

    path: Path
    package: str
    version: str
    integrity: str
    """`sha512-` and base 64, as package-lock.json writes it."""
    declared_licence: str
    """What its package.json says; empty where it says nothing."""


@dataclass(frozen=True)
class _Record:
    file: str
    version: str
    integrity: str


def package(location: str, cache: Path, progress: Progress = no_progress) -> Tarball:
    """The package's tarball, from the cache where it was fetched before, else from the registry that npm is set to.

    Without a version it is the registry's newest as of the first fetch; the version is recorded.
    Raises: SourceUnavailable where npm is missing or knows no such package; DaulatError where the network is.
    """
    named = _NAME.fullmatch(location)
    if not named:
        raise DaulatError(
            f"`{location}` is not an npm package", "write `location` as `name` or `name@1.2.3`, with an exact version"
        )
    tarballs = cache / "npm"
    tarballs.mkdir(parents=True, exist_ok=True)
    note = tarballs / f"{hashlib.sha256(location.encode()).hexdigest()[:16]}.json"
    known = notes.read(note, _Record)
    if known is None or not _is_whole(tarballs / known.file, known.integrity):
        known = _download(location, tarballs, progress)
        notes.write(note, known)
    path = tarballs / known.file
    return Tarball(path, named[1], known.version, known.integrity, _declared_licence(path))


@contextmanager
def members(tarball: Path) -> Iterator[tarfile.TarFile]:
    """The package's files as a stream, each below one folder that is usually called `package`.

    Raises: DaulatError where it is no tarball.
    """
    try:
        with tarfile.open(tarball, mode="r|gz") as archive:
            yield archive
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DaulatError(
            f"the package `{tarball.name}` cannot be unpacked: {error}", "delete it and run again"
        ) from error


def _is_whole(path: Path, integrity: str) -> bool:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha512").digest()
    except FileNotFoundError:
        return False
    return integrity == f"sha512-{base64.b64encode(digest).decode()}"


def _download(location: str, tarballs: Path, progress: Progress) -> _Record:
    if shutil.which("npm") is None:
        raise SourceUnavailable("`npm` is missing on this machine", f"install Node.js and npm, or {_OWN_TEXT}")
    progress(0.1, f"downloading {location}")
    with tempfile.TemporaryDirectory(dir=tarballs, prefix=".partial-") as scratch:
        said = _npm(["pack", location, "--ignore-scripts", "--json"], Path(scratch), location)
        try:
            (told,) = json.loads(said)
            record = _Record(told["filename"].replace("/", "-").lstrip("@"), told["version"], told["integrity"])
            (made,) = Path(scratch).glob("*.tgz")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DaulatError(f"npm gave no package for `{location}`", f"update npm, or {_OWN_TEXT}") from None
        if not _is_whole(made, record.integrity):
            raise DaulatError(f"what came for `{location}` is not what npm says that it is", "run it again")
        made.replace(tarballs / record.file)
        return record


def _npm(words: list[str], folder: Path, location: str) -> str:
    """What npm says on its standard output.

    Raises: SourceUnavailable for an unknown package; DaulatError for a time-out or any other trouble.
    """
    try:
        done = subprocess.run(
            ["npm", *words],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise DaulatError(f"npm did not answer within {TIMEOUT_S} s", f"try again later, or {_OWN_TEXT}") from None
    if done.returncode == 0:
        return done.stdout
    if re.search(r"E404|ETARGET|ENOVERSIONS", done.stderr):
        raise SourceUnavailable(f"npm finds no package `{location}`", f"correct `location`, or {_OWN_TEXT}")
    if _NO_NETWORK.search(done.stderr):
        raise DaulatError(f"no network: the package `{location}` cannot be downloaded", "connect and try again")
    code = re.search(r"code (E\w+)", done.stderr)
    raise DaulatError(
        f"npm cannot fetch `{location}`: {code[1] if code else 'it gave no reason'}", "try `npm pack` by hand"
    )


def _declared_licence(tarball: Path) -> str:
    """`license` of package.json, or the older `licenses`, as an expression; empty where there is none."""
    with members(tarball) as archive:
        for member in archive:
            path = inside(member.name) or ""
            if path.count("/") == 1 and path.endswith("/package.json") and member.size <= MANIFEST_BYTES:
                content = archive.extractfile(member)
                try:
                    said = json.load(content) if content else {}
                except ValueError:
                    return ""
                return _licence(said) if isinstance(said, dict) else ""
    return ""


def _licence(said: dict[str, object]) -> str:
    one = said.get("license", said.get("licenses"))
    parts = one if isinstance(one, list) else [one]
    names = [part.get("type") if isinstance(part, dict) else part for part in parts]
    return " OR ".join(name for name in names if isinstance(name, str))
