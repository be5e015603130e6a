"""extract: a file of any kind becomes paragraphs, or one reason why it cannot be read.

```
file ──> unpacked (.gz) ──> what it really is ──┬─ html.py       main text of a page
                                                ├─ xml.py        DocBook, Mallard
                                                ├─ messages.py   gettext, .properties: cleaned by `clean`
                                                ├─ fluent.py     .ftl, also inside .xpi
                                                ├─ pak.py        Chromium's strings
                                                ├─ roff.py       manual pages
                                                └─ plain.py      text, Markdown
      charset.py: bytes become text in all of them
```
"""
