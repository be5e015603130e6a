"""gateway: the one door to the engine: who asks, may they, what was answered, what did it cost.

```
request ──> app ──> admission ──> requests ──> upstream ──> relay ──> reply
                   (keys, tenants, (allow-list)  (engine)     │ (id, AI mark)
                    withdrawn?)                               └──> meter: durable before the last byte
```
It is handed its tenants, deployment, keys, meter and `is_withdrawn`; it imports no engine and no journey.
"""
