"""Is it better, for whom, and by how much?

```
base ──┐                    ┌─> bits per byte, bytes per token   each language, with intervals
ours ──┼─ held-out text ────┤
train ─┘                    ├─> unigram floor                    what the vocabulary alone would give
gguf ──── fixed prompt ─────┴─> speed of what is served
                                        └──> Scorecard (scorecard.json, scorecard.html)
```
Knows folders and files, not how they were made. Every number can be measured again from the digests that it names.
"""
