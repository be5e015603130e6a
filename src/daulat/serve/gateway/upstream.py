"""A small HTTP/1.1 client for one engine: keep-alive, streaming, back-pressure; nothing else.

```
post() ─> idle connection or a new one ─> write ─> EngineReply(status, chunks) ─> read to its end: back to the pool
                                                                              └─> left early: closed, the engine stops
```
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import cast
from urllib.parse import urlsplit

import httptools

from daulat.errors import DaulatError

_HIGH_WATER_BYTES = 262_144
"""More than this unread, and the engine is not read from until the client has caught up."""


class EngineDown(Exception):
    """The engine cannot be reached, or it broke off."""


class _Stale(EngineDown):
    """A kept connection was closed by the engine before it answered: a fresh one may be tried."""


class _Connection(asyncio.Protocol):
    """One connection; answers one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._begin()
        self.closed = False
        self.used = False

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.chunks: deque[bytes] = deque()
        self._unread_bytes = 0
        self._paused = False
        self.status = 0
        self.started = False
        self.complete = False
        self._keeps_alive = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: it stands."""
        # uvloop's transports have the interface, and are no subclass.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: it fell."""
        self.closed = True
        self._wake()

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes came. Bytes that are no HTTP, or that nobody asked for, end the connection."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()
        self._wake()

    def on_headers_complete(self) -> None:
        """httptools: the status is known."""
        self.status = self._parser.get_status_code()
        self.started = True

    def on_body(self, body: bytes) -> None:
        """httptools: a piece of the body."""
        self.chunks.append(body)
        self._unread_bytes += len(body)
        if self._unread_bytes > _HIGH_WATER_BYTES and self._transport is not None and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """httptools: the reply is whole."""
        self.complete = True
        # Asked here, for the parser forgets it with the message.
        self._keeps_alive = bool(self._parser.should_keep_alive())

    def send(self, request: bytes) -> None:
        """Begin one exchange."""
        assert self._transport is not None
        self._begin()
        self._transport.write(request)

    def take(self) -> bytes:
        """All that is unread."""
        data = self.chunks.popleft() if len(self.chunks) == 1 else b"".join(self.chunks)
        self.chunks.clear()
        self._unread_bytes = 0
        if self._paused and self._transport is not None and not self.closed:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def wait(self) -> None:
        """Until something came, or the connection fell."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def reusable(self) -> bool:
        """Whether the next request may be sent on it."""
        return self._keeps_alive and not self.closed and not self.chunks

    def close(self) -> None:
        """Let go at once; who waits is woken."""
        self.closed = True
        if self._transport is not None:
            self._transport.abort()
        self._wake()


class EngineReply:
    """The engine's answer; to be used as an async context, which gives the connection back."""

    def __init__(self, upstream: "Upstream", connection: _Connection) -> None:
        self._upstream = upstream
        self._connection = connection
        self.status = connection.status
        self.abandoned = False

    async def __aenter__(self) -> "EngineReply":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._upstream.give_back(self._connection)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Pieces as they come, until the whole body or `abandon`. Raises: EngineDown where it breaks off."""
        connection = self._connection
        while not self.abandoned:
            if connection.chunks:
                yield connection.take()
            elif connection.complete:
                return
            elif connection.closed:
                raise EngineDown("the engine broke off in the middle of an answer")
            else:
                await connection.wait()

    async def read(self, limit_bytes: int) -> bytes:
        """The whole body. Raises: EngineDown where it breaks off or is larger than `limit_bytes`."""
        body = bytearray()
        async for chunk in self.chunks():
            body += chunk
            if len(body) > limit_bytes:
                raise EngineDown(f"the engine's answer is larger than {limit_bytes} bytes")
        return bytes(body)

    def abandon(self) -> None:
        """Stop the engine: nobody wants the rest. A complete reply is left as it is."""
        if not self._connection.complete:
            self.abandoned = True
            self._connection.close()


class Upstream:
    """A pool of at most `connections` to one engine; later requests wait in line."""

    def __init__(self, url: str, key: str, connections: int, connect_timeout_s: float) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname is None or not key:
            raise DaulatError(f"`{url}` is no engine's address", "give http://HOST:PORT and the engine's key")
        self._host, self._port = parts.hostname, parts.port or 80
        self._prefix = parts.path.rstrip("/")
        self._connect_timeout_s = connect_timeout_s
        self._idle: list[_Connection] = []
        self._free = asyncio.Semaphore(connections)
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._head = f"host: {host}:{self._port}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n"

    async def get(self, path: str) -> EngineReply:
        """Ask without a body."""
        return await self._exchange(f"GET {self._prefix}{path} HTTP/1.1\r\n{self._head}\r\n".encode())

    async def post(self, path: str, body: bytes) -> EngineReply:
        """Ask; the reply's status is known on return. Raises: EngineDown."""
        head = f"POST {self._prefix}{path} HTTP/1.1\r\n{self._head}content-length: {len(body)}\r\n\r\n"
        return await self._exchange(head.encode() + body)

    async def _exchange(self, request: bytes) -> EngineReply:
        await self._free.acquire()
        connection = None
        try:
            while True:
                connection = await self._connection()
                try:
                    await self._send(connection, request)
                    return EngineReply(self, connection)
                except _Stale:
                    continue
        except BaseException:
            if connection is not None:
                connection.close()
            self._free.release()
            raise

    async def _send(self, connection: _Connection, request: bytes) -> None:
        fresh, connection.used = not connection.used, True
        connection.send(request)
        while not connection.started:
            if connection.closed:
                problem = "the engine closed the connection without an answer"
                raise EngineDown(problem) if fresh else _Stale(problem)
            await connection.wait()

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                _, connection = await loop.create_connection(_Connection, self._host, self._port)
        except OSError as error:  # TimeoutError is one
            raise EngineDown(f"the engine at {self._host}:{self._port} does not answer: {error}") from error
        return connection

    def give_back(self, connection: _Connection) -> None:
        """Keep a connection whose reply was read to its end; close any other, which stops the engine's work."""
        if connection.reusable():
            self._idle.append(connection)
        else:
            connection.close()
        self._free.release()

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().close()
