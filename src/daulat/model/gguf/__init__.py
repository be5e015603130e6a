"""GGUF, read into a Hugging Face folder and written from one.

```
.gguf ──header──> Shape ──> config.json          model.safetensors ──tensors──> .gguf
      ──tensors─> model.safetensors              tokenizer.json ──vocabulary──^
      ──vocabulary> tokenizer.json               config.json ──> Shape ──header──^
```
Each file knows both directions of one thing, so that what is read is what would be written. Nothing here runs a model.
"""
