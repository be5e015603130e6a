"""What the stage that tells languages promises."""

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from corpus_samples import ENGLISH, THAI, source
from hypothesis import example, given, settings
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from daulat.corpus import latin, near, scripts
from daulat.corpus.columns import flat
from daulat.corpus.identify import ALIASES, LATIN, WRITTEN_IN, identify
from daulat.corpus.options import CorpusOptions
from daulat.corpus.stage import Judged, document, table

OPTIONS = CorpusOptions()
INDONESIAN = (
    "Kantor kelurahan buka setiap hari kerja, karena warga bisa mengurus surat di sana tanpa membayar uang.",
    "Mobil itu diparkir di depan toko, lalu sopirnya pergi membeli obat untuk anaknya yang sedang sakit.",
    "Perusahaan air minum mengumumkan bahwa pipa di kota akan diperbaiki mulai besok sore.",
)
MALAY = (
    "Pejabat daerah dibuka setiap hari bekerja, kerana penduduk boleh membuat permohonan tanpa membayar wang.",
    "Kereta itu diletakkan di hadapan kedai, kemudian pemandunya pergi membeli ubat untuk anaknya yang demam.",
    "Syarikat bekalan air memaklumkan bahawa paip di bandar akan dibaiki mulai petang esok.",
)
OTHERS = {
    "jv": "Wong desa padha tandur pari ing sawah, banjur ngenteni udan sing durung teka nganti sasi ngarep.",
    "su": "Urang lembur keur melak paré di sawah, tapi hujan can turun waé nepi ka bulan hareup.",
    "tl": "Nagtatanim ng palay ang mga magsasaka sa bukid habang hinihintay nila ang ulan na hindi pa dumarating.",
    "ceb": "Ang mga mag-uuma nagtanom og humay sa umahan samtang naghulat sila sa ulan nga wala pa moabot.",
    "vi": "Nông dân trồng lúa trên cánh đồng và chờ những cơn mưa đầu mùa vẫn chưa đến.",
    "en": "The farmers plant rice in the fields while they are waiting for the rain that has not come yet.",
    "zh": "农民在田里种水稻，等待还没有到来的雨季。村里的孩子们每天早上去学校。",
    "th": THAI,
    "lo": "ຊາວນາປູກເຂົ້າຢູ່ໃນນາ ແລະ ລໍຖ້າຝົນທີ່ຍັງບໍ່ທັນມາຮອດ.",
    "km": "កសិករដាំស្រូវនៅវាលស្រែ ហើយរង់ចាំភ្លៀងដែលមិនទាន់មកដល់។",
    "my": "လယ်သမားများသည် လယ်ကွင်းများတွင် စပါးစိုက်ပြီး မရောက်သေးသော မိုးကို စောင့်နေကြသည်။",
    "ta": "விவசாயிகள் வயலில் நெல் பயிரிட்டு இன்னும் வராத மழைக்காகக் காத்திருக்கிறார்கள்.",
}
SENTENCES = {"id": INDONESIAN[0], "ms": MALAY[0], **OTHERS}
CANTONESE = "佢哋喺田度種緊禾，等緊啲雨落，不過而家仲未落。細路仔朝朝都要返學，佢話唔想去。"
JAPANESE = "農家の人たちは田んぼで稲を育て、まだ降らない雨を待っています。子どもたちは毎朝学校へ行きます。"


def judged(texts: list[str], language: str) -> Judged:
    kind = source(language=language)
    return identify(table([document(kind, str(n), str(n), text) for n, text in enumerate(texts)]), OPTIONS)


def column(*texts: str) -> pa.Array:
    return pa.array(texts, pa.large_string())


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_is_kept_in_its_language_and_in_no_other(language: str) -> None:
    for promised in SENTENCES:
        (verdict,) = judged([SENTENCES[language]], promised).verdicts
        if promised == language:
            assert verdict.outcome == "keep", promised
        elif {promised, language} not in ({"jv", "su"}, {"tl", "ceb"}):
            assert verdict == ("drop", "mostly in another language"), promised
        else:
            assert verdict.outcome != "keep", promised


@pytest.mark.parametrize(
    ("ours", "theirs", "promised", "other"), [(INDONESIAN, MALAY, "id", "ms"), (MALAY, INDONESIAN, "ms", "id")]
)
def test_malay_is_not_indonesian(ours: tuple[str, ...], theirs: tuple[str, ...], promised: str, other: str) -> None:
    assert [verdict.outcome for verdict in judged(list(ours), promised).verdicts] == ["keep"] * 3
    assert list(judged(["\n".join(theirs)], promised).verdicts) == [("drop", "mostly in another language")]
    whole = latin.named(column(*ours), promised)
    assert (whole.of(promised) > 0.8).all()
    assert (whole.of(other) < 0.2).all()


