"""Objects are fetched once: not again when nothing changed, not from the start after a kill, never half."""

import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from corpus_samples import source
from object_server import S3Server

from daulat.corpus.source import fetch, survey
from daulat.errors import DaulatError
from daulat.journey.store import Store
from daulat.records import Source

BUCKET = "clinic"
KEYS = {f"notes/{number:03}.txt": f"catatan nomor {number} ".encode() * 50 for number in range(40)}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREADER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    with S3Server().running() as running:
        yield running


@pytest.fixture
def bucket(server: S3Server) -> S3Server:
    client = server.client()
    for one in client.list_buckets()["Buckets"]:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=one["Name"]):
            for found in page.get("Contents", []):
                client.delete_object(Bucket=one["Name"], Key=found["Key"])
        client.delete_bucket(Bucket=one["Name"])
    client.create_bucket(Bucket=BUCKET)
    for key, content in KEYS.items():
        client.put_object(Bucket=BUCKET, Key=key, Body=content)
    server.gets.clear()
    server.signed.clear()
    return server


def objects(server: S3Server, **changes: object) -> Source:
    said = {
        "kind": "objects",
        "location": f"s3://{BUCKET}/notes",
        "endpoint": server.endpoint,
        "timeout_s": 2,
        **changes,
    }
    return source(**said)


def taken(tmp_path: Path, one: Source, name: str = "one") -> tuple[str, Path]:
    """One fetch into a store that stays: the snapshot's digest, and the snapshot again as a folder."""
    into, store, cache = tmp_path / f"into-{name}", Store(tmp_path / "store"), tmp_path / "cache"
    into.mkdir()
    fetch(one, survey(one, cache), into, cache, store)
    digest = store.put_tree(into)
    return digest, store.materialise(digest, tmp_path / name)


def manifest(folder: Path) -> dict[str, dict[str, object]]:
    lines = (folder / "objects.jsonl").read_text().splitlines()
    return {line["key"]: line for line in map(json.loads, lines)}


def test_every_object_is_there_with_its_tag_its_size_and_its_digest(tmp_path: Path, bucket: S3Server) -> None:
    bucket.client().put_object(Bucket=BUCKET, Key="elsewhere/a.txt", Body=b"not below the prefix")
    bucket.client().put_object(Bucket=BUCKET, Key="notes-2/a.txt", Body=b"not below the prefix either")
    _, folder = taken(tmp_path, objects(bucket))
    found = {
        path.relative_to(folder / "files").as_posix(): path.read_bytes() for path in (folder / "files").rglob("*.txt")
    }
    assert found == {key.removeprefix("notes/"): content for key, content in KEYS.items()}
    line = manifest(folder)["000.txt"]
    assert line["size"] == len(KEYS["notes/000.txt"])
    assert str(line["tag"]).strip('"') == __import__("hashlib").md5(KEYS["notes/000.txt"]).hexdigest()
    assert str(line["digest"]).startswith("sha256:")
    assert not list((tmp_path / "cache" / "objects").glob(".partial-*"))


def test_an_unchanged_bucket_is_listed_and_nothing_of_it_is_transferred(tmp_path: Path, bucket: S3Server) -> None:
    one = objects(bucket)
    first, _ = taken(tmp_path, one)
    before = bucket.gets.total()
    again, _ = taken(tmp_path, one, "again")
    assert again == first
    assert (before, bucket.gets.total()) == (len(KEYS), len(KEYS))


def test_of_a_changed_bucket_only_what_changed_is_transferred_and_the_old_snapshot_stays(
    tmp_path: Path, bucket: S3Server
) -> None:
    one = objects(bucket)
    first, folder = taken(tmp_path, one)
    bucket.client().put_object(Bucket=BUCKET, Key="notes/007.txt", Body=b"diubah")
    bucket.client().delete_object(Bucket=BUCKET, Key="notes/008.txt")
    bucket.gets.clear()
    second, changed = taken(tmp_path, one, "changed")
    assert second != first
    assert bucket.gets == {"notes/007.txt": 1}
    assert (changed / "files" / "007.txt").read_bytes() == b"diubah"
    assert not (changed / "files" / "008.txt").exists()
    assert (folder / "files" / "008.txt").read_bytes() == KEYS["notes/008.txt"]
    assert Store(tmp_path / "store").has(first)


