"""Loops over characters, words and signatures, compiled by Numba once and kept on disk.

Imported inside functions only: compiled code takes a second to load. Every kernel reads flat arrays: text as UTF-8 bytes or
UTF-16 units with offsets, words as hashes with offsets.

```
characters.py   kinds of UTF-16 units, as a table      lines.py        what stands in a text's lines
tokens.py       ICU's borders ─> words                 repetition.py   n-grams that stand twice
minhash.py      words ─> signatures                    groups.py       pairs ─> connected components
scripts.py      characters of each script; language scores
```
"""
