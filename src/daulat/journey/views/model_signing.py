"""A folder's files in an OpenSSF model signature: a Sigstore bundle that the `model_signing` tool verifies with a key.

```
files ──> in-toto Statement (model_signing/signature/v1.0) ──> DSSE ──ECDSA P-256──> model.sig
```
The tool takes elliptic-curve keys only, so this is the one signature here that is not Ed25519: its key is named in the
keyring, by which an operator vouches for it. Source: github.com/sigstore/model-transparency, model_signing 1.1.
"""

import base64
import hashlib
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from daulat.journey import canonical
from daulat.journey.envelope import PAYLOAD_TYPE, pae

SIGNATURE = "model.sig"
"""The file that is not signed: it is the signature."""
_PREDICATE = "https://model_signing/signature/v1.0"
_BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def statement(name: str, files: dict[str, str]) -> dict[str, Any]:
    """What is signed: each file's digest by its relative path, and one digest over all of them in the order of paths."""
    resources = [
        {"name": path, "algorithm": "sha256", "digest": digest.removeprefix("sha256:")}
        for path, digest in sorted(files.items())
    ]
    whole = hashlib.sha256(b"".join(bytes.fromhex(resource["digest"]) for resource in resources)).hexdigest()
    how = {"method": "files", "hash_type": "sha256", "allow_symlinks": False, "ignore_paths": [SIGNATURE]}
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": whole}}],
        "predicateType": _PREDICATE,
        "predicate": {"serialization": how, "resources": resources},
    }


def bundle(name: str, files: dict[str, str], key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    """The signature over these files (relative path -> `sha256:...`) of the model of that name."""
    payload = canonical.canonical(statement(name, files))
    signature = key.sign(pae(payload), ec.ECDSA(hashes.SHA256()))
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "mediaType": _BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": hashlib.sha256(pem).hexdigest()}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": ""}],
        },
    }
