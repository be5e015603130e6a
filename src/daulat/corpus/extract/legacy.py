"""Charsets of fonts from before Unicode that no library of Python knows: VISCII and TCVN3 for Vietnamese, Thai glyphs.

Sources: RFC 1456 (VISCII); TCVN 5712:1993, whose part 3 is the encoding of the ABC fonts; for Thai the glyphs of
Microsoft's fonts at U+F700 to U+F71A and, in their 8-bit form, 0x80 to 0x9F and 0xFC to 0xFE (as libthai draws them, thrend.c).
"""

import re
import unicodedata

_VISCII = (
    "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯ"
    "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡưàáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ"
)
_TCVN3 = (
    "ÀẢÃÁẠẶẬÈẺẼÉẸỆÌỈĨÍỊÒỎÕÓỌỘỜỞỠỚỢÙỦŨ\xa0ĂÂÊÔƠƯĐăâêôơưđẰ\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵ"
    "ắẴẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩíịòỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵỐ"
)
_CONTROLS = {0x02: "Ẳ", 0x05: "Ẵ", 0x06: "Ẫ", 0x14: "Ỷ", 0x19: "Ỹ", 0x1E: "Ỵ"}
TABLES = {
    "viscii": {**_CONTROLS, **dict(enumerate(_VISCII, 0x80))},
    "tcvn3": dict(enumerate(_TCVN3, 0x80)),
}
"""By charset: what each byte beyond ASCII is."""
_TONES = re.compile("[\u0300\u0301\u0303\u0309\u0323]")
_SYLLABLE = re.compile(
    "(?:[bcdđghklmnpqrstvx]|ch|gh|gi|kh|ng|ngh|nh|ph|qu|th|tr)?"
    "(?:iê|yê|uyê|uyu|uya|oai|oao|oay|oeo|iêu|yêu|uây|uôi|ươi|ươu|oa|oă|oe|oo|ua|uâ|uê|uô|uơ|uy|ưa|ươ|ia|ya|ai|ao|au|ay"
    "|âu|ây|eo|êu|iu|oi|ôi|ơi|ui|ưi|ưu|[aăâeêioôơuưy])"
    "(?:c|ch|m|n|ng|nh|p|t)?"
)
"""A Vietnamese syllable without its tone. Source: the rhymes of any primer; wider than what occurs."""
_THAI_GLYPHS = (
    "ฐ\u0e34\u0e35\u0e36\u0e37\u0e48\u0e49\u0e4a\u0e4b\u0e4c\u0e48\u0e49\u0e4a\u0e4b\u0e4c"
    "ญ\u0e31\u0e4d\u0e47\u0e48\u0e49\u0e4a\u0e4b\u0e4c\u0e38\u0e39\u0e3a"
)
"""U+F700 to U+F71A: a letter without its tail, a mark moved left or down."""
PRIVATE = dict(enumerate(_THAI_GLYPHS, 0xF700))
_WINDOWS_GLYPHS = (
    "ฐ\u0e34\u0e35\u0e36\u0e37…\u0e48\u0e49\u0e4a\u0e4b\u0e4c\u0e48\u0e49\u0e4a\u0e4b\u0e4c"
    "ญ‘’“”•–—\u0e31\u0e4d\u0e47\u0e48\u0e49\u0e4a\u0e4b\u0e4c"
)
"""0x80 to 0x9F of the same fonts."""
_THAI_BYTES = {
    **dict(enumerate(_WINDOWS_GLYPHS, 0x80)),
    **{byte: bytes([byte]).decode("cp874", "replace") for byte in range(0xA0, 0xFC)},
    **dict(enumerate("\u0e38\u0e39\u0e3a", 0xFC)),
}
_LATIN = re.compile("[^\\W\\d_]|[\x80-\xff]")
_HIGH = re.compile("[\x80-\xff]")
_HIGH_RUN = re.compile("[\x80-\xff]{2,}|(?<![A-Za-z])[\xf0-\xf9](?![A-Za-z])")
"""A single one may be the accent of a Western name, unless it is a digit."""
_PRIVATE_USE = re.compile("[\ue000-\uf8ff\ufffd\x80-\x84\x86-\x9f]")
_FROM_1252 = {ord(bytes([b]).decode("cp1252")): b for b in range(0x80, 0xA0) if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
_THAI_MARKS = re.compile("[\u0e31\u0e33-\u0e3a\u0e47-\u0e4e]")
_THAI = re.compile("[\u0e01-\u0e4e]")
_MARKED_SHARE = 0.13
"""Marks among Thai characters. Ours, on 800 documents each: Thai has 0.15 to 0.33, Big5 read as Thai 0.14 in 99%."""
_THAI_ORDERED = re.compile("(?<=[\u0e01-\u0e4e])[\u0e31\u0e33-\u0e3a\u0e47-\u0e4e]")
_THAI_VOWELS_ALONE = re.compile("[\u0e40-\u0e44](?![\u0e01-\u0e2e\u0e40])")
_FEWEST_SYLLABLES = 5
_FEWEST_MARKED = 0.05
"""Letters beyond ASCII among all. Ours: Vietnamese has 0.25, French 0.04."""
ORDERED_SHARE = 0.98
"""Thai marks that stand where one can stand. Ours: all of Thai's do, of GB18030 read as Thai 0.94 at
most."""
_LOST_SHARE = 0.005
"""Characters without a meaning among all: above, the text is not to be read. As in the normalise stage."""
_SHARE = 0.4
_FEW, _MOST = 0.6, 0.9
"""Words that are Vietnamese syllables, before and after. Ours: garbled text has 0.19 to 0.56, right text 0.98."""


def decode(data: bytes, codec: str) -> str:
    """The text of bytes in one of `TABLES`, in NFC."""
    return unicodedata.normalize("NFC", data.decode("latin-1").translate(TABLES[codec]))


def is_syllable(word: str) -> bool:
    """Whether a word may be Vietnamese: one syllable, one tone."""
    bare, tones = _TONES.subn("", unicodedata.normalize("NFD", word.lower()))
    return tones <= 1 and _SYLLABLE.fullmatch(unicodedata.normalize("NFC", bare)) is not None


def is_thai_in_order(text: str) -> bool:
    """Whether its Thai marks stand after Thai letters, and its leading vowels before consonants."""
    marks, thai = len(_THAI_MARKS.findall(text)), len(_THAI.findall(text))
    if marks < _MARKED_SHARE * thai:
        return False
    wrong = marks - len(_THAI_ORDERED.findall(text)) + len(_THAI_VOWELS_ALONE.findall(text))
    return text.count("\ufffd") <= (1 - ORDERED_SHARE) * len(text) and wrong <= (1 - ORDERED_SHARE) * max(1, marks)


def syllable_share(text: str) -> float:
    """Of the words that have a letter beyond ASCII, how many are Vietnamese syllables; 0 where there are too few."""
    words = [word for word in re.findall(r"[^\W\d_]+", unicodedata.normalize("NFC", text)) if not word.isascii()]
    marked, letters = len(re.findall(r"[^\W\d_\x00-\x7f]", text)), len(re.findall(r"[^\W\d_]", text))
    if (
        len(words) < _FEWEST_SYLLABLES
        or marked < _FEWEST_MARKED * letters
        or text.count("\ufffd") > (1 - ORDERED_SHARE) * len(text)
    ):
        return 0.0
    return sum(is_syllable(word) for word in words) / len(words)


def restored(text: str) -> str:
    """The text with the letters that its fonts showed, where they had places of their own for them.

    Thai glyph variants in the private use area; Thai and Vietnamese (TCVN3) in the places of Western letters, where
    what comes out is in the right order or in syllables; anything else stays as it is.
    """
    if re.search("[\ue000-\uf8ff]", text):
        text = text.translate(PRIVATE)
    high = len(_HIGH.findall(text))
    if not high:
        return text
    if high >= _SHARE * len(_LATIN.findall(text)):
        thai = _HIGH_RUN.sub(lambda run: run[0].translate(_THAI_BYTES), text.translate(_FROM_1252))
        if is_thai_in_order(thai):
            return thai
    if syllable_share(text) < _FEW:
        vietnamese = unicodedata.normalize("NFC", text.translate(_FROM_1252).translate(TABLES["tcvn3"]))
        if syllable_share(vietnamese) >= _MOST:
            return vietnamese
    return text


def is_lost(text: str) -> bool:
    """Whether too many of its characters are places in a font that nobody knows."""
    return len(_PRIVATE_USE.findall(text)) > _LOST_SHARE * len(text)
