"""Private keys in files, one line each, mode 0600, in the text format of golang.org/x/mod/sumdb/note.

```
PRIVATE+KEY+NAME+HASH+base64(0x01 || 32 bytes)
```
"""

import base64
import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from daulat.errors import DaulatError
from daulat.journey.keys import ED25519, SigningKey, decode

_PRIVATE = "PRIVATE+KEY+"


def create_key(path: Path, name: str) -> SigningKey:
    """A new key, durable in a file that only its owner may read.

    Raises: DaulatError where the file is there already: a key is never overwritten.
    """
    key = SigningKey(name, Ed25519PrivateKey.generate().private_bytes_raw())
    line = f"{_PRIVATE}{key.key_id}+{base64.b64encode(ED25519 + key.seed).decode()}\n"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise DaulatError(f"the key `{path}` is there already", "keep it, or choose another name") from None
    with os.fdopen(handle, "w", encoding="ascii" if name.isascii() else "utf-8") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    return key


def load_key(path: Path) -> SigningKey:
    """The key in that file.

    Raises: DaulatError where it is missing, not a key, or where others may read it.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise DaulatError(f"the key `{path}` may be read by others", f"run `chmod 600 {path}`")
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise DaulatError(f"the key `{path}` is missing", "restore it from your backup") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DaulatError(f"the key `{path}` cannot be read: {error}", "it must be a file that you may read") from None
    form = f"`{path}` must be one line, `{_PRIVATE}NAME+HASH+BASE64`"
    if not text.startswith(_PRIVATE):
        raise DaulatError(f"`{path}` is not a private key", form)
    parts = text.removeprefix(_PRIVATE).split("+", 2)
    key = SigningKey(*decode(parts, form, (ED25519,))[:2])
    if key.key_id != "+".join(parts[:2]):
        raise DaulatError(f"the key `{path}` does not match its own hash", "restore it from your backup")
    return key
