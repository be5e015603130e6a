"""The corpus in a tokenizer's tokens, as trainings read it; and where each document stands in them.

```
train.th.00000.parquet ──tokenizer──> train.th.00000.bin                tokens, a separator before, between and behind documents
                                      train.th.00000.idx                Megatron-LM's index of it
                                      train.th.00000.documents.parquet  each document's id, source, role, first token, tokens
                                      tokens.json                       the tokenizer, the separator, and every shard
```
A shard of tokens depends on one shard of text and on the tokenizer: where neither changed, it is linked from the store. Killed,
the next run goes on with the shard that it was at.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from daulat.corpus.blocks import alone
from daulat.corpus.made import Made, link
from daulat.corpus.parts import absent
from daulat.corpus.taking import Shelf, file_digest
from daulat.errors import DaulatError
from daulat.records import Digest, Progress, Record, no_progress

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

FORMAT = 1
"""Of the files; part of what a shard is known by."""
FACTS = "tokens.json"
AT_ONCE_UTF8_BYTES = 4_000_000
"""Text that is cut into tokens at once: a token takes some hundred bytes before it is a number."""
SMALL_IDS = 65_500
"""From so many ids on, a token takes 4 bytes instead of 2. Source: Megatron-LM, `DType.optimal_dtype`."""
DOCUMENTS = ".documents.parquet"
"""Behind a shard's name: where its documents stand."""
_SUFFIXES = (".bin", ".idx", DOCUMENTS)
_MAGIC, _VERSION, _CODES = b"MMIDIDX\x00\x00", 1, {"uint16": 8, "int32": 4}


class TokenShard(Record, frozen=True):
    """One file of tokens."""

    name: str
    """`train.th.00000`: the file is called so, and so is the file of text that it was made of."""
    documents: int
    tokens: int
    """Without separators."""
    utf8_bytes: int
    """Of the text."""


class Packed(Record, frozen=True):
    """The corpus in tokens."""

    tokenizer: Digest
    """Of `tokenizer.json`."""
    separator: int
    """The token before, between and behind documents."""
    dtype: str
    """Of one token in the files, as NumPy calls it; little-endian."""
    shards: tuple[TokenShard, ...]


def pack(
    corpus: Path,
    tokenizer: Path,
    separator: int,
    into: Path,
    scratch: Path,
    progress: Progress = no_progress,
    digests: Mapping[str, Digest] | None = None,
    state: Path | None = None,
    store: Shelf | None = None,
) -> Packed:
    """Write every document of the corpus, training and held-out, as tokens below `into`.

    `tokenizer`: a folder with `tokenizer.json`. `digests`: of the corpus's files by their names, where they are known. `scratch`:
    shards that are whole lie there until they are in the store. `state` and `store`: what was made before, and where it lies.
    Text never becomes a control token: what reads like one is cut like any other text.
    Raises: DaulatError where the folder is no corpus, or the tokenizer none.
    """
    cutter = _Cutter.read(tokenizer, separator)
    files = sorted(path for part in ("train", "heldout") for path in corpus.glob(f"{part}.*.parquet"))
    if not files:
        raise absent(corpus / "train.LANGUAGE.00000.parquet")
    sizes, shards, done = [path.stat().st_size for path in files], list[TokenShard](), 0
    with alone(state) as own:
        made = Made.read(own / "shards.json" if own else None, store)
        for path, size in zip(files, sizes, strict=True):
            name = path.name.removesuffix(".parquet")
            progress(done / max(1, sum(sizes)), f"cutting {name} into tokens")
            what = cutter.makes_of((digests or {}).get(path.name) or file_digest(path))
            if not all(made.link(what + suffix, into / (name + suffix)) for suffix in _SUFFIXES):
                _put(path, cutter, scratch / what, into / name)
                for suffix in _SUFFIXES:
                    made.add(what + suffix, into / (name + suffix))
            shards.append(_facts(into / name, cutter.dtype))
            done += size
        made.write()
    packed = Packed(cutter.digest, separator, cutter.dtype.name, tuple(shards))
    (into / FACTS).write_bytes(msgspec.json.format(msgspec.json.encode(packed), indent=1) + b"\n")
    progress(1.0, f"{sum(shard.tokens for shard in shards)} tokens")
    return packed


@dataclass(frozen=True)
class _Cutter:
    """A tokenizer, and how its tokens are kept."""

    tokenizer: Any
    digest: Digest
    separator: int
    dtype: "np.dtype[Any]"

    @staticmethod
    def read(folder: Path, separator: int) -> "_Cutter":
        import numpy as np
        from tokenizers import Tokenizer

        path = folder / "tokenizer.json"
        try:
            loaded = Tokenizer.from_file(str(path))
        except Exception as error:  # noqa: BLE001 (the library raises nothing narrower)
            raise DaulatError(
                f"`{folder.name}` has no tokenizer that can be read: {error}", "name a folder with a `tokenizer.json`"
            ) from None
        loaded.no_truncation()
        loaded.no_padding()
        loaded.encode_special_tokens = True
        ids = 1 + max(loaded.get_vocab(with_added_tokens=True).values(), default=0)
        if not 0 <= separator < ids:
            raise DaulatError(
                f"the separator {separator} is no token of `{folder.name}`, which has {ids}", "name one of its own"
            )
        return _Cutter(loaded, file_digest(path), separator, np.dtype(np.uint16 if ids < SMALL_IDS else np.int32))

    def makes_of(self, text: Digest) -> str:
        """What the tokens of that file are known by."""
        import tokenizers

        parts = [FORMAT, tokenizers.__version__, self.digest, self.separator, self.dtype.name, text]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def cut(self, texts: list[str]) -> "list[npt.NDArray[Any]]":
        """Tokens of each text."""
        import numpy as np

        return [
            np.array(one.ids, self.dtype) for one in self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        ]


