"""The gateway's routes: a bare ASGI application, state handed in, nothing global."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable

import msgspec

from daulat.errors import DaulatError
from daulat.records import Deployment
from daulat.serve.gateway import relay
from daulat.serve.gateway.admission import Admission
from daulat.serve.gateway.asgi import Application, ClientGone, Receive, Scope, Send, read_body, send_whole
from daulat.serve.gateway.exchange import Exchange, Ledger
from daulat.serve.gateway.meter import Meter
from daulat.serve.gateway.refusals import Refused
from daulat.serve.gateway.requests import ChatRequest, Request, TextRequest, check_limits, engine_body, parse
from daulat.serve.gateway.settings import GatewaySettings
from daulat.serve.gateway.tenants import Tenant, Tenants
from daulat.serve.gateway.upstream import EngineDown, Upstream

_log = logging.getLogger("daulat.gateway")
_KINDS: dict[str, type[ChatRequest] | type[TextRequest]] = {
    "/v1/chat/completions": ChatRequest,
    "/v1/completions": TextRequest,
}
_HEALTH_TIMEOUT_S = 2.0


def application(
    settings: GatewaySettings,
    tenants: Tenants,
    deployment: Deployment,
    engine_url: str,
    engine_key: str,
    commitment_key: bytes,
    meter: Meter,
    is_withdrawn: Callable[[str], bool],
) -> Application:
    """The ASGI application that answers for one deployment. Raises: DaulatError on a key or an address that is none."""
    if len(commitment_key) < hashlib.sha256().digest_size:
        raise DaulatError(
            f"the commitment key has {len(commitment_key)} bytes, 32 are needed", "make it with `daulat init`"
        )
    upstream = Upstream(engine_url, engine_key, settings.engine_connections, settings.connect_timeout_s)
    admission = Admission(tenants, deployment.release, is_withdrawn, settings.release_check_s)
    return _Gateway(settings, Ledger(deployment, commitment_key), upstream, admission, meter)


class _Gateway:
    def __init__(
        self, settings: GatewaySettings, ledger: Ledger, upstream: Upstream, admission: Admission, meter: Meter
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._upstream = upstream
        self._admission = admission
        self._meter = meter
        self._running = 0
        self._since = int(time.time())
        self._others = {"/healthz": self._health, "/readyz": self._ready, "/v1/models": self._models}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"no {scope['type']} is served here")
        try:
            await self._route(scope)(scope, receive, send)
        except Refused as refused:
            await send_whole(send, refused.status, refused.body(), refused.headers())
        except relay.Broken as broken:
            await self._end_broken(broken, send)
        except ClientGone:
            return

    def _route(self, scope: Scope) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        path = scope["path"]
        handler = self._complete if path in _KINDS else self._others.get(path)
        if handler is None:
            hint = "see /v1/models, /v1/chat/completions and /v1/completions"
            raise Refused(404, "not_found", f"there is nothing at {path[:100]}", hint)
        method = "POST" if path in _KINDS else "GET"
        if scope["method"] != method:
            raise Refused(405, "method_not_allowed", f"{scope['method']} is not taken at {path}", f"use {method}")
        return handler

    async def _complete(self, scope: Scope, receive: Receive, send: Send) -> None:
        tenant = self._admission.tenant(scope)
        if self._running >= self._settings.max_concurrent:
            message = f"{self._running} requests are being answered already"
            raise Refused(429, "too_many_requests", message, "try again in a second", close=True)
        self._running += 1
        try:
            body = await read_body(scope, receive, self._settings.max_body_bytes, self._settings.body_timeout_s)
            await self._admission.release_is_live()
            request, canonical = parse(body, _KINDS[scope["path"]])
            await self._answer(scope["path"], request, canonical, tenant, receive, send)
        finally:
            self._running -= 1

    async def _answer(
        self, path: str, request: Request, canonical: bytes, tenant: Tenant, receive: Receive, send: Send
    ) -> None:
        tokens = check_limits(request, self._settings)
        exchange = Exchange(self._ledger, tenant, canonical)
        model = self._settings.model
        try:
            async with asyncio.timeout(self._settings.answer_timeout_s):
                async with await self._upstream.post(path, engine_body(request, tokens)) as reply:
                    if request.stream:
                        usage = request.tells_usage
                        await relay.relay_stream(reply, exchange, model, usage, self._meter, receive, send)
                    else:
                        await relay.relay_whole(reply, exchange, model, self._meter, send)
        except EngineDown as error:
            _log.error("the engine failed: %s", error)
            raise Refused(502, "engine_down", "the engine does not answer", "try again in a moment") from error
        except TimeoutError as error:
            message = f"the answer took longer than {self._settings.answer_timeout_s:g} s"
            if request.stream and exchange.recorded:  # its beginning is with the client
                raise relay.Broken(message) from error
            raise Refused(504, "answer_too_slow", message, "ask for fewer tokens, or stream") from error

    async def _end_broken(self, broken: relay.Broken, send: Send) -> None:
        """Tell inside the stream, in OpenAI's shape, and end it without `[DONE]`: nobody may take it for whole."""
        error = Refused(502, "answer_broke_off", str(broken), "ask again; what was generated until here is on record")
        await send({"type": "http.response.body", "body": b"data: " + error.body() + b"\n\n"})

    async def _models(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._admission.tenant(scope)
        deployment = self._ledger.deployment
        model = {"id": self._settings.model, "object": "model", "created": self._since}
        model |= {"owned_by": deployment.place.operator, "release": deployment.release}
        await send_whole(send, 200, msgspec.json.encode({"object": "list", "data": [model]}), [])

    async def _health(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send_whole(send, 200, b'{"status":"ok"}', [])

    async def _ready(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ready is: the release is live, answers can be recorded, and the engine has its model."""
        await self._admission.release_is_live()
        if not self._meter.healthy():
            raise Refused(503, "not_recording", "answers cannot be recorded", "see the gateway's log")
        try:
            async with asyncio.timeout(_HEALTH_TIMEOUT_S), await self._upstream.get("/health") as reply:
                await reply.read(self._settings.max_body_bytes)
        except (EngineDown, TimeoutError) as error:
            raise Refused(503, "engine_down", "the engine does not answer", "see the engine's log") from error
        if reply.status != 200:
            raise Refused(503, "engine_not_ready", "the engine is loading its model", "try again in a moment")
        await send_whole(send, 200, b'{"status":"ready"}', [])

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self._upstream.close()
                await send({"type": "lifespan.shutdown.complete"})
                return
