"""A labelled set of sentences with personal identifiers, and of numbers that name nobody, all generated here.

Every number is made up from its rule: python-stdnum's check digits where it has them, the rule's own arithmetic
elsewhere, never the code that is measured. Nothing is copied from any text or person.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import phonenumbers
from stdnum import ean, luhn
from stdnum.id import nik as stdnum_nik
from stdnum.sg import uen as stdnum_uen
from stdnum.th import pin as stdnum_pin
from stdnum.vn import mst as stdnum_mst

Maker = Callable[[random.Random], str]


@dataclass(frozen=True)
class Sample:
    """A text, its country, and the identifiers in it: first character, character after the last, kind."""

    text: str
    country: str
    spans: tuple[tuple[int, int, str], ...]


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choices("0123456789", k=count))


def group(number: str, separator: str, *sizes: int) -> str:
    parts, at = [], 0
    for size in sizes:
        parts.append(number[at : at + size])
        at += size
    return separator.join(parts)


def born(rng: random.Random) -> date:
    return date(1945, 1, 1) + timedelta(days=rng.randrange(25_000))


def thai_pin(rng: random.Random) -> str:
    first = rng.choice("123458") + str(rng.choice((10, 11, 12, 20, 30, 40, 50, 57, 65, 80, 90))) + digits(rng, 9)
    return first + stdnum_pin.calc_check_digit(first)


def thai_written(rng: random.Random) -> str:
    number = thai_pin(rng)
    return rng.choice(
        (
            number,
            group(number, "-", 1, 4, 5, 2, 1),
            group(number, " ", 1, 4, 5, 2, 1),
            number.translate({ord(str(n)): chr(0x0E50 + n) for n in range(10)}),
        )
    )


def thai_company(rng: random.Random) -> str:
    first = "010" + digits(rng, 9)
    return first + stdnum_pin.calc_check_digit(first)


def nric(rng: random.Random) -> str:
    series, number = rng.choice("STFG"), digits(rng, 7)
    total = sum(int(d) * w for d, w in zip(number, (2, 7, 6, 5, 4, 3, 2), strict=True)) + (4 if series in "TG" else 0)
    return series + number + ("JZIHGFEDCBA" if series in "ST" else "XWUTRQPNMLK")[total % 11]


def uen(rng: random.Random) -> str:
    number = rng.choice((digits(rng, 8), f"{rng.randint(1980, 2024)}{digits(rng, 5)}"))
    check = stdnum_uen.calc_business_check_digit if len(number) == 8 else stdnum_uen.calc_local_company_check_digit
    return number + str(check(number))


def mykad(rng: random.Random) -> str:
    number = f"{born(rng):%y%m%d}{rng.randint(1, 16):02}{digits(rng, 4)}"
    return rng.choice((number, group(number, "-", 6, 2, 4), group(number, "-", 6, 2, 4), group(number, " ", 6, 2, 4)))


def nik(rng: random.Random) -> str:
    while True:
        day = born(rng)
        town = rng.choice((1101, 1271, 3171, 3175, 3201, 3273, 3301, 3374, 3501, 3578, 5171, 6471, 7371))
        place = f"{town}{rng.randint(1, 9):02}"
        number = f"{place}{day.day + rng.choice((0, 40)):02}{day:%m%y}{rng.randint(1, 9999):04}"
        if stdnum_nik.is_valid(number):
            return rng.choice((number, number, group(number, ".", 6, 6, 4), group(number, " ", 4, 4, 4, 4)))


def npwp(rng: random.Random) -> str:
    first = digits(rng, 8)
    number = first + luhn.calc_check_digit(first) + digits(rng, 6)
    dotted = f"{number[:2]}.{number[2:5]}.{number[5:8]}.{number[8]}-{number[9:12]}.{number[12:]}"
    return rng.choice((dotted, dotted, number, "0" + number))


def cccd(rng: random.Random) -> str:
    number = rng.choice(("001", "079", "048", "092", "034")) + rng.choice("0123") + digits(rng, 8)
    return rng.choice((number, number, group(number, " ", 3, 3, 3, 3)))


def mst(rng: random.Random) -> str:
    while True:
        number = digits(rng, 10)
        if stdnum_mst.is_valid(number):
            return rng.choice((number, f"{number}-{rng.randint(1, 99):03}"))


def tin(rng: random.Random) -> str:
    while True:
        first = str(rng.randint(1, 9)) + digits(rng, 7)
        check = sum(int(d) * w for d, w in zip(first, range(9, 1, -1), strict=True)) % 11
        if check < 10:
            number = first + str(check)
            return group(number, "-", 3, 3, 3) + rng.choice(("", "-000", "-00000"))


def card(rng: random.Random) -> str:
    first = rng.choice(("4", "51", "53", "2221", "3528", "6221")) + digits(rng, 15)
    number = first[:15] + luhn.calc_check_digit(first[:15])
    return rng.choice((number, group(number, " ", 4, 4, 4, 4), group(number, "-", 4, 4, 4, 4)))


def phone(rng: random.Random, country: str) -> str:
    heads = {
        "th": ("08", "09", "06", "02"),
        "id": ("0812", "0857", "0878", "021"),
        "vn": ("091", "098", "035", "077"),
        "my": ("012", "019", "03", "016"),
        "ph": ("0917", "0928", "0999"),
        "sg": ("9", "8", "6"),
    }
    while True:
        written = rng.choice(heads[country]) + digits(rng, 9)
        for size in (9, 10, 11, 12, 8) if country != "sg" else (8,):
            number = phonenumbers.parse(written[:size], country.upper())
            if phonenumbers.is_valid_number(number):
                kind = rng.choice(("NATIONAL", "NATIONAL", "INTERNATIONAL", "E164"))
                shown = phonenumbers.format_number(number, getattr(phonenumbers.PhoneNumberFormat, kind))
                return rng.choice(
                    (shown, shown.replace(" ", "-"), shown.replace(" ", "") if country != "sg" else shown)
                )


def email(rng: random.Random) -> str:
    name = rng.choice(("siti", "somchai", "budi.s", "linh_tran", "r.cruz", "wei-ming", "aung", "nguyễn.văn", "k"))
    return f"{name}{rng.randint(1, 999)}@{rng.choice(('desa.id', 'kantor.co.th', 'mail.com.vn', 'sekolah.edu.my', 'post.sg'))}"


def hidden_email(rng: random.Random) -> str:
    return email(rng).replace("@", rng.choice((" [at] ", "[at]", "(at)", " (at) ")))


def ip(rng: random.Random) -> str:
    if rng.random() < 0.3:
        return f"2{rng.choice('4056')}0{rng.randint(1, 9)}:{rng.randint(1000, 9999)}:{rng.randint(1, 999)}::{rng.randint(1, 99)}"
    return (
        f"{rng.choice((103, 110, 118, 202, 203))}.{rng.randint(10, 99)}.{rng.randint(120, 250)}.{rng.randint(1, 250)}"
    )


def sg_plate(rng: random.Random) -> str:
    letters, number = f"S{rng.choice('BCDFGJKLM')}{rng.choice('ABCDEFGHJ')}", rng.randint(1, 9999)
    values = [ord(letters[1]) - 64, ord(letters[2]) - 64, *map(int, f"{number:04}")]
    check = "AZYXUTSRPMLKJHGEDCB"[sum(v * w for v, w in zip(values, (9, 4, 5, 4, 3, 2), strict=True)) % 19]
    return f"{letters}{number}{check}"


def _letters(rng: random.Random, count: int) -> str:
    return "".join(rng.choices("ABCDEGHKLMPRSTVWXY", k=count))


POSITIVE: tuple[tuple[str, str, tuple[str, ...], Maker], ...] = (
    (
        "th_pin",
        "th",
        ("เลขประจำตัวประชาชน{}ของนายดี", "บัตรประชาชนเลขที่ {} ออกที่เชียงใหม่", "ผู้ยื่นคำขอ {} อายุ 45 ปี", "โดย{}ได้ลงชื่อไว้"),
        thai_written,
    ),
    ("th_tin", "th", ("เลขประจำตัวผู้เสียภาษี {} สำนักงานใหญ่", "ทะเบียนนิติบุคคลเลขที่ {}"), thai_company),
    (
        "sg_nric",
        "sg",
        ("holder of NRIC {} lives here", "The applicant ({}) signed on Monday.", "身份证号码{}已登记"),
        nric,
    ),
    ("sg_uen", "sg", ("UEN {} is registered", "company registered under UEN: {}."), uen),
    (
        "my_mykad",
        "my",
        ("No. kad pengenalan {} milik beliau", "MyKad: {}", "nama dan KP {} hendaklah ditulis", "pemohon {} dari Ipoh"),
        mykad,
    ),
    ("id_nik", "id", ("dengan NIK {} beralamat di Jakarta", "No. KTP: {}", "penduduk {} telah pindah"), nik),
    ("id_npwp", "id", ("NPWP {} atas nama perusahaan", "nomor pokok wajib pajak (NPWP): {}"), npwp),
    (
        "vn_cccd",
        "vn",
        ("số CCCD {} cấp ngày 01/02/2021", "Căn cước công dân số: {}", "công dân {} thường trú tại Huế"),
        cccd,
    ),
    ("vn_cmnd", "vn", ("CMND số {} cấp tại Hà Nội", "giấy chứng minh nhân dân {}"), lambda r: digits(r, 9)),
    ("vn_mst", "vn", ("mã số thuế {} của công ty", "MST: {}"), mst),
    (
        "ph_pcn",
        "ph",
        ("PhilSys Card Number {} issued", "ang kanyang PCN ay {}"),
        lambda r: group(digits(r, 16), r.choice("- "), 4, 4, 4, 4),
    ),
    ("ph_psn", "ph", ("PhilSys Number (PSN) {} is confidential",), lambda r: group(digits(r, 12), "-", 4, 4, 4)),
    ("ph_tin", "ph", ("TIN {} ng negosyo", "Taxpayer Identification No. {}", "ang may-ari, {}, ay nagbayad"), tin),
    ("ph_umid", "ph", ("UMID CRN {} ng kasapi", "CRN: {}"), lambda r: group(digits(r, 12), "-", 4, 7, 1)),
    ("ph_sss", "ph", ("SSS {} ng kasapi", "SSS No. {}"), lambda r: group(digits(r, 10), "-", 2, 7, 1)),
    (
        "ph_philhealth",
        "ph",
        ("PhilHealth {} ng kasapi", "PhilHealth ID: {}"),
        lambda r: group(digits(r, 12), "-", 2, 9, 1),
    ),
    ("ph_gsis", "ph", ("GSIS BP number {}", "GSIS No. {}"), lambda r: digits(r, 11)),
    (
        "passport",
        "sg",
        ("passport K{}", "passport no. E{} expires soon"),
        lambda r: digits(r, 7) + r.choice("ABCDEFGHJ"),
    ),
    ("passport", "th", ("หนังสือเดินทางเลขที่ {}", "พาสปอร์ต{}"), lambda r: _letters(r, 2) + digits(r, 7)),
    ("passport", "my", ("nombor pasport {}", "pasport: {}"), lambda r: r.choice("AHK") + digits(r, 8)),
    ("passport", "id", ("nomor paspor {} berlaku", "paspor {}"), lambda r: r.choice("ABCX") + digits(r, 7)),
    ("passport", "vn", ("hộ chiếu số {}", "hộ chiếu {} hết hạn"), lambda r: r.choice("BCNP") + digits(r, 7)),
    ("passport", "ph", ("pasaporte {}", "passport number {}"), lambda r: "P" + digits(r, 7) + r.choice("AB")),
    (
        "bank_account",
        "th",
        ("โอนเข้าเลขที่บัญชี {} ธนาคารกรุงไทย", "บัญชีเลขที่ {}"),
        lambda r: group(digits(r, 10), "-", 3, 1, 5, 1),
    ),
    (
        "bank_account",
        "vn",
        ("số tài khoản {} tại ngân hàng", "STK: {}"),
        lambda r: str(r.randint(1, 9)) + digits(r, 12),
    ),
    (
        "bank_account",
        "id",
        ("nomor rekening {} atas nama", "transfer ke rekening {}"),
        lambda r: str(r.randint(1, 9)) + digits(r, 9),
    ),
    (
        "bank_account",
        "my",
        ("nombor akaun {} di bank itu", "akaun bank: {}"),
        lambda r: str(r.randint(1, 9)) + digits(r, 11),
    ),
    (
        "bank_account",
        "sg",
        ("account number {} with the bank", "bank account: {}"),
        lambda r: group(digits(r, 9), "-", 3, 5, 1),
    ),
    (
        "plate",
        "th",
        ("รถยนต์หมายเลขทะเบียน {} กรุงเทพมหานคร", "ป้ายทะเบียน {}"),
        lambda r: f"{r.choice(('', '1', '3'))}{''.join(r.choices('กขคฆงจฉชญ', k=2))} {r.randint(1, 9999)}",
    ),
    (
        "plate",
        "vn",
        ("xe máy biển số {} bị tạm giữ", "Biển số: {}"),
        lambda r: f"{r.randint(11, 99)}{r.choice('ABCDEFGH')}-{digits(r, 3)}.{digits(r, 2)}",
    ),
    (
        "plate",
        "id",
        ("mobil dengan nomor polisi {} ditemukan", "plat nomor {}"),
        lambda r: f"{r.choice(('B', 'D', 'AB', 'L'))} {r.randint(1000, 9999)} {_letters(r, 3)}",
    ),
    ("plate", "sg", ("vehicle no. {} was seen", "car plate {}"), sg_plate),
    ("plate", "my", ("nombor pendaftaran {}", "no. plat {}"), lambda r: f"{_letters(r, 3)} {r.randint(1000, 9999)}"),
    (
        "plate",
        "ph",
        ("may plaka na {} ang sasakyan", "plate number {}"),
        lambda r: f"{_letters(r, 3)} {r.randint(1000, 9999)}",
    ),
    ("card", "sg", ("paid with {} yesterday", "credit card {}"), card),
    ("card", "vn", ("thẻ tín dụng {}", "thanh toán bằng {} hôm qua"), card),
    ("email", "id", ("tulis ke {} hari ini", "surel: {}."), email),
    ("email", "th", ("ติดต่อ {} ได้เลย", "อีเมล{}"), email),
    ("email", "my", ("hubungi {} segera",), hidden_email),
    ("ip", "sg", ("from {} at noon", "client IP {}"), ip),
    (
        "url_credentials",
        "sg",
        ("clone https://{}@git.kantor.id/repo.git",),
        lambda r: f"user{r.randint(1, 99)}:s3cret{r.randint(1, 99)}",
    ),
    *(
        ("phone", country, texts, lambda r, c=country: phone(r, c))  # type: ignore[misc]
        for country, texts in (
            ("th", ("โทร{}ครับ", "ติดต่อ {} ในเวลาราชการ")),
            ("id", ("telepon {} setiap hari", "kantor desa, {}, buka pagi")),
            ("vn", ("gọi số {} nhé", "ĐT: {}")),
            ("my", ("hubungi {} segera", "pejabat ({}) dibuka")),
            ("ph", ("tumawag sa {} ngayon", "cellphone {}")),
            ("sg", ("call {} now", "Tel: {}")),
        )
    ),
)
"""Kind, country, sentences, and what makes the number."""


def _wrong_check(maker: Maker) -> Maker:
    def make(rng: random.Random) -> str:
        number = maker(rng)
        at = max(place for place, character in enumerate(number) if character.isalnum())
        pool = "0123456789" if number[at].isdecimal() else "ABCDEFGHIJKLMNPQRTUWXZ"
        value = str(int(number[at])) if number[at].isdecimal() else number[at]
        return number[:at] + rng.choice([one for one in pool if one != value]) + number[at + 1 :]

    return make


def _ean(prefix: str) -> Maker:
    def make(rng: random.Random) -> str:
        first = prefix + digits(rng, 12 - len(prefix))
        return first + str(ean.calc_check_digit(first))

    return make


NEGATIVE: tuple[tuple[str, tuple[str, ...], Maker], ...] = (
    ("th", ("เลขพัสดุ {} ส่งแล้ว", "ใบสั่งซื้อเลขที่ {}"), lambda r: digits(r, 13)),
    ("th", ("บาร์โค้ดสินค้า {} ราคา 25 บาท",), _ean("885")),
    ("th", ("เลขประจำตัวประชาชน{}ไม่ถูกต้อง",), _wrong_check(thai_pin)),
    (
        "th",
        ("มติ ครม. วันที่ {} เรื่องงบประมาณ",),
        lambda r: f"{r.randint(1, 28)}/{r.randint(1, 12)}/{r.randint(2550, 2569)}",
    ),
    (
        "th",
        ("งบประมาณ {} บาท", "ปริมาณ {} ตัน"),
        lambda r: f"{r.randint(1, 999)},{digits(r, 3)},{digits(r, 3)}.{digits(r, 2)}",
    ),
    ("th", ("เปิดลงทะเบียน {} คน", "ผู้ลงทะเบียนแล้ว {} ราย"), lambda r: f"{r.randint(1, 99)},{digits(r, 3)}"),
    ("id", ("nomor pesanan {} sudah dikirim", "kode transaksi {}"), lambda r: digits(r, 16)),
    ("id", ("NIK {} tidak ditemukan",), lambda r: f"99{digits(r, 14)}"),
    ("id", ("kode {} di daftar",), lambda r: f"3199{digits(r, 12)}"),
    (
        "id",
        ("pada {} pukul 10.30", "versi {} dirilis"),
        lambda r: f"{r.randint(2000, 2030)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}",
    ),
    (
        "id",
        ("senilai Rp {} per unit", "total {} rupiah"),
        lambda r: f"{r.randint(1, 999)}.{digits(r, 3)}.{digits(r, 3)}",
    ),
    ("id", ("ISBN {} diterbitkan", "buku itu (ISBN {})"), lambda r: group(_ean("978602")(r), "-", 3, 3, 4, 2, 1)),
    (
        "id",
        ("Undang-Undang Nomor {} tentang", "Peraturan Nomor {}"),
        lambda r: f"{r.randint(1, 99)}/{r.randint(1990, 2026)}",
    ),
    (
        "vn",
        ("Nghị định số {} của Chính phủ", "Quyết định {}"),
        lambda r: f"{r.randint(1, 999)}/{r.randint(2000, 2026)}/QĐ-TTg",
    ),
    ("vn", ("mã đơn hàng {} đã giao", "số hóa đơn {}"), lambda r: str(r.randint(1, 9)) + digits(r, 9)),
    ("vn", ("mã số thuế {} không tồn tại",), _wrong_check(lambda r: mst(r)[:10])),
    ("vn", ("trị giá {} đồng", "dân số {} người"), lambda r: f"{r.randint(1, 99)}.{digits(r, 3)}.{digits(r, 3)}"),
    ("sg", ("booking reference {} confirmed", "part {} is out of stock"), _wrong_check(nric)),
    ("sg", ("order {} has shipped", "invoice no. {}"), lambda r: digits(r, 8)),
    ("sg", ("a failed card number {} was entered",), _wrong_check(card)),
    ("sg", ("version {} fixes it", "section {} says so"), lambda r: ".".join(str(r.randint(0, 20)) for _ in range(4))),
    (
        "sg",
        ("the gateway is {}", "bind to {}"),
        lambda r: f"{r.choice(('192.168', '10.0', '172.16'))}.{r.randint(0, 255)}.{r.randint(1, 254)}",
    ),
    ("sg", ("commit {} was reverted", "checksum {}"), lambda r: "".join(r.choices("0123456789abcdef", k=40))),
    ("sg", ("at {} the log ends", "timestamp {}"), lambda r: str(1_500_000_000_000 + r.randrange(300_000_000_000))),
    (
        "sg",
        ("located at {}", "coordinates {}"),
        lambda r: f"{r.randint(1, 9)}.{digits(r, 7)}, 10{r.randint(1, 9)}.{digits(r, 7)}",
    ),
    (
        "sg",
        ("id {} in the table",),
        lambda r: "-".join("".join(r.choices("0123456789abcdef", k=k)) for k in (8, 4, 4, 4, 12)),
    ),
    ("sg", ("see doi:10.{}", "https://news.sg/story/{}"), lambda r: f"{r.randint(1000, 9999)}/{digits(r, 9)}"),
    (
        "sg",
        ("std::{} and a::b", "at {} sharp"),
        lambda r: f"{r.randint(10, 23)}:{r.randint(10, 59)}:{r.randint(10, 59)}",
    ),
    (
        "my",
        ("kod barang {} dalam stok", "rujukan {}"),
        lambda r: f"{r.randint(32, 99)}{r.randint(13, 99)}{r.randint(32, 99)}-{digits(r, 2)}-{digits(r, 4)}",
    ),
    ("my", ("harga RM {} sahaja", "seramai {} orang"), lambda r: f"{r.randint(1, 999)},{digits(r, 3)}.{digits(r, 2)}"),
    ("ph", ("mula {} hanggang ngayon", "mga taong {}"), lambda r: f"{r.randint(1900, 1999)}-{r.randint(2000, 2026)}"),
    ("ph", ("tracking number {}", "resibo blg. {}"), lambda r: digits(r, 12)),
    ("ph", ("Batas Republika {} ng 2012", "G.R. No. {}"), lambda r: str(r.randint(1000, 299_999))),
    ("ph", ("sumulat sa @{} sa social media", "ang decorator na @{}"), lambda r: f"user{r.randint(1, 9999)}"),
    ("vn", ("trang {} của báo cáo", "giai đoạn {}"), lambda r: f"{r.randint(100, 500)}-{r.randint(501, 999)}"),
)
"""Country, sentences, and what makes a number that names nobody; some are as likely as not to pass a check digit."""


ROWS = (
    ("th_pin", "th", ("7,{},กรุงเทพ", "| 3 | {} | ชาย |", "เลขบัตรประชาชน\n{}"), thai_pin),
    ("id_nik", "id", ("1;{};Bandung", "| NIK | {} |", "NIK\n{}", "NIK{}"), nik),
    ("vn_cccd", "vn", ("12,{},Hà Nội", "Số CCCD\t{}", "CCCD:{}"), cccd),
    ("my_mykad", "my", ("No. KP\n{}", "| IC | {} |", "{} (MyKad)"), mykad),
    ("sg_nric", "sg", ("Tan,{},female", "nric:{}", "({})"), nric),
    ("ph_tin", "ph", ("TIN\n{}", "| TIN | {} |", "Blg. ng buwis: {}"), tin),
    ("card", "id", ("1,{},lunas", "kartu\n{}"), card),
    ("phone", "id", ("WA{}", "HP:{}", "1,{},Budi", "| HP | {} |"), lambda r: "0812" + digits(r, 8)),
    ("phone", "th", ("โทร.\n{}", "ลำดับ 1,{},สมชาย"), lambda r: f"08{r.randint(1, 9)}{digits(r, 7)}"),
)
"""As forms and tables have them: labels on the line above, fields between commas, nothing between word and number."""
_DISTURBED = (
    {ord("-"): "\u2011"},
    {ord("-"): "\u2013", ord(" "): "\u00a0"},
    {ord(str(n)): chr(0xFF10 + n) for n in range(10)},
    {ord(str(n)): chr(0x1040 + n) for n in range(10)},
)
_DISTURBABLE = frozenset(("th_pin", "id_nik", "my_mykad", "vn_cccd", "ph_tin", "card", "phone", "bank_account"))
"""Kinds that are nothing but digits and separators: each fourth of them with other dashes, spaces or digits."""


def samples(each: int, seed: int = 5) -> Iterator[Sample]:
    """So many texts of every row of both tables."""
    rng = random.Random(seed)
    for kind, country, texts, maker in (*POSITIVE, *ROWS):
        for number in range(each):
            before, after = texts[number % len(texts)].split("{}")
            value = maker(rng)
            if kind in _DISTURBABLE and number % 4 == 3:
                value = value.translate(rng.choice(_DISTURBED))
            start = len(before) - (1 if kind == "passport" and re.search(r"[A-Z]\Z", before) else 0)
            yield Sample(before + value + after, country, ((start, len(before) + len(value), kind),))
    for country, texts, maker in NEGATIVE:
        for number in range(each):
            yield Sample(texts[number % len(texts)].replace("{}", maker(rng)), country, ())
