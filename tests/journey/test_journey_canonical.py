import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as some

from daulat.errors import DaulatError, NotVerified
from daulat.journey.canonical import canonical, digest, digest_file, is_digest, parse

# Source: RFC 8785, appendix B: IEEE 754 bits, and how the number is written.
RFC_8785_NUMBERS = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]

plain = some.text(some.characters(exclude_categories=["Cs"]))
whole = some.integers(-(2**53) + 1, 2**53 - 1)
values = some.recursive(
    some.none() | some.booleans() | whole | some.floats(allow_nan=False, allow_infinity=False) | plain,
    lambda inner: some.lists(inner) | some.dictionaries(plain, inner),
)


@pytest.mark.parametrize(("bits", "written"), RFC_8785_NUMBERS)
def test_numbers_are_written_as_the_rfc_lists_them(bits: str, written: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(number) == written.encode()


def test_keys_are_sorted_by_utf16_code_units() -> None:
    # Source: RFC 8785, section 3.2.3: the emoji's surrogates sort before U+FB33.
    keys = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert list(json.loads(canonical(keys))) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_text_has_the_shortest_escapes() -> None:
    assert canonical('\u20ac$\u000f\nA\'B"\\\\"/\u007f') == '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u007f"'.encode()


@given(values)
def test_what_is_written_reads_back_and_is_written_the_same(value: object) -> None:
    written = canonical(value)
    assert canonical(parse(written)) == written
    assert json.loads(written, parse_int=float) == json.loads(json.dumps(value), parse_int=float)


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**53, "\ud800", {1: 2}, {"a": {b"c"}}, b"bytes"])
def test_what_has_no_exact_json_is_refused(value: object) -> None:
    with pytest.raises(DaulatError):
        canonical(value)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b"[1, 2]",
        b"1.0",
        b"NaN",
        b"",
        b"{",
        b"\xff",
        b'"\\u0041"',
        b"[" * 5000,
        b"1e999",
    ],
)
def test_bytes_that_are_not_canonical_are_refused(data: bytes) -> None:
    with pytest.raises(NotVerified):
        parse(data)


def test_a_digest_names_its_algorithm(tmp_path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert digest(b"abc") == digest_file(tmp_path / "a")
    assert digest(b"abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert is_digest(digest(b""))
    assert not is_digest("sha256:AB" + "0" * 62)
    assert not is_digest(digest(b"") + "\n")
