"""serve: answers for agencies, from shared machines, each one metered and on record.

```
daulat ask ── client ──HTTP──> gateway/ ──HTTP──> engines/ ──> the release's model file
                                  │  key -> tenant, release live?, fields allowed?
                                  └──> usage file (durable before the last byte) ──batches──> record_usage
```
The gateway and the engine are two processes that know each other by a URL and a key; neither imports the other.
"""
