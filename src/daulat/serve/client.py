"""Asks a gateway one question, with nothing but the standard library."""

import json
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from daulat.errors import DaulatError
from daulat.records import Record

OnText = Callable[[str], None]


class Reply(Record, frozen=True):
    """An answer, and what it cost."""

    text: str
    answer_id: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float


def ask(
    url: str,
    key: str,
    messages: Sequence[dict[str, str]],
    *,
    model: str | None = None,
    max_tokens: int = 256,
    on_text: OnText | None = None,
    timeout_s: float = 120.0,
    seed: int | None = None,
    temperature: float | None = None,
) -> Reply:
    """The whole answer; `on_text` gets each piece as it comes. `model` None: the one that the gateway has.

    Raises: DaulatError where there is no gateway, it refuses, or the answer breaks off.
    """
    begun = monotonic()
    body: dict[str, Any] = {"model": model or _only_model(url, key, timeout_s), "messages": list(messages)}
    body |= {"max_tokens": max_tokens, "stream": True, "stream_options": {"include_usage": True}}
    body |= {name: value for name, value in (("seed", seed), ("temperature", temperature)) if value is not None}
    connection = _connect(url, timeout_s)
    pieces: list[str] = []
    usage: dict[str, int] | None = None
    try:
        response = _send(connection, url, key, "POST", "/v1/chat/completions", json.dumps(body).encode())
        for event in _events(response):
            for choice in event["choices"]:
                if text := choice["delta"].get("content"):
                    pieces.append(text)
                    if on_text is not None:
                        on_text(text)
            usage = event.get("usage") or usage
        answer_id = response.headers.get("x-daulat-answer", "")
    except (OSError, HTTPException, ValueError, KeyError) as error:
        raise DaulatError(f"the gateway at {url} cannot be asked: {error!r}", "see `daulat deploy status`") from error
    finally:
        connection.close()
    if usage is None:
        raise DaulatError(f"the answer {answer_id} broke off", "ask again; see the gateway's log")
    return Reply("".join(pieces), answer_id, usage["prompt_tokens"], usage["completion_tokens"], monotonic() - begun)


def _connect(url: str, timeout_s: float) -> HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DaulatError(f"`{url}` is no gateway's address", "give http://HOST:PORT")
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    return kind(parts.hostname, parts.port, timeout=timeout_s)


def _send(connection: HTTPConnection, url: str, key: str, method: str, path: str, body: bytes | None) -> HTTPResponse:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    connection.request(method, urlsplit(url).path.rstrip("/") + path, body, headers)
    response = connection.getresponse()
    if response.status != 200:
        raise _refusal(url, response)
    return response


def _only_model(url: str, key: str, timeout_s: float) -> str:
    connection = _connect(url, timeout_s)
    try:
        response = _send(connection, url, key, "GET", "/v1/models", None)
        return str(json.loads(response.read())["data"][0]["id"])
    except (OSError, HTTPException, ValueError, KeyError, IndexError) as error:
        raise DaulatError(f"the gateway at {url} cannot be asked: {error!r}", "see `daulat deploy status`") from error
    finally:
        connection.close()


def _refusal(url: str, response: HTTPResponse) -> DaulatError:
    try:
        error = json.loads(response.read())["error"]
        return DaulatError(f"the gateway refuses ({response.status}): {error['message']}", str(error["hint"]))
    except (ValueError, KeyError, TypeError):
        return DaulatError(f"{url} answers with status {response.status}", "is this a daulat gateway?")


def _events(response: HTTPResponse) -> Iterator[dict[str, Any]]:
    """Each event's JSON until `[DONE]`. Raises: DaulatError where the stream tells an error."""
    for line in response:
        data = line.strip().removeprefix(b"data: ")
        if data == b"[DONE]":
            return
        if not line.startswith(b"data: "):
            continue
        event = json.loads(data)
        if "error" in event:
            raise DaulatError(event["error"]["message"], event["error"]["hint"])
        yield event
