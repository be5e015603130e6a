"""Keys and tenants: shown once, kept as keyed hashes, in a file that only its owner reads."""

import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daulat.errors import DaulatError
from daulat.serve.gateway.keys import hash_key, is_mistyped, key_id, new_key
from daulat.serve.gateway.tenants import Tenant, TenantFile, Tenants, load_tenants, save_tenants

PEPPER = b"x" * 32


def tenant_with_key(name: str = "farm", expires: str | None = None) -> tuple[str, Tenant]:
    key, kept = new_key(PEPPER, expires)
    return key, Tenant(name=name, country="th", sector="agriculture", keys=(kept,))


def test_a_key_has_the_form_that_was_promised_and_is_not_in_its_record():
    key, kept = new_key(PEPPER)
    prefix, public, secret, checksum = key.split("_")
    assert (prefix, public, len(secret), len(checksum)) == ("dlt", kept.id, 52, 7)
    assert secret not in msgspec.json.encode(kept).decode()
    assert new_key(PEPPER)[0] != key


@given(st.integers(0, 73), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567_-ก"))
def test_any_one_wrong_character_makes_it_no_key(position, letter):
    key, _ = new_key(PEPPER)
    wrong = key[:position] + letter + key[position + 1 :]
    assert is_mistyped(wrong) == (wrong != key)


@given(st.text(max_size=100))
def test_no_text_by_chance_is_a_key_nor_an_error(text):
    assert key_id(text) is None
    assert is_mistyped(text)


def test_another_pepper_gives_another_hash():
    key, kept = new_key(PEPPER)
    assert kept.hash == hash_key(key, PEPPER) != hash_key(key, b"y" * 32)


def test_the_right_key_finds_its_tenant_and_a_right_id_with_a_wrong_secret_does_not(tmp_path):
    farm_key, farm = tenant_with_key()
    clinic_key, clinic = tenant_with_key("clinic")
    path = tmp_path / "tenants.json"
    save_tenants(path, (farm, clinic))
    tenants = Tenants(path, PEPPER)
    assert tenants.of(farm_key) == farm
    assert tenants.of(clinic_key) == clinic
    assert tenants.of(farm_key[:-1]) is None
    assert Tenants(path, b"z" * 32).of(farm_key) is None


def test_an_expired_key_is_refused(tmp_path):
    path = tmp_path / "tenants.json"
    past, old = tenant_with_key("old", "2020-01-01T00:00:00Z")
    coming, new = tenant_with_key("new", "2999-01-01T00:00:00Z")
    save_tenants(path, (old, new))
    tenants = Tenants(path, PEPPER)
    assert tenants.of(past) is None
    assert tenants.of(coming) == new


def test_a_file_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "tenants.json"
    save_tenants(path, ())
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(DaulatError, match="mode 0640") as refused:
        load_tenants(path)
    assert "chmod 600" in refused.value.hint


@pytest.mark.parametrize("content", [b"", b"{", b'{"tenants": [{"name": "x"}]}', b'{"tenants": [], "more": 1}'])
def test_a_broken_file_is_a_sentence(tmp_path, content):
    path = tmp_path / "tenants.json"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(DaulatError, match="broken"):
        load_tenants(path)


def test_a_missing_file_or_a_newer_version_is_a_sentence(tmp_path):
    with pytest.raises(DaulatError, match="cannot be read"):
        load_tenants(tmp_path / "none")
    path = tmp_path / "tenants.json"
    path.touch(0o600)
    path.write_bytes(msgspec.json.encode(TenantFile(tenants=(), version=2)))
    with pytest.raises(DaulatError, match="version 2"):
        load_tenants(path)


def test_two_tenants_of_one_name_are_refused(tmp_path):
    _, first = tenant_with_key()
    _, second = tenant_with_key()
    with pytest.raises(DaulatError, match="`farm` twice"):
        save_tenants(tmp_path / "tenants.json", (first, second))
    assert list(tmp_path.iterdir()) == []


def follow(path: Path, tenants: Tenants, key: str, expected: Tenant | None) -> bool:
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        if tenants.of(key) == expected:
            return True
        time.sleep(0.02)
    return False


def test_changes_of_the_file_hold_within_a_second_and_a_broken_one_admits_nobody(tmp_path):
    path = tmp_path / "tenants.json"
    key, farm = tenant_with_key()
    save_tenants(path, (farm,))
    tenants = Tenants(path, PEPPER)
    assert tenants.of(key) == farm
    save_tenants(path, ())
    assert follow(path, tenants, key, None)
    save_tenants(path, (farm,))
    assert follow(path, tenants, key, farm)
    path.chmod(0o644)
    assert follow(path, tenants, key, None)
    assert tenants.broken is not None
    path.chmod(0o600)
    assert follow(path, tenants, key, farm)
    path.unlink()
    assert follow(path, tenants, key, None)
