"""Burmese in Zawgyi, or in the order in which it is seen, becomes Burmese in Unicode; what is neither for sure is held.

Zawgyi is told apart by Google's Markov model over code points (myanmartools, Apache-2.0) and converted by the rules of
ICU (CLDR, Zawgyi-my). Source: Unicode Technical Note 11 (Hosken, 2012) for the order of marks.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_MYANMAR = re.compile("[\u1000-\u109f]")
_CONSONANTS = "\u1000-\u102a\u103f\u104e"
_BEFORE_E = "\u1000-\u102a\u103b-\u103f\u1050-\u1055\u105a-\u1061\u1065\u1066\u106e-\u1070\u1075-\u1081"
_E_ALONE = re.compile(f"(?<![{_BEFORE_E}])\u1031")
_E_LAST = re.compile(f"\u1031(?!\u103c?[\u200b\u200c]*\u103c?[{_CONSONANTS}])")
_R_ALONE = re.compile(f"(?<![{_CONSONANTS}\u103b])\u103c")
_R_LAST = re.compile(f"\u103c(?![\u200b\u200c]*[{_CONSONANTS}])")
_SEEN = re.compile(
    f"(?=[\u1031\u103c])(\u1031?)[\u200b\u200c]*(\u103c?)[\u200b\u200c]*((?:\u1004\u103a\u1039)?[{_CONSONANTS}](?:\u1039[{_CONSONANTS}])?)"
    "(\u103b?)([\u103d\u103e]*)"
)
"""A syllable as it is seen: the vowel E, the medial R, the consonant, the other medials."""
_KILLER = re.compile("\u1039(?![\u1000-\u1021])")
"""Zawgyi's sign for a silent consonant; in Unicode it stacks two consonants, and nothing else."""
_KILLER_SHARE = 0.01
_STRANGE = re.compile("[\u1022\u1028\u1033-\u1035\u1050-\u109f]")
"""Letters of other languages of Myanmar, or of another font."""
_STRANGE_SHARE = 0.002
_MARK_ALONE = re.compile("(?<![\u1000-\u103f\u104e\u1050-\u109f])[\u102b-\u1032\u1036-\u103e]")
_FEWEST = 5
"""Vowels E without a consonant, from which a text is looked at. As it was in the normalise stage."""
_MISORDERED_SHARE = 0.2
"""Of the vowels E, those that follow no consonant. Share: ours; Unicode text has under 0.01, text in the old order over
0.9."""
_ZAWGYI, _UNICODE = 0.4, -0.1
"""Mean log-likelihood ratio of a code point. Ours, on 12,352 paragraphs: Unicode has at most -0.43 in 99% of them, the
same in Zawgyi at least 0.40 in 99.9%."""
_UNSURE_SHARE = 0.2
NOT_TOLD = "Burmese in letters of a font that is not known"
OLD_ORDER = "Burmese in the order before Unicode 5.1"


@dataclass(frozen=True)
class Burmese:
    """A text after conversion, how much was converted, and why it cannot be kept, if so."""

    text: str
    converted: dict[str, tuple[int, int]]
    """Paragraphs and their UTF-8 bytes before, by what they were."""
    held: str = ""