def test_a_text_that_is_rather_in_the_near_language_is_held() -> None:
    assert judged(["Sila buka halaman ini untuk membaca berita. Kantor tutup, jadi boleh tunggu."], "id").verdicts == [
        ("hold", "perhaps ms")
    ]


def test_a_half_translated_document_loses_what_is_not_translated() -> None:
    found = judged(["\n".join([INDONESIAN[0], ENGLISH, INDONESIAN[1], OTHERS["vi"], THAI])], "id")
    assert found.documents["text"][0].as_py().split("\n") == [INDONESIAN[0], INDONESIAN[1]]
    assert {(one["reason"], one["paragraphs"]) for _, one in found.taken_out} == {
        ("in en", 1),
        ("in vi", 1),
        ("in another script", 1),
    }


def test_names_in_latin_letters_do_not_make_thai_english() -> None:
    text = f"เปิด LibreOffice Writer แล้วเลือก File > Export\n{THAI}\nบริษัท ACME Software จำกัด ตั้งอยู่ในเมืองเชียงใหม่"
    found = judged([text], "th")
    assert found.verdicts == [("keep", "")]
    assert found.documents["text"][0].as_py() == text


@pytest.mark.parametrize("text", ["", "12 345 67,8 %", "→ ★ 😀😀 — …", "a\n7\nB", "a"])
@pytest.mark.parametrize("language", ["id", "zh", "th", "en"])
def test_what_has_no_words_is_held(text: str, language: str) -> None:
    assert judged([text], language).verdicts == [("hold", "language not sure")]


def test_code_is_not_kept_as_text() -> None:
    code = "\n".join(f"for (int i{n} = 0; i{n} < len; i{n}++) {{ buf[i{n}] = fgetc(stdin); }}" for n in range(9))
    assert judged([code], "id").verdicts[0].outcome != "keep"


@pytest.mark.parametrize("language", ["ace", "tet", "ru", "qqq"])
def test_a_language_that_nothing_here_can_tell_is_held_with_its_name(language: str) -> None:
    found = judged([INDONESIAN[0], ""], language)
    assert found.verdicts == [("hold", f"no way to tell the language {language}")] * 2


def test_every_language_said_to_be_known_is_known_to_a_model() -> None:
    theirs = set(LanguageIdentifier.from_model_file(MODEL_FILE).nb_classes)
    assert LATIN - theirs == {"su", "ceb"}
    assert set(near.NAMES) <= LATIN
    assert set(ALIASES.values()) <= LATIN | set(WRITTEN_IN)


def test_filipino_is_tagalog_by_another_code() -> None:
    assert judged([OTHERS["tl"]], "fil").verdicts == [("keep", "")]


def test_cantonese_and_japanese_are_not_mandarin() -> None:
    found = judged([OTHERS["zh"], CANTONESE, JAPANESE, f"{OTHERS['zh'] * 8}{CANTONESE[:8]}"], "zh").verdicts
    assert found == [
        ("keep", ""),
        ("drop", "mostly in another language"),
        ("drop", "mostly in another language"),
        ("hold", "perhaps yue"),
    ]


def test_malay_in_arabic_letters_is_held_not_called_foreign() -> None:
    assert judged(["سموا مانسي دلاهيركن بيبس دان سامرات دري سضي كموليان"], "ms").verdicts == [
        ("hold", "perhaps ms in Arabic letters")
    ]


def test_javanese_in_its_own_letters_is_javanese() -> None:
    assert judged(["ꦱꦧꦼꦤ꧀ꦲꦸꦮꦺꦴꦁꦏꦭꦲꦶꦂꦏꦺ"], "jv").verdicts == [("keep", "")]


def test_shan_is_not_burmese() -> None:
    assert judged(["ၵူၼ်းတႆးၵိၼ်ၶဝ်ႈၵူႈဝၼ်း"], "my").verdicts[0].outcome == "drop"


def test_a_very_long_paragraph_is_judged_by_its_beginning() -> None:
    long = " ".join(INDONESIAN) * 4
    assert judged([long + THAI * 20_000, (INDONESIAN[0] + " ") * 40_000], "id").verdicts == [
        ("drop", "mostly in another language"),
        ("keep", ""),
    ]


def test_no_document_at_all_is_no_verdict() -> None:
    assert judged([], "id").verdicts == []


