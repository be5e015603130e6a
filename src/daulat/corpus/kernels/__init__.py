"""Loops over characters, words and signatures, compiled by Numba once and kept on disk.

Imported inside functions only: compiled code takes a second to load. Every kernel reads flat arrays: text as UTF-8 bytes or
UTF-16 units with offsets, words as hashes with offsets.

```
characters.py   kinds of UTF-16 units, as a table      lines.py        what stands in a text's lines
borders.py      where words begin and end              tokens.py      what stands between, measured
repetition.py   n-grams that stand twice               clusters.py     what shingles are made of
minhash.py      shingles ─> signatures                 groups.py       pairs ─> connected components
scripts.py      characters of each script; languages   paragraphs.py  a text's lines as hashes
tidy.py         white space in one way                 runs.py        runs of words that stand in a task
units.py        UTF-8 as UTF-16 units                  loads.py       eight bytes at once
often.py        hashes that stand often
```
"""
