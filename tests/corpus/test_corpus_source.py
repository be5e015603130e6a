"""A snapshot holds what its globs name, nothing else, and nothing outside its folder."""

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from corpus_samples import source

from daulat.corpus import apt
from daulat.corpus.source import Fetched, survey
from daulat.corpus.source import fetch as fetch_from
from daulat.corpus.taking import inside, matcher
from daulat.errors import DaulatError
from daulat.journey.store import Store
from daulat.records import Source


def fetch(source: Source, into: Path, cache: Path) -> Fetched:
    return fetch_from(source, survey(source, cache), into, cache, Store(cache.parent / "store"))


needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not here")


def in_cache(tmp_path: Path, deb: bytes, name: str = "desa") -> Path:
    """A cache that has the package already, with the record that apt gave."""
    debs = tmp_path / "cache" / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    file = f"{name}_1%3a2.0_all.deb"
    (debs / file).write_bytes(deb)
    record = {"file": file, "size_bytes": len(deb), "sha256": hashlib.sha256(deb).hexdigest()}
    (debs / f"{name}.json").write_text(json.dumps(record))
    return tmp_path / "cache"


def deb(tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """A Debian package with exactly these members, however odd: an `ar` of version, control and data."""
    parts = [
        ("debian-binary", b"2.0\n"),
        ("control.tar", tarred([(tarfile.TarInfo("./control"), b"Package: desa\nVersion: 2.0\n")])),
    ]
    parts.append(("data.tar", tarred(members)))
    whole = b"!<arch>\n"
    for name, content in parts:
        whole += (
            f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
            + content
            + b"\n" * (len(content) % 2)
        )
    return whole


def tarred(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def link(name: str, target: str, kind: bytes) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@needs_dpkg
def test_a_package_is_unpacked_without_leaving_its_folder(tmp_path: Path) -> None:
    members = [
        (tarfile.TarInfo("./usr/share/doc/a.html"), b"satu"),
        (tarfile.TarInfo("./usr/share/doc/a.png"), b"gambar"),
        (tarfile.TarInfo("./../../escape.html"), b"keluar"),
        (tarfile.TarInfo("/absolute.html"), b"mutlak"),
        link("./usr/share/doc/soft.html", "/etc/passwd", tarfile.SYMTYPE),
        (tarfile.TarInfo("./usr/share/other/b.txt"), b"dua"),
        link("./usr/share/doc/hard.html", "./usr/share/other/b.txt", tarfile.LNKTYPE),
        link("./usr/share/doc/hard2.html", "./usr/share/other/b.txt", tarfile.LNKTYPE),
    ]
    cache = in_cache(tmp_path, deb(tmp_path, members))
    into = tmp_path / "into"
    into.mkdir()
    fetched = fetch(source(kind="debian", location="desa", paths=("**/*.html",)), into, cache)
    doc = "files/usr/share/doc"
    kept = {name: content for name, content in tree(into).items() if name != "snapshot.json"}
    assert kept == {f"{doc}/a.html": b"satu", f"{doc}/hard.html": b"dua", f"{doc}/hard2.html": b"dua"}
    assert not (tmp_path / "escape.html").exists()
    assert fetched.facts["version"] == "1:2.0"
    assert json.loads((into / "snapshot.json").read_text())["files"] == 3


@needs_dpkg
def test_the_same_package_gives_the_same_snapshot(tmp_path: Path) -> None:
    cache = in_cache(tmp_path, deb(tmp_path, [(tarfile.TarInfo("./a.html"), b"satu")]))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        fetch(source(kind="debian", location="desa"), tmp_path / name, cache)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_half_a_download_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = in_cache(tmp_path, b"whole package")
    assert apt.package("desa", cache).version == "1:2.0"
    (cache / "debs" / "desa_1%3a2.0_all.deb").write_bytes(b"whole pa")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DaulatError, match="not a Debian-like machine") as caught:
        apt.package("desa", cache)
    assert "--text FOLDER" in caught.value.hint


def test_a_damaged_package_is_named(tmp_path: Path) -> None:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not here")
    (tmp_path / "into").mkdir()
    with pytest.raises(DaulatError, match="desa"):
        fetch(source(kind="debian", location="desa"), tmp_path / "into", in_cache(tmp_path, b"not a package"))


@pytest.mark.parametrize("name", ["../desa", "desa; rm", "", "-o"])
def test_a_package_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DaulatError, match="not the name of a Debian package"):
        apt.package(name, tmp_path)


def test_without_a_network_the_hint_names_a_folder() -> None:
    error = apt._not_found("desa", "Err:1 http://deb Temporary failure resolving 'deb'")
    assert "no network" in error.problem
    assert "--text FOLDER" in error.hint
    assert not isinstance(error, apt.SourceUnavailable)
    assert isinstance(apt._not_found("desa", ""), apt.SourceUnavailable)


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="apt-get is not here")
def test_the_private_apt_writes_below_its_own_folder_only(tmp_path: Path) -> None:
    private = apt._Apt(tmp_path / "apt")
    config = private._config()
    shown = subprocess.run(
        ["apt-config", "dump"],
        env={"APT_CONFIG": str(config), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "Post-Invoke" not in shown
    assert f'Dir::Cache "{tmp_path}/apt/cache"' in shown
    assert f'Dir::State::status "{tmp_path}/apt/status"' in shown


def test_a_folder_is_copied_by_its_globs(tmp_path: Path) -> None:
    for name in ("a.txt", "sub/b.txt", "sub/c.bin"):
        path = tmp_path / "text" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "text" / "link.txt").symlink_to("/etc/passwd")
    (tmp_path / "into").mkdir()
    fetched = fetch(source(location=str(tmp_path / "text"), paths=("**/*.txt",)), tmp_path / "into", tmp_path / "cache")
    assert set(tree(tmp_path / "into" / "files")) == {"a.txt", "sub/b.txt"}
    assert fetched.facts == {"files": "2", "bytes": "14"}
    assert str(tmp_path) not in (tmp_path / "into" / "snapshot.json").read_text()


def test_a_folder_without_matching_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    with pytest.raises(DaulatError, match="no file that matches"):
        fetch(source(location=str(tmp_path / "text")), tmp_path / "into", tmp_path / "cache")


def test_globs_mean_what_they_mean_in_a_shell() -> None:
    wanted = matcher(("usr/**/text/*.html", "doc/?.txt"))
    assert wanted("usr/text/a.html")
    assert wanted("usr/x/y/text/a.html")
    assert not wanted("usr/text/sub/a.html")
    assert wanted("doc/a.txt")
    assert not wanted("doc/ab.txt")
    assert matcher(("**/*",))("any/where.x")


@pytest.mark.parametrize(
    ("name", "path"),
    [("./a/b", "a/b"), ("a/./b", "a/b"), ("../a", None), ("a/../../b", None), ("/a", None), (".", None)],
)
def test_a_member_that_would_leave_the_folder_has_no_path(name: str, path: str | None) -> None:
    assert inside(name) == path
