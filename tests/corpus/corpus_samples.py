"""Small sources that the corpus tests share: pages, snapshots, decisions."""

import random
import re
from pathlib import Path
from typing import Any

import msgspec

from daulat.corpus.build import Snapshot
from daulat.corpus.extract import files
from daulat.corpus.options import CorpusOptions
from daulat.records import Decision, Source

ALLOW = Decision(outcome="allow", action="curate", subject="s", rules=("r",), cites=(), law="sha256:" + "0" * 64)

WORDS = re.findall(
    r"\w+",
    "pemerintah daerah menyediakan layanan kesehatan bagi seluruh warga desa wilayah pegunungan jauh dari kota petani"
    " menanam padi jagung pada awal musim hujan kemudian memanen hasilnya setelah empat bulan bekerja anak belajar"
    " membaca sekolah dasar bersama guru mereka setiap pagi sebelum matahari terlalu tinggi perpustakaan menyimpan"
    " buku tentang sejarah ilmu pengetahuan cerita rakyat berbagai pulau nelayan berangkat melaut ketika subuh lalu"
    " menjual ikan segar pasar dekat pelabuhan lama ibu memasak nasi sayur untuk keluarga besar yang datang berkunjung"
    " jalan menuju sungai sudah diperbaiki",
)
ENGLISH = (
    "The quick brown fox jumps over the lazy dog while everybody in the village watches it with great interest today."
)
THAI = "รัฐบาลท้องถิ่นให้บริการสาธารณสุขแก่ประชาชนทุกคนในหมู่บ้านที่อยู่ห่างไกลจากตัวเมืองในเขตภูเขาทางภาคเหนือของประเทศ"


def indonesian(number: int, paragraphs: int = 4) -> list[str]:
    """Paragraphs of a page; the first of the next number is the second of this one."""
    return [_paragraph(number + k) for k in range(paragraphs)]


def _paragraph(number: int) -> str:
    words = random.Random(number).choices(WORDS, k=24)
    return " ".join(words).capitalize() + "."


def source(**changes: Any) -> Source:
    """A source with everything on record."""
    whole = Source(
        name="pages",
        kind="folder",
        location="pages",
        language="id",
        owner="a village",
        licence="CC-BY-4.0",
        basis="open-licence",
        country="id",
        personal_data="incidental",
    )
    return msgspec.structs.replace(whole, **changes)


def snapshot(folder: Path, files: dict[str, str | bytes], decision: Decision = ALLOW, **changes: Any) -> Snapshot:
    """A snapshot with these files."""
    for name, content in files.items():
        path = folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Snapshot(source(**changes), "sha256:" + "1" * 64, folder, decision)


def extracted(whole: Snapshot, options: CorpusOptions) -> files.Documents:
    """The documents of a snapshot that is no larger than a block."""
    listed = files.named(whole.folder / "files")
    files.ready(whole.source, options, [path for _, path in listed])
    (found,) = files.extract_blocks(whole.source, listed, options)
    return found


def page(paragraphs: list[str]) -> str:
    """An HTML page with a navigation and these paragraphs."""
    text = "".join(f"<p>{paragraph}</p>\n" for paragraph in paragraphs)
    head = '<head><meta charset="utf-8"><title>x</title></head>'
    return f"<html>{head}<body><nav>Menu</nav><main>{text}</main></body></html>"


def same_bytes(one: Path, other: Path) -> bool:
    """Whether two folders have the same files."""
    names = sorted(path.name for path in one.iterdir())
    assert names == sorted(path.name for path in other.iterdir())
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in names)
