"""Files of many records give each record once, read or with its reason, and one bad record costs no other."""

import gzip
import io
import json
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpus_files import parquet, warc
from corpus_samples import THAI, extracted, indonesian, page, snapshot, source
from hypothesis import given, settings
from hypothesis import strategies as st

from daulat.corpus.extract import records
from daulat.corpus.extract.lines import TooLong, whole_lines
from daulat.corpus.options import CorpusOptions

OPTIONS = CorpusOptions()
SMALL = CorpusOptions(max_file_bytes=10_000)


def read(path: Path, options: CorpusOptions = OPTIONS, **terms: Any) -> list[tuple[str, str]]:
    """Key, and text or reason, of every record."""
    batches = records.batches(path, path.name, source(**terms), options)
    rows = (row for batch in batches for row in batch.rows.to_pylist())
    return [(row["key"], row["reason"] if row["text"] is None else row["text"]) for row in rows]


def written(path: Path, data: bytes) -> Path:
    """The file, packed as its name says."""
    if path.suffix == ".gz":
        data = gzip.compress(data)
    elif path.suffix == ".zst":
        data = pa.Codec("zstd").compress(data, asbytes=True)
    path.write_bytes(data)
    return path


ROWS = [{"id": "a", "text": "satu\ndua"}, {"id": "b", "text": THAI}, {"id": "c", "text": 'tiga, "empat"'}]
WANTED = [("a", "satu\ndua"), ("b", THAI), ("c", 'tiga, "empat"')]


def as_bytes(kind: str) -> bytes:
    if kind == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()
    if kind == "parquet":
        buffer = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(ROWS), buffer)
        return buffer.getvalue()
    between = "\t" if kind == "tsv" else ","
    quoted = [f'{row["id"]}{between}"{row["text"].replace(chr(34), chr(34) * 2)}"\r\n' for row in ROWS]
    return f"id{between}text\r\n{''.join(quoted)}".encode()


@pytest.mark.parametrize(
    "name", ["a.jsonl", "a.ndjson.gz", "a.jsonl.zst", "a.csv", "a.csv.gz", "a.tsv", "a.tsv.zst", "a.parquet"]
)
def test_every_record_is_a_document_of_its_own(tmp_path: Path, name: str) -> None:
    kind = name.split(".")[1].replace("ndjson", "jsonl")
    assert read(written(tmp_path / name, as_bytes(kind))) == WANTED


def test_the_text_is_the_column_that_is_named_or_called_text_or_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet(path, id=[7, 8], body=["satu", "dua"], n=[1, 2])
    assert read(path) == [("7", "satu"), ("8", "dua")]
    parquet(path, url=["u1", "u2"], body=["satu", "dua"])
    assert read(path) == [("1", "`text_column` must say which of its 2 columns is its text")]
    assert read(path, text_column="body", id_column="url") == [("u1", "satu"), ("u2", "dua")]
    assert read(path, text_column="isi") == [("1", "no column `isi` among its 2")]
    lines = written(tmp_path / "b.jsonl", b'{"judul":"x","isi":"satu"}\n{"isi":"dua"}\n')
    assert read(lines, text_column="isi") == [("1", "satu"), ("2", "dua")]
    assert read(lines)[0][1].startswith("`text_column` must say")
    assert read(written(tmp_path / "c.csv", b"text,text\nsatu,dua\n"))[0][1].startswith("`text_column` must say")


def test_no_reason_says_what_stands_in_a_file_without_a_head(tmp_path: Path) -> None:
    rows = b"Budi Santoso,081234567890,budi@contoh.co.id,3171234512900001\nSiti,1,2,3\n"
    ((_, reason),) = read(written(tmp_path / "a.csv", rows))
    assert reason == "`text_column` must say which of its 4 columns is its text"
    ((_, reason),) = read(written(tmp_path / "b.jsonl", b'{"Budi Santoso": "a", "Siti": "b"}\n'))
    assert "Budi" not in reason


