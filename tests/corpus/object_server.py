"""A real S3 service on loopback that counts, slows and breaks what it is told to: moto behind a few lines of WSGI."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


class S3Server:
    """Requests for objects are counted by key; `fault` may answer one in moto's place."""

    def __init__(self) -> None:
        self.gets: Counter[str] = Counter()
        self.lists = 0
        self.signed: list[str] = []
        self.fault: Callable[[str], str | None] = lambda key: None
        self.slow_s = 0.0
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        self.signed.append(environ.get("HTTP_AUTHORIZATION", ""))
        if method == "GET" and "list-type" in environ.get("QUERY_STRING", ""):
            self.lists += 1
        elif method == "GET" and path.count("/") > 1:
            self.gets[path.split("/", 2)[2]] += 1
            time.sleep(self.slow_s)
            fault = self.fault(path)
            if fault == "gone":
                start("404 NOT FOUND", [("Content-Type", "application/xml")])
                return [b"<Error><Code>NoSuchKey</Code></Error>"]
            if fault == "cut":
                start(
                    "200 OK",
                    [
                        ("Content-Length", "1000000"),
                        ("ETag", '"x"'),
                        ("Last-Modified", "Wed, 25 Nov 2026 00:00:00 GMT"),
                    ],
                )
                return [b"half of it"]
            if fault == "silent":
                time.sleep(3)
        answer: Iterable[bytes] = self._moto(environ, start)
        return answer

    @contextmanager
    def running(self) -> Iterator["S3Server"]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def client(self) -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="writer",
            aws_secret_access_key="writer",
            config=Config(retries={"max_attempts": 1}),
        )
