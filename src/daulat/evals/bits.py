"""Bits per byte: how many bits a model needs for each byte of text that it never saw.

It does not depend on the tokenizer, so a model can be compared with its base after its vocabulary has grown.

Shapes: T tokens in a window, V words in the vocabulary.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daulat import machine
from daulat.errors import DaulatError
from daulat.evals.options import EvalOptions
from daulat.records import Progress, no_progress

CHUNK_TOKENS = 128
"""Tokens whose logits are held at once: with Gemma's 262,144 words a window of 1,024 would take a gigabyte a copy."""


@dataclass(frozen=True)
class Document:
    """A held-out document."""

    id: str
    language: str
    text: str

    @property
    def utf8_bytes(self) -> int:
        """Size of its text."""
        return len(self.text.encode())


@dataclass(frozen=True)
class Measured:
    """One document under one model."""

    document: Document
    bits: float
    tokens: int


def heldout(corpus: Path, options: EvalOptions) -> dict[str, list[Document]]:
    """Held-out documents by language, in the order of their ids: a sample that depends on nothing else.

    Raises: DaulatError where the corpus has no held-out text.
    """
    import pyarrow.parquet as pq

    found: dict[str, list[Document]] = {}
    for file in sorted(corpus.glob("heldout.*.parquet")):
        rows = pq.read_table(file, columns=["id", "language", "text"]).to_pylist()
        taken = 0
        for row in sorted(rows, key=lambda row: str(row["id"])):
            if taken >= options.heldout_bytes:
                break
            start = row["text"].encode()[: options.document_bytes].decode(errors="ignore")
            document = Document(row["id"], row["language"], start)
            taken += document.utf8_bytes
            found.setdefault(document.language, []).append(document)
    if not found:
        raise DaulatError(
            "the corpus has no held-out text", "give it more text: a share of it is held out to measure with"
        )
    return found


class Model:
    """A Hugging Face folder, loaded to be measured and nothing else."""

    def __init__(self, folder: Path, options: EvalOptions) -> None:
        """Raises: DaulatError where the folder holds no model that `transformers` knows."""
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging

        logging.set_verbosity_error()
        logging.disable_progress_bar()
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            self.model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
        except (OSError, ValueError) as error:
            raise DaulatError(f"`{folder.name}` cannot be loaded as a model: {error}", "run `daulat verify`") from None
        self.model.eval()
        self.options = options
        self.first = self._first()
        machine.choose_threads()
        self.bfloat16 = machine.prefers_bf16()

    def _first(self) -> int:
        """What a document follows: the token between documents where there is one; a chat model's start token opens a turn."""
        between = self.tokenizer.get_vocab().get("<|endoftext|>")
        candidates = (between, self.tokenizer.bos_token_id, self.tokenizer.eos_token_id, 0)
        return next(int(token) for token in candidates if token is not None)

    def ids(self, text: str) -> list[int]:
        """Token ids of a text, with nothing added."""
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def measure(self, document: Document) -> Measured:
        """Bits of one document; its first token is predicted from the model's start token."""
        tokens = self.ids(document.text)
        size, overlap = self.options.window_tokens, min(self.options.overlap_tokens, self.options.window_tokens // 2)
        bits, start = 0.0, 0
        while start < len(tokens):
            context = tokens[max(0, start - overlap) : start] or [self.first]
            scored = tokens[start : start + size - len(context)]
            bits += self._bits(context, scored, self.bfloat16)
            start += len(scored)
        return Measured(document, bits, len(tokens))

    def _bits(self, context: Sequence[int], scored: Sequence[int], bfloat16: bool) -> float:
        import torch

        ids_T = torch.tensor([*context, *scored])  # noqa: N806  the suffix carries the shape
        loss = 0.0
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            hidden = self.model.get_decoder()(input_ids=ids_T[None]).last_hidden_state[0, len(context) - 1 : -1]
            head = self.model.get_output_embeddings()
            for start in range(0, len(scored), CHUNK_TOKENS):
                part = slice(start, start + CHUNK_TOKENS)
                logits_TV = head(hidden[part]).float()  # noqa: N806
                wanted = ids_T[len(context) :][part]
                loss += float(torch.nn.functional.cross_entropy(logits_TV, wanted, reduction="sum"))
        return loss / math.log(2)


def measure(
    folder: Path, texts: dict[str, list[Document]], options: EvalOptions, progress: Progress = no_progress
) -> list[Measured]:
    """Every document under the model in that folder."""
    model = Model(folder, options)
    documents = [document for language in sorted(texts) for document in texts[language]]
    total = sum(document.utf8_bytes for document in documents) or 1
    done = 0
    found = []
    for document in documents:
        found.append(model.measure(document))
        done += document.utf8_bytes
        progress(done / total, f"{document.language}: {done / 1000:.0f} of {total / 1000:.0f} kB scored")
    return found


def ratio(over: Sequence[float], under: Sequence[float], options: EvalOptions) -> tuple[float, float, float]:
    """Sum over sum, with the 95% percentile interval of a bootstrap over documents.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3.
    """
    import numpy as np

    top, bottom = np.asarray(over, float), np.asarray(under, float)
    chosen = np.random.default_rng(options.seed).integers(0, len(top), (options.resamples, len(top)))
    resampled = top[chosen].sum(1) / bottom[chosen].sum(1)
    low, high = np.quantile(resampled, [0.025, 0.975])
    return float(top.sum() / bottom.sum()), float(low), float(high)
