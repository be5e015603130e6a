"""Burmese in Zawgyi or in the order in which it is seen becomes Unicode; what cannot be told is held."""

import re

import icu
from corpus_samples import source
from hypothesis import given
from hypothesis import strategies as st

from daulat.corpus import burmese, normalise
from daulat.corpus.stage import document, table

TEXT = (
    "မြန်မာနိုင်ငံသည် အရှေ့တောင်အာရှတွင် တည်ရှိသော နိုင်ငံဖြစ်သည်။ ကျေးရွာများတွင် လူထုအတွက် ကျန်းမာရေးစောင့်ရှောက်မှုကို ပေးသည်။\n"
    "ကျောင်းသားများသည် နံနက်တိုင်း ဆရာမနှင့်အတူ စာဖတ်ကြသည်။ တောင်သူများသည် မိုးရာသီတွင် စပါးစိုက်ပျိုးကြသည်။"
)
ZAWGYI = icu.Transliterator.createInstance("my-Zawgyi").transliterate(TEXT)
_SYLLABLE = re.compile(
    "([\u1000-\u102a\u103f\u104e](?:\u1039[\u1000-\u102a])?)(\u103b?)(\u103c?)([\u103d\u103e]*)(\u1031?)"
)


def seen(text: str) -> str:
    """The same with the vowel E and the medial R before their consonant, as they are seen."""
    return _SYLLABLE.sub(lambda part: part[5] + part[3] + part[1] + part[2] + part[4], text)


def test_unicode_stays_as_it_is() -> None:
    assert burmese.to_unicode(TEXT) == burmese.Burmese(TEXT, {})


def test_zawgyi_becomes_unicode_and_is_counted() -> None:
    assert ZAWGYI != TEXT
    found = burmese.to_unicode(ZAWGYI)
    assert normalise.text(found.text) == normalise.text(TEXT)
    assert found.converted == {"Zawgyi, converted to Unicode": (2, len(ZAWGYI.encode()) - 1)}


def test_only_the_paragraphs_in_zawgyi_are_converted() -> None:
    first, second = TEXT.split("\n")
    found = burmese.to_unicode(f"{first}\nEnglish stays.\n{ZAWGYI.splitlines()[1]}")
    assert normalise.text(found.text) == normalise.text(f"{first}\nEnglish stays.\n{second}")


def test_marks_where_they_are_seen_move_behind_their_consonant() -> None:
    found = burmese.to_unicode(seen(TEXT))
    assert found.text == TEXT
    assert list(found.converted) == ["Burmese marks put in their order"]


def test_a_mixture_of_orders_is_held() -> None:
    mixed = "ကေ\nေက\n" * 10
    assert burmese.to_unicode(mixed).held == burmese.OLD_ORDER


def test_letters_of_an_unknown_font_are_held() -> None:
    assert burmese.to_unicode("ဴဖၾဲႚစည္းပံုကို ဴဖည့္သၾင္းလိုက္တယ္ သိုႚမဟုတ္ ႎုိင္ငံ အေဳကာင္းအရာ").held == burmese.NOT_TOLD


@given(
    st.text(
        alphabet=st.characters(min_codepoint=0x1000, max_codepoint=0x109F) | st.sampled_from("a \n\u200b"), max_size=80
    )
)
def test_no_text_is_lost_without_a_word(text: str) -> None:
    found = burmese.to_unicode(text)
    assert found.converted or found.text == text
    assert burmese.to_unicode(text) == found


def test_the_stage_counts_what_it_converts_and_holds_the_rest() -> None:
    rows = [document(source(language="my"), name, name, text) for name, text in {"a": TEXT, "b": ZAWGYI}.items()]
    judged = normalise.normalise(table(rows))
    assert [verdict.outcome for verdict in judged.verdicts] == ["keep", "keep"]
    assert judged.documents["text"].to_pylist() == [normalise.text(TEXT)] * 2
    assert [(row, one["reason"], one["paragraphs"]) for row, one in judged.taken_out] == [
        (1, "Zawgyi, converted to Unicode", 2)
    ]
