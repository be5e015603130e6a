"""Every knob of the corpus, with where its value comes from."""

from typing import Annotated, Literal

import msgspec

from daulat.records import Record

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class CorpusOptions(Record, frozen=True):
    """`[corpus]` in daulat.toml."""

    privacy: Literal["redact", "pseudonymise", "hold"] = "redact"
    """Personal identifiers become `<KIND>`; or `<KIND:k7f3t2m9d4>`, keyed and the same for the same identifier; or a
    document in which one is found is held."""
    names: bool = False
    """Replace names of persons too: where a title or a patronymic shows one, wherever a full one stands again in the document
    and, in Thai, without a title (`names_th.md` says how many; for other languages there is no model). Off: authors and
    ministers go with them: in press releases of the Thai government nine documents of ten lose 2.1% of their characters."""
    max_file_bytes: Positive = 64_000_000
    """Larger files, packed or unpacked, are held unread; of files of many records (Parquet, JSONL, CSV, WARC) larger
    records are. Ours: the largest page of the sample packages has 0.4 MB."""
    ocr: bool = False
    """Read scanned pages of PDFs with Debian's `tesseract`; if off, a PDF of such pages alone is held."""
    ocr_timeout_s: Seconds = 1_800.0
    """A PDF whose scanned pages take longer is held. Ours: 100 dense pages on one core."""
    reader_timeout_s: Seconds = 60.0
    """A PDF, DOCX or ODT file that takes longer is held. Ours: 1,000 pages take 2 s."""
    reader_memory_bytes: Positive = 2_000_000_000
    """Address space of the process that reads PDF, DOCX and ODT files. Ours: a book of 70 pages takes 0.1 GB."""
    part_utf8_bytes: Positive = 8_000
    """A longer page is cut at a paragraph into parts of about this size, each a document. Ours: twice the longest
    training sequence of the quickstart (2,048 tokens of 2 bytes)."""
    message_characters: Count = 16
    """Shorter messages of a program's catalogue are labels, not text. Ours, after reading samples in Thai."""
    message_group_utf8_bytes: Positive = 2_000
    """Messages of one catalogue are grouped into documents of about this size."""
    expected_share: Share = 0.2
    """A document with a smaller share of its language, in characters, is dropped; of the others, the paragraphs in
    another language are left out. Ours: half of the Vietnamese help is English in place; below a fifth, single
    headings are left."""
    sure: Share = 0.8
    """A paragraph's language is taken as known from this probability on; below, it counts with its neighbours.
    Ours, on the half-translated help pages of LibreOffice; py3langid calibrates short text by 1/sqrt(bytes)."""
    repeats: Positive = 6
    """A paragraph stays in the first so many documents of its source, and goes from those after them: navigation, notices.
    They are counted as they are read, before any is dropped for what it says; parts of a long page are documents of their own.
    Ours: takes out as many bytes as one copy of what stands in more than twelve would leave. CCNet (arXiv:1911.00359)
    keeps one copy of every repeated paragraph."""
    unique_paragraph_characters: Positive = 80
    """A paragraph at least this long is kept once in a language, wherever else it stands. Source: as CCNet,
    arXiv:1911.00359, section 3.1, which does so at any length."""
    quality: Literal["manuals", "web"] = "manuals"
    """Which limits (`corpus/thresholds.toml`): of `web`, those that FineWeb-2 published for each language; of `manuals`, wider
    ones, for their lines are short and they repeat their terms."""
    min_words: Count = 30
    """Shorter documents are dropped. Source: arXiv:2112.11446 (Gopher), table A1, has 50; manuals in small languages have short
    pages."""
    min_characters: Count = 120
    """The same for manuals in scripts without spaces between words. Ours: 30 ICU words of Thai are about 120 characters."""
    max_words: Positive = 100_000
    """Source: arXiv:2112.11446, table A1."""
    tasks: tuple[str, ...] = ()
    """Files of the tasks that will measure (one JSON object a line): a document with 13 words of one in a row is dropped.
    Source: arXiv:2005.14165, appendix C."""
    shingle_words: Positive = 5
    """Source: FineWeb, arXiv:2406.17557, section 3.4."""
    bands: Positive = 14
    """Source: FineWeb, arXiv:2406.17557, section 3.4: 14 bands of 8 hashes find pairs from a similarity of about
    0.75."""
    band_hashes: Positive = 8
    """Source: as above."""
    heldout_share: Share = 0.04
    """Of the documents of each language, never trained on."""
    heldout_bytes: Count = 200_000
    """Held-out text of a language is no more than this: enough for bits per byte within 1% on two cores."""
    heldout_documents: Count = 20
    """Held-out text of a language is at least so many documents, where half of them suffice."""
    seed: int = 1
    """Of the permutations and of the choice of held-out documents."""
    shard_utf8_bytes: Positive = 64_000_000
    """Training text is written in files of about this size."""
