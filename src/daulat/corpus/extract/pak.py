"""Chromium's strings: data packs (`.pak`) of version 5. Source: Chromium, tools/grit/grit/format/data_pack.py."""

import re
import struct
from collections.abc import Iterator
from itertools import pairwise

from daulat.corpus.extract.messages import reading
from daulat.corpus.extract.reading import Reading, Unreadable

_HEADER = "<IBBBBHH"
_UTF8 = 1
_VARIANT = re.compile(r"(?:=\d+|zero|one|two|few|many|other|male|female)\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
"""One form of an ICU message, such as `{COUNT, plural, =1 {one page} other {# pages}}`."""


def read(data: bytes, min_characters: int) -> Reading:
    """The strings of a pack.

    Raises: Unreadable for another version, another encoding, or a broken table.
    """
    try:
        version, encoding, _, _, _, count, _ = struct.unpack_from(_HEADER, data)
        if version != 5 or encoding != _UTF8:
            raise Unreadable("data pack of another version or encoding")
        start = struct.calcsize(_HEADER)
        offsets = [struct.unpack_from("<HI", data, start + 6 * index)[1] for index in range(count + 1)]
    except struct.error:
        raise Unreadable("broken data pack") from None
    if any(a > b for a, b in pairwise(offsets)) or (offsets and offsets[-1] > len(data)):
        raise Unreadable("broken data pack")
    strings = (data[a:b].decode("utf-8", "replace") for a, b in pairwise(offsets))
    return reading(
        (("", form) for string in strings if "\ufffd" not in string for form in _forms(string)), min_characters
    )


def _forms(message: str) -> Iterator[str]:
    """The message itself, or each form of one that depends on a number or gender."""
    if not re.search(r",\s*(?:plural|select)\s*,", message):
        yield message
    else:
        yield from (form.replace("#", "{n}") for form in _VARIANT.findall(message))
