"""Which language each paragraph is in: by its script where that settles it, else by its words; what is unsure is held."""

from typing import TYPE_CHECKING, Any, NamedTuple

from daulat.corpus import near
from daulat.corpus.latin import KNOWN, RIVALS, Named, language_scores, named
from daulat.corpus.options import CorpusOptions
from daulat.corpus.paragraphs import Paragraphs, paragraphs
from daulat.corpus.scripts import Letters, letters
from daulat.corpus.stage import KEEP, Judged, Verdict, drop, hold, with_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

__all__ = ["RIVALS", "SPACELESS", "identify", "language_scores"]

STAGE = "identify"
WRITTEN_IN = {
    "th": ("Thai",),
    "lo": ("Laoo",),
    "km": ("Khmr",),
    "my": ("Mymr", "Shan"),
    "ta": ("Taml",),
    "zh": ("Hani", "Cantonese", "Wu", "Kana"),
}
"""Languages that their script settles, in columns of `scripts`."""
ALSO_WRITTEN_IN = {"jv": ("Java",), "su": ("Sund",)}
"""Scripts of languages in Latin letters that settle them as well."""
IN_ARABIC_LETTERS = frozenset({"ms", "jv", "su"})
"""Languages that have been written in Arabic letters (Jawi, Pegon); nothing here tells them from Arabic."""
INTRUDERS = {"zh": ("Kana", "in ja"), "my": ("Shan", "in another language or encoding of its script")}
"""Letters that a language in the same script has and this one has not, and whose they are."""
INTRUDING_SHARE = 0.1
"""Of a paragraph's letters in its script, from which they are another language's. Ours: Japanese has about half."""
VARIETIES = {"Cantonese": ("yue", 0.005, 0.02), "Wu": ("wuu", 0.01, 0.05)}
"""Other Chinese languages by their characters: the share of a document's from which it may be in it, and from which it
is. Ours, on the interface messages of MediaWiki: yue has 0.07 to 0.16 and wuu 0.01 to 0.05, where zh has 0.001 and, in
old poems, 0.009."""
SPACELESS = frozenset({"th", "lo", "km", "my", "zh"})
"""Languages written without spaces between words."""
NEAR = {"id": ("ms",), "ms": ("id",), "tl": ("ceb",), "ceb": ("tl",)}
"""Languages so near that a paragraph cannot tell them, a document can."""
ALIASES = {"cmn": "zh", "fil": "tl", "zsm": "ms"}
"""Other ISO 639-3 codes of languages here: Mandarin, Filipino, Standard Malay."""
LATIN = frozenset({*RIVALS, *KNOWN, *near.NAMES} - {"zxx"})
SCRIPT_SHARE = 0.3
"""Of a paragraph's letters, from which its script decides. Ours: product names in Latin letters fill half of a Thai
menu."""
SURE_LETTERS = 16
"""Shorter paragraphs in Latin or Han are never surely of another language: names, menu items, table cells. Ours."""
ELSEWHERE = drop("mostly in another language")
_EXPECTED, _OTHER, _UNSURE = 1, 2, 0


class _Read(NamedTuple):
    """What each paragraph is: `_EXPECTED`, `_OTHER` or `_UNSURE`; why the others go; what else is known of them."""

    label: "npt.NDArray[np.int8]"
    reason: "npt.NDArray[np.object_]"
    letters: Letters
    weights: "npt.NDArray[np.int32]"
    words: "npt.NDArray[np.int32]"


def identify(documents: "pa.Table", options: CorpusOptions) -> Judged:
    """Keep the paragraphs in the language that the source promises; drop a document with too few, hold an unsure one.

    All documents are of one source, so of one promised language. A language that nothing here can tell is held, all of
    it: what was not looked at is not kept.
    """
    import numpy as np

    if not documents.num_rows:
        return Judged(documents, [])
    promised = documents["language"][0].as_py()
    language = ALIASES.get(promised, promised)
    if language not in LATIN and language not in WRITTEN_IN:
        return Judged(documents, [hold(f"no way to tell the language {promised}")] * documents.num_rows)
    parts = paragraphs(documents)
    read = _read(parts.text, language, options.sure)
    label = _with_neighbours(read.label, parts.parent)
    size = read.letters.characters()
    ours, others = (_by_document(size * (label == kind), parts) for kind in (_EXPECTED, _OTHER))
    share = ours / np.maximum(1, ours + others)
    gone = (label == _OTHER) & (share >= options.expected_share)[parts.parent]
    verdicts = _Verdicts(parts.documents)
    _say_what_is_near(verdicts, read, parts, ~gone, language, options.sure)
    verdicts.say(ELSEWHERE, share < options.expected_share)
    if language in IN_ARABIC_LETTERS:
        arabic = _by_document(read.letters.of("Arab"), parts) > _by_document(read.letters.all(), parts) / 2
        verdicts.say(hold(f"perhaps {language} in Arabic letters"), arabic)
    verdicts.say(hold("language not sure"), ours + others == 0)
    texts = parts.joined(~gone) if gone.any() else documents["text"]
    return Judged(with_text(documents, texts), verdicts.all(), parts.taken_out(gone, read.reason))


