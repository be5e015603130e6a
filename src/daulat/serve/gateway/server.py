"""Runs the gateway: uvicorn on uvloop and httptools, one worker, told to keep quiet about itself."""

import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

from daulat.errors import DaulatError
from daulat.serve.gateway.asgi import Application

_DRAIN_S = 20
"""On SIGTERM, running answers have this long; then they are cut and recorded as far as they came."""


def serve(app: Application, host: str = "127.0.0.1", port: int = 0, ready: Callable[[int], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then return. `ready` is told the port once requests are taken.

    Raises: DaulatError where the address is taken or is not this machine's.
    """
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started and ready is not None:
                ready(listener.getsockname()[1])

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            # uvicorn raises the signal again at its end, which would kill the process before its records are closed.
            with _signals(self.handle_exit):
                yield

    listener = _listen(host, port)
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", ws="none", lifespan="on", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, timeout_graceful_shutdown=_DRAIN_S, timeout_keep_alive=30,
    )  # fmt: skip
    with listener:
        Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise DaulatError(
            f"{host}:{port} cannot be listened on: {error.strerror}", "choose another port, or 0 for any"
        ) from error
    return listener


@contextlib.contextmanager
def _signals(handler: Callable[[int, Any], None]) -> Iterator[None]:
    kept = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, former in kept.items():
            signal.signal(number, former)