def to_unicode(text: str) -> Burmese:
    """The text in Unicode's order and letters; other scripts stay as they are."""
    if not _MYANMAR.search(text) or not any(sign.search(text) for sign in (_KILLER, _STRANGE, _E_ALONE, _R_ALONE)):
        return Burmese(text, {})
    lines = text.split("\n")
    sizes, ratios = _by_line(text)
    letters = sum(sizes)
    if len(_KILLER.findall(text)) <= _KILLER_SHARE * letters and (ordered := _in_order(text)):
        return ordered
    sure = [ratio >= _ZAWGYI and _KILLER.search(line) is not None for line, ratio in zip(lines, ratios, strict=True)]
    zawgyi = sum(size for size, is_zawgyi in zip(sizes, sure, strict=True) if is_zawgyi)
    unsure = sum(
        size for size, ratio, is_zawgyi in zip(sizes, ratios, sure, strict=True) if ratio > _UNICODE and not is_zawgyi
    )
    if unsure > _UNSURE_SHARE * letters:
        return Burmese(text, {}, NOT_TOLD)
    if not zawgyi:
        return Burmese(text, {})
    mostly = zawgyi > 0.5 * letters
    right, count, size_bytes = list[str](), 0, 0
    for line, size, ratio, is_zawgyi in zip(lines, sizes, ratios, sure, strict=True):
        here = line
        if is_zawgyi or (mostly and size and ratio > _UNICODE):
            count, size_bytes = count + 1, size_bytes + len(line.encode("utf-8", "replace"))
            here = _converter().transliterate(line)
            if not _is_burmese(here):
                return Burmese(text, {}, NOT_TOLD)
        right.append(here)
    return Burmese("\n".join(right), {"Zawgyi, converted to Unicode": (count, size_bytes)})


def _in_order(text: str) -> Burmese | None:
    """Marks that stand where they are seen move behind their consonant, where every one of them does; None for text
    whose marks are not so."""
    vowels, alone = text.count("\u1031"), len(_E_ALONE.findall(text))
    if vowels <= _FEWEST or alone <= _MISORDERED_SHARE * vowels:
        return None
    medials, alone = text.count("\u103c"), len(_R_ALONE.findall(text))
    seen_r = alone > _MISORDERED_SHARE * medials
    if _E_LAST.search(text) or (seen_r and _R_LAST.search(text)):
        return Burmese(text, {}, OLD_ORDER)
    right = _SEEN.sub(lambda m: _logical(m, seen_r), text)
    if _E_ALONE.search(right) or _R_ALONE.search(right):
        return Burmese(text, {}, OLD_ORDER)
    size_bytes = len(text.encode("utf-8", "replace"))
    return Burmese(right, {"Burmese marks put in their order": (text.count("\n") + 1, size_bytes)})


def _logical(seen: re.Match[str], seen_r: bool) -> str:
    e, r, consonant, y, others = seen.groups()
    if r and not seen_r:
        return seen[0]
    return f"{consonant}{y}{r}{others}{e}"


def _is_burmese(text: str) -> bool:
    """Whether every mark stands on a letter, and hardly any letter is another language's."""
    letters = len(_MYANMAR.findall(text))
    return len(_STRANGE.findall(text)) <= _STRANGE_SHARE * letters and len(_MARK_ALONE.findall(text)) <= 0.01 * letters


def _by_line(text: str) -> tuple[list[int], list[float]]:
    """Burmese letters in each line, and the mean log-likelihood of each to be Zawgyi, over that to be Unicode."""
    import numpy as np

    places, ratios = _model()  # a line end is in no word, as is what stands before the first letter and behind the last
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
    states = np.concatenate(([0], places[np.minimum(codes, len(places) - 1)], [0]))
    ends = np.append(codes == ord("\n"), False)
    line = np.cumsum(ends) - ends
    sums = np.bincount(line, weights=ratios[states[:-1], states[1:]])
    sizes = np.bincount(line[:-1], weights=(codes >= 0x1000) & (codes < 0x10A0), minlength=len(sums)).astype(np.int64)
    return sizes.tolist(), (sums / np.maximum(1, sizes) * (sizes > 0)).tolist()


@cache
def _model() -> "tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]":
    """The state of each code point, and by two states the log-likelihood ratio of their succession."""
    from importlib.resources import files

    import numpy as np
    from myanmartools import _params

    with (files("myanmartools.resources") / "zawgyiUnicodeModel.dat").open("rb") as stream:
        letters = [ord(letter) for letter in _params.check_signature(stream)]
        size = len(letters) + 1
        ratios = -np.array(_params.read_params(stream), dtype=np.float64).reshape(size, size)
    ratios[0, 0] = 0.0
    places = np.zeros(max(letters) + 2, dtype=np.int64)
    places[letters] = np.arange(1, size)
    return places, ratios


@cache
def _converter() -> Any:
    import icu

    return icu.Transliterator.createInstance("Zawgyi-my")
