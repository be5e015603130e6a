"""Every country's identifiers are found as people write them, and numbers that are none are left alone."""

import itertools
import random
from datetime import date, timedelta

import pytest
from stdnum.id import nik as stdnum_nik
from stdnum.th import pin as stdnum_pin
from stdnum.vn import mst as stdnum_mst

from daulat.corpus.privacy import Subjects, commitment, identifiers, replaced
from daulat.corpus.privacy.kinds import shape, singapore, thailand, vietnam

RANDOM = random.Random(7)


def digits(count: int) -> str:
    return "".join(RANDOM.choices("0123456789", k=count))


def thai_pin() -> str:
    first = RANDOM.choice("12345678") + digits(11)
    return first + str((11 - sum(int(d) * (13 - i) for i, d in enumerate(first)) % 11) % 10)


def luhn(prefix: str, length: int) -> str:
    body = prefix + digits(length - 1 - len(prefix))
    return next(body + check for check in "0123456789" if shape.luhn(body + check))


def grouped(number: str, separator: str, *sizes: int) -> str:
    ends = list(itertools.accumulate(sizes))
    return separator.join(number[end - size : end] for end, size in zip(ends, sizes, strict=True))


def born() -> date:
    return date(1950, 1, 1) + timedelta(days=RANDOM.randrange(20_000))


def nik() -> str:
    day = born()
    place = f"317{RANDOM.randint(1, 5)}{RANDOM.randint(1, 9):02}"
    return f"{place}{day.day + RANDOM.choice((0, 40)):02}{day:%m%y}{RANDOM.randint(1, 9999):04}"


def nric() -> str:
    series, number = RANDOM.choice("STFG"), digits(7)
    return next(
        series + number + check for check in "ABCDEFGHIJKLMNPQRTUWXZ" if singapore.nric(series + number + check)
    )


def mst() -> str:
    while True:
        number = digits(10)
        if stdnum_mst.is_valid(number):
            return number


SAMPLES = [
    ("th_pin", "TH", "เลขประจำตัวประชาชน{}ของนายดี", thai_pin),
    ("th_pin", "TH", "บัตร {} ออกที่เชียงใหม่", lambda: grouped(thai_pin(), "-", 1, 4, 5, 2, 1)),
    ("th_pin", "TH", "เลขที่{}ครับ", lambda: thai_pin().translate({ord(str(n)): chr(0x0E50 + n) for n in range(10)})),
    ("id_nik", "ID", "dengan NIK {} beralamat di Jakarta", nik),
    (
        "id_npwp",
        "ID",
        "NPWP {} atas nama",
        lambda: f"{(n := digits(15))[:2]}.{n[2:5]}.{n[5:8]}.{n[8]}-{n[9:12]}.{n[12:]}",
    ),
    ("sg_nric", "SG", "holder of NRIC {} lives here", nric),
    (
        "my_mykad",
        "MY",
        "No. kad pengenalan {} milik beliau",
        lambda: f"{born():%y%m%d}-{RANDOM.randint(1, 16):02}-{digits(4)}",
    ),
    ("my_mykad", "MY", "MyKad {} milik beliau", lambda: f"{born():%y%m%d}{RANDOM.randint(1, 16):02}{digits(4)}"),
    ("vn_cccd", "VN", "số CCCD {} cấp ngày", lambda: "079" + digits(9)),
    ("vn_mst", "VN", "mã số thuế {} của công ty", mst),
    ("ph_pcn", "PH", "PhilSys number {} issued", lambda: "-".join(digits(4) for _ in range(4))),
    ("ph_sss", "PH", "SSS {} ng kasapi", lambda: f"{digits(2)}-{digits(7)}-{digits(1)}"),
    ("ph_umid", "PH", "UMID CRN {} ng kasapi", lambda: f"{digits(4)}-{digits(7)}-{digits(1)}"),
    ("ph_philhealth", "PH", "PhilHealth {} ng kasapi", lambda: f"{digits(2)}-{digits(9)}-{digits(1)}"),
    ("ph_tin", "PH", "TIN {} ng negosyo", lambda: f"{RANDOM.randint(100, 999)}-{digits(3)}-{digits(3)}-000"),
    ("passport", "ID", "nomor paspor {} berlaku", lambda: "B" + digits(7)),
    ("passport", "SG", "passport K{}", lambda: digits(7) + "P"),
    ("card", "SG", "paid with {} yesterday", lambda: luhn("4", 16)),
    ("card", "SG", "paid with {} yesterday", lambda: grouped(luhn("52", 16), " ", 4, 4, 4, 4)),
    ("email", "TH", "ติดต่อ{}ได้เลย", lambda: f"somchai.{digits(3)}@example.co.th"),
    ("phone", "ID", "telepon {} setiap hari", lambda: f"0812-{RANDOM.randint(1000, 9999)}-{digits(4)}"),
    ("phone", "TH", "โทร{}ครับ", lambda: f"08{RANDOM.randint(1, 9)}-{RANDOM.randint(100, 999)}-{digits(4)}"),
    ("phone", "VN", "gọi số {} nhé", lambda: f"+84 91 {RANDOM.randint(200, 899)} {digits(4)}"),
    ("phone", "MY", "hubungi {} segera", lambda: f"012-{RANDOM.randint(200, 899)} {digits(4)}"),
    ("phone", "SG", "call +65 {} now", lambda: f"9{RANDOM.randint(100, 699)} {digits(4)}"),
    ("phone", "PH", "tumawag sa {} ngayon", lambda: f"0917 {RANDOM.randint(200, 899)} {digits(4)}"),
    (
        "ip",
        "SG",
        "from {} at noon",
        lambda: f"203.{RANDOM.randint(120, 255)}.{RANDOM.randint(1, 250)}.{RANDOM.randint(1, 250)}",
    ),
]