@pytest.mark.parametrize("keys", [pa.array([b"\xff", b"a"]), pa.array([[1], [2]]), pa.array([{"a": 1}, None])])
def test_keys_that_are_no_text_are_none(tmp_path: Path, keys: pa.Array) -> None:
    pq.write_table(pa.table({"text": ["satu", "dua"], "id": keys}), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet") == [("1", "satu"), ("2", "dua")]


def test_a_wrong_line_is_one_record_and_the_rest_goes_on(tmp_path: Path) -> None:
    bad = [b"{broken", b'{"text": 5}', b"[1, 2]", b'{"text": "\\ud800"}', b'{"text": "\xff"}', b'{"text": null}', b"{}"]
    good = [f'{{"text": "baris {n}"}}'.encode() for n in range(len(bad))]
    lines = b"\n".join(line for pair in zip(good, bad, strict=True) for line in pair)
    found = read(written(tmp_path / "a.jsonl", lines))
    assert [text for _, text in found[::2]] == [f"baris {n}" for n in range(len(bad))]
    reasons = {reason for _, reason in found[1::2]}
    assert reasons == {"a line that is not JSON", "a line without such text and key", records.NO_TEXT}


def test_a_wrong_row_is_one_record_and_the_rest_goes_on(tmp_path: Path) -> None:
    table = 'id,text\n1,"satu\nbaris lagi"\n2,dua,lebih\n3\n4,"tidak ditutup\n5,lima\n6,"enam"\n'
    assert read(written(tmp_path / "a.csv", table.encode())) == [
        ("1", "satu\nbaris lagi"),
        ("2", "a row with more or fewer cells than its head"),
        ("3", "a row with more or fewer cells than its head"),
        ("4", "a quote that is not closed"),
        ("5", "lima"),
        ("6", "enam"),
    ]


@pytest.mark.parametrize("codec", ["cp874", "utf-16", "utf-8-sig"])
def test_a_table_in_another_charset_is_read(tmp_path: Path, codec: str) -> None:
    found = read(written(tmp_path / "a.csv", f"id;text\n1;{THAI}\n2;{THAI}\n".encode(codec)))
    assert found == [("1", THAI), ("2", THAI)]


@given(st.lists(st.text(max_size=30), min_size=1, max_size=30), st.integers(10, 200), st.integers(1, 50))
@settings(deadline=None)
def test_lines_are_never_lost_or_changed(lines: list[str], limit: int, block: int) -> None:
    whole = [line.replace("\n", " ").replace("\0", " ").encode("utf-8", "replace") for line in lines]
    data = b"x\n" + b"\n".join(whole)
    blocks = [data[at : at + block] for at in range(0, len(data), block)]
    runs = list(whole_lines(blocks, limit))
    kept = b"".join(run.data for run in runs if not isinstance(run, TooLong))
    passed_over = sum(isinstance(run, TooLong) for run in runs)
    ends = data if data.endswith(b"\n") else data + b"\n"
    if not passed_over:
        assert kept == ends
    assert kept.count(b"\n") + passed_over == ends.count(b"\n")
    assert passed_over <= sum(len(line) > limit - block for line in data.split(b"\n"))


def test_a_line_of_gigabytes_is_passed_over_and_never_held_in_memory() -> None:
    def blocks() -> Iterator[bytes]:
        yield b'{"text": "a"}\n{"text": "'
        for _ in range(1_000):
            yield block
        yield b'"}\n{"text": "b"}\n'

    block = b"x" * 2_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    runs = list(whole_lines(blocks(), 10_000_000))
    assert [type(run).__name__ for run in runs] == ["Lines", "TooLong", "Lines"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_a_record_beyond_the_bound_is_held(tmp_path: Path) -> None:
    long = "x" * 20_000
    parquet(tmp_path / "a.parquet", text=["a", long, "b"])
    assert read(tmp_path / "a.parquet", SMALL) == [("1", "a"), ("2", "too large"), ("3", "b")]
    for name, data in {
        "a.jsonl": f'{{"text":"a"}}\n{{"text":"{long}"}}\n{{"text":"b"}}\n',
        "a.csv": f"text\na\n{long}\nb\n",
    }.items():
        assert [text for _, text in read(written(tmp_path / name, data.encode()), SMALL)] == ["a", "too large", "b"]


def test_a_file_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    lines = b"".join(b'{"text": "%s"}\n' % bytes(f"{n * 7919:x}", "ascii") * 3 for n in range(200_000))
    for name in ("a.jsonl.gz", "a.jsonl.zst"):
        path = written(tmp_path / name, lines)
        path.write_bytes(path.read_bytes()[:-200])
        found = read(path)
        assert len(found) > 1_000
        assert found[-1][1] == "broken or not what its name says"
    parquet(tmp_path / "b.parquet", text=["a" * 1000] * 10)
    (tmp_path / "b.parquet").write_bytes((tmp_path / "b.parquet").read_bytes()[:-20])
    assert read(tmp_path / "b.parquet") == [("1", "broken or not what its name says")]


def test_a_bomb_is_stopped(tmp_path: Path) -> None:
    many = written(tmp_path / "a.jsonl.gz", b'{"text": "a"}\n' + b"\n" * 30_000_000)
    assert read(many, SMALL)[-1][1] == "unpacks to too much"
    small = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), ["x" * 100_000])
    pq.write_table(pa.table({"text": small}), tmp_path / "b.parquet")
    assert (tmp_path / "b.parquet").stat().st_size < 100_000
    assert read(tmp_path / "b.parquet")[-1][1] == "unpacks to too much"
    pq.write_table(
        pa.table({"text": ["y" * 1000] * 100_000}), tmp_path / "c.parquet", use_dictionary=False, compression="zstd"
    )
    assert read(tmp_path / "c.parquet") == [("1", "unpacks to too much")]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.tsv.gz", "a.parquet", "a.warc", "a.jsonl.zst", "a.warc.gz"])