def test_what_rotted_in_the_store_is_fetched_again(tmp_path: Path, bucket: S3Server) -> None:
    one = objects(bucket)
    _, folder = taken(tmp_path, one)
    path = Store(tmp_path / "store").path(str(manifest(folder)["003.txt"]["digest"]))
    path.unlink()
    bucket.gets.clear()
    _, again = taken(tmp_path, one, "again")
    assert bucket.gets == {"notes/003.txt": 1}
    assert (again / "files" / "003.txt").read_bytes() == KEYS["notes/003.txt"]


def test_an_object_that_vanishes_midway_is_named_and_the_next_run_fetches_only_the_rest(
    tmp_path: Path, bucket: S3Server
) -> None:
    one = objects(bucket)
    bucket.fault = lambda key: "gone" if key.endswith("030.txt") else None
    with pytest.raises(DaulatError, match=r"`030.txt`.*not there any more") as caught:
        taken(tmp_path, one)
    assert "what was read is kept" in caught.value.hint
    arrived = bucket.gets.total() - 1
    assert arrived > 0
    bucket.fault = lambda key: None
    bucket.gets.clear()
    _, folder = taken(tmp_path, one, "later")
    assert bucket.gets.total() == len(KEYS) - arrived
    assert len(list((folder / "files").iterdir())) == len(KEYS)


@pytest.mark.parametrize("fault", ["cut", "silent"])
def test_a_connection_that_breaks_midway_is_tried_again_so_many_times_and_no_more(
    tmp_path: Path, bucket: S3Server, fault: str
) -> None:
    one = objects(bucket, timeout_s=1)
    bucket.fault = lambda key: fault if key.endswith("005.txt") and bucket.gets["notes/005.txt"] < 2 else None
    taken(tmp_path, one)
    assert bucket.gets["notes/005.txt"] in (2, 3)  # the library itself may ask for the rest of what was cut
    bucket.client().put_object(Bucket=BUCKET, Key="notes/005.txt", Body=b"lagi")
    bucket.gets.clear()
    bucket.fault = lambda key: fault
    started = time.monotonic()
    with pytest.raises(DaulatError, match="cannot be read"):
        taken(tmp_path, one, "broken")
    assert 2 <= bucket.gets["notes/005.txt"] <= 15
    assert time.monotonic() - started < 20


def test_a_bucket_that_was_deleted_is_named_and_nothing_is_lost(tmp_path: Path, bucket: S3Server) -> None:
    first, _ = taken(tmp_path, objects(bucket))
    for key in KEYS:
        bucket.client().delete_object(Bucket=BUCKET, Key=key)
    with pytest.raises(DaulatError, match="no object"):
        taken(tmp_path, objects(bucket), "empty")
    bucket.client().delete_bucket(Bucket=BUCKET)
    with pytest.raises(DaulatError, match="is not there"):
        taken(tmp_path, objects(bucket), "gone")
    assert Store(tmp_path / "store").has(first)


def test_a_service_that_does_not_answer_is_said_within_the_time(tmp_path: Path) -> None:
    one = source(kind="objects", location=f"s3://{BUCKET}", endpoint="http://127.0.0.1:9", timeout_s=1)
    started = time.monotonic()
    with pytest.raises(DaulatError, match=r"cannot be read from http://127\.0\.0\.1:9"):
        survey(one, tmp_path)
    assert time.monotonic() - started < 20


def test_an_object_that_changes_between_list_and_get_is_not_taken_for_what_was_listed(
    tmp_path: Path, bucket: S3Server
) -> None:
    one, cache = objects(bucket), tmp_path / "cache"
    content = survey(one, cache)
    bucket.client().put_object(Bucket=BUCKET, Key="notes/001.txt", Body=b"x" * len(KEYS["notes/001.txt"]))
    (tmp_path / "into").mkdir()
    with pytest.raises(DaulatError, match="changed while the source was read"):
        fetch(one, content, tmp_path / "into", cache, Store(tmp_path / "store"))


def test_keys_that_no_folder_can_have_are_read_under_another_name(tmp_path: Path, bucket: S3Server) -> None:
    odd = {"notes/a.txt": b"satu", "notes/a.txt/b.txt": b"dua", "notes/c\\d.txt": b"tiga", "notes/folder/": b""}
    odd["notes/" + "panjang" * 50 + ".txt"] = b"empat"
    for key, content in odd.items():
        bucket.client().put_object(Bucket=BUCKET, Key=key, Body=content)
    bucket.client().put_object(Bucket=BUCKET, Key="notes/.git/config.txt", Body=b"hidden")
    _, folder = taken(tmp_path, objects(bucket))
    lines = manifest(folder)
    for key, content in odd.items():
        line = lines[key.removeprefix("notes/").rstrip("/")]
        if content:
            path = folder / "files" / str(line["path"])
            assert path.read_bytes() == content
            assert path.suffix == ".txt"
        else:
            assert line["path"] is None
    assert not any(".git" in key for key in lines)


