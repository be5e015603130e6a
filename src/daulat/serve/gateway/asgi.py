"""The few words of ASGI that the gateway speaks. Source: asgi.readthedocs.io, HTTP specification 2.4."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from daulat.serve.gateway.refusals import Refused

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers: TypeAlias = list[tuple[bytes, bytes]]


class ClientGone(Exception):
    """The client left before its request was whole: nobody is there to be told."""


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first header of that (lower-case) name."""
    headers: Headers = scope["headers"]
    return next((value for key, value in headers if key == name), None)


async def read_body(scope: Scope, receive: Receive, limit_bytes: int, timeout_s: float) -> bytes:
    """The whole body. Raises: Refused where it is too large or too slow, ClientGone where it never ends."""
    announced = header(scope, b"content-length")
    if announced is not None and (not announced.isdigit() or int(announced) > limit_bytes):
        raise _too_large(limit_bytes)
    try:
        async with asyncio.timeout(timeout_s):
            return await _collect(receive, limit_bytes)
    except TimeoutError as error:
        message = f"the request's body did not arrive within {timeout_s:g} s"
        raise Refused(408, "body_too_slow", message, "send the body at once", close=True) from error


async def _collect(receive: Receive, limit_bytes: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > limit_bytes:
            raise _too_large(limit_bytes)
        if not message.get("more_body", False):
            return bytes(body)


def _too_large(limit_bytes: int) -> Refused:
    message = f"the request's body is larger than {limit_bytes} bytes"
    return Refused(413, "body_too_large", message, "send a shorter conversation", close=True)


async def send_whole(send: Send, status: int, body: bytes, headers: Headers) -> None:
    """Send a JSON reply in one piece."""
    own: Headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": own + headers})
    await send({"type": "http.response.body", "body": body})
