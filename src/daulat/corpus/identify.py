"""Which language each paragraph is in: by its script where that settles it, else by a model; what is unsure is held."""

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from daulat.corpus.options import CorpusOptions
from daulat.corpus.paragraphs import Paragraphs, paragraphs
from daulat.corpus.stage import KEEP, Judged, Verdict, drop, hold, with_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

STAGE = "identify"
SCRIPTS = {
    "Latn": ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F), (0x1E00, 0x1EFF), (0x300, 0x36F)),
    "Thai": ((0xE00, 0xE3A), (0xE40, 0xE4E)),
    "Laoo": ((0xE80, 0xECF), (0xEDC, 0xEDF)),
    "Khmr": ((0x1780, 0x17D3), (0x17DC, 0x17DD)),
    "Mymr": ((0x1000, 0x103F), (0x1050, 0x109F), (0xA9E0, 0xA9EF), (0xAA60, 0xAA7F)),
    "Taml": ((0xB80, 0xBE5),),
    "Hani": ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0xD840, 0xD888)),
    "other": ((0x370, 0xB7F), (0xC00, 0xDFF), (0x10A0, 0x177F), (0x3040, 0x30FF), (0xAC00, 0xD7A3)),
}
"""Letters and marks of the scripts that settle a language here, as ranges of UTF-16 units. Source: Unicode,
Scripts.txt."""
SCRIPT_OF = {"th": "Thai", "lo": "Laoo", "km": "Khmr", "my": "Mymr", "ta": "Taml", "zh": "Hani"}
"""Every other language here is written in Latin letters."""
SPACELESS = frozenset({"th", "lo", "km", "my", "zh"})
"""Languages written without spaces between words."""
NEAR = {"id": ("ms",), "ms": ("id",), "zh": ("wuu", "yue")}
"""What a model takes a short text of a language for; told apart over the whole document only."""
RIVALS = frozenset(re.findall(r"\w+", "en id ms jv tl vi fr de es pt it nl sv pl tr sw zh wuu yue ja ko zxx"))
"""Whom the model may name: the region's languages, the world's, and `zxx`, what is no language."""
SCRIPT_SHARE = 0.3
"""Of a paragraph's letters, from which its script decides. Ours: product names in Latin letters fill half of a Thai
menu."""
MODEL_BYTES = 1024
"""The model reads the beginning of a paragraph. Ours: accuracy does not grow beyond."""
SURE_LETTERS = 16
"""Shorter paragraphs in Latin or Han are never surely of another language: names, menu items, table cells. Ours."""
_EXPECTED, _OTHER, _UNSURE = 1, 2, 0


class _Read(NamedTuple):
    """What each paragraph is: `_EXPECTED`, `_OTHER` or `_UNSURE`, and why the others go."""

    label: "npt.NDArray[np.int8]"
    reason: Any


def identify(documents: "pa.Table", options: CorpusOptions) -> Judged:
    """Keep the paragraphs in the language that the source promises; drop a document with too few, hold an unsure one.

    All documents are of one source, so of one promised language.
    """
    import numpy as np

    if not documents.num_rows:
        return Judged(documents, [])
    language = documents["language"][0].as_py()
    parts = paragraphs(documents)
    read = _read(parts, language, options.sure)
    label = _with_neighbours(read.label, parts.parent)
    size = parts.characters()
    of = {
        kind: np.bincount(parts.parent, weights=size * (label == kind), minlength=parts.documents) for kind in (0, 1, 2)
    }
    share = of[_EXPECTED] / np.maximum(1, of[_EXPECTED] + of[_OTHER])
    gone = (label == _OTHER) & (share >= options.expected_share)[parts.parent]
    texts = parts.joined(~gone)
    near = _is_near(texts, language, options.sure)
    verdicts: list[Verdict] = []
    for row in range(parts.documents):
        if of[_EXPECTED][row] + of[_OTHER][row] == 0:
            verdicts.append(hold("language not sure"))
        elif share[row] < options.expected_share:
            verdicts.append(drop("mostly in another language"))
        else:
            verdicts.append(hold(f"perhaps {near[row]}") if near[row] else KEEP)
    removed = parts.removed(STAGE, documents["source"].to_pylist(), gone, read.reason)
    return Judged(with_text(documents, texts), verdicts, removed)


