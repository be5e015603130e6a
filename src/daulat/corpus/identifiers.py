"""Personal identifiers of the region's countries: how each is written, what makes it valid, and what must stand
before it.

Digits are folded to ASCII before a pattern is tried, so Thai, Burmese and Khmer digits are found too; a border is
"no digit beside it", never `\\b`, which finds nothing inside unspaced text.
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

_CONTEXT_CHARACTERS = 40
"""How far before a number its context word may stand. Source: as Presidio's default of five words."""


_ALONE = r"(?<![0-9])(?<![0-9][.,-])"
"""No digit before, and not the fraction of a decimal number."""


@dataclass(frozen=True)
class Identifier:
    """One kind of identifier. `country` is where a bare number without a context word is believed."""

    kind: str
    pattern: re.Pattern[str]
    valid: Callable[[str], bool]
    country: str | None = None
    """None: its form alone says enough."""
    context: re.Pattern[str] | None = None

    def believed(self, text: str, countries: frozenset[str]) -> bool:
        """Whether anything in the text could speak for it: its form, its country, or a context word anywhere."""
        return self.context is None or self.country in countries or self.context.search(text) is not None

    def found_at(self, match: re.Match[str], countries: frozenset[str]) -> bool:
        """Whether this is one: its checksum or parts hold, and its country or its context speaks for it."""
        if not self.valid(compact(match[0])):
            return False
        if self.context is None or (self.country and self.country in countries):
            return True
        before = match.string[max(0, match.start() - _CONTEXT_CHARACTERS) : match.start()]
        return self.context.search(before) is not None


def compact(written: str) -> str:
    """The identifier without separators, in capitals: what a commitment is made of."""
    return re.sub(r"[\s.\-/]", "", written).upper()


def _digits(*groups: int, separator: str = "[ -]?", first: str = "[0-9]") -> re.Pattern[str]:
    """Groups of so many digits, with a separator between them, and no digit on either side."""
    parts = [f"[0-9]{{{count}}}" for count in groups]
    parts[0] = first + (f"[0-9]{{{groups[0] - 1}}}" if groups[0] > 1 else "")
    return re.compile(rf"{_ALONE}{separator.join(parts)}(?![.-]?[0-9])")


def _context(words: str) -> re.Pattern[str]:
    return re.compile(words, re.IGNORECASE)


def luhn(number: str) -> bool:
    """Source: ISO/IEC 7812-1, annex B."""
    doubled = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


_ISSUERS = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"
    r"|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|35(?:2[89]|[3-8][0-9])[0-9]{12}|6(?:011|5[0-9]{2}|4[4-9][0-9])[0-9]{12}"
    r"|62[0-9]{14,17}"
)


def card(number: str) -> bool:
    """A payment card: an issuer's digits and length, and Luhn. Source: ISO/IEC 7812; ranges as the networks publish."""
    return _ISSUERS.fullmatch(number) is not None and luhn(number)


def thai_pin(number: str) -> bool:
    """13 digits, the last a check of the others. Source: Department of Provincial Administration, as in
    python-stdnum."""
    total = sum(int(digit) * (13 - place) for place, digit in enumerate(number[:12]))
    return number[0] in "12345678" and (11 - total % 11) % 10 == int(number[12])


def nric(number: str) -> bool:
    """Singapore NRIC and FIN. The check of series M is not verified, so M is believed by its form."""
    series, digits, check = number[0], number[1:8], number[8]
    total = sum(int(digit) * weight for digit, weight in zip(digits, (2, 7, 6, 5, 4, 3, 2), strict=True))
    if series == "M":
        return check in "KLJNPQRTUWX"
    letters = "JZIHGFEDCBA" if series in "ST" else "XWUTRQPNMLK"
    return letters[(total + (4 if series in "TG" else 0)) % 11] == check


_MYKAD_PLACES = frozenset(
    [
        *range(1, 17),
        *range(21, 60),
        60,
        61,
        62,
        63,
        64,
        65,
        66,
        67,
        68,
        71,
        72,
        74,
        *range(75, 80),
        *range(82, 94),
        98,
        99,
    ]
)


def mykad(number: str) -> bool:
    """Malaysian MyKad: a birth date that exists and a place code in use. Source: National Registration Department's
    codes."""
    return _is_date(number[:2], number[2:4], number[4:6]) and int(number[6:8]) in _MYKAD_PLACES


_NIK_PROVINCES = frozenset(
    [*range(11, 22), *range(31, 37), *range(51, 54), *range(61, 66), *range(71, 77), 81, 82, *range(91, 98)]
)


def nik(number: str) -> bool:
    """Indonesian NIK: a province that exists and a birth date, with 40 added to a woman's day."""
    day = int(number[6:8])
    born = f"{day - 40 if day > 40 else day:02d}"
    return int(number[:2]) in _NIK_PROVINCES and number[2:4] != "00" and _is_date(number[10:12], number[8:10], born)


_VN_PROVINCES = frozenset(
    map(
        int,
        re.findall(
            r"\d+",
            "1 2 4 6 8 10 11 12 14 15 17 19 20 22 24 25 26 27 30 31 33 34 35 36 37 38 40 42 44 45 46 48 49 51 52 54"
            " 56 58 60 62 64 66 67 68 70 72 74 75 77 79 80 82 83 84 86 87 89 91 92 93 94 95 96",
        ),
    )
)


def cccd(number: str) -> bool:
    """Vietnamese CCCD: a province, codes from before the mergers of 2025 included. Source: Circular 59/2021/TT-BCA,
    annex."""
    return int(number[:3]) in _VN_PROVINCES