@pytest.mark.parametrize(
    ("kind", "region", "sentence", "make"), SAMPLES, ids=lambda value: value if isinstance(value, str) else None
)
def test_identifiers_are_found_as_people_write_them(kind: str, region: str, sentence: str, make: object) -> None:
    found = 0
    for _ in range(40):
        value = make()  # type: ignore[operator]
        text = sentence.format(value)
        hits = identifiers(text, region)
        cleaned = replaced(text, hits)
        found += any(hit.kind == kind for hit in hits) and value not in cleaned
    assert found >= 38, f"{found} of 40"


def test_checksums_agree_with_python_stdnum() -> None:
    for _ in range(300):
        pin, number = RANDOM.choice("12345678") + digits(12), digits(10)
        assert thailand.pin(pin) == stdnum_pin.is_valid(pin)
        assert vietnam.mst(number) == stdnum_mst.is_valid(number)
        assert stdnum_nik.is_valid(nik())


@pytest.mark.parametrize(
    "text",
    [
        "SKEWP(A1:A6) mengembalikan 0.2329985562 dan 15.1234567890123",
        "Bagian 6.2.4.1, “Melaporkan bug”, lalu versi 7.4.7.2",
        "alamat 127.0.0.1, 192.168.1.20 dan 10.0.0.5 adalah alamat lokal",
        "pada 2022-09-22 12:36:05 jumlahnya 1 234 567 890 rupiah",
        "ISBN 978-602-1234-56-7 dan nomor 1234567890123",
        "pengguna@mesin tanpa domain, dan @sebutan saja",
        "kode warna #A1B2C3 atau E1234567F dalam tabel",
        "rentang 100-200, 300-400 dan 1999-2004",
    ],
)
def test_numbers_that_name_nobody_stay(text: str) -> None:
    assert identifiers(text, "ID") == []


def test_a_person_who_asks_is_found_with_the_key_alone() -> None:
    subjects = Subjects(b"k" * 32)
    for document, text in (("d1", "tulis ke Siti@Desa.example.id"), ("d2", "surel siti@desa.example.id lagi")):
        for one in identifiers(text, "ID"):
            subjects.add(one, document)
    (row,) = subjects.table().to_pylist()
    assert row["commitment"] == commitment(b"k" * 32, "email", "siti@desa.example.id")
    assert row["documents"] == ["d1", "d2"]
    assert commitment(b"x" * 32, "email", "siti@desa.example.id") != row["commitment"]