def test_a_key_that_is_no_path_is_refused_and_said(tmp_path: Path, bucket: S3Server) -> None:
    bucket.client().put_object(Bucket=BUCKET, Key="notes/x//y.txt", Body=b"x")
    with pytest.raises(DaulatError, match="key is no path"):
        survey(objects(bucket), tmp_path)


def test_credentials_sign_and_stand_nowhere(tmp_path: Path, bucket: S3Server) -> None:
    one = objects(bucket)
    bucket.fault = lambda key: "gone"
    with pytest.raises(DaulatError) as caught:
        taken(tmp_path, one)
    bucket.fault = lambda key: None
    taken(tmp_path, one, "then")
    reader = [header for header in bucket.signed if "writer" not in header]
    assert all("AKIAREADER" in header for header in reader)
    assert reader
    secrets = (b"AKIAREADER", b"very-secret")
    assert not any(secret.decode() in f"{caught.value.problem} {caught.value.hint}" for secret in secrets)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or not any(secret in path.read_bytes() for secret in secrets), path


def test_without_credentials_nothing_is_signed_and_no_machine_is_asked_who_it_is(
    tmp_path: Path, bucket: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for key in KEYS:
        bucket.client().put_object_acl(Bucket=BUCKET, Key=key, ACL="public-read")
    bucket.signed.clear()
    taken(tmp_path, objects(bucket))
    assert set(bucket.signed) == {""}


def test_a_bucket_named_by_its_endpoint_is_asked_there(bucket: S3Server) -> None:
    from daulat.corpus.bucket import opened

    there = source(kind="objects", location="s3://clinic-125/notes", endpoint="https://clinic-125.cos.example.com")
    assert opened(there).config["virtual_hosted_style_request"] in (True, "true")  # type: ignore[union-attr]
    assert opened(objects(bucket)).config["virtual_hosted_style_request"] in (False, "false")  # type: ignore[union-attr]


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from corpus_samples import source
from daulat.corpus.source import fetch, survey
from daulat.journey.store import Store
import shutil
tmp = Path({tmp!r})
one = source(kind="objects", location="s3://clinic/notes", endpoint={endpoint!r})
shutil.rmtree(tmp / "into", ignore_errors=True)
(tmp / "into").mkdir()
store = Store(tmp / "store")
print("begun", flush=True)
fetch(one, survey(one, tmp / "cache"), tmp / "into", tmp / "cache", store)
print(store.put_tree(tmp / "into"), flush=True)
"""


@pytest.mark.slow
def test_killed_twenty_times_it_ends_with_the_digest_of_an_undisturbed_fetch(tmp_path: Path, bucket: S3Server) -> None:
    client = bucket.client()
    for number in range(360):
        client.put_object(Bucket=BUCKET, Key=f"notes/more-{number:03}.txt", Body=os.urandom(2000 + number))
    calm = tmp_path / "calm"
    calm.mkdir()
    undisturbed, _ = taken(calm, objects(bucket, timeout_s=None))
    bucket.gets.clear()
    bucket.slow_s = 0.1
    stormy = tmp_path / "stormy"
    stormy.mkdir()
    code = KILLED.format(tests=str(Path(__file__).parent), tmp=str(stormy), endpoint=bucket.endpoint)
    killed, after = 0, random.Random(20)
    for _ in range(20):
        running = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert running.stdout is not None
        assert running.stdout.readline() == "begun\n"
        time.sleep(after.uniform(0.05, 0.5))
        running.send_signal(signal.SIGKILL)
        killed += running.wait() == -signal.SIGKILL
        running.stdout.close()
    assert killed >= 15, "it was done before it could be killed: make it slower"
    interrupted = bucket.gets.total()
    bucket.slow_s = 0.0
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == undisturbed
    again = bucket.gets.total() - 400
    assert again <= 20 * 16, "at most what was under way at each kill came twice"
    assert interrupted > 16
    leftover = [path for path in (stormy / "cache" / "objects").glob(".partial-*") if path.stat().st_size > 1 << 20]
    assert not leftover
