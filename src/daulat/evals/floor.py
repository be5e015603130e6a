"""The unigram floor: what the vocabulary alone would give.

A large vocabulary learnt on the domain is itself a compressor. A model that does not beat the frequencies of its own
tokens has learnt nothing, however good its bits per byte look beside its base's.
"""

from pathlib import Path

from daulat.evals.bits import Document

TRAIN_BYTES = 8_000_000
"""Training text that the frequencies are counted on, at most, for each language. Ours: more changes the third digit."""


def unigram_bits(tokenizer: Path, corpus: Path, documents: list[Document], language: str) -> list[float]:
    """Bits of each document under the token frequencies of the training text, counted from one."""
    import numpy as np
    from tokenizers import Tokenizer

    encoder = Tokenizer.from_file(str(tokenizer / "tokenizer.json"))
    counts = np.ones(encoder.get_vocab_size(with_added_tokens=True))
    for text in _training_text(corpus, language):
        for encoding in encoder.encode_batch(text, add_special_tokens=False):
            counts += np.bincount(encoding.ids, minlength=len(counts))
    bits = -np.log2(counts / counts.sum())
    encoded = encoder.encode_batch([document.text for document in documents], add_special_tokens=False)
    return [float(bits[encoding.ids].sum()) for encoding in encoded]


def _training_text(corpus: Path, language: str) -> list[list[str]]:
    import pyarrow.parquet as pq

    found: list[list[str]] = []
    taken = 0
    for file in sorted(corpus.glob(f"train.{language}.*.parquet")):
        for batch in pq.ParquetFile(file).iter_batches(columns=["text"]):
            if taken >= TRAIN_BYTES:
                return found
            taken += batch.nbytes
            found.append(batch.column("text").to_pylist())
    return found
