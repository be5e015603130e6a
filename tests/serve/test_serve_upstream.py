"""The gateway's own HTTP client, against peers that behave and peers that do not."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from daulat.errors import DaulatError
from daulat.serve.gateway.upstream import EngineDown, Upstream

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]


async def with_peer(
    peer: Peer, use: Callable[[Upstream], Awaitable[object]], connections: int = 8
) -> tuple[object, int]:
    """What `use` gives, and how many connections were opened."""
    opened = 0

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        try:
            await peer(reader, writer, opened)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    upstream = Upstream(f"http://127.0.0.1:{port}", "key", connections, 1.0)
    try:
        return await asyncio.wait_for(use(upstream), 10), opened
    finally:
        upstream.close()
        server.close()


def run(peer: Peer, use: Callable[[Upstream], Awaitable[object]], connections: int = 8) -> tuple[object, int]:
    return asyncio.run(with_peer(peer, use, connections))


async def head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def ask(upstream: Upstream) -> bytes:
    async with await upstream.get("/x") as reply:
        return await reply.read(1_000_000)


async def well_behaved(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    while True:
        await head(reader)
        writer.write(OK)


def test_a_connection_is_used_again_and_again():
    async def use(upstream: Upstream) -> list[bytes]:
        return [await ask(upstream) for _ in range(20)]

    assert run(well_behaved, use) == ([b"ok"] * 20, 1)


def test_no_more_connections_than_allowed_and_the_others_wait_in_line():
    async def use(upstream: Upstream) -> list[bytes]:
        return list(await asyncio.gather(*(ask(upstream) for _ in range(50))))

    assert run(well_behaved, use, connections=3) == ([b"ok"] * 50, 3)


def test_a_kept_connection_that_was_closed_meanwhile_is_replaced_by_a_fresh_one():
    async def closes_on_the_second_request(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        await head(reader)
        writer.write(OK)
        await head(reader)

    async def use(upstream: Upstream) -> list[bytes]:
        return [await ask(upstream) for _ in range(3)]

    assert run(closes_on_the_second_request, use) == ([b"ok"] * 3, 3)


def test_a_reply_left_early_closes_its_connection_and_frees_its_place():
    ended = asyncio.Event()

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await head(reader)
        writer.write(CHUNKED)
        try:
            while True:
                writer.write(b"4\r\nabcd\r\n")
                await writer.drain()
                await asyncio.sleep(0.001)
        finally:
            ended.set()

    async def use(upstream: Upstream) -> int:
        for _ in range(3):
            async with await upstream.get("/x") as reply:
                async for _ in reply.chunks():
                    reply.abandon()
                assert reply.abandoned
        await ended.wait()
        return 3

    assert run(endless, use, connections=1) == (3, 3)


def test_a_client_that_does_not_read_stops_the_engine_from_filling_the_memory():
    written = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        nonlocal written
        await head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 200000000\r\n\r\n")
        for _ in range(2000):
            writer.write(b"x" * 100_000)
            await writer.drain()
            written += 100_000

    async def use(upstream: Upstream) -> int:
        async with await upstream.get("/x"):
            await asyncio.sleep(0.3)
        return written

    taken, _ = run(flood, use)
    assert taken < 50_000_000


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
        CHUNKED + b"4\r\nab",
        CHUNKED + b"zz\r\n",
    ],
)
def test_a_peer_that_breaks_off_or_talks_nonsense_is_an_engine_that_is_down(said):
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await head(reader)
        writer.write(said)

    async def use(upstream: Upstream) -> str:
        for _ in range(3):
            with pytest.raises(EngineDown):
                await ask(upstream)
        return "still asking"

    assert run(rude, use, connections=1)[0] == "still asking"


def test_a_reply_larger_than_the_limit_is_not_kept():
    async def large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n" + b"x" * 2_000_000)
        await writer.drain()

    async def use(upstream: Upstream) -> None:
        with pytest.raises(EngineDown, match="larger than"):
            await ask(upstream)

    run(large, use)


@pytest.mark.parametrize("url", ["", "ftp://x", "https://127.0.0.1:1", "127.0.0.1:80"])
def test_an_address_that_is_none_is_a_sentence(url):
    with pytest.raises(DaulatError, match="no engine's address"):
        Upstream(url, "key", 1, 1.0)
