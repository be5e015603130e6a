"""Names of persons, by rule: a title or a patronymic, and behind it what is written like a name; and where that stands again.

Precision first: a name without a title stays, unless `tagged.py` knows it, and so does a title that a common noun follows.
"""

import re
from collections.abc import Iterable, Iterator

from daulat.corpus.privacy.family_names import BURMESE, BURMESE_LATIN, CHINESE, VIETNAMESE
from daulat.corpus.privacy.find import Found

_MALAY_TITLES = (
    "Bapak|Pak|Ibu|Bu|Saudara|Saudari|Mdm|YB|Bpk|Sdri|Sdr|Tn|Ny|Hj|H|KH|Drs|Dr|Prof|Ir|Encik|Puan|Tuan|Cik|En|Pn|Datuk|Dato['’]?|Datin"
    "|Tan Sri|Haji|Hajah|Mrs|Mr|Ms|Miss|Atty|Engr|Hon|Kgg|Gng|G|Bb|Ginoong|Ginang|Binibining|Don|Doña"
)
_VIETNAMESE_TITLES = "[Ôô]ng|[Bb]à|[Aa]nh|[Cc]hị|[Cc]ô|[Cc]ụ|[Đđ]ồng chí|ThS\\.?|PGS\\.?|TS\\.?|GS\\.?|BS\\.?|LS\\.?"
_RANK = "(?:เอก|โท|ตรี)(?:หญิง)?"
_THAI_TITLES = (
    "นางสาว|นาง|นายแพทย์|นาย|น\\.ส\\.|ด\\.[ชญ]\\.|เด็กชาย|เด็กหญิง|ดร\\.|พล\\.|[พร]\\.[ตอ]\\.|จ\\.ส\\.[อทต]\\.|ส\\.ต\\.[อทต]\\."
    "|ด\\.ต\\.|[นท]พ\\.|[พท]ญ\\.|ม\\.ร\\.ว\\.|ม\\.ล\\."
    f"|พล(?:ตำรวจ|เรือ|อากาศ)?{_RANK}|(?:ว่าที่ ?)?(?:พัน|ร้อย)(?:ตำรวจ)?{_RANK}|(?:นาวา|เรือ)(?:อากาศ)?{_RANK}"
    "|(?:ทันต|สัตว)?แพทย์หญิง|(?:รอง|ผู้ช่วย)ศาสตราจารย์|[รผ]ศ\\.|คุณหญิง|ท่านผู้หญิง|หม่อม(?:หลวง|ราชวงศ์)"
)
_CHINESE_TITLES = "先生|女士|小姐|教授|博士|主任|部长|总理|总统|同志|老师"
_PATRONYMIC = "bin|binti|bte|a/l|a/p|s/o|d/o"
TITLES = "|".join(
    (
        f"(?i:\\b(?:{_MALAY_TITLES})\\.? ?)[A-Z]",
        f"(?i:(?:{_VIETNAMESE_TITLES}) (?:{VIETNAMESE}) )",
        f" (?i:{_PATRONYMIC}) [A-Z]",
        f"\\b(?:U|Daw|Ko|Ma) (?:{BURMESE_LATIN}) ",
        f"{_THAI_TITLES}|ဦး|ဒေါ်|[{CHINESE}][\u4e00-\u9fff]{{1,2}}(?:{_CHINESE_TITLES})|姓名",
    )
)
"""What RE2 looks for in a whole column."""

