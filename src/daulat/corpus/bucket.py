"""A bucket of an S3-compatible service, or a container of Azure's, opened for reading; trouble in words of our own."""

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from daulat.errors import DaulatError
from daulat.records import Source

if TYPE_CHECKING:
    from obstore.store import ObjectStore

TIMEOUT_S = 60
"""Longest silence before a request counts as failed, where `timeout_s` does not say. Ours."""
CONNECT_S = 10
"""Longest wait for a connection. Ours."""
RETRIES = 4
"""Times that a request which failed for a passing reason is sent again. Ours."""

_SIGNS_S3 = (
    *("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    *("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
)
_SIGNS_AZURE = (
    *("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_SAS_KEY", "AZURE_STORAGE_SAS_TOKEN"),
    *("AZURE_STORAGE_TOKEN", "AZURE_STORAGE_CLIENT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"),
)
"""Where none of these is set, requests are not signed: a public bucket. No machine's own identity is asked for."""

_GONE = {"404", "NoSuchBucket", "NoSuchKey", "ContainerNotFound", "BlobNotFound", "ResourceNotFound"}
_BARRED = {"401", "403"}
_CHANGED = {"412"}


class Trouble(DaulatError):
    """What kept the bucket from being read; `passing` where another attempt may go better."""

    def __init__(self, problem: str, hint: str, *, passing: bool) -> None:
        super().__init__(problem, hint)
        self.passing = passing


def opened(source: Source) -> "ObjectStore":
    """The bucket of that source; nothing is sent yet.

    Raises: DaulatError where obstore is missing.
    """
    try:
        from obstore.store import AzureStore, S3Store
    except ModuleNotFoundError:
        raise DaulatError(
            f"source `{source.name}` needs `obstore` to read objects", "run `pip install 'daulat[objects]'`"
        ) from None
    scheme, bucket, _ = parts(source.location)
    silence = timedelta(seconds=source.timeout_s or TIMEOUT_S)
    endpoint = source.endpoint or f"https://s3.{source.region}.amazonaws.com"
    options: dict[str, Any] = {
        "client_options": {
            "allow_http": endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=min(CONNECT_S, source.timeout_s or CONNECT_S)),
            "read_timeout": silence,
            "timeout": timedelta(days=1),  # of a whole request: a large object may take its time, if it keeps coming
        },
        "retry_config": {"max_retries": RETRIES, "retry_timeout": silence},
        "endpoint": endpoint,
    }
    if scheme == "az":
        host, _, account = urlsplit(endpoint).netloc.partition("/")
        account = urlsplit(endpoint).path.strip("/") or host.split(".")[0]
        return AzureStore(bucket, account_name=account, skip_signature=not _signs(_SIGNS_AZURE), **options)
    return S3Store(
        bucket,
        region=source.region or "us-east-1",
        virtual_hosted_style_request=(urlsplit(endpoint).hostname or "").startswith(f"{bucket}."),
        skip_signature=not _signs(_SIGNS_S3),
        **options,
    )


def _signs(names: tuple[str, ...]) -> bool:
    return any(os.environ.get(name) for name in names)


def parts(location: str) -> tuple[str, str, str]:
    """`s3` or `az`, the bucket, and the prefix without slashes at its ends.

    Raises: DaulatError for anything else.
    """
    found = re.fullmatch(r"(s3|az)://([A-Za-z0-9][A-Za-z0-9._-]{1,62})(?:/(.*))?", location)
    if not found:
        raise DaulatError(
            f"`{location}` is no bucket",
            "write `s3://bucket/prefix`, or `az://container/prefix` with Azure's `endpoint`",
        )
    return found[1], found[2], (found[3] or "").strip("/")


def listed(store: "ObjectStore", source: Source) -> Iterator[tuple[str, int, str, str]]:
    """Key below the prefix, size, tag and version of every object, page by page.

    Raises: Trouble.
    """
    import obstore
    from obstore.exceptions import BaseError

    prefix = parts(source.location)[2]
    skipped = len(prefix) + 1 if prefix else 0
    try:
        for page in obstore.list(store, prefix=prefix or None, chunk_size=1000):
            for meta in page:
                tag = meta["e_tag"] or meta["last_modified"].isoformat()
                yield meta["path"][skipped:], meta["size"], tag, meta["version"] or ""
    except (BaseError, OSError) as error:
        raise _trouble(error, source, None) from None


def get(store: "ObjectStore", source: Source, key: str, tag: str, into: Path) -> int:
    """Write the object to that file if it still has that tag, and give its size in bytes.

    Raises: Trouble.
    """
    import obstore
    from obstore.exceptions import BaseError

    prefix = parts(source.location)[2]
    name = f"{prefix}/{key}" if prefix else key
    same = {} if re.match(r"\d{4}-\d\d-\d\dT", tag) else {"if_match": tag if '"' in tag else f'"{tag}"'}
    size = 0
    with into.open("wb") as file:
        try:
            for block in obstore.get(store, name, options=same).stream(min_chunk_size=1 << 20):  # type: ignore[arg-type]
                size += file.write(memoryview(block))
        except (BaseError, FileNotFoundError, TimeoutError, ConnectionError) as error:
            raise _trouble(error, source, key) from None
    return size


def _trouble(error: Exception, source: Source, key: str | None) -> Trouble:
    """The library's error by its code alone: its words may hold an address that is signed."""
    from obstore.exceptions import InvalidPathError, PreconditionError

    said = str(error)
    codes = set(re.findall(r"<Code>(\w+)</Code>|status code: (\d{3})", said))
    found = {one for pair in codes for one in pair if one}
    what = f"`{source.location}`" if key is None else f"the object `{key}` of source `{source.name}`"
    again = "run it again: what was read is kept"
    if isinstance(error, InvalidPathError):
        return Trouble(
            f"{what} has an object whose key is no path (`//`, `..` or a control character)",
            "name a narrower prefix in `location`, or rename that object",
            passing=False,
        )
    if isinstance(error, PreconditionError) or found & _CHANGED:
        return Trouble(f"{what} changed while the source was read", again, passing=False)
    if isinstance(error, FileNotFoundError) or found & _GONE:
        hint = "correct `location` and `endpoint`" if key is None else again
        return Trouble(f"{what} is not there{'' if key is None else ' any more'}", hint, passing=False)
    if found & _BARRED or type(error).__name__ in ("PermissionDeniedError", "UnauthenticatedError"):
        names = (
            _SIGNS_AZURE[:1] if source.location.startswith("az:") else ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        )
        set_now = "are set and were refused" if _signs(names) else "are not set"
        return Trouble(
            f"{what} may not be read ({', '.join(sorted(found)) or 'no credentials'})",
            f"{' and '.join(names)} in the environment {set_now}; the key needs the right to list and to read",
            passing=False,
        )
    code = f" ({', '.join(sorted(found))})" if found else ""
    where = source.endpoint or "its service"
    return Trouble(f"{what} cannot be read from {where}{code}", f"look at the network; {again}", passing=True)