def _put(text: Path, cutter: _Cutter, kept: Path, to: Path) -> None:
    """The tokens of that file, made unless they lie in `kept` already."""
    if not kept.is_dir():
        partial = kept.with_name("partial")
        partial.mkdir(parents=True, exist_ok=True)
        _write(text, cutter, partial)
        partial.rename(kept)
    for suffix in _SUFFIXES:
        link(kept / f"shard{suffix}", to.with_name(to.name + suffix))


def _write(text: Path, cutter: _Cutter, folder: Path) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, counts = list[pa.RecordBatch](), list[int]()
    separator = np.array([cutter.separator], cutter.dtype).tobytes()
    with (folder / "shard.bin").open("wb") as file:
        file.write(separator)
        for batch in _batches(text):
            for tokens in cutter.cut(batch["text"].to_pylist()):
                file.write(tokens.tobytes())
                file.write(separator)
                counts.append(len(tokens))
            rows.append(batch.select(["id", "source", "role", "utf8_bytes"]))
    count = np.array(counts, np.int64)
    starts = 1 + np.concatenate(([0], np.cumsum(count + 1)))[: len(count)].astype(np.int64)
    (folder / "shard.idx").write_bytes(_index(starts, count, cutter.dtype))
    table = pa.Table.from_batches(rows, _text_schema())
    table = table.append_column("start", pa.array(starts)).append_column("tokens", pa.array(count))
    pq.write_table(table, folder / f"shard{DOCUMENTS}", compression="zstd", use_dictionary=["source", "role"])


def _text_schema() -> "pa.Schema":
    import pyarrow as pa

    text = pa.string()
    return pa.schema([("id", text), ("source", text), ("role", text), ("utf8_bytes", pa.int64())])


def _batches(path: Path) -> "Iterator[pa.RecordBatch]":
    """Documents of a file, some megabytes of text at a time, but each whole."""
    import numpy as np

    from daulat.corpus.parts import batches

    for batch in batches(path, ["id", "source", "role", "text", "utf8_bytes"]):
        total = np.cumsum(np.asarray(batch["utf8_bytes"]))
        begun = 0
        while begun < batch.num_rows:
            before = int(total[begun - 1]) if begun else 0
            end = max(begun + 1, int(np.searchsorted(total, before + AT_ONCE_UTF8_BYTES, side="right")))
            yield batch.slice(begun, end - begun)
            begun = end


def _index(starts: "npt.NDArray[np.int64]", counts: "npt.NDArray[np.int64]", dtype: "np.dtype[Any]") -> bytes:
    """Megatron-LM's index: each document is one sequence, with the separator behind it.

    Source: Megatron-LM, core/datasets/indexed_dataset.py.
    """
    import numpy as np

    head = _MAGIC + np.uint64(_VERSION).tobytes() + np.uint8(_CODES[dtype.name]).tobytes()
    sizes = np.array([len(starts), len(starts) + 1], np.uint64).tobytes()
    pointers = (starts * dtype.itemsize).astype(np.int64).tobytes()
    return head + sizes + (counts + 1).astype(np.int32).tobytes() + pointers + np.arange(len(starts) + 1).tobytes()


def _facts(shard: Path, dtype: "np.dtype[Any]") -> TokenShard:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    sizes = pq.read_table(shard.with_name(f"{shard.name}{DOCUMENTS}"), columns=["utf8_bytes"])["utf8_bytes"]
    tokens = shard.with_name(f"{shard.name}.bin").stat().st_size // dtype.itemsize - len(sizes) - 1
    return TokenShard(shard.name, len(sizes), tokens, int(pc.sum(sizes).as_py() or 0))


def facts_of(tokens: Path) -> Packed:
    """What was made of what.

    Raises: DaulatError where the folder holds no tokens.
    """
    try:
        return msgspec.json.decode((tokens / FACTS).read_bytes(), type=Packed)
    except (OSError, msgspec.DecodeError):
        raise DaulatError(f"`{tokens.name}` holds no tokens of a corpus", "make them: `daulat develop`") from None


def document_at(tokens: Path, shard: str, position: int) -> dict[str, Any]:
    """The document whose token stands at that place of the shard: its row of the index. A separator is of the one before it.

    Raises: DaulatError for a shard that is not there, or a place that is not in it.
    """
    import numpy as np
    import pyarrow.parquet as pq

    known = [one.name for one in facts_of(tokens).shards]
    if shard not in known:
        raise DaulatError(
            f"there is no shard `{shard}`", f"there are: {', '.join(known[:8])}{' ...' if known[8:] else ''}"
        )
    table = pq.read_table(tokens / f"{shard}{DOCUMENTS}")
    starts, counts = (np.asarray(table[name]) for name in ("start", "tokens"))
    end = int(starts[-1] + counts[-1]) + 1 if len(starts) else 0
    if not 0 <= position < end:
        raise DaulatError(f"`{shard}` has {end} places, counted from 0: {position} is none of them", "correct it")
    row = max(0, int(np.searchsorted(starts, position, side="right")) - 1)
    found: dict[str, Any] = table.slice(row, 1).to_pylist()[0]
    return found


def places_of(tokens: Path, document: str) -> list[dict[str, Any]]:
    """Where that document stands: `shard`, `start` and `tokens` of it; nowhere is an empty list."""
    import pyarrow.parquet as pq

    found = []
    for shard in facts_of(tokens).shards:
        path = tokens / f"{shard.name}{DOCUMENTS}"
        rows = pq.read_table(path, columns=["id", "start", "tokens"], filters=[("id", "==", document)])
        found += [{"shard": shard.name, "start": row["start"], "tokens": row["tokens"]} for row in rows.to_pylist()]
    return found
