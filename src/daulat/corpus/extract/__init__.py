"""extract: a file of any kind becomes paragraphs, or one reason why it cannot be read.

```
file ─┬─ one document ──> unpack.py (.gz, .zst) ──> what it really is
      │                                             ├─ html.py       main text of a page (furniture.py: what is none)
      │                                             ├─ xml.py        DocBook, Mallard
      │                                             ├─ messages.py   gettext, .properties: cleaned by `clean`
      │                                             ├─ fluent.py     .ftl, also inside .xpi
      │                                             ├─ pak.py        Chromium's strings
      │                                             ├─ roff.py       manual pages
      │                                             ├─ plain.py      text, Markdown
      │                                             └─ confined.py   another process, with bounds of time and memory:
      │                                                ├─ pdf.py     lines of pages; layout.py: paragraphs; ocr.py: scans
      │                                                └─ office.py  DOCX, ODT
      └─ many records ──> records.py: a record, a document; as a stream, in Arrow batches
                          ├─ parquet.py    two columns (columns.py: which)
                          ├─ jsonl.py      .jsonl, .ndjson  ┐ lines.py: whole lines, none too long
                          ├─ delimited.py  .csv, .tsv       ┘
                          └─ warc.py       pages of a web archive, by html.py and plain.py
charset.py: bytes become text in all of them; legacy.py: letters from before Unicode
```
"""
