"""engines: a model file behind an OpenAI-shaped URL, in a process of its own.

```
start(settings, key) ──> python -m daulat.serve.engines.llamacpp ──> http://127.0.0.1:PORT, key required
        └── stdin is the lifeline: closed (parent gone) -> the engine quits
```
"""