def _read(parts: Paragraphs, language: str, sure: float) -> _Read:
    import numpy as np

    scripts = list(SCRIPTS)
    wanted = scripts.index(SCRIPT_OF.get(language, "Latn")) + 1
    counts = script_histogram(parts.text)
    letters = counts[:, 1:].sum(axis=1)
    share = counts[:, wanted] / np.maximum(1, letters)
    label = np.where(letters < 2, _UNSURE, np.where(share >= SCRIPT_SHARE, _EXPECTED, _OTHER)).astype(np.int8)
    reason = np.full(len(label), "in another script", dtype=object)
    if SCRIPT_OF.get(language, "Hani") == "Hani":
        named = np.flatnonzero(label == _EXPECTED)
        scores, names = language_scores(parts.text.take(named), language)
        ours = scores[:, [names.index(name) for name in (language, *NEAR.get(language, ())) if name in names]].sum(
            axis=1
        )
        other = (1 - ours >= sure) & (letters[named] >= SURE_LETTERS)
        label[named] = np.where(ours >= sure, _EXPECTED, np.where(other, _OTHER, _UNSURE))
        best = scores.argmax(axis=1)
        reason[named] = [
            f"in {names[b]}" if one else "among another language" for b, one in zip(best, other, strict=True)
        ]
    return _Read(label, reason)


def script_histogram(text: "pa.Array") -> "npt.NDArray[np.int32]":
    """Characters of each script, a row a text; column 0 is what no script claims."""
    from daulat.corpus.kernels.scripts import script_counts
    from daulat.corpus.words import utf16

    units, offsets = utf16(text.to_pylist())
    return script_counts(units, offsets, _script_table(), len(SCRIPTS) + 1)  # type: ignore[no-any-return]


@cache
def _script_table() -> "npt.NDArray[np.uint8]":
    import numpy as np

    found = np.zeros(0x10000, dtype=np.uint8)
    for number, ranges in enumerate(SCRIPTS.values(), 1):
        for first, last in ranges:
            found[first : last + 1] = number
    return found


def language_scores(text: "pa.Array", language: str) -> "tuple[npt.NDArray[np.float32], list[str]]":
    """Probability of each language for each text, and the languages' names; `language` is always among them, if
    known."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from daulat.corpus.kernels import scripts as kernels

    names, moves, rows, outputs, weights, prior = _model(language)
    quiet = pc.if_else(pc.utf8_is_upper(text), pc.utf8_lower(text), text).cast(pa.large_string())
    offsets = np.frombuffer(quiet.buffers()[1], dtype=np.int64)[quiet.offset : quiet.offset + len(quiet) + 1]
    data = np.frombuffer(quiet.buffers()[2] or b"", dtype=np.uint8)
    return kernels.language_scores(data, offsets, MODEL_BYTES, moves, rows, outputs, weights, prior), names


@cache
def _model(language: str) -> Any:
    """py3langid's automaton and weights as arrays, for the rivals and that language. Source: py3langid, after
    langid.py."""
    import numpy as np
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    known = LanguageIdentifier.from_model_file(MODEL_FILE)
    wanted = {*RIVALS, language} & set(known.nb_classes)
    columns = [index for index, name in enumerate(known.nb_classes) if name in wanted]
    return (
        [known.nb_classes[index] for index in columns],
        np.asarray(known.tk_nextmove, dtype=np.uint32),
        np.asarray(known.tk_row, dtype=np.uint32),
        np.asarray(known.tk_output, dtype=np.int32),
        np.ascontiguousarray(known.nb_ptc[:, columns], dtype=np.float32),
        np.asarray(known.nb_pc[columns], dtype=np.float32),
    )


def _with_neighbours(label: "npt.NDArray[np.int8]", parent: "npt.NDArray[np.int64]") -> "npt.NDArray[np.int8]":
    """An unsure paragraph is what the last sure one before it in its document is, else the first one after it."""
    import numpy as np

    places = np.arange(len(label))
    before = np.maximum.accumulate(np.where(label != _UNSURE, places, -1))
    after = np.minimum.accumulate(np.where(label != _UNSURE, places, len(label))[::-1])[::-1]
    found = label.copy()
    for near in (after, before):
        inside = (near >= 0) & (near < len(label))
        near = np.clip(near, 0, len(label) - 1)
        use = inside & (parent[near] == parent) & (label == _UNSURE)
        found[use] = label[near[use]]
    return found


def _is_near(texts: "pa.Array", language: str, sure: float) -> list[str]:
    """The near language that a whole document is surely in, or nothing."""
    if language not in NEAR:
        return [""] * len(texts)
    scores, names = language_scores(texts, language)
    found = []
    for row in scores:
        best = names[int(row.argmax())]
        found.append(best if best in NEAR[language] and row.max() >= sure else "")
    return found
