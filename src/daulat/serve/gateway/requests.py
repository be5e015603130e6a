"""What a client may ask for: an allow-list. A field that is not here is refused by name, never passed on unseen."""

import re
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from daulat.serve.gateway.refusals import Refused
from daulat.serve.gateway.settings import GatewaySettings

Count: TypeAlias = Annotated[int, Meta(ge=1)]
Penalty: TypeAlias = Annotated[float, Meta(ge=-2, le=2)]
StopWord: TypeAlias = Annotated[str, Meta(min_length=1, max_length=256)]
_SEEDS = 2**32 - 1
"""llama.cpp's seeds have 32 bits, and the highest one means "random"."""


class _Asked(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a request: unknown fields are refused, fields not set are not sent on."""


class TextPart(_Asked):
    """A piece of a message; text only."""

    type: Literal["text"]
    text: str


class ChatMessage(_Asked):
    """One turn of a conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]
    name: str | None = None


class StreamOptions(_Asked):
    """Whether the last event of a stream tells the usage."""

    include_usage: bool = False


class ResponseFormat(_Asked):
    """Text, any JSON, or JSON of one schema (where the engine can)."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: dict[str, Any] | None = None


class Request(_Asked):
    """What both kinds of request share."""

    model: str
    max_tokens: Count | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    top_k: Annotated[int, Meta(ge=0, le=1000)] | None = None
    stop: StopWord | Annotated[list[StopWord], Meta(max_length=16)] | None = None
    seed: int | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    response_format: ResponseFormat | None = None
    n: Literal[1] | None = None

    @property
    def tells_usage(self) -> bool:
        """Whether the client wants the usage inside its stream."""
        return self.stream_options is not None and self.stream_options.include_usage


class ChatRequest(Request, kw_only=True):
    """Body of `/v1/chat/completions`."""

    messages: Annotated[list[ChatMessage], Meta(min_length=1)]
    max_completion_tokens: Count | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None


class TextRequest(Request, kw_only=True):
    """Body of `/v1/completions`."""

    prompt: str
    logprobs: Annotated[int, Meta(ge=0, le=5)] | None = None


Asked = TypeVar("Asked", bound=Request)


def parse(body: bytes, kind: type[Asked]) -> tuple[Asked, bytes]:
    """The request, and its canonical bytes (JSON with sorted keys). Raises: Refused (400) that names the field."""
    try:
        request = msgspec.json.decode(body, type=kind)
        canonical = msgspec.json.encode(msgspec.json.decode(body), order="sorted")
    except msgspec.ValidationError as error:
        raise _not_valid(str(error)) from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Refused(
            400, "malformed_json", f"the body is not JSON: {error}", "send one JSON object in UTF-8"
        ) from error
    except RecursionError as error:
        raise Refused(400, "malformed_json", "the body is nested too deeply", "send a flat request") from error
    return request, canonical


def _not_valid(problem: str) -> Refused:
    if unknown := re.search(r"unknown field `([^`]*)`", problem):
        name = unknown[1]
        return Refused(400, "unknown_field", f"the field `{name}` is not supported here", f"leave `{name}` out", name)
    field = re.search(r"`\$\.?([^`]*)`", problem) or re.search(r"required field `([^`]*)`", problem)
    return Refused(
        400,
        "invalid_field",
        problem,
        "send it as the OpenAI API reference says, or leave it out",
        field[1] if field else None,
    )


def check_limits(request: Request, settings: GatewaySettings) -> int:
    """The tokens that this request may generate. Raises: Refused where it names another model or too many."""
    if request.model != settings.model:
        message = f"the model `{request.model}` does not exist here"
        raise Refused(404, "model_not_found", message, f"ask for `{settings.model}`, see /v1/models", "model")
    asked = request.max_tokens
    if isinstance(request, ChatRequest) and request.max_completion_tokens is not None:
        asked = request.max_completion_tokens
    tokens = min(settings.default_max_tokens, settings.max_tokens) if asked is None else asked
    if tokens > settings.max_tokens:
        message = f"{tokens} tokens were asked for, at most {settings.max_tokens} are given"
        raise Refused(
            400, "too_many_tokens", message, f"set `max_tokens` to {settings.max_tokens} or less", "max_tokens"
        )
    return tokens


def engine_body(request: Request, tokens: int) -> bytes:
    """What the engine is sent: the client's own fields, a limit, and the wish for counts on every event."""
    fields: dict[str, Any] = msgspec.to_builtins(request)
    fields.pop("max_completion_tokens", None)
    fields["max_tokens"] = tokens
    if request.seed is not None:
        fields["seed"] = request.seed % _SEEDS
    if request.stream:
        # llama.cpp and vLLM each read their own word, and both ignore the other's.
        fields["timings_per_token"] = True
        fields["stream_options"] = {"include_usage": True, "continuous_usage_stats": True}
    else:
        fields.pop("stream_options", None)
    return msgspec.json.encode(fields)
