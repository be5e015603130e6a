"""Does llama.cpp read the exported file as PyTorch reads the folder? Same token ids, same perplexity.

The engine runs in a process of its own. It gives no log-probabilities of a prompt, so the text is fed to it token by token
and each next token is looked up in the whole distribution that it answers with.
`python -m daulat.model.check MODEL.gguf < {"texts": [...], "ids": [...]}` prints one line of JSON.
"""

import json
import math
import secrets
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from daulat.errors import DaulatError
from daulat.model.network import offline
from daulat.records import Record

TIMEOUT_S = 600
_CONTEXT_TOKENS = 512


class ExportCheck(Record, frozen=True):
    """How far the two agree."""

    texts: int
    same_ids: int
    """Texts that both cut into the same token ids."""
    difference: str
    """The first text that they do not, empty where there is none."""
    perplexity: float
    """Of PyTorch, over the first text's tokens."""
    engine_perplexity: float
    """Of llama.cpp, over the same."""

    @property
    def relative_difference(self) -> float:
        """Of the perplexities."""
        return abs(self.engine_perplexity / self.perplexity - 1)


def check_export(model: Path, gguf: Path, texts: Sequence[str], perplexity_tokens: int = 48) -> ExportCheck:
    """Compare the folder with the file on these texts; the perplexity over that many tokens of the first one.

    Raises: DaulatError where the engine cannot load the file.
    """
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    ours = [list(tokenizer.encode(text, add_special_tokens=False).ids) for text in texts]
    probe = ours[0][: perplexity_tokens + 1]
    theirs = _ask_engine(gguf, {"texts": list(texts), "ids": probe})
    same = [a == b for a, b in zip(ours, theirs["ids"], strict=True)]
    return ExportCheck(
        texts=len(texts),
        same_ids=sum(same),
        difference=next((text for text, equal in zip(texts, same, strict=True) if not equal), ""),
        perplexity=math.exp(_torch_nats(model, probe)),
        engine_perplexity=math.exp(-sum(theirs["logprobs"]) / len(theirs["logprobs"])),
    )


def _torch_nats(model: Path, ids: list[int]) -> float:
    offline()
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    network = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32, local_files_only=True).eval()
    given = torch.tensor([ids])
    with torch.inference_mode():
        return float(network(input_ids=given, labels=given).loss)


def _ask_engine(gguf: Path, question: dict[str, Any]) -> Any:
    command = [sys.executable, "-m", "daulat.model.check", str(gguf)]
    done = subprocess.run(
        command, input=json.dumps(question), capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise DaulatError(f"llama.cpp cannot read `{gguf.name}`: {last}", "export the model again") from None


def main(gguf: str) -> None:
    """Answer the question on standard input."""
    import xllamacpp

    question = json.loads(sys.stdin.read())
    key = secrets.token_urlsafe(32)
    params = xllamacpp.CommonParams()
    params.model.path = gguf
    params.n_ctx = _CONTEXT_TOKENS
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = (
        1  # its threads spin: more than free cores is slower
    )
    params.hostnames, params.api_keys = ["127.0.0.1"], [key]  # it always opens a port: on loopback, for nobody else
    params.endpoint_slots = params.endpoint_props = params.ui = False
    params.offline = True
    params.fit_params = False
    params.verbosity = 1
    server = xllamacpp.Server(params)
    ids = [_tokenize(server.listening_address, key, text) for text in question["texts"]]
    tokens = question["ids"]
    (spoken,) = _tokenize(server.listening_address, key, "a")
    logprobs = [_logprob(server, tokens[:place], tokens[place], spoken) for place in range(1, len(tokens))]
    sys.stdout.write(json.dumps({"ids": ids, "logprobs": logprobs}) + "\n")


def _tokenize(address: str, key: str, text: str) -> list[int]:
    body = json.dumps({"content": text, "add_special": False, "parse_special": False}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"{address}/tokenize", data=body, headers=headers)  # noqa: S310  loopback
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
        return list(json.loads(answer.read())["tokens"])


def _logprob(server: Any, before: list[int], token: int, spoken: int) -> float:
    # Half a character or an end token would be answered without its distribution: a plain letter is forced, which leaves
    # the logits that are reported as they were.
    asked = {"prompt": before, "n_predict": 1, "n_probs": 1 << 20, "temperature": 0.0, "logit_bias": [[spoken, 1e4]]}
    answer = server.handle_completions(asked)
    (place,) = answer["choices"][0]["logprobs"]["content"]
    return next(float(entry["logprob"]) for entry in place["top_logprobs"] if entry["id"] == token)


if __name__ == "__main__":
    main(*sys.argv[1:])
