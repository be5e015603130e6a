"""Who may ask: agencies with their keys, in one file that only its owner can read."""

import os
import stat
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from daulat.errors import DaulatError
from daulat.records import Record
from daulat.serve.gateway.keys import ApiKey, hash_key, key_id, same_hash

_RELOAD_S = 0.5
"""Revocation must hold within a second: the file is looked at twice in it."""


class Tenant(Record, frozen=True):
    """An agency that shares the machines."""

    name: str
    country: str
    sector: str
    keys: tuple[ApiKey, ...] = ()


_UNKNOWN: tuple[Tenant | None, ApiKey] = (None, ApiKey(id="", hash="hmac-sha256:" + "0" * 64))


class TenantFile(Record, frozen=True):
    """The file's content; a version this gateway does not know is refused."""

    tenants: tuple[Tenant, ...]
    version: int = 1


def load_tenants(path: Path) -> tuple[Tenant, ...]:
    """The tenants in `path`. Raises: DaulatError where it is missing, broken, of double meaning or open to others."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            raw = file.read()
    except OSError as error:
        raise DaulatError(
            f"the tenants' file {path} cannot be read: {error.strerror}", "make it with `daulat deploy`"
        ) from error
    if mode & 0o077:
        raise DaulatError(f"the tenants' file {path} can be read by others (mode {mode:04o})", f"chmod 600 {path}")
    try:
        content = msgspec.json.decode(raw, type=TenantFile)
    except msgspec.DecodeError as error:
        raise DaulatError(
            f"the tenants' file {path} is broken: {error}", "restore it, or issue the keys anew"
        ) from error
    if content.version != 1:
        raise DaulatError(f"the tenants' file {path} has version {content.version}, known is 1", "use a newer daulat")
    _check_unique(path, content.tenants)
    return content.tenants


def _check_unique(path: Path, tenants: tuple[Tenant, ...]) -> None:
    for what, found in (
        ("tenant", [tenant.name for tenant in tenants]),
        ("key id", [key.id for tenant in tenants for key in tenant.keys]),
    ):
        if twice := sorted({name for name in found if found.count(name) > 1}):
            raise DaulatError(f"the tenants' file {path} has the {what} `{twice[0]}` twice", "keep one of them")


def save_tenants(path: Path, tenants: tuple[Tenant, ...]) -> None:
    """Write `path` in one step, readable by its owner only."""
    _check_unique(path, tenants)
    content = msgspec.json.format(msgspec.json.encode(TenantFile(tenants=tenants)), indent=2) + b"\n"
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)


class Tenants:
    """Finds the tenant of a key; follows changes of the file within a second.

    A file that cannot be read any more admits nobody: a revoked key must not live on in an old copy.
    """

    def __init__(self, path: Path, pepper: bytes) -> None:
        self._path = path
        self._pepper = pepper
        self._seen: tuple[int, int, int] | None = None
        self._look_again = 0.0
        self._by_key: dict[str, tuple[Tenant, ApiKey]] = {}
        self.broken: DaulatError | None = None
        self._load(load_tenants(path))

    def of(self, key: str) -> Tenant | None:
        """The tenant whose valid key this is, or None; a wrong id takes as long as a wrong secret."""
        self._follow_file()
        tenant, kept = self._by_key.get(key_id(key) or "", _UNKNOWN)
        right = same_hash(hash_key(key, self._pepper), kept.hash)
        if tenant is None or not right or (kept.expires is not None and _now() >= kept.expires):
            return None
        return tenant

    def _follow_file(self) -> None:
        now = time.monotonic()
        if now < self._look_again:
            return
        self._look_again = now + _RELOAD_S
        seen = self._fingerprint()
        if seen == self._seen and self.broken is None:
            return
        try:
            self._load(load_tenants(self._path))
        except DaulatError as error:
            self.broken = error
            self._by_key = {}

    def _load(self, tenants: tuple[Tenant, ...]) -> None:
        self._seen = self._fingerprint()
        self._by_key = {key.id: (tenant, key) for tenant in tenants for key in tenant.keys}
        self.broken = None

    def _fingerprint(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_mode


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
