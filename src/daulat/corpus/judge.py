"""Documents of one source judged one by one, from boilerplate to privacy; and what is needed to compare them.

What becomes of a document depends on its text and on which of its paragraphs are furniture: a document that was judged before,
with the same furniture, is looked up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daulat.corpus import identify, privacy, quality
from daulat.corpus.blocks import Index, Places, Shelf, keys_of
from daulat.corpus.boilerplate import furniture, without_furniture
from daulat.corpus.contamination import Tasks, contamination
from daulat.corpus.course import Course, left_type
from daulat.corpus.duplicates import band_keys
from daulat.corpus.extract import files
from daulat.corpus.extract.files import LeftOut
from daulat.corpus.options import CorpusOptions
from daulat.corpus.privacy import Found, Subjects, commitment
from daulat.corpus.raw import STAGES as RAW_STAGES
from daulat.corpus.raw import Raw, settings_key
from daulat.corpus.split import draw
from daulat.corpus.stage import Judged, document, table, with_text
from daulat.corpus.where import Where
from daulat.records import Progress, Source

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

KEY = ("hi", "lo", "gone")
STAGES = (*RAW_STAGES, "boilerplate", "identify", "quality", "contamination", "privacy")
COLUMNS = ["id", "path", "text", "stage", "outcome", "reason", "taken_out", *(f"after_{stage}" for stage in RAW_STAGES)]
"""What a document is judged by."""


@dataclass
class Judgement:
    """All documents of a source, in the order of its files."""

    source: Source
    places: Places
    """Where each was judged."""
    keys: "npt.NDArray[np.uint64]"
    """What was judged, three numbers each: 128 bits of its id, and which of its paragraphs were furniture."""
    left_out: list[LeftOut]
    """Of its files, what is not their text."""
    folder: Path
    """Where it was worked out: its name says under which settings."""
    raw: Places
    """Where each was read: a text that is as it was then is not kept twice."""

    def texts(self, which: "npt.NDArray[np.int64]") -> "pa.LargeStringArray":
        """Of those documents, in order."""
        import numpy as np
        import pyarrow.compute as pc

        from daulat.corpus.columns import whole

        judged = whole(self.places.columns(["text"], which)["text"])
        same = judged.is_null()
        if not judged.null_count:
            return judged
        raw = whole(self.raw.columns(["text"], which[np.asarray(same)])["text"])
        return raw if len(raw) == len(judged) else pc.replace_with_mask(judged, same, raw)


def judge(
    raw: Raw,
    options: CorpusOptions,
    tasks: Tasks,
    version: str,
    state: Path,
    subject_key: bytes,
    progress: Progress,
    where: Where,
) -> Judgement:
    """Every document of the snapshot, those that are new worked out."""
    import numpy as np

    source = raw.snapshot.source
    # The same document read under other terms is another one: what it was read under is part of the settings.
    key = commitment(subject_key, "state", "judged")
    folder = state / "judged" / settings_key(version, options, raw.folder.name, key, tasks.texts)
    shelf = Shelf(folder)
    blocks = list(shelf.blocks())
    known = [keys_of(path, KEY) for path in blocks]
    numbers = raw.places.columns(["outcome", "hashes", "utf8_bytes"])
    keys, goes, starts = _keys(raw.keys, numbers, options)
    fresh = np.flatnonzero(Index(known).find(keys)[0] < 0)
    order = fresh[np.lexsort((fresh, *keys[fresh].T))]
    first = np.ones(len(order), np.bool_)
    first[1:] = (keys[order][1:] != keys[order][:-1]).any(axis=1)
    chosen = np.sort(order[first])  # each document once, where it stands first
    sizes = np.asarray(numbers["utf8_bytes"]).astype(np.int64)
    ends = _ends(raw.places.block[chosen], sizes[chosen])

    def gather(part: tuple[int, int]) -> Given:
        own = chosen[part[0] : part[1]]
        lost = [goes[starts[at] : starts[at + 1]] for at in own.tolist()]
        return Given(raw.places.columns(COLUMNS, own), lost, keys[own])

    jobs, work = list(pairwise([0, *ends])), partial(_judged, source, options, tasks, subject_key)
    for done, (_, (judged, own)) in enumerate(where.each(gather, work, jobs), 1):
        blocks.append(shelf.put(judged))
        known.append(own)
        progress(done / len(jobs), f"judging {source.name}")
    return Judgement(source, Places(blocks, *Index(known).find(keys)), keys, raw.left_out, folder, raw.places)


def _ends(block: "npt.NDArray[np.int32]", sizes: "npt.NDArray[np.int64]") -> list[int]:
    """Where to cut documents into blocks: about as they were read, but not into small ones."""
    import numpy as np

    total, ends, begun = np.cumsum(sizes), list[int](), 0
    edges = np.flatnonzero(np.diff(block)) + 1
    while begun < len(sizes):
        before = int(total[begun - 1]) if begun else 0
        size = files.BLOCK_UTF8_BYTES
        least, most = np.searchsorted(total, (before + size // 4, before + size * 2)) + 1
        at = np.searchsorted(edges, least)
        begun = int(min(edges[at] if at < len(edges) else len(sizes), max(most, begun + 1), len(sizes)))
        ends.append(begun)
    return ends


def _keys(
    raw: "npt.NDArray[np.uint64]", numbers: "pa.Table", options: CorpusOptions
) -> "tuple[npt.NDArray[np.uint64], npt.NDArray[np.bool_], npt.NDArray[np.int64]]":
    """What each document is, which paragraphs are furniture, and where each document's begin.

    A document that goes on is its id and which of its paragraphs are furniture; one that left is what it was before.
    """
    import numpy as np

    if not len(raw):
        return raw, np.zeros(0, np.bool_), np.zeros(1, np.int64)
    high, low = raw[:, 0], raw[:, 1]
    lists = [chunk for chunk in numbers["hashes"].chunks if len(chunk)]
    counts = np.concatenate([np.diff(np.asarray(one.offsets)) for one in lists])
    hashes = np.concatenate([np.asarray(one.flatten()) for one in lists])
    going = np.asarray(numbers["outcome"].is_null())
    document = np.repeat(np.arange(len(high)), counts)
    asked = going[document]
    goes = np.zeros(len(hashes), np.bool_)
    goes[asked] = furniture(hashes[asked], document[asked], options.repeats)
    starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    gone = np.flatnonzero(goes)
    place = (gone - starts[document[gone]]).astype(np.uint64)
    value = (place + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    value ^= value >> np.uint64(29)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    total = np.zeros(len(high), np.uint64)
    np.add.at(total, document[gone], value)
    return np.stack([high, low, np.where(going, total, raw[:, 2])], axis=1), goes, starts


@dataclass(frozen=True)
class Given:
    """Some documents that are to be judged."""

    raw: "pa.Table"
    """`COLUMNS` of them."""
    gone: "list[npt.NDArray[np.bool_]]"
    """Of each paragraph of each, whether it is furniture."""
    keys: "npt.NDArray[np.uint64]"


def _judged(
    source: Source, options: CorpusOptions, tasks: Tasks, subject_key: bytes, given: Given
) -> "Iterator[tuple[pa.Table, npt.NDArray[np.uint64]]]":
    yield _block(source, given, options, tasks, subject_key), given.keys


def _block(source: Source, given: Given, options: CorpusOptions, tasks: Tasks, subject_key: bytes) -> "pa.Table":
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from daulat.corpus.columns import flat
    from daulat.corpus.kernels.paragraphs import digests, paragraphs

    raw, gone, keys = given.raw, given.gone, given.keys
    ids = raw["id"].to_pylist()
    documents = _documents(source, raw)
    course = Course(documents)
    course.taken_out = raw["taken_out"].to_pylist()
    out = raw["outcome"].is_null().combine_chunks().to_numpy(zero_copy_only=False)
    course.begin(np.flatnonzero(out), *(raw[name].to_pylist() for name in ("stage", "outcome", "reason")))
    going = [gone[row] for row in course.going.tolist()]
    starts = np.concatenate(([0], np.cumsum([len(one) for one in going]))).astype(np.int64)
    mask = np.concatenate([np.zeros(0, np.bool_), *going])
    course.settle("boilerplate", without_furniture(course.now, mask, starts))
    course.settle("identify", identify.identify(course.now, options))
    course.settle("quality", quality.quality(course.now, options))
    course.settle("contamination", contamination(course.now, tasks, source.language))
    noted = _Noted(subject_key)
    course.settle("privacy", _private(course.now, options, noted))
    last, goes_on = course.texts()
    left = np.flatnonzero(~goes_on)
    if len(left):  # no file of the corpus has an identifier, whatever became of the document
        last = _with_redacted(last, left, privacy.redact(last.take(left), noted, options)[0])
    texts = last["text"]
    hashes, characters, utf8_bytes, starts = paragraphs(*flat(texts))
    long = characters >= options.unique_paragraph_characters
    count = np.concatenate(([0], np.cumsum(long))).astype(np.int64)
    lists = count[starts]
    place = np.arange(len(hashes)) - np.repeat(starts[:-1], np.diff(starts))
    bands = np.zeros((len(ids), options.bands), np.uint64)
    bands[goes_on] = band_keys(texts.filter(pa.array(goes_on)), source.language, options)
    exact = digests(hashes, starts)

    def listed(values: Any, kind: Any) -> "pa.LargeListArray":
        return pa.LargeListArray.from_arrays(pa.array(lists), pa.array(values[long], kind))

    total = np.concatenate(([0], np.cumsum(characters, dtype=np.int64)))
    return pa.table(
        {
            "id": raw["id"],
            **{name: pa.array(keys[:, at]) for at, name in enumerate(KEY)},
            "text": _changed(texts, raw["text"]),
            "stage": pa.array(course.stage, pa.string()),
            "outcome": pa.array(course.outcome, pa.string()),
            "reason": pa.array(course.reason, pa.string()),
            "taken_out": pa.array(course.taken_out, left_type()),
            **{f"after_{stage}": raw[f"after_{stage}"] for stage in RAW_STAGES},
            **{f"after_{stage}": pa.array(course.sizes[stage]) for stage in STAGES[len(RAW_STAGES) :]},
            "exact": pa.FixedSizeListArray.from_arrays(pa.array(exact.ravel()), 2),
            "bands": pa.FixedSizeListArray.from_arrays(pa.array(bands.ravel()), options.bands),
            "utf8_bytes": pc.binary_length(texts),
            "draw": pa.array([draw(one, options.seed) for one in ids], pa.float64()),
            "characters": pa.array(total[starts[1:]] - total[starts[:-1]]),
            "long": listed(hashes, pa.uint64()),
            "long_characters": listed(characters, pa.int32()),
            "long_utf8_bytes": listed(utf8_bytes, pa.int32()),
            "long_at": listed(place, pa.int32()),
            "people": pa.array([noted.of.get(one) for one in ids], _people_type()),
        }
    )


def _changed(texts: "pa.ChunkedArray", before: "pa.ChunkedArray") -> "pa.LargeStringArray":
    """The texts that are not as they were; null for the others."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from daulat.corpus.columns import whole

    differs = pc.not_equal(texts, before).combine_chunks()
    return pc.replace_with_mask(pa.nulls(len(texts), pa.large_string()), differs, whole(texts.filter(differs)))