def _read(text: "pa.Array", language: str, sure: float) -> _Read:
    import numpy as np
    import pyarrow as pa

    found = letters(text)
    every = found.all()
    own = found.of(*WRITTEN_IN.get(language, ("Latn",)))
    label = np.where(every < 2, _UNSURE, np.where(own >= SCRIPT_SHARE * every, _EXPECTED, _OTHER)).astype(np.int8)
    reason = np.full(len(label), "in another script", dtype=object)
    weights, words = np.zeros((len(label), len(near.NAMES)), np.int32), np.zeros(len(label), np.int32)
    is_long = every >= SURE_LETTERS
    if language in INTRUDERS:
        script, why = INTRUDERS[language]
        foreign = (label == _EXPECTED) & (found.of(script) >= INTRUDING_SHARE * own)
        label[foreign] = np.where(is_long[foreign], _OTHER, _UNSURE)
        reason[foreign] = why
    if language in LATIN:
        rows = np.flatnonzero(label == _EXPECTED)
        asked = named(text if len(rows) == len(text) else text.take(pa.array(rows)), language)
        label[rows], reason[rows] = _named(asked, language, sure, is_long[rows])
        weights[rows], words[rows] = asked.weights, asked.words
        if language in ALSO_WRITTEN_IN:
            label[found.of(*ALSO_WRITTEN_IN[language]) >= SCRIPT_SHARE * np.maximum(1, every)] = _EXPECTED
    return _Read(label, reason, found, weights, words)


def _named(
    asked: Named, language: str, sure: float, is_long: "npt.NDArray[np.bool_]"
) -> "tuple[npt.NDArray[np.int8], npt.NDArray[np.object_]]":
    """What the models make of paragraphs in Latin letters, and the reason of each if it goes."""
    import numpy as np

    ours = asked.of(language, *NEAR.get(language, ()))
    nothing = asked.probability.sum(axis=1) == 0
    other = (1 - ours >= sure) & is_long & ~nothing
    reasons = np.array([f"in {name}" for name in asked.names], dtype=object)[asked.probability.argmax(axis=1)]
    reasons[~other | (reasons == f"in {language}")] = "among another language"
    return np.where(ours >= sure, _EXPECTED, np.where(other, _OTHER, _UNSURE)).astype(np.int8), reasons


def _with_neighbours(label: "npt.NDArray[np.int8]", parent: "npt.NDArray[np.int64]") -> "npt.NDArray[np.int8]":
    """An unsure paragraph is what the last sure one before it in its document is, else the first one after it."""
    import numpy as np

    places = np.arange(len(label))
    before = np.maximum.accumulate(np.where(label != _UNSURE, places, -1))
    after = np.minimum.accumulate(np.where(label != _UNSURE, places, len(label))[::-1])[::-1]
    found = label.copy()
    for beside in (after, before):
        inside = (beside >= 0) & (beside < len(label))
        beside = np.clip(beside, 0, len(label) - 1)
        use = inside & (parent[beside] == parent) & (label == _UNSURE)
        found[use] = label[beside[use]]
    return found


class _Verdicts:
    """A verdict for each document: kept, until something else is said of it."""

    def __init__(self, documents: int) -> None:
        import numpy as np

        self._said = [KEEP]
        self._which = np.zeros(documents, dtype=np.int64)

    def say(self, verdict: Verdict, where: "npt.NDArray[np.bool_]") -> None:
        """This one of these documents, whatever was said before."""
        self._which[where] = len(self._said)
        self._said.append(verdict)

    def all(self) -> list[Verdict]:
        """In the documents' order."""
        return [self._said[which] for which in self._which.tolist()]


def _say_what_is_near(
    verdicts: _Verdicts, read: _Read, parts: Paragraphs, stays: "npt.NDArray[np.bool_]", language: str, sure: float
) -> None:
    """Documents whose paragraphs that stay are surely in a near language are dropped, those that rather are are held.

    Where neither is likelier the source's promise stands.
    """
    import numpy as np

    if language in NEAR:
        columns = [near.NAMES.index(name) for name in (language, *NEAR[language])]
        weights = np.stack([_by_document(read.weights[:, column] * stays, parts) for column in columns], axis=1)
        odds = near.probabilities(weights, _by_document(read.words * stays, parts))[:, 0]
        verdicts.say(hold(f"perhaps {NEAR[language][0]}"), odds < 0.5)
        verdicts.say(ELSEWHERE, odds <= 1 - sure)
    if language == "zh":
        every = np.maximum(1, _by_document(read.letters.all() * stays, parts))
        for script, (name, perhaps, surely) in VARIETIES.items():
            share = _by_document(read.letters.of(script) * stays, parts) / every
            verdicts.say(hold(f"perhaps {name}"), share >= perhaps)
            verdicts.say(ELSEWHERE, share >= surely)


def _by_document(amount: "npt.NDArray[Any]", parts: Paragraphs) -> "npt.NDArray[np.float64]":
    import numpy as np

    found = np.bincount(parts.parent, weights=amount, minlength=parts.documents)
    return found.astype(np.float64, copy=False)
