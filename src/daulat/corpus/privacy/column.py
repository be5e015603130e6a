"""A column of texts with placeholders: one pass over all bytes, then only the texts in which something stands."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from daulat.corpus.columns import whole
from daulat.corpus.privacy import placeholder, replaced
from daulat.corpus.privacy.find import Found, find
from daulat.corpus.privacy.kinds.labelled import LABELLED
from daulat.corpus.privacy.kinds.phones import REGIONS
from daulat.corpus.privacy.subjects import Subjects
from daulat.corpus.stage import with_text

if TYPE_CHECKING:
    import pyarrow as pa


def redacted(
    documents: "pa.Table", subjects: Subjects, *, names: bool, pseudonyms: bool
) -> "tuple[pa.Table, list[bool]]":
    """The documents with placeholders, and which of them had any; every identifier found is added to the subjects."""
    texts = whole(documents["text"])
    about = documents.select(("id", "source", "country", "language"))
    key = subjects.key if pseudonyms else None
    changed: dict[int, bytes] = {}
    for row, text, own in _findings(texts, about):
        if own:
            changed[row] = _replaced(text, own, key)
            _remember(subjects, about, row, own)
    now = _with(texts, changed)
    if names:
        for row, shown, own in _named(now, about["language"].to_pylist()):
            changed[row] = replaced(shown, own, key).encode()
            _remember(subjects, about, row, own)
        now = _with(texts, changed)
    has_some = [False] * len(texts)
    for row in changed:
        has_some[row] = True
    return (with_text(documents, now) if changed else documents), has_some


def _with(texts: "pa.LargeStringArray", changed: dict[int, bytes]) -> "pa.LargeStringArray":
    """The texts, with some of them changed."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not changed:
        return texts
    mask = np.zeros(len(texts), np.bool_)
    mask[list(changed)] = True
    news = pa.array([changed[row] for row in sorted(changed)], pa.large_binary()).cast(pa.large_string())
    return pc.replace_with_mask(texts, pa.array(mask), news)


def _remember(subjects: Subjects, about: "pa.Table", row: int, found: Sequence[Found]) -> None:
    """Add what was found in that row to the subjects."""
    identity, source = about["id"][row].as_py(), about["source"][row].as_py()
    for one in found:
        subjects.add(one, identity, source)


def identifiers_of(text: str, region: str) -> list[Found]:
    """Every identifier of one text; places are characters."""
    import pyarrow as pa

    texts = pa.array([text], pa.large_string())
    about = pa.table({"country": pa.array([region.lower() or None], pa.string()), "language": pa.array([""])})
    found, raw, at, characters = list[Found](), text.encode(), 0, 0
    for one in (each for _, _, all_found in _findings(texts, about) for each in all_found):
        start = characters + len(raw[at : one.start].decode())
        characters = start + len(raw[one.start : one.end].decode())
        found.append(Found(start, characters, one.kind, one.normal, one.of_person))
        at = one.end
    return found


def _findings(texts: "pa.LargeStringArray", about: "pa.Table") -> Iterator[tuple[int, bytes, list[Found]]]:
    """Row, text and what stands in it, for each text that has a suspect or a label."""
    import numpy as np
    import pyarrow.compute as pc

    from daulat.corpus.privacy.suspects import suspects

    rows = suspects(texts)
    labels = set(np.flatnonzero(pc.match_substring_regex(texts, LABELLED).to_numpy(zero_copy_only=False)).tolist())
    by_row = {row: [one[1:] for one in group] for row, group in groupby(rows.tolist(), key=lambda one: int(one[0]))}
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int64) if len(texts) else np.zeros(0, dtype=np.int64)
    for row in sorted(by_row.keys() | labels):
        base = int(offsets[texts.offset + row])
        own = sorted((start - base, end - base, size) for start, end, size in by_row.get(row, ()))
        text = texts[row].as_buffer().to_pybytes()
        yield row, text, find(text, own, region_of(about, row), labels=row in labels)


def region_of(about: "pa.Table", row: int) -> str:
    """Where the document's numbers are dialled: its country or, where that is unknown, its language's."""
    country, language = about["country"][row].as_py(), about["language"][row].as_py()
    return REGIONS.get(language, "") if country in (None, "international") else str(country).upper()


def _replaced(text: bytes, found: Sequence[Found], key: bytes | None) -> bytes:
    parts, at = list[bytes](), 0
    for one in found:
        parts += (text[at : one.start], placeholder(one, key).encode())
        at = one.end
    return b"".join(parts) + text[at:]


def _named(texts: "pa.LargeStringArray", languages: Sequence[str | None]) -> list[tuple[int, str, list[Found]]]:
    """Row, text and names of each text in which a person is named."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from daulat.corpus.privacy.names import TITLES, names
    from daulat.corpus.privacy.tagged import LANGUAGES, tagged

    learnt = [row for row, language in enumerate(languages) if language in LANGUAGES]
    places = dict(zip(learnt, tagged(texts.take(pa.array(learnt, pa.int64()))), strict=True)) if learnt else {}
    titled = np.flatnonzero(pc.match_substring_regex(texts, TITLES).to_numpy(zero_copy_only=False)).tolist()
    rows = sorted({*titled, *(row for row, own in places.items() if own)})
    named = ((row, texts[row].as_py(), places.get(row, ())) for row in rows)
    return [(row, text, found) for row, text, own in named if (found := names(text, own))]
