"""Which column is the text and which the key, and some records of a file as these two columns."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from daulat.corpus.extract.reading import Unreadable
from daulat.records import Source

if TYPE_CHECKING:
    import pyarrow as pa

Column: TypeAlias = "pa.Array | list[str | None]"
_TEXT, _ID = "text", "id"


@dataclass
class Columns:
    """Some records as their reader found them; `unreadable` says by row why one has no text."""

    keys: Column
    texts: Column
    unreadable: dict[int, Unreadable] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    left_out_utf8_bytes: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.texts)

    def key_array(self) -> "pa.Array":
        """The keys as `string`; null, all of them, where they are none."""
        import pyarrow as pa

        if isinstance(self.keys, list):
            return pa.array(self.keys, pa.string())
        try:
            keys = self.keys.cast(pa.string())
            keys.validate(full=True)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError):
            return pa.nulls(len(self), pa.string())
        return keys

    def text_array(self) -> "pa.Array":
        """The texts as `large_string`, all of it valid UTF-8; a text that is not moves to `unreadable`."""
        import pyarrow as pa

        if isinstance(self.texts, list):
            return pa.array(self.texts, pa.large_string())
        texts = self.texts.cast(pa.large_binary()).cast(pa.large_string(), safe=False)
        try:
            texts.validate(full=True)
        except (pa.ArrowInvalid, UnicodeDecodeError):
            return pa.array(self._valid(texts.cast(pa.large_binary()).to_pylist()), pa.large_string())
        return texts

    def _valid(self, raw: Iterable[bytes | None]) -> list[str | None]:
        found: list[str | None] = []
        for row, data in enumerate(raw):
            try:
                found.append(None if data is None else data.decode("utf-8"))
            except UnicodeDecodeError:
                found.append(None)
                self.unreadable[row] = Unreadable("bytes that its charset does not have")
        return found


def choose(names: Iterable[str], text_like: Iterable[str], source: Source) -> tuple[str, str | None]:
    """The column with the text and the one with the key, if there is one.

    The text is what `source.text_column` names, else `text`, else the only column of text beside the key's; the key is
    what `source.id_column` names, else `id`.
    Raises: Unreadable where no column can be that. It says how many there are, never their names: where a file has no head, those
    are its first row.
    """
    known = list(names)
    if source.kind == "table":  # its rows were written with these names, whatever theirs are
        return "text", "id"
    if source.id_column is not None and source.id_column not in known:
        raise Unreadable(f"no column `{source.id_column}` among its {len(known)}")
    key = source.id_column or (_ID if _ID in known else None)
    if source.text_column is not None:
        if source.text_column not in known:
            raise Unreadable(f"no column `{source.text_column}` among its {len(known)}")
        return source.text_column, key
    texts = [name for name in text_like if name != key]
    if texts.count(_TEXT) == 1:
        return _TEXT, key
    if not texts:
        raise Unreadable(f"none of its {len(known)} columns is text")
    if len(texts) > 1:
        raise Unreadable(f"`text_column` must say which of its {len(texts)} columns is its text")
    return texts[0], key
