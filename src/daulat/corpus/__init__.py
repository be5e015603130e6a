"""corpus: text that somebody owns becomes text that a model may learn from, with nothing lost uncounted.

```
package, folder, objects, table ──source──> Snapshot: files
                               │
  extract ─ rights ─ normalise ─ boilerplate ─ identify ─ quality ─ privacy     one source at a time
     │         │         │            │            │         │         │
     │         │         │            │            │         │         └──> commitments of persons
     └─────────┴─────────┴──── dropped, held: with reason, kept to be looked at
                                                                       │
                       all sources together     duplicates ─ repeats ─ split ──> train, heldout
```
A stage is `table of documents -> verdict a document`: pure, no I/O, so where it runs is not its business. `stage.py`
turns verdicts into kept, dropped, held and a tally that adds up; `build.py` is the whole pipeline, top to bottom.
"""