@pytest.mark.parametrize(
    "data", [b"PK\x03\x04 zip", b"%PDF-1.7", b"\0\1\2\3" * 100, b"WARC/9", b"<p>x</p>", b"\xff\xfe"]
)
def test_a_file_that_is_not_what_its_name_says_is_held(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    ((key, reason),) = read(tmp_path / name)
    assert key == "1"
    assert (
        reason in ("not what its name says", "broken or not what its name says", "no record in it")
        or "column" in reason
    )


def test_pages_of_an_archive_are_documents(tmp_path: Path) -> None:
    lines = indonesian(1)
    table = "<table><tr><td>satu<td>dua</table>"
    pages = [
        ("http://a.id/1", "text/html; charset=utf-8", page(lines).encode()),
        ("http://a.id/2", "text/html; charset=windows-874", f"<main><p>{THAI}{table}</main>".encode("cp874")),
        ("http://a.id/3", "text/plain", b"satu dua\n"),
        ("http://a.id/4", "image/png", b"\x89PNG"),
        ("http://a.id/5", "text/html", "Les élèves près du café <p>".encode("latin-1")),
    ]
    for name in ("a.warc", "a.warc.gz"):
        found = read(written(tmp_path / name, warc(pages) + warc([("http://a.id/6", "text/html", b"<p>x")], 404)))
        assert [text for _, text in found] == [
            "\n".join(lines),
            f"{THAI}\nsatu | dua",
            "satu dua",
            "not a page of text",
            "charset not found",
            "not there when it was asked for",
        ]
        assert found[0][0] == "<urn:uuid:00000000-0000-0000-0000-000000000000>"


def test_an_archive_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    whole = warc([(f"http://a.id/{n}", "text/html", page(indonesian(n)).encode()) for n in range(50)])
    path = written(tmp_path / "a.warc.gz", whole)
    path.write_bytes(path.read_bytes()[:-300])
    found = read(path)
    assert "\n".join(indonesian(1)) == found[1][1]
    assert found[-1][1] == "broken or not what its name says"


def test_records_are_counted_kept_and_held_in_a_corpus(tmp_path: Path) -> None:
    lines = [json.dumps({"id": n, "text": "\n".join(indonesian(n))}) for n in range(5)] + ["broken", '{"text": " "}']
    whole = snapshot(tmp_path, {"a.jsonl": "\n".join(lines), "b.html": page(indonesian(9))})
    found = extracted(whole, OPTIONS)
    outcomes = dict(zip(found.paths, found.verdicts, strict=True))
    assert [outcomes[f"a.jsonl#{n}"].outcome for n in range(5)] == ["keep"] * 5
    assert outcomes["a.jsonl#6"] == ("hold", "a line that is not JSON")
    assert outcomes["a.jsonl#7"] == ("drop", records.NO_TEXT)
    assert outcomes["b.html"].outcome == "keep"
    assert len(set(found.ids)) == 8


def test_a_batch_has_columns_and_every_row_a_text_or_a_reason(tmp_path: Path) -> None:
    parquet(tmp_path / "a.parquet", text=["satu", None, "", "dua"], id=["a", None, "c", "d"])
    (batch,) = records.batches(tmp_path / "a.parquet", "a.parquet", source(), OPTIONS)
    assert batch.rows.schema.names == ["key", "text", "reason", "worthless"]
    assert batch.rows.to_pydict() == {
        "key": ["a", "2", "c", "d"],
        "text": ["satu", None, None, "dua"],
        "reason": [None, records.NO_TEXT, records.NO_TEXT, None],
        "worthless": [False, True, True, False],
    }


def test_text_that_is_not_utf_8_in_a_parquet_file_is_one_held_record(tmp_path: Path) -> None:
    raw = pa.array([b"satu", b"\xff\xfe", b"dua"], pa.binary())
    text = pa.StringArray.from_buffers(3, raw.buffers()[1], raw.buffers()[2])
    pq.write_table(pa.table({"text": text}), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet") == [("1", "satu"), ("2", "bytes that its charset does not have"), ("3", "dua")]
