"""corpus: text that somebody owns becomes text that a model may learn from, with nothing lost uncounted.

```
package, folder, bucket, table ──source──> Snapshot: files
                                              │
  raw     extract ─ rights ─ normalise        │                          some files at a time, in blocks
  judge   boilerplate ─ identify ─ quality ─ contamination ─ privacy     one source at a time, in blocks
              │             │          │         │
              │             │          │         └──> commitments of persons
              └─────────────┴──────────┴── dropped, held: with reason, kept to be looked at
                                              │
  together    duplicates ─ repeats ─ split    │                          all sources, by numbers: no text is read
  shards      ──> train, heldout, dropped, held
```
A stage is `table of documents -> verdict a document`: pure, no I/O, so where it runs is not its business. `course.py` follows
documents through the stages and counts them; `blocks.py` keeps what was worked out, so that only what changed is worked out
again; `where.py` hands blocks to threads or to a cluster; `build.py` is the whole pipeline, top to bottom. `kernels/` holds the
loops that are compiled.
"""