_CAP = "(?:[A-Z]['’])?[A-ZÀ-ÖØ-ÞĀ-ŽẠ-Ỹ](?:[a-zà-öø-ÿā-žạ-ỹ'’]+(?:-?[A-Z][a-zà-öø-ÿ]+)*)"
_CAPITALS = "[A-Z][A-Z'’-]+"
_PARTICLE = "de la|de los|dela|del|de|bin|binti|bte|a/l|a/p|s/o|d/o"
_THAI = "[\u0e01-\u0e2e\u0e30-\u0e3a\u0e40-\u0e4e\u200b]"
_VERBS = (
    "กล่าว|เปิดเผย|ระบุ|พร้อม(?:ด้วย|กับ|ทั้ง|คณะ|นำ|เจ้า|ผู้|[^ก-๎]|$)|และ|ได้|เป็น|รอง|ผู้|รัฐมน|ประธาน|นายก|ที่|ในฐานะ|ว่า|เมื่อ|ซึ่ง|โดย|ให้|เดิน|ร่วม|เข้า|อธิบดี|ปลัด|เลขา|ยัง|มี(?:นัก|ความ|กำหนด|การ|ข้อ|มติ|คำ|นโยบาย|แผน|ส่วน|บทบาท|[^ก-๎]|$)"
    "|โฆษก|หัวหน้า|ลง|ตอบ|ชี้แจง|ประชุม|มอบ|แถลง|หารือ|รับ|ทรง|สั่ง|ย้ำ|เผย|บอก|เน้น|ตลอด|กับ|เห็น|ขอ|อธิบาย|สรุป|จึง(?!รุ่ง)"
)
_NOUNS = (
    "ก(?:รัฐ|เทศ|สภา|สมาคม|องค์|เมือง|อบ|ฯ|เหล่า|ต |ร |แม่|สโมสร)|จ้าง|ทุน|แพทย์|อำเภอ|ทะเบียน|หน้า|ประกัน|ตรวจ|ช่าง|เรือ|สิบ|ร้อย|พล|ทหาร"
    "|ตำรวจ|ธนาคาร|แบบ|งาม|ฟ้า|พยาบาล|เอก|รอง|กอง|ด่าน|สถานี|ท้าย|หมวด|ดาบ|จ่า|ใหญ่|สัตวแพทย์|สาธารณสุข|ชำนาญ|เชี่ยวชาญ|ประจำ"
    "|ปฏิบัติ|ผู้|ทั่วไป|เฉพาะ|และ|หรือ|ของ|ที่|ด้าน|ระดับ|คณะ"
)
"""What makes another word of a title: `นายกรัฐมนตรี` is a prime minister, `นายจ้าง` an employer."""
_OTHER_RANKS = "ตำรวจ|เรือ|อากาศ|เอก|โท|ตรี|ทหาร|อำเภอ|เวร|เรือน|ชน|ประกัน|งาน"
_THAI_CONNECTORS = [
    "และ",
    "โดย",
    "ด้าน",
    "ตาม",
    "ของ",
    "กับ",
    "ให้",
    "คือ",
    "มี",
    "แก่",
    "แทน",
    "ว่า",
    "ที่",
    "จาก",
    "ซึ่ง",
    "ถึง",
    "ต่อ",
    "เป็น",
]
_THAI_BORDER = "|".join(("(?<![\u0e01-\u0e4e])", *(f"(?<={word})" for word in _THAI_CONNECTORS)))
_OFFICES = (
    "Kota|Negara|Pertiwi|Bangsa|Menteri|Presiden|Gubernur|Bupati|Wali|Guru|Rumah|Rektor|Kepala|Ketua|Camat|Lurah|Hakim|Jaksa"
    "|Dosen|Hamil|Tangga|Pejabat|Perdana|Yang|Speaker|President|Chairman|Minister|Secretary|Tuhan|Allah|Kedua|Pengarah"
)

