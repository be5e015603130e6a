"""The keys of a project: who may sign what, changed only by a statement that an operator signs.

```
rotate: new key in keys/.ROLE.key.next ──> keyring statement, durable ──> renamed over keys/ROLE.key
                                       │ killed                        │ killed
                                       └─> the old key is in force     └─> the new one is: the rename is made up for
```
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from daulat.errors import DaulatError
from daulat.journey import durable
from daulat.journey import statement as st
from daulat.journey.cosignature import CosignerKey
from daulat.journey.keyfile import create_key
from daulat.journey.keyring import ROLES
from daulat.journey.keys import PublicKey
from daulat.work.project import Project, key_file, settle
from daulat.work.run import now

Listed = tuple[str, PublicKey]
"""Role and key, as a keyring lists them."""


@dataclass(frozen=True)
class Change:
    """What a change of the keyring did."""

    key: PublicKey
    role: str
    entry: int
    """The keyring statement: from the next entry on, it holds."""
    file: Path | None
    """Where the private key lies, if it is ours."""


def rotate(project: Project, role: str) -> Change:
    """A new key in place of the operator's or the gateway's; the old one signs nothing that comes after.

    The gateway's may be lost, or revoked: only the operator signs. Raises: DaulatError for another role.
    """
    if role not in ("operator", "gateway"):
        raise DaulatError(f"`{role}` keys are not rotated here", "add the new key, then revoke the old one")
    with one_change(project):
        return _rotate(project, role)


def _rotate(project: Project, role: str) -> Change:
    # All of a role that has only one key here, so that a lost one is not left in force.
    old = [key for of, key in _listed(project) if of == role] if role == "gateway" else [project.operator.public]
    fresh = project.folder / "keys" / f".{role}.key.next"
    fresh.unlink(missing_ok=True)
    new = create_key(fresh, role if role == "gateway" else old[0].name)
    durable.flush_folder(fresh.parent)
    kept = [(of, key) for of, key in _listed(project) if key not in old]
    entry = _record(project, [(role, new.public), *kept])
    settle(project.folder, role, project.journey.keyring)
    return Change(new.public, role, entry, key_file(project.folder, role))


@contextmanager
def one_change(project: Project) -> Iterator[None]:
    """One process changes the keyring at a time: two that read the same one would each undo the other's change."""
    lock = os.open(project.folder / "keys" / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        project.journey.refresh()
        yield
    finally:
        os.close(lock)


def add(project: Project, role: str, name: str, public: PublicKey | None = None) -> Change:
    """One more key: somebody else's, of which only the public half is known here, or a new one of our own.

    Raises: DaulatError for an unknown role, or a name that is taken.
    """
    if role not in ROLES:
        raise DaulatError(f"there is no role `{role}`", f"roles: {', '.join(ROLES)}")
    if name in _OWN_FILES:
        raise DaulatError(f"a key called `{name}` would lie where another one does", "choose another name")
    with one_change(project):
        return _add(project, role, name, public)


_OWN_FILES = frozenset({"commitment", "publisher", "tenant"})
"""Names of files in `keys/` that hold something else."""


def _add(project: Project, role: str, name: str, public: PublicKey | None) -> Change:
    listed = _listed(project)
    if any(key.name == name for _, key in listed):
        raise DaulatError(f"a key is called `{name}` already", "choose another name, or revoke that one first")
    _ = project.operator  # or a key would be made that nobody can put on record
    if public is not None:
        return Change(public, role, _record(project, [*listed, (role, public)]), None)
    file = project.folder / "keys" / f"{name}.key"
    if file.parent != project.folder / "keys":
        raise DaulatError(f"a key cannot be called `{name}`", "use letters, digits and `-`")
    made = create_key(file, name).public
    public = CosignerKey(made).public if role == "witness" else made
    try:
        entry = _record(project, [*listed, (role, public)])
    except DaulatError:
        file.unlink(missing_ok=True)  # it is in no keyring: nothing was signed with it, nothing ever will be
        raise
    return Change(public, role, entry, file)


def revoke(project: Project, key_id: str) -> Change:
    """Take a key out of force: what it signs from now on does not verify; what it signed before does.

    Raises: DaulatError for a key that is not in force, or the last operator.
    """
    with one_change(project):
        return _revoke(project, key_id)


def _revoke(project: Project, key_id: str) -> Change:
    listed = _listed(project)
    gone = [(role, key) for role, key in listed if key_id in (key.key_id, key.name)]
    if len(gone) != 1:
        known = ", ".join(f"`{key.key_id}`" for _, key in listed)
        raise DaulatError(f"{len(gone)} keys in force are called `{key_id}`", f"keys in force: {known}")
    if gone[0][1] == project.operator.public:
        raise DaulatError(
            f"`{key_id}` is the key that this project signs with",
            "`daulat key rotate operator` puts a new one in its place",
        )
    if gone[0][0] == "gateway" and sum(role == "gateway" for role, _ in listed) == 1:
        raise DaulatError(
            f"`{key_id}` is the only key that answers are recorded with",
            "`daulat key rotate gateway` puts a new one in its place; without one nothing may be served",
        )
    entry = _record(project, [item for item in listed if item not in gone])
    return Change(gone[0][1], gone[0][0], entry, None)


def _listed(project: Project) -> list[Listed]:
    project.journey.refresh()
    return list(project.journey.keyring.keys.values())


def _record(project: Project, keys: Iterable[Listed]) -> int:
    said = st.keyring_statement(list(keys), at=now(), publisher=project.journey.keyring.publisher)
    return project.journey.record(said, project.operator)
