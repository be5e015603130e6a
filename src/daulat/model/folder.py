"""A Hugging Face folder, checked before anybody trusts it: whole, pickle-free, a model that writes text."""

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

from daulat.errors import DaulatError
from daulat.model import shape as shapes
from daulat.records import Progress

_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")
_SMALL_FILES = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "generation_config.json",
    "chat_template.jinja",
)
INDEX = "model.safetensors.index.json"


def copy(source: Path, into: Path, progress: Progress) -> tuple[str, int, int, str, str]:
    """Copy what a model needs, nothing else; architecture, parameters, vocabulary, number format and digest of it.

    Raises: DaulatError where the folder is no whole text-generating model in safetensors.
    """
    config = read_json(source / "config.json")
    architecture = _architecture(config, source)
    shards = shard_names(source)
    parameters, rows, stored_as = _check_weights(source, shards)
    _check_vocabulary(source, config, rows)
    names = sorted([*shards, *(name for name in (*_SMALL_FILES, INDEX) if (source / name).is_file())])
    digests = []
    for number, name in enumerate(names):
        progress(0.9 * number / len(names), f"copying {name}")
        shutil.copyfile(source / name, into / name)
        with (into / name).open("rb") as file:
            digests.append(f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}")
    digest = hashlib.sha256("\n".join(digests).encode()).hexdigest()
    return architecture, parameters, config.get("vocab_size", rows), stored_as, f"sha256:{digest}"


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file that must be there.

    Raises: DaulatError where it is missing, no JSON, or no object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DaulatError(
            f"`{path.parent.name}` has no `{path.name}`: it is no Hugging Face model folder",
            "name the folder that holds config.json, tokenizer.json and *.safetensors",
        ) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DaulatError(
            f"`{path.name}` of `{path.parent.name}` is no JSON: {error}", "download the model again"
        ) from None
    if not isinstance(found, dict):
        raise DaulatError(f"`{path.name}` of `{path.parent.name}` is no JSON object", "download the model again")
    return found


def _is_shard(name: object) -> bool:
    """Whether it is a file of weights in the folder itself: an index comes from strangers, and could name any file."""
    return isinstance(name, str) and re.fullmatch(r"[\w][\w.-]*\.safetensors", name) is not None


def shard_names(folder: Path) -> list[str]:
    """The files that the weights lie in, all of them there.

    Raises: DaulatError for pickles, a missing shard, or no weights at all.
    """
    if (folder / INDEX).is_file():
        listed = read_json(folder / INDEX).get("weight_map")
        names = (
            sorted(set(listed.values())) if isinstance(listed, dict) and all(map(_is_shard, listed.values())) else []
        )
        missing = [name for name in names if not (folder / name).is_file()]
        if missing or not names:
            if not names:
                problem = (
                    f"`{INDEX}` in `{folder.name}` names no weights, or something else than NAME.safetensors beside it"
                )
                raise DaulatError(problem, "download the model again")
            raise DaulatError(
                f"`{folder.name}` lacks {len(missing)} of {len(names)} shards: `{', '.join(missing[:3])}`",
                "download them",
            )
        return names
    if (folder / "model.safetensors").is_file():
        return ["model.safetensors"]
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix in _PICKLES)
    if pickles:
        raise DaulatError(
            f"`{folder.name}` has its weights as a pickle (`{pickles[0]}`), which can run code as it is read",
            "convert it to safetensors on a machine you can lose, or download the safetensors",
        )
    raise DaulatError(f"`{folder.name}` holds no *.safetensors", "name the folder that holds the weights")


def _architecture(config: dict[str, Any], source: Path) -> str:
    if "auto_map" in config:
        raise DaulatError(
            f"`{source.name}` needs Python code of its own (`auto_map`), which is never run", "use a model without"
        )
    names = config.get("architectures")
    if not isinstance(names, list) or not names:
        raise DaulatError(
            f"`{source.name}/config.json` names no architecture", "name a folder that holds a whole Hugging Face model"
        )
    if not str(names[0]).endswith("ForCausalLM"):
        raise DaulatError(
            f"`{source.name}` is of the architecture {names[0]}, which cannot write text",
            "choose a text-generating (CausalLM) model",
        )
    return shapes.read(config, source.name).architecture.model_type


def _check_weights(folder: Path, shards: list[str]) -> tuple[int, int, str]:
    """Parameters, rows of the embedding, number format, from the headers alone."""
    from safetensors import SafetensorError, safe_open

    parameters, rows, formats = 0, 0, set[str]()
    for name in shards:
        try:
            with safe_open(folder / name, framework="numpy") as shard:
                for key in shard.keys():  # noqa: SIM118  it is no dict
                    part = shard.get_slice(key)
                    shape = part.get_shape()
                    size = 1
                    for side in shape:
                        size *= side
                    parameters += size
                    formats.add(part.get_dtype())
                    if key.endswith("embed_tokens.weight"):
                        rows = shape[0]
        except SafetensorError as error:
            raise DaulatError(f"`{name}` of `{folder.name}` is not whole: {error}", "download it again") from None
    if rows == 0:
        raise DaulatError(f"`{folder.name}` holds no token embedding", "name another model")
    return parameters, rows, "/".join(sorted(formats))


def _check_vocabulary(folder: Path, config: dict[str, Any], rows: int) -> None:
    tokenizer = read_json(folder / "tokenizer.json")
    ids = (
        [*tokenizer.get("model", {}).get("vocab", {}).values()]
        if tokenizer.get("model", {}).get("type") == "BPE"
        else []
    )
    ids += [token["id"] for token in tokenizer.get("added_tokens", [])]
    if not ids:
        raise DaulatError(f"the tokenizer of `{folder.name}` is no BPE", "models with a BPE tokenizer.json work")
    if config.get("vocab_size") != rows or max(ids) >= rows:
        raise DaulatError(
            f"`{folder.name}` disagrees with itself: {max(ids) + 1} tokens, {rows} embedding rows, "
            f"vocab_size {config.get('vocab_size')}",
            "tokenizer and weights are of two models; download both again",
        )
