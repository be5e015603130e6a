"""From the engine to the client, and on record before the last byte leaves.

```
whole:   read all ─> count ─> durable ─> send
stream:  event ─> count ─> send ... ending events are held ─> durable ─> send them and [DONE]
```
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from daulat.serve.gateway.asgi import Headers, Receive, Send, send_whole
from daulat.serve.gateway.exchange import Exchange
from daulat.serve.gateway.meter import Meter
from daulat.serve.gateway.refusals import Refused
from daulat.serve.gateway.upstream import EngineDown, EngineReply

_MOST_REPLY_BYTES = 16_777_216
_MOST_EVENT_BYTES = 1_048_576
_DONE = b"data: [DONE]\n\n"


class Broken(Exception):
    """A stream that the client has seen the beginning of, and that cannot be ended well."""


def engine_refusal(status: int, body: bytes) -> Refused:
    """What the client is told when the engine says no; what is between gateway and engine stays between them."""
    if status in (400, 413, 422):
        try:
            message = str(msgspec.json.decode(body)["error"]["message"])
        except (msgspec.DecodeError, KeyError, TypeError):
            message = "the engine does not accept this request"
        return Refused(400, "refused_by_engine", message, "shorten the conversation or correct the field")
    if status == 503:
        return Refused(503, "engine_not_ready", "the engine is loading its model", "try again in a moment")
    return Refused(
        502, "engine_error", f"the engine failed (status {status})", "try again; if it stays, tell the operator"
    )


def answer_headers(exchange: Exchange) -> Headers:
    """The answer's name, and the mark that a machine wrote it.

    Source: Vietnam's Law on Artificial Intelligence, article 11, asks for marks on audio, image and video;
    text is marked as well.
    """
    return [
        (b"x-daulat-answer", exchange.id.encode()),
        (b"x-daulat-ai-generated", b"true"),
        (b"cache-control", b"no-store"),
    ]


async def record(meter: Meter, exchange: Exchange) -> None:
    """Return once the answer is on the disk. Raises: Refused (503) where it cannot be: then it must not be given."""
    exchange.recorded = True
    try:
        await asyncio.wrap_future(meter.submit(exchange.answer()))
    except sqlite3.Error as error:
        message = "the answer could not be put on record, so it is not given"
        raise Refused(503, "not_recorded", message, "tell the operator: the disk may be full") from error


async def relay_whole(reply: EngineReply, exchange: Exchange, model: str, meter: Meter, send: Send) -> None:
    """Give one whole answer. Raises: Refused, EngineDown; then nothing was sent."""
    raw = await reply.read(_MOST_REPLY_BYTES)
    if reply.status != 200:
        raise engine_refusal(reply.status, raw)
    body = _decode(raw)
    exchange.take(body)
    await record(meter, exchange)
    await send_whole(send, 200, _encode(body, exchange, model), answer_headers(exchange))


async def relay_stream(
    reply: EngineReply, exchange: Exchange, model: str, tells_usage: bool, meter: Meter, receive: Receive, send: Send
) -> None:
    """Give an answer event by event; a client that leaves stops the engine and is billed for what was generated.

    Raises: Refused, EngineDown before the first byte; Broken after it.
    """
    if reply.status != 200:
        raise engine_refusal(reply.status, await reply.read(_MOST_REPLY_BYTES))
    headers: Headers = [(b"content-type", b"text/event-stream; charset=utf-8"), *answer_headers(exchange)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    watch = asyncio.ensure_future(_watch(receive, reply))
    try:
        await _pass_on(reply, exchange, model, tells_usage, meter, send)
    except (EngineDown, Refused) as error:
        raise Broken(str(error)) from error
    finally:
        watch.cancel()
        if not exchange.recorded:
            # Cut by the client, by time or by shutdown: nobody waits for it, yet it is written.
            exchange.finish = "cancelled" if reply.abandoned else "error"
            exchange.recorded = True
            meter.submit(exchange.answer())


async def _watch(receive: Receive, reply: EngineReply) -> None:
    """Stop the engine as soon as the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    reply.abandon()


async def _pass_on(
    reply: EngineReply, exchange: Exchange, model: str, tells_usage: bool, meter: Meter, send: Send
) -> None:
    held: list[bytes] = []
    async for event in _events(reply):
        if event == b"[DONE]":
            await record(meter, exchange)
            await send({"type": "http.response.body", "body": b"".join(held) + _DONE})
            return
        body = _decode(event)
        if "error" in body:
            raise EngineDown("the engine failed in the middle of an answer")
        ended = exchange.take(body) is not None
        line = _event(body, exchange, model, tells_usage)
        if ended or held:
            held.append(line)
        elif line:
            await send({"type": "http.response.body", "body": line, "more_body": True})
    if not reply.abandoned:
        raise EngineDown("the engine ended a stream without saying so")


async def _events(reply: EngineReply) -> AsyncIterator[bytes]:
    """The data of each server-sent event; comments (pings) are left out."""
    rest = b""
    async for chunk in reply.chunks():
        *events, rest = (rest + chunk).split(b"\n\n")
        if len(rest) > _MOST_EVENT_BYTES:
            raise EngineDown(f"the engine sent an event of more than {_MOST_EVENT_BYTES} bytes")
        for event in events:
            if event.startswith(b"data: "):
                yield event[6:]


def _event(body: dict[str, Any], exchange: Exchange, model: str, tells_usage: bool) -> bytes:
    if not body.get("choices") and not tells_usage:
        return b""
    if not tells_usage:
        body.pop("usage", None)
    elif body.get("choices"):
        body["usage"] = None if body.get("object") == "chat.completion.chunk" else body.get("usage")
    return b"data: " + _encode(body, exchange, model) + b"\n\n"


def _encode(body: dict[str, Any], exchange: Exchange, model: str) -> bytes:
    body.pop("timings", None)
    body["id"] = exchange.id
    body["model"] = model
    return msgspec.json.encode(body)


def _decode(raw: bytes) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise EngineDown("the engine sent something that is no JSON") from error
    if not isinstance(body, dict):
        raise EngineDown("the engine sent something that is no answer")
    return body
