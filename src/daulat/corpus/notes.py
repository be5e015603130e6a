"""A note beside a download: what came, so that the next time it need not come again."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Note = TypeVar("Note", bound=DataclassInstance)


def read(path: Path, kind: "type[Note]") -> "Note | None":
    """The note that was written there; None where there is none, or it is not whole."""
    try:
        return kind(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write(path: Path, note: "DataclassInstance") -> None:
    """The note's file, whole or not there."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(json.dumps(asdict(note), sort_keys=True), encoding="utf-8")
    partial.replace(path)
