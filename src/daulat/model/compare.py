"""Tokenizers side by side on held-out text: what each makes of a language, of numbers, and whether it gives text back."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from daulat.errors import DaulatError
from daulat.model.text import Document, by_language
from daulat.records import Record

NUMBER = "1234567"


class Cut(Record, frozen=True):
    """One tokenizer on one language."""

    tokenizer: str
    language: str
    tokens: int
    utf8_bytes: int
    characters: int
    given_back: float
    """Share of documents that its tokens spell again as they were."""

    @property
    def bytes_per_token(self) -> float:
        """UTF-8 bytes that a token carries: the more, the fewer steps for the same text."""
        return self.utf8_bytes / max(1, self.tokens)

    @property
    def tokens_per_character(self) -> float:
        """What a character costs."""
        return self.tokens / max(1, self.characters)


class Tokenized(Record, frozen=True):
    """One tokenizer."""

    name: str
    vocabulary: int
    number: tuple[str, ...]
    """How it cuts 1234567."""


def compare(folders: Mapping[str, Path], texts: Iterable[Document]) -> tuple[list[Tokenized], list[Cut]]:
    """Each tokenizer on each language of the texts, in the order of the folders.

    Only `tokenizer.json` is read, and no code of a folder is run.
    Raises: DaulatError where a folder has none, or one that cannot be read.
    """
    loaded = {name: _load(folder) for name, folder in folders.items()}
    cuts = [
        _cut(name, tokenizer, language, own)
        for language, own in by_language(texts).items()
        for name, tokenizer in loaded.items()
    ]
    return [_tokenized(name, tokenizer) for name, tokenizer in loaded.items()], cuts


def _load(folder: Path) -> Any:
    from tokenizers import Tokenizer

    path = folder if folder.is_file() else folder / "tokenizer.json"
    if not path.is_file():
        raise DaulatError(f"`{folder}` has no tokenizer.json", "name a Hugging Face folder, or a tokenizer.json")
    try:
        found = Tokenizer.from_file(str(path))
    except Exception as error:  # noqa: BLE001 - tokenizers raises nothing more particular
        raise DaulatError(
            f"`{path}` cannot be read: {error}", "download it again, or convert it to tokenizer.json"
        ) from None
    found.no_truncation()
    found.no_padding()
    return found


def _cut(name: str, tokenizer: Any, language: str, texts: list[Document]) -> Cut:
    encoded = tokenizer.encode_batch_fast([text.text for text in texts], add_special_tokens=False)
    back = tokenizer.decode_batch([one.ids for one in encoded], skip_special_tokens=False)
    return Cut(
        tokenizer=name,
        language=language,
        tokens=sum(len(one.ids) for one in encoded),
        utf8_bytes=sum(text.utf8_bytes for text in texts),
        characters=sum(len(text.text) for text in texts),
        given_back=sum(one == text.text for one, text in zip(back, texts, strict=True)) / len(texts),
    )


def _tokenized(name: str, tokenizer: Any) -> Tokenized:
    ids = tokenizer.encode(NUMBER, add_special_tokens=False).ids
    pieces = tuple(piece for one in ids if (piece := tokenizer.decode([one]).strip()))
    return Tokenized(name, tokenizer.get_vocab_size(), pieces)
