"""An approved release as a folder that anyone can check, without this project and without daulat.

```
weights, model.gguf, NOTICE, bom.cdx.json, release.tlog-proof, publisher.pem ──signed──> model.sig
```
The folder is an artefact like any other: the law is asked before, a statement says after what was handed out.
"""

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daulat.errors import DaulatError
from daulat.journey import canonical, durable
from daulat.journey import statement as st
from daulat.journey.views.cyclonedx import bom
from daulat.journey.views.model_signing import SIGNATURE, bundle
from daulat.records import Progress, Release, no_progress
from daulat.work.keys import one_change
from daulat.work.project import Project, secret, write_secret
from daulat.work.proving import prove
from daulat.work.query import copy_out
from daulat.work.release import about_release, find
from daulat.work.run import Bench, Facts, Outcome, Step, now, run

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

KEY, PUBLIC = "publisher.key", "publisher.pem"
NOTICE, BOM, PROOF, GGUF = "NOTICE", "bom.cdx.json", "release.tlog-proof", "model.gguf"


def publish(project: Project, folder: Path, release_id: str | None, progress: Progress = no_progress) -> Outcome:
    """The release (the last one approved) in `folder`, which must not be there or be empty.

    Raises: NotAllowed where the law or the record forbids it; DaulatError for a folder that holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DaulatError(f"`{folder}` is there already", "name a folder that is empty or not there")
    release = find(project, release_id, "approved")
    if release.state != "approved":
        raise DaulatError(f"`{release.id}` is {release.state}", "approve it first: `daulat release approve`")
    key = publisher_key(project)
    step = Step(
        name="publish",
        room="journey",
        inputs={"model": release.model, "weights": release.weights, "scorecard": release.scorecard},
        output="publication",
        options={"release": release.id, "key": canonical.digest(_spki(key))},
        questions=about_release(project, release),
        make=lambda bench: _fill(project, release, key, bench),
    )
    made = run(project, step, progress)
    copy_out(project, made.output, folder)
    return made


def _fill(project: Project, release: Release, key: "EllipticCurvePrivateKey", bench: Bench) -> Facts:
    store, into = project.journey.store, bench.into
    weights = store.materialise(release.weights, bench.scratch / "weights")
    for path in sorted(weights.iterdir()):
        path.rename(into / path.name)
    store.materialise(release.model, into / GGUF)
    bench.progress(0.3, "bill of materials and proof")
    base = json.loads((into / "base.json").read_text(encoding="utf-8"))
    (into / NOTICE).write_text(_notice(base, release), encoding="utf-8")
    listed = json.dumps(bom(project.journey, release.id), ensure_ascii=False, indent=1, sort_keys=True)
    (into / BOM).write_text(listed + "\n", encoding="utf-8")
    (into / PROOF).write_bytes(prove(project, release.id)[0].text())
    (into / PUBLIC).write_bytes(_pem(key))
    bench.progress(0.5, "hashing what is signed")
    files = {
        path.relative_to(into).as_posix(): canonical.digest_file(path) for path in into.rglob("*") if path.is_file()
    }
    (into / SIGNATURE).write_text(json.dumps(bundle(release.id, files, key), indent=1) + "\n", encoding="utf-8")
    return {"release": release.id, "files": len(files)}


def _notice(base: dict[str, Any], release: Release) -> str:
    """What the base's licence asks to be passed on, in plain words."""
    lines = [
        f"{release.id}: adapted from {base['name']} by {base['owner']}, licence {base['licence']}.",
        f"The base came from {base['origin']} ({base['sha256']}); its files were changed: vocabulary, weights, format.",
        f"Approved by {release.by}: {release.reason}",
        *(f"Whoever passes it on has to: {duty}." for duty in base.get("duties", ())),
    ]
    return "\n".join(lines) + "\n"


def publisher_key(project: Project) -> "EllipticCurvePrivateKey":
    """The key that published folders are signed with, made at the first one and named in the keyring.

    Raises: DaulatError where the key here is not the one that the keyring names, or may be read by others.
    """
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    project.journey.refresh()
    named, file = project.journey.keyring.publisher, project.folder / "keys" / KEY
    if not file.exists() and named is None:
        _create(file)
    found = load_pem_private_key(secret(file), None)
    if not isinstance(found, ec.EllipticCurvePrivateKey):
        raise DaulatError(f"`{file}` is no elliptic-curve key", "restore it from your backup")
    if named is None:  # the first time, or killed between making the key and saying so
        _name(project, found)
    elif named != _spki(found):
        raise DaulatError(
            f"`{file}` is not the publisher's key that the keyring names",
            "restore it from your backup, or `daulat key rotate publisher`",
        )
    return found


def rotate_publisher(project: Project) -> int:
    """A new publisher's key, whatever became of the old one; the number of the statement that names it."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    file = project.folder / "keys" / KEY
    _ = project.operator  # or a key would be made that nobody can put on record
    file.unlink(missing_ok=True)
    _create(file)
    key = load_pem_private_key(secret(file), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return _name(project, key)


def _create(file: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    partial = file.with_name(f".{KEY}.{os.getpid()}")
    write_secret(partial, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    partial.replace(file)
    durable.flush_folder(file.parent)


def _name(project: Project, key: "EllipticCurvePrivateKey") -> int:
    with one_change(project):
        listed = list(project.journey.keyring.keys.values())
        return project.record(st.keyring_statement(listed, at=now(), publisher=_spki(key)))


def _spki(key: "EllipticCurvePrivateKey") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _pem(key: "EllipticCurvePrivateKey") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(spki: bytes) -> str:
    """How `model_signing` names a key: SHA-256 of its PEM text."""
    body = base64.b64encode(spki).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    pem = "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])
    return hashlib.sha256(pem.encode()).hexdigest()