def test_documents_are_judged_alike_in_any_company() -> None:
    texts = [*INDONESIAN, *MALAY, *OTHERS.values(), "", "Menu"]
    together = judged(texts, "id").verdicts
    assert [judged([text], "id").verdicts[0] for text in texts] == list(together)


def script_of(character: str) -> str:
    for name, characters in (("Cantonese", scripts.CANTONESE), ("Wu", scripts.WU)):
        if character in characters:
            return name
    for name, ranges in scripts.RANGES.items():
        if any(first <= ord(character) <= last for first, last in ranges):
            return name
    return "other" if ord(character) <= scripts.HIGHEST and unicodedata.category(character)[0] in "LM" else ""


@settings(deadline=None)
@given(st.lists(st.text(max_size=60), max_size=6), st.integers(0, 3))
@example(["", "aÀé\u0301", "ไทย ลาว ລາວ ខ្មែរ", "😀𠀀𰀀", "佢侬"], 0)
def test_the_histogram_counts_what_a_reader_would(texts: list[str], skipped: int) -> None:
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    whole = column(*["x"] * skipped, *texts)
    counts = scripts.letters(whole.slice(skipped)).counts
    expected = np.zeros_like(counts)
    for row, text in enumerate(texts):
        for character in text:
            expected[row, ("", *scripts.SCRIPTS).index(script_of(character))] += 1
    assert (counts == expected).all()


@settings(deadline=None)
@given(st.binary(max_size=80))
@example("ไ".encode()[:2])
@example(b"\xf0\x9f\x98")
@example(b"a\xff\xc3")
def test_broken_utf8_is_counted_and_never_read_beyond(raw: bytes) -> None:
    from daulat.corpus.kernels.scripts import script_counts

    data = np.frombuffer(raw + "ไไไ".encode(), dtype=np.uint8)
    number = len(scripts.SCRIPTS) + 1
    table = scripts._table()
    counts = script_counts(data, np.array([0]), np.array([len(raw)]), table, number)
    alone = script_counts(np.frombuffer(raw, dtype=np.uint8), np.array([0]), np.array([len(raw)]), table, number)
    assert (counts == alone).all()
    assert counts.sum() <= len(raw)


LETTERS = st.characters(codec="utf-8") | st.sampled_from("aiueoEÉéñÑĀ -'") | st.sampled_from(" ")


@settings(deadline=None)
@given(st.lists(st.text(LETTERS, max_size=40) | st.sampled_from([*INDONESIAN, *MALAY, "SUDAH, Déning"]), max_size=5))
def test_words_weigh_what_the_table_says(texts: list[str]) -> None:
    from daulat.corpus.kernels.scripts import word_weights

    words = near.words()
    data, offsets = flat(column(*texts))
    sums, known = word_weights(data, offsets[:-1], offsets[1:], *words)
    for row, text in enumerate(texts):
        expected, count = np.zeros(len(near.NAMES), dtype=int), 0
        for word in near.words_in(text):
            slot, mark = near.place(word, len(words.marks))
            while words.marks[slot] not in (0, mark):
                slot = (slot + 1) % len(words.marks)
            if words.marks[slot]:
                expected += words.weights[slot]
                count += 1
        assert known[row] == count
        assert sums[row].tolist() == expected.tolist()


@settings(deadline=None)
@given(st.lists(st.text(max_size=120) | st.sampled_from([*SENTENCES.values(), ENGLISH.upper()]), max_size=4))
def test_the_models_say_the_same_of_a_text_wherever_it_stands(texts: list[str]) -> None:
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    together = latin.named(column(*texts), "id").probability
    for row, text in enumerate(texts):
        alone = latin.named(column(text), "id").probability
        assert np.allclose(alone[0], together[row])
        assert alone.sum() == pytest.approx(1, abs=1e-4) or alone.sum() == 0


def test_the_table_of_words_is_small_and_says_what_every_speaker_knows() -> None:
    assert near.TABLE.stat().st_size < 300_000
    for language, other, pairs in (
        ("id", "ms", "karena bisa mobil kantor uang bahwa perusahaan"),
        ("ms", "id", "kerana boleh kereta pejabat wang bahawa syarikat"),
        ("jv", "id", "sing lan ora wis ing"),
        ("su", "id", "jeung teu nu mah anu"),
        ("ceb", "tl", "nga ug dili kini alang"),
        ("tl", "ceb", "ng hindi ay at ito"),
    ):
        for word in pairs.split():
            found = latin.named(column(word), "id").weights[0]
            assert found[near.NAMES.index(language)] > found[near.NAMES.index(other)] + near.UNIT / 2, word
