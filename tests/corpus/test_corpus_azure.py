"""A container of Azure's is read as a bucket is: against Azurite, Microsoft's own emulator, on loopback."""

# ruff: noqa: S310  (loopback)
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from corpus_samples import source

from daulat.corpus.source import fetch, survey
from daulat.errors import DaulatError
from daulat.journey.store import Store
from daulat.records import Source

AZURITE = "azurite@3.35.0"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The emulator's account, the same in every copy of it. Source: its README."""


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    node, folder = shutil.which("node"), tmp_path_factory.mktemp("azurite")
    if node is None or shutil.which("npm") is None:
        pytest.skip("node or npm is not here")
    script = Path("node_modules/azurite/dist/src/blob/main.js")
    argv = [
        "npm",
        "install",
        "--prefix",
        str(folder),
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--silent",
        AZURITE,
    ]
    try:
        subprocess.run(argv, check=True, capture_output=True, timeout=240)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip("npm cannot reach its registry")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    argv = [node, str(folder / script), "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder / "data"),
            "--silent", "--disableTelemetry", "--skipApiVersionCheck"]  # fmt: skip
    running = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/{ACCOUNT}"
    finally:
        running.kill()
        running.wait()


def put(endpoint: str, files: dict[str, bytes]) -> None:
    import obstore
    from obstore.store import AzureStore

    store = AzureStore(
        "notes", account_name=ACCOUNT, account_key=KEY, endpoint=endpoint, client_options={"allow_http": True}
    )
    for name, content in files.items():
        obstore.put(store, name, content)


@pytest.fixture
def container(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Source:
    made = _create(endpoint)
    assert made
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", KEY)
    put(endpoint, {f"desa/{n}.txt": f"catatan {n}".encode() for n in range(5)})
    return source(kind="objects", location="az://notes/desa", endpoint=endpoint, timeout_s=5)


def _create(endpoint: str) -> bool:
    """The container, made by a signed request of our own: the library reads and writes, but makes none."""
    import base64
    import hashlib
    import hmac
    import urllib.error
    import urllib.request
    from datetime import UTC, datetime

    date, version = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"), "2023-11-03"
    signed = f"PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:{version}\n/{ACCOUNT}/{ACCOUNT}/notes\nrestype:container"
    signature = base64.b64encode(hmac.digest(base64.b64decode(KEY), signed.encode(), hashlib.sha256)).decode()
    asked = urllib.request.Request(f"{endpoint}/notes?restype=container", method="PUT", data=b"", headers={
        "x-ms-date": date, "x-ms-version": version, "Authorization": f"SharedKey {ACCOUNT}:{signature}", "Content-Length": "0",
        "Content-Type": "",
    })  # fmt: skip
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return bool(answer.status == 201)
    except urllib.error.HTTPError as error:
        return error.code == 409  # there already


def taken(tmp_path: Path, one: Source, name: str = "one") -> Path:
    into, store, cache = tmp_path / f"into-{name}", Store(tmp_path / "store"), tmp_path / "cache"
    into.mkdir()
    fetch(one, survey(one, cache), into, cache, store)
    return store.materialise(store.put_tree(into), tmp_path / name)


def test_a_container_is_read_and_read_again_for_what_changed(tmp_path: Path, container: Source, endpoint: str) -> None:
    folder = taken(tmp_path, container)
    assert (folder / "files" / "3.txt").read_bytes() == b"catatan 3"
    before = [json.loads(line) for line in (folder / "objects.jsonl").read_text().splitlines()]
    assert all(line["tag"] and line["size"] == 9 for line in before)
    cache = tmp_path / "cache"
    assert survey(container, cache) == survey(container, cache)
    put(endpoint, {"desa/3.txt": b"diubah"})
    changed = taken(tmp_path, container, "changed")
    after = [json.loads(line) for line in (changed / "objects.jsonl").read_text().splitlines()]
    assert [b["key"] for a, b in zip(before, after, strict=True) if a != b] == ["3.txt"]
    assert (changed / "files" / "3.txt").read_bytes() == b"diubah"


def test_a_wrong_key_or_container_is_said(
    tmp_path: Path, container: Source, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DaulatError, match="is not there"):
        survey(source(kind="objects", location="az://nothere", endpoint=endpoint), tmp_path)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "d3Jvbmc=")
    with pytest.raises(DaulatError, match="may not be read") as caught:
        survey(container, tmp_path)
    assert "AZURE_STORAGE_ACCOUNT_KEY" in caught.value.hint
    assert "d3Jvbmc" not in str(caught.value)
