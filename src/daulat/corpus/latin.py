"""Which language a text in Latin letters is in: py3langid's model, and our own words where six near languages meet."""

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from daulat.corpus import near
from daulat.corpus.columns import flat

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

RIVALS = frozenset(re.findall(r"\w+", "en id ms jv tl vi fr de es pt it nl sv pl tr sw zxx"))
"""Whom the model may name: the region's languages, the world's, and `zxx`, what is no language."""
KNOWN = frozenset(
    re.findall(
        r"\w+",
        "af az bs ca cs cy da eo et eu fi ga gl hr ht hu is la lb lt lv mg mt nn no oc qu ro rw sk sl sq wa xh zu",
    )
)
"""Other languages in Latin letters that it may name where a source promises them."""
MODEL_BYTES = 1024
"""The model reads the beginning of a paragraph. Ours: accuracy does not grow beyond."""


class Named(NamedTuple):
    """The probability of each language for each text, a row a text, and what the near languages' words say."""

    names: tuple[str, ...]
    probability: "npt.NDArray[np.float32]"
    weights: "npt.NDArray[np.int32]"
    """Sums of the words' weights, a column for each of `near.NAMES`."""
    words: "npt.NDArray[np.int32]"
    """Words that the table knows."""

    def of(self, *languages: str) -> "npt.NDArray[np.float32]":
        """The probability that it is one of these."""
        columns = [self.names.index(name) for name in languages if name in self.names]
        return self.probability[:, columns].sum(axis=1)  # type: ignore[no-any-return]


def named(text: "pa.Array", language: str) -> Named:
    """Ask both models about every text; `language` is among the names, if it can be told at all.

    py3langid knows four of the six near languages, and takes the other two for them: together they have what it gives
    to all four, and the words divide it.
    """
    import numpy as np

    from daulat.corpus.kernels.scripts import word_weights

    scores, names = language_scores(text, language)
    data, offsets = flat(text)
    weights, words = word_weights(data, offsets[:-1], _ends(offsets), *near.words())
    is_near = np.array([name in near.NAMES for name in names])
    together = scores[:, is_near].sum(axis=1, keepdims=True)
    parts = together * near.probabilities(weights, words).astype(np.float32)
    everyone = (*(name for name in names if name not in near.NAMES), *near.NAMES)
    return Named(everyone, np.concatenate((scores[:, ~is_near], parts), axis=1), weights, words)


def language_scores(text: "pa.Array", language: str) -> "tuple[npt.NDArray[np.float32], list[str]]":
    """py3langid's probability of each language for each text, and the languages' names; `language` is among them, if it
    knows it."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from daulat.corpus.kernels import scripts as script_kernels

    names, *model = _model(language)
    data, offsets = flat(text)
    scores = script_kernels.language_scores(data, offsets[:-1], _ends(offsets), *model)
    loud = np.flatnonzero(script_kernels.without_small_letters(data, offsets[:-1], _ends(offsets)))
    some = text.take(pa.array(loud))
    is_upper = np.asarray(pc.utf8_is_upper(some), dtype=bool)
    if is_upper.any():  # py3langid reads such texts in small letters
        data, offsets = flat(pc.utf8_lower(some.filter(pa.array(is_upper))))
        scores[loud[is_upper]] = script_kernels.language_scores(data, offsets[:-1], _ends(offsets), *model)
    return scores, names


def _ends(offsets: "npt.NDArray[np.int64]") -> "npt.NDArray[np.int64]":
    import numpy as np

    return np.minimum(offsets[1:], offsets[:-1] + MODEL_BYTES)


@cache
def _model(language: str) -> Any:
    """The names, then what the kernel reads of py3langid, for the rivals and that language.

    Its weights in a byte each, by their distance from the mean of a feature: a quarter of the memory to wait for.
    """
    import numpy as np

    known, moves, first = _automaton()
    wanted = {*RIVALS, language} & set(known.nb_classes)
    columns = [index for index, name in enumerate(known.nb_classes) if name in wanted]
    weights = np.asarray(known.nb_ptc[:, columns], dtype=np.float32)
    weights -= weights.mean(axis=1, keepdims=True)
    unit = np.float32(np.abs(weights).max() / 127)
    return (
        [known.nb_classes[index] for index in columns],
        moves,
        first,
        np.ascontiguousarray(np.rint(weights / unit), dtype=np.int8),
        unit,
        np.asarray(known.nb_pc[columns], dtype=np.float32),
    )


@cache
def _automaton() -> Any:
    """py3langid's model, and its automaton as one table, see `script_kernels`. Source: py3langid, after langid.py."""
    import numpy as np
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    known = LanguageIdentifier.from_model_file(MODEL_FILE)
    rows = np.asarray(known.tk_row, dtype=np.uint64) << np.uint64(8)
    features = (np.asarray(known.tk_output, dtype=np.int64) + 1).astype(np.uint64)
    return known, (rows << np.uint64(32) | features)[np.asarray(known.tk_nextmove, dtype=np.int64)], rows[0]