THAI_TITLE = re.compile(
    f"(?=[คจดทนผพมรวสหเแ])(?:{_THAI_BORDER})(?:{_THAI_TITLES})"
    "(?:[ตทอสจ]\\.|(?: ?ดร\\.)? ?[นพ][พญ]\\.| ?ดร\\.|น\\.)*[ \u200b]?(?=[\u0e01-\u0e46])"
)
"""Its first letter is looked at before what stands before it: four times as fast."""
_ANY_THAI_TITLE = re.compile(f"(?:{_THAI_TITLES})(?: ?(?:{_THAI_TITLES}))* ?")
_LONGEST_TITLE = 24
_AGAIN_CHARACTERS = 100_000_000
"""So much text is looked through for names that stand again: 1,000 names of a document of 100,000 characters."""
_SURNAME = (
    f" \u200b?(?:ณ (?!{_VERBS}){_THAI}{{2,25}}|(?!{_VERBS}){_THAI}{{2,25}}?(?={_VERBS}|[^\u0e01-\u0e4e\u200b]|$))"
)
THAI_NAME = re.compile(
    f"(?!{_NOUNS}){_THAI}{{2,20}}(?:{_SURNAME}|(?= (?:{_VERBS})))"
    f"|(?:เอก|พล|งาม|ฟ้า|จ่า|ร้อย|ทุน)(?!{_OTHER_RANKS}){_THAI}{{1,15}}{_SURNAME}"
)
"""A first and a family name, or one of them before a verb; those that begin like another word of a title in full only."""
_RULES = (
    (THAI_TITLE, THAI_NAME),
    (
        re.compile("ဦး|ဒေါ်"),
        re.compile(f"(?:{BURMESE}){{2,4}}"),
    ),
    (re.compile("姓名[:：] ?"), re.compile(f"[{CHINESE}][\u4e00-\u9fff]{{1,2}}")),
    (
        re.compile(f"(?=[A-Z])(?<!\\w)(?:(?:{_MALAY_TITLES})(?:\\. ?| ))+(?:(?:Seri|Sri) )?(?=[A-Z])"),
        re.compile(
            f"(?!(?:{_OFFICES}|{_MALAY_TITLES})\\b)"
            f"(?:{_CAP}|(?:[A-Z]\\.)+)(?: (?:(?:{_PARTICLE}) )?(?:{_CAP}|(?:[A-Z]\\.)+)){{0,4}}(?<!\\.)"
        ),
    ),
    (
        re.compile(f"(?<!\\w)(?:{_VIETNAMESE_TITLES}) (?=[A-ZĐ])"),
        re.compile(f"(?:{VIETNAMESE})(?: [A-ZÀ-ÝĂĐĨŨƠƯẠ-Ỹ][a-zà-ýăđĩũơưạ-ỹ]*){{1,3}}"),
    ),
    (
        re.compile(f"(?=[A-Z])(?<!\\w)(?:(?:{_MALAY_TITLES.upper()})(?:\\. ?| ))+(?=[A-Z]{{2}})"),
        re.compile(f"(?!(?:{_OFFICES.upper()}|{_MALAY_TITLES.upper()})\\b){_CAPITALS}(?: {_CAPITALS}){{0,4}}(?!\\w)"),
    ),
    (
        re.compile(f"(?=[ÔôBbAaCcTtPpGgLlĐđ])(?<!\\w)(?i:{_VIETNAMESE_TITLES}) (?=[A-ZĐ]{{2}})"),
        re.compile(f"(?:{VIETNAMESE.upper()})(?: [A-ZÀ-ÝĂĐĨŨƠƯẠ-Ỹ]+){{1,3}}(?!\\w)"),
    ),
    (
        re.compile("(?<!\\w)(?:U|Daw|Ko|Ma) (?=[A-Z])"),
        re.compile(f"(?:{BURMESE_LATIN})(?: (?:{BURMESE_LATIN})){{1,3}}(?!\\w)"),
    ),
)
"""A title, and what a name looks like directly behind it."""
_CHILD = re.compile(f" (?i:{_PATRONYMIC}) (?={_CAP}|{_CAPITALS})")
_ANY = f"(?:{_CAP}|{_CAPITALS})"
_PARENT, _OWN = re.compile(f"{_ANY}(?: {_ANY}){{0,3}}"), re.compile(f"(?:{_ANY} ){{0,3}}{_ANY}$")
_LATIN, _FULL = re.compile("[A-Za-zÀ-ỹ]"), re.compile("\\S\\s+\\S|[\u4e00-\u9fff]{3}|[\u1000-\u109f]{8}")
_HAN = re.compile(f"([{CHINESE}][\u4e00-\u9fff]{{1,2}})(?:{_CHINESE_TITLES})")


def names(text: str, more: Iterable[tuple[int, int]] = ()) -> list[Found]:
    """Names of persons behind their titles, where `more` of them stand, and wherever a full one stands again, in order.

    The titles stay. Places are characters.
    """
    sure = _apart([*_places(text), *_untitled(text, more)])
    again = _again(text, {text[start:end] for start, end in sure})
    return [
        Found(start, end, "name", " ".join(text[start:end].casefold().split()))
        for start, end in _apart([*sure, *again])
    ]


def _untitled(text: str, places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The places without a title that one of them begins with, or in: `นา|ยสมชาย` is cut so where a word is looked up."""
    for start, end in places:
        for title in _ANY_THAI_TITLE.finditer(text, max(0, start - _LONGEST_TITLE), end):
            if title.start() > start:
                break
            start = max(start, min(title.end(), end))
        if start < end:
            yield start, end


def _apart(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those that overlap as one."""
    kept: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if kept and start < kept[-1][1]:
            kept[-1] = kept[-1][0], max(end, kept[-1][1])
        else:
            kept.append((start, end))
    return kept


def _again(text: str, found: set[str]) -> Iterator[tuple[int, int]]:
    """Where names stand in the text that are of two words or more, of three Chinese characters or of eight Burmese ones."""
    room = _AGAIN_CHARACTERS // max(1, len(text))
    for name in sorted(filter(_FULL.search, found), key=lambda one: (-len(one), one))[:room]:
        start = text.find(name)
        while start >= 0:
            end = start + len(name)
            if not (_LATIN.match(text, end) or (start and _LATIN.match(text, start - 1))):
                yield start, end
            start = text.find(name, end)


def _places(text: str) -> Iterator[tuple[int, int]]:
    for title, name in _RULES:
        for match in title.finditer(text):
            if found := name.match(text, match.end()):
                yield found.span()
    for match in _CHILD.finditer(text):
        own, parent = _OWN.search(text, max(0, match.start() - 60), match.start()), _PARENT.match(text, match.end())
        if own and parent:
            yield own.start(), parent.end()
    for match in _HAN.finditer(text):
        yield match.span(1)
