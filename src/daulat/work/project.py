"""One project on disk: its settings, keys, store, journey, and the law that is asked."""

import hmac
import os
import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from daulat.config import FILE, Config, load
from daulat.errors import DaulatError
from daulat.journey import durable
from daulat.journey.journey import Journey
from daulat.journey.keyfile import create_key, load_key
from daulat.journey.keyring import Keyring
from daulat.journey.keys import SigningKey
from daulat.nation.law import LawPack
from daulat.nation.licence import UNKNOWN
from daulat.nation.profile import Nation, nation, nations
from daulat.nation.question import Question
from daulat.records import Decision

COMMITMENT_BYTES = 32


@dataclass(frozen=True)
class Project:
    """Opened by every command; nothing in it is global.

    ```
    daulat.toml        settings
    keys/              operator.key signs steps and releases, gateway.key signs usage, commitment.key hides identifiers
    journey/  store/   the signed log, and the artefacts it names
    work/  cache/      steps under way; downloads
    run/               what is being served: processes, tenants, usage records
    ```
    """

    folder: Path
    config: Config
    journey: Journey

    @classmethod
    def open(cls, folder: Path) -> "Project":
        """The project in that folder.

        Raises: DaulatError where there is none, or where its settings, keys or journey cannot be read.
        """
        return cls(folder, load(folder), Journey.open(folder))

    @property
    def work(self) -> Path:
        """Steps under way."""
        return self.folder / "work"

    @property
    def cache(self) -> Path:
        """Downloads, by package."""
        return self.folder / "cache"

    @property
    def run_folder(self) -> Path:
        """What is being served."""
        return self.folder / "run"

    @cached_property
    def nation(self) -> Nation:
        """The country whose pack decides."""
        return nation(self.config.nation.code)

    @cached_property
    def law(self) -> LawPack:
        """The law as it stands today."""
        return LawPack(self.nation.code, self.today)

    @property
    def today(self) -> date:
        """The day that it is in the country: its law changes at its own midnight, wherever the machine is."""
        return datetime.now(ZoneInfo(self.nation.time_zone)).date()

    def decide(self, question: Question, packs: dict[str, LawPack] | None = None) -> tuple[Decision, ...]:
        """What this country's law says; and, of a source from another country with a pack, what that one's says.

        `packs`: the law of other days or drafts, by country; without it the law in force.
        Abroad nobody is a public operator of that country, so what it spares its own government it does not spare here.
        """
        own = (packs[self.nation.code] if packs else self.law).decide(question)
        if question.origin in (self.nation.code, "international", UNKNOWN):
            return (own,)
        others = packs or self._packs
        if question.origin not in others:
            return (own,)
        sector = "private" if question.sector == "public" else question.sector
        return own, others[question.origin].decide(replace(question, sector=sector))

    @cached_property
    def _packs(self) -> dict[str, LawPack]:
        return {code: LawPack(code, self.law.day) for code in nations() if code != self.nation.code}

    @property
    def operator(self) -> SigningKey:
        """Signs steps and releases. Read each time: another process may rotate it."""
        return self._key("operator")

    @property
    def gateway(self) -> SigningKey:
        """Signs usage, and nothing else."""
        return self._key("gateway")

    def _key(self, role: str) -> SigningKey:
        settle(self.folder, role, self.journey.keyring)
        return load_key(key_file(self.folder, role))

    @cached_property
    def commitment(self) -> bytes:
        """Secret of the keyed commitments; never in the journey."""
        return secret(self.folder / "keys" / "commitment.key")

    def derived(self, purpose: str) -> bytes:
        """A secret of its own for each purpose, so that no two commitments can be compared."""
        return hmac.digest(self.commitment, f"daulat {purpose}".encode(), "sha256")

    def record(self, what: dict[str, Any]) -> int:
        """Sign it as the operator and return its index once it is durable."""
        return self.journey.record(what, self.operator)


def create(folder: Path, text: str) -> Project:
    """Write `daulat.toml`, make the keys and the journey; all or nothing.

    Raises: DaulatError where a project is there already.
    """
    if (folder / FILE).exists():
        raise DaulatError(f"`{folder}` is a daulat project already", "use another folder, or go on in this one")
    folder.mkdir(parents=True, exist_ok=True)
    keys = folder / "keys"
    keys.mkdir(mode=0o700, exist_ok=True)
    for left_over in keys.glob("*.key"):
        left_over.unlink()  # from an init that was killed: without daulat.toml there is no project
    operator = create_key(keys / "operator.key", "operator")
    gateway = create_key(keys / "gateway.key", "gateway")
    write_secret(keys / "commitment.key", secrets.token_bytes(COMMITMENT_BYTES))
    Journey.create(folder, f"daulat/{secrets.token_hex(8)}", operator, {"gateway": gateway})
    partial = folder / f".{FILE}.partial"
    partial.write_text(text, encoding="utf-8")
    partial.replace(folder / FILE)
    return Project.open(folder)


def key_file(folder: Path, role: str) -> Path:
    """Where the key of that role lies."""
    return folder / "keys" / f"{role}.key"


def settle(folder: Path, role: str, ring: Keyring) -> None:
    """Put a rotated key in its place, once the keyring that names it is on record; a rotation may be killed between."""
    fresh = folder / "keys" / f".{role}.key.next"
    if fresh.exists() and load_key(fresh).key_id in ring.keys:
        fresh.replace(key_file(folder, role))
        durable.flush_folder(fresh.parent)


def secret(path: Path) -> bytes:
    """The bytes of a secret file that only its owner may read.

    Raises: DaulatError where it is missing or others may read it.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise DaulatError(f"`{path.name}` may be read by others", f"run `chmod 600 {path}`")
        return path.read_bytes()
    except FileNotFoundError:
        raise DaulatError(f"the key `{path.name}` is missing", "restore `keys/` from your backup") from None


def write_secret(path: Path, content: bytes) -> None:
    """A new file that only its owner may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
