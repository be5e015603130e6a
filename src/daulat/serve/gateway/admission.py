"""May this request be answered? Whose key it is, and whether the release is still live. Unknown is no."""

import asyncio
import logging
import time
from collections.abc import Callable

from daulat.errors import DaulatError
from daulat.serve.gateway.asgi import Scope, header
from daulat.serve.gateway.keys import is_mistyped
from daulat.serve.gateway.refusals import Refused
from daulat.serve.gateway.tenants import Tenant, Tenants

_log = logging.getLogger("daulat.gateway.admission")

RULE = "gateway/known-key-and-live-release"
"""Written as `decision` into every answer's record."""


class Admission:
    """Decides for one deployment; the release is asked about at most once in `check_s` seconds."""

    def __init__(self, tenants: Tenants, release: str, is_withdrawn: Callable[[str], bool], check_s: float) -> None:
        self._tenants = tenants
        self._release = release
        self._is_withdrawn = is_withdrawn
        self._check_s = check_s
        self._believed_until = 0.0
        self._live = False
        self._asking = asyncio.Lock()

    def tenant(self, scope: Scope) -> Tenant:
        """Whose key the request carries. Raises: Refused (401)."""
        scheme, _, key = (header(scope, b"authorization") or b"").decode("latin-1").partition(" ")
        tenant = self._tenants.of(key.strip()) if scheme.lower() == "bearer" else None
        if tenant is None:
            raise self._unknown(key.strip())
        return tenant

    def _unknown(self, key: str) -> Refused:
        if self._tenants.broken is not None:
            _log.error("nobody is admitted: %s", self._tenants.broken)
        hint = "ask the operator: it may have been revoked or have expired"
        if is_mistyped(key):
            hint = "send `Authorization: Bearer dlt_...`, with the whole key: this one is cut or mistyped"
        return Refused(401, "invalid_api_key", "no valid API key was given", hint)

    async def release_is_live(self) -> None:
        """Raises: Refused (503) where the release was withdrawn, or nobody can say."""
        if time.monotonic() >= self._believed_until:
            async with self._asking:
                if time.monotonic() >= self._believed_until:
                    await self._ask()
        if not self._live:
            message = f"the release `{self._release}` is not served any more"
            raise Refused(503, "release_withdrawn", message, "ask the operator which release took its place")

    async def _ask(self) -> None:
        try:
            # In a thread: it may read the journey, and nobody else's answer should wait for that.
            self._live = not await asyncio.to_thread(self._is_withdrawn, self._release)
        except (DaulatError, OSError) as error:
            self._live = False
            _log.error("whether `%s` was withdrawn cannot be told, so it is not served: %s", self._release, error)
        self._believed_until = time.monotonic() + self._check_s