def _documents(source: Source, raw: "pa.Table") -> "pa.Table":
    """The rows as the stages read them."""
    import pyarrow as pa

    number = raw.num_rows
    plain = table([document(source, "", "", "")])
    columns = {name: pa.repeat(plain[name][0], number) for name in plain.column_names}
    return pa.table({**columns, "id": raw["id"], "path": raw["path"], "text": raw["text"]})


def _private(documents: "pa.Table", options: CorpusOptions, noted: "_Noted") -> Judged:
    return privacy.privacy(documents, options, noted) if documents.num_rows else Judged(documents, [])


def _with_redacted(documents: "pa.Table", rows: "npt.NDArray[np.int64]", redacted: "pa.Table") -> "pa.Table":
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from daulat.corpus.columns import whole

    mask = np.zeros(documents.num_rows, np.bool_)
    mask[rows] = True
    texts = pc.replace_with_mask(whole(documents["text"]), pa.array(mask), whole(redacted["text"]))
    return with_text(documents, texts)


class _Noted(Subjects):
    """Subjects of one block, by document."""

    def __init__(self, key: bytes) -> None:
        super().__init__(key)
        self.of: dict[str, list[dict[str, Any]]] = {}

    def add(self, found: Found, document: str, source: str = "") -> None:
        value = commitment(self.key, found.kind, found.normal)
        self.of.setdefault(document, []).append({"kind": found.kind, "value": value, "of_person": found.of_person})


def _people_type() -> "pa.DataType":
    import pyarrow as pa

    return pa.list_(pa.struct([("kind", pa.string()), ("value", pa.string()), ("of_person", pa.bool_())]))