def mst(number: str) -> bool:
    """Vietnamese tax code: ten digits, the last a check of the others. Source: Circular 105/2020/TT-BTC, as in
    python-stdnum."""
    weights = (31, 29, 23, 19, 17, 13, 7, 5, 3)
    total = sum(int(digit) * weight for digit, weight in zip(number[:9], weights, strict=True))
    return 10 - total % 11 == int(number[9])


def tin(number: str) -> bool:
    """Philippine TIN: nine digits and a branch. Source: the shape is well known; the bureau publishes no check."""
    return number[:9] != "000000000"


def _is_date(year: str, month: str, day: str) -> bool:
    for century in ("19", "20"):
        try:
            date(int(century + year), int(month), int(day))
        except ValueError:
            continue
        return True
    return False


_IP_CONTEXT = _context(r"\bip\b|ipv4|\bping\b")


def found_ip(match: re.Match[str]) -> bool:
    """An address that can name somebody's machine; private, documentation, multicast and loopback ones name nobody.

    `6.2.4.1` is a section or a version unless a word before it says otherwise: addresses have an octet of three digits.
    """
    written = match[0]
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return False
    if not address.is_global or address.is_multicast:
        return False
    if ":" in written or max(map(len, written.split("."))) > 2:
        return True
    before = match.string[max(0, match.start() - _CONTEXT_CHARACTERS) : match.start()]
    return _IP_CONTEXT.search(before.rpartition("\n")[2]) is not None


def _always(number: str) -> bool:
    return True


EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.)+[A-Za-z]{2,24}(?![A-Za-z0-9])"
)
IP = re.compile(
    r"(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\.?[0-9])"
    r"|(?<![0-9A-Fa-f:])(?:[0-9A-Fa-f]{1,4}:){2,7}(?::|[0-9A-Fa-f]{1,4})(?::[0-9A-Fa-f]{1,4}){0,6}(?![0-9A-Fa-f:])"
)
_PASSPORT = _context(r"passport|paspor|pasport|pasaporte|หนังสือเดินทาง|พาสปอร์ต|hộ chiếu")
_PH_ID = _context(r"philsys|philid|national id|pambansang|\bpcn\b|\bpsn\b")

IDENTIFIERS = (
    Identifier("th_pin", _digits(1, 4, 5, 2, 1, first="[1-8]"), thai_pin),
    Identifier("th_pin", re.compile(rf"{_ALONE}[1-8](?:[ -]?[0-9]){{12}}(?![.-]?[0-9])"), thai_pin),
    Identifier("id_nik", _digits(6, 6, 4, separator="[ .-]?"), nik, "id", _context(r"\bnik\b|ktp|kependudukan")),
    Identifier("card", re.compile(rf"{_ALONE}[2-6](?:[ -]?[0-9]){{12,18}}(?![.-]?[0-9])"), card),
    Identifier("id_nik", _digits(6, 6, 4, separator="[ .-]?"), nik),
    Identifier("sg_nric", re.compile(r"(?<![A-Za-z0-9])[STFGMstfgm][0-9]{7}[A-Za-z](?![A-Za-z0-9])"), nric),
    Identifier("my_mykad", _digits(6, 2, 4, separator="-"), mykad),
    Identifier(
        "my_mykad", _digits(6, 2, 4, separator=" ?"), mykad, "my", _context(r"mykad|\bic\b|kad pengenalan|nric")
    ),
    Identifier(
        "id_npwp", re.compile(r"(?<![0-9])[0-9]{2}\.[0-9]{3}\.[0-9]{3}\.[0-9]-[0-9]{3}\.[0-9]{3}(?![0-9])"), _always
    ),
    Identifier("id_npwp", _digits(15), lambda number: luhn(number[:9]), None, _context(r"npwp")),
    Identifier("vn_cccd", _digits(3, 3, 3, 3), cccd, "vn", _context(r"cccd|căn cước|cmnd|chứng minh")),
    Identifier("vn_mst", _digits(10), mst, None, _context(r"mst|mã số thuế")),
    Identifier("ph_pcn", _digits(4, 4, 4, 4, separator="-"), _always, "ph", _PH_ID),
    Identifier("ph_umid", _digits(4, 7, 1, separator="-"), _always, "ph", _context(r"umid|\bcrn\b")),
    Identifier("ph_sss", _digits(2, 7, 1, separator="-"), _always, "ph", _context(r"\bsss\b")),
    Identifier("ph_philhealth", _digits(2, 9, 1, separator="-"), _always, "ph", _context(r"philhealth")),
    Identifier(
        "ph_tin",
        re.compile(r"(?<![0-9])[0-9]{3}-[0-9]{3}-[0-9]{3}(?:-[0-9]{3,5})?(?!-?[0-9])"),
        tin,
        "ph",
        _context(r"\btin\b"),
    ),
    Identifier("ph_gsis", _digits(11), _always, None, _context(r"gsis")),
    Identifier("passport", re.compile(r"(?<![A-Za-z0-9])[EK][0-9]{7}[A-Z](?![A-Za-z0-9])"), _always, "sg", _PASSPORT),
    Identifier(
        "passport",
        re.compile(r"(?<![A-Za-z0-9])(?:[A-Z]{1,2}[0-9]{6,8}|[A-Z][0-9]{7}[A-Z])(?![A-Za-z0-9])"),
        _always,
        None,
        _PASSPORT,
    ),
)
"""In the order in which they claim a number. Source: python-stdnum 2.2 where it has them; the others are fairly sure
forms."""
