import base64

import pytest
from journey_world import GATEWAY, OPERATOR

from daulat.errors import DaulatError, NotVerified
from daulat.journey import note
from daulat.journey.keyfile import create_key, load_key
from daulat.journey.keys import PublicKey


def test_a_new_key_is_private_to_its_owner_and_loads_again(tmp_path) -> None:
    path = tmp_path / "operator.key"
    key = create_key(path, "operator")
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path) == key
    assert load_key(path).public.verify(key.sign(b"x"), b"x")
    assert base64.b64encode(key.seed).decode() not in repr(key)


def test_a_key_is_never_overwritten(tmp_path) -> None:
    create_key(tmp_path / "a.key", "a")
    before = (tmp_path / "a.key").read_bytes()
    with pytest.raises(DaulatError, match="there already"):
        create_key(tmp_path / "a.key", "a")
    assert (tmp_path / "a.key").read_bytes() == before


def test_a_key_that_others_may_read_is_refused_with_the_remedy(tmp_path) -> None:
    create_key(tmp_path / "a.key", "a")
    (tmp_path / "a.key").chmod(0o640)
    with pytest.raises(DaulatError) as refused:
        load_key(tmp_path / "a.key")
    assert "chmod 600" in refused.value.hint


@pytest.mark.parametrize("text", ["", "hello", "PRIVATE+KEY+a+00000000+AAAA", "PRIVATE+KEY+a", "\x00"])
def test_a_file_that_is_no_key_is_refused(tmp_path, text: str) -> None:
    path = tmp_path / "a.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(DaulatError):
        load_key(path)


def test_a_missing_key_is_a_sentence(tmp_path) -> None:
    with pytest.raises(DaulatError, match="is missing"):
        load_key(tmp_path / "none.key")


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b"])
def test_a_name_that_a_signed_note_cannot_hold_is_refused(tmp_path, name: str) -> None:
    with pytest.raises(DaulatError, match="cannot be called"):
        create_key(tmp_path / "a.key", name)


def test_a_public_key_survives_the_way_through_text() -> None:
    assert PublicKey.parse(f" {OPERATOR.public}\n") == OPERATOR.public
    with pytest.raises(DaulatError, match="its own hash"):
        PublicKey.parse(str(OPERATOR.public).replace("operator", "someone"))


def test_a_checkpoint_has_the_lines_of_its_specification() -> None:
    text = note.sign(note.Checkpoint("lab.example/log", 7, bytes(32)), OPERATOR).decode()
    body, _, signature = text.partition("\n\n")
    assert body == f"lab.example/log\n7\n{base64.b64encode(bytes(32)).decode()}"
    dash, name, blob = signature.rstrip("\n").split(" ")
    assert (dash, name) == ("\u2014", "operator")
    assert base64.b64decode(blob)[:4].hex() == OPERATOR.key_id.split("+")[1]
    assert OPERATOR.public.verify(base64.b64decode(blob)[4:], f"{body}\n".encode())
    assert note.signers(text.encode(), [OPERATOR.public, GATEWAY.public]) == [OPERATOR.public]


def test_unknown_signatures_are_passed_over_but_never_enough() -> None:
    checkpoint = note.Checkpoint("o", 1, bytes(32))
    both = note.sign(checkpoint, OPERATOR) + note.sign(checkpoint, GATEWAY).rpartition(b"\n\n")[2]
    assert note.signers(both, [GATEWAY.public]) == [GATEWAY.public]
    with pytest.raises(NotVerified, match="not by a key in force"):
        note.signers(note.sign(checkpoint, OPERATOR), [GATEWAY.public])


@pytest.mark.parametrize(("old", "new"), [(b"\n7", b"\n07"), (b"\n7", b"\n8"), (b"o\n", b"\n"), (b"AAA=", b"AAB=")])
def test_a_checkpoint_with_one_thing_changed_is_refused(old: bytes, new: bytes) -> None:
    text = note.sign(note.Checkpoint("o", 7, bytes(32)), OPERATOR)
    changed = text.replace(old, new, 1)
    assert changed != text

    def believe() -> None:
        note.read(changed)
        note.signers(changed, [OPERATOR.public])

    with pytest.raises(NotVerified):
        believe()
