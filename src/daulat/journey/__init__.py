"""What happened: a signed log that anyone can check, and that answers "where from?" and "where to?".

```
statement ──> envelope ──> log ──────────────> checkpoint        store: the artefacts themselves, by digest
  in-toto       DSSE        entries + tiles      signed note        ▲
                              │                                     │
                              ├──> index ──> trace                  │ every one hashed again
                              └──> verify ──────────────────────────┘
```
Reading trusts the checkpoint: every entry is hashed up to its signed root. The index is a cache on this machine and
proves nothing (docs/adr/0005). `verify` trusts nothing: it checks each
signature, tile and artefact, offline, and needs only `canonical`, `keys`, `keyring`, `note`, `merkle`, `tiles`,
`envelope`, `shape`, `tree`, `batch` and `durable` beside it; so does `proof`, with `cosignature`, for one statement or
one answer. This room imports the standard library and
`cryptography`. Only `work` writes here.
"""
