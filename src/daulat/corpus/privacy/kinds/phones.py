"""Telephone numbers that exist: international form anywhere, national form in the text's own country.

`phonenumbers` decides; it is asked only where a number begins and ends as people write them.
"""

import re
from collections.abc import Iterator
from functools import cache

from daulat.corpus.privacy.kinds.shape import is_fraction, nearest, touches_letters, words

REGIONS = {
    "th": "TH",
    "id": "ID",
    "jv": "ID",
    "su": "ID",
    "vi": "VN",
    "ms": "MY",
    "tl": "PH",
    "fil": "PH",
    "ceb": "PH",
    "km": "KH",
    "lo": "LA",
    "my": "MM",
    "ta": "SG",
}
"""Where a telephone number in national form is dialled, by the text's language, unless its country says it."""
_WORDS = words(
    r"\btel|phone|โทร|มือถือ|สายด่วน|điện thoại|\bsđt|\bđt\b|di động|hotline|zalo|whatsapp|\bwa\b|\bhp\b|telp|telepon|telefon"
    r"|ponsel|hubungi|talian|mobile|call|contact|kontak|\bfax|faks|tumawag|电话|手机|電話|致电|ဖုန်း|ទូរស័ព្ទ|ໂທ|தொலைபேசி"
)
_GROUP = re.compile("[0-9]+")
_GAP = re.compile(r"[ .-]|\) ?-?| ?\(| - |\. |- | -")
"""What may stand between two groups of one telephone number."""
_DATE = re.compile(
    r"(?:(?:0?[1-9]|[12][0-9]|3[01])([-. ])(?:0?[1-9]|1[0-2])\1[0-9]{4}"
    r"|(?:19|2[0-9])[0-9]{2}([-. ])[0-9]{1,2}\2[0-9]{1,2})(?![0-9])"
)
_DECIMAL = re.compile(
    r"\(?[0-9]{1,2}\.[0-9]{4,}(?![ .-][0-9])|(?!0[0-9])[0-9]{1,3}(?:\.[0-9]{3})+(?![0-9])(?<!^0[0-9]{2})"
)
_EXTENSION = re.compile(r"[ ]?-[ ]?[0-9]{1,4}")
_UNREAL = re.compile(r"\+?(?:0*1234567890*|0123456789|([0-9])\1{6,})")
_FOURS = re.compile("[0-9]{4}([ -])[0-9]{4}\\1[0-9]{4}(?![0-9])")
"""A number in groups of four, as on cards, is no telephone number from its second group on."""
_SIXTEEN = re.compile("[0-9]{4}([ -])[0-9]{4}\\1[0-9]{4}\\1[0-9]{4}(?![0-9])")
_POSTCODE, _STATE = re.compile("0[0-9]{4}-[0-9]{4}"), re.compile("[A-Z]{2},? ?$")
"""`MA 02110-1301` stands under every old copy of the GPL."""
_MOST = 15


def phones(text: str, begin: int, end: int, before: str, region: str) -> Iterator[tuple[int, int, str, float, bool]]:
    """Telephone numbers in `text[begin:end]`, a run of digits with what stands directly beside it.

    Yields first and last character, E.164 form, weight as `Identifier.weight`, and whether it is a mobile one.
    """
    groups = [(one.start(), one.end()) for one in _GROUP.finditer(text, begin, end)]
    index = 0
    while index < len(groups):
        found: list[tuple[int, int, str, float, bool]] = []
        index += _longest(text, groups[index:], before, region, found) or 1
        yield from found


def _longest(
    text: str, groups: list[tuple[int, int]], before: str, region: str, found: list[tuple[int, int, str, float, bool]]
) -> int:
    """Add the longest number that begins with the first group, and return how many groups it has."""
    start = groups[0][0]
    while start and text[start - 1] in "+(":
        start -= 1
    international = text[start] == "+"
    if not _may_begin(text, start, groups[0], region) or (not international and _DATE.match(text, groups[0][0])):
        return 0
    for count in range(_reach(text, groups), 0, -1):
        end = groups[count - 1][1]
        if text[start] == "(" and ")" not in text[start:end]:
            start += 1
        one = _valid(text[start:end], region)
        if one is None:
            continue
        if more := _EXTENSION.match(text, end):
            end = end + len(more[0]) if not text[end + len(more[0]) : end + len(more[0]) + 1].isdigit() else end
        weight = _weight(text, start, end, before, one[2])
        if weight:
            found.append((start, end, one[0], weight, one[1]))
            return sum(first < end for first, _ in groups)
        return 0
    return 0


def _reach(text: str, groups: list[tuple[int, int]]) -> int:
    """How many groups may belong to the number that begins with the first one."""
    size, count = 0, 0
    for number, (start, end) in enumerate(groups):
        size += end - start
        if size > _MOST or (number and not _GAP.fullmatch(text, groups[number - 1][1], start)):
            break
        count += 1
    return count


def _may_begin(text: str, start: int, group: tuple[int, int], region: str) -> bool:
    """Whether a number may begin here: with a plus, a trunk zero, the country's code, or as Singapore's do."""
    if (start and text[start - 1] in "./=_-#&%\\<") or (
        start > 1 and text[start - 1] == ":" and text[start - 2].isdigit()
    ):
        return False
    if text[start] == "+":
        return True
    if (start >= 5 and _FOURS.match(text, start - 5)) or _SIXTEEN.match(text, start):
        return False
    return bool(region) and text.startswith(_beginnings(region), group[0], group[1])


@cache
def _beginnings(region: str) -> tuple[str, ...]:
    import phonenumbers

    code = phonenumbers.country_code_for_region(region)
    return ("0", *((str(code),) if code else ()), *(("6", "8", "9") if region == "SG" else ()))


@cache
def _code(region: str) -> str:
    import phonenumbers

    return str(phonenumbers.country_code_for_region(region))


def _valid(written: str, region: str) -> tuple[str, bool, bool] | None:
    """E.164, whether it is mobile, and whether a word must speak for it; None if there is no such number."""
    import phonenumbers

    digits = sum(map(str.isdigit, written))
    if not 7 <= digits <= _MOST or _DECIMAL.match(written) or _UNREAL.fullmatch(re.sub("[^0-9+]", "", written)):
        return None
    if region and written.startswith(f"00{_code(region)}"):
        written = f"+{written[2:]}"
    try:
        number = phonenumbers.parse(written, region or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    kind = phonenumbers.number_type(number)
    mobile = kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    national = written.lstrip("(").startswith("0")
    unsure = not written.startswith("+") and not national
    if (unsure and "." in written) or written.count("(") < written.count(")"):
        return None
    if unsure and written.startswith(_code(region)) and len(str(number.national_number)) + len(_code(region)) == digits:
        unsure = not mobile
    elif unsure:
        unsure = written.isdigit()
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), mobile, unsure


def _weight(text: str, start: int, end: int, before: str, unsure: bool) -> float:
    """0 where it is part of a word or a name, or where a word should speak for it and does not."""
    context = (before + text[:start])[-len(before) or -1 :] if before else text[:start]
    word = nearest(_WORDS, context)
    whole = re.compile(re.escape(text[start:end])).match(text, start)
    if whole is None or is_fraction(text, start, end) or (touches_letters(whole) and word < len(context)):
        return 0.0
    if _POSTCODE.fullmatch(whole[0]) and _STATE.search(context):
        return 0.0
    if word >= 0:
        return 50.0 + word - len(context)
    return 0.0 if unsure else 0.5
