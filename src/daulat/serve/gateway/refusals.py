"""Every no of the gateway, in OpenAI's shape, with a hint."""

import msgspec

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "invalid_request_error",
    405: "invalid_request_error",
    408: "invalid_request_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
}


class Refused(Exception):
    """A request that gets no answer: its HTTP status, one sentence, and the way out."""

    def __init__(
        self, status: int, code: str, message: str, hint: str, param: str | None = None, close: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.param = param
        self.close = close
        """The rest of the connection cannot be trusted (an unread body)."""

    def body(self) -> bytes:
        """The JSON that the client gets."""
        kind = _TYPES.get(self.status, "server_error")
        fields = {"message": self.message, "type": kind, "param": self.param, "code": self.code, "hint": self.hint}
        return msgspec.json.encode({"error": fields})

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Headers that belong to this status."""
        headers: list[tuple[bytes, bytes]] = []
        if self.status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        if self.status in (429, 503):
            headers.append((b"retry-after", b"1"))
        if self.close:
            headers.append((b"connection", b"close"))
        return headers
