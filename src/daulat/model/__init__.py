"""Make an open model the nation's own.

```
package | folder | .gguf ──> base ──────────┬──────────────> pretrain ──> export ──> .gguf
                      (known, weights)      │                  │  │  │      │
corpus ──> tokenizer (merges, pretokens) ───┘   packing <──────┘  │  └─> checkpoint
             └─> extension.json            rows, lora <───────────┘
```
A model is a folder: `config.json`, `model.safetensors`, `tokenizer.json` and facts beside them (`base.json`,
`extension.json`, `training.json`). Nothing here knows of sources, laws or places; nothing reaches a network but `fetch_base`.
"""
