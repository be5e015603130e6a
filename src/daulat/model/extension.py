"""extension.json: which tokens were added, what they stand for, and under which rule text is cut."""

from pathlib import Path

import msgspec

from daulat.errors import DaulatError
from daulat.records import Record

NAME = "extension.json"


class AddedToken(Record, frozen=True):
    """One new row."""

    id: int
    token: str
    """As the vocabulary spells it."""
    pieces: tuple[int, ...]
    """Ids of the base's tokens that it stands for."""
    count: int
    """How often it occurs in the nation's training text."""


class Extension(Record, frozen=True):
    """What the tokenizer step did."""

    pretokenizer: str
    """llama.cpp's name of the rule that text is cut by."""
    base_rows: int
    """Rows of the base's embedding; new ids follow."""
    text_tokens: int
    """Tokens of the nation's training text under the new tokenizer."""
    added: tuple[AddedToken, ...]


def write(folder: Path, extension: Extension) -> None:
    """Write it, one token a line."""
    (folder / NAME).write_bytes(msgspec.json.format(msgspec.json.encode(extension), indent=1) + b"\n")


def read(folder: Path) -> Extension:
    """What `write` wrote.

    Raises: DaulatError where it is missing or not readable.
    """
    try:
        return msgspec.json.decode((folder / NAME).read_bytes(), type=Extension)
    except FileNotFoundError:
        raise DaulatError(
            f"`{folder.name}` has no {NAME}", "give a folder that the tokenizer or pretrain step made"
        ) from None
    except msgspec.DecodeError as error:
        raise DaulatError(f"`{NAME}` of `{folder.name}` cannot be read: {error}", "make the tokenizer again") from None
