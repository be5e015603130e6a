"""What may be decided in `[serve]`."""

from typing import Annotated

from msgspec import Meta

from daulat.records import Record

Port = Annotated[int, Meta(ge=0, le=65535)]
Positive = Annotated[int, Meta(ge=1)]


class ServeOptions(Record, frozen=True):
    """How a release is served on this machine."""

    port: Port = 0
    """Loopback port of the gateway; 0 takes any that is free and keeps it in `run/`."""
    context_tokens: Positive = 2048
    """Tokens of prompt and answer together, for each answer under way."""
    parallel: Positive = 2
    """Answers under way at once in the engine."""
    threads: Annotated[int, Meta(ge=0)] = 0
    """Threads of the engine; 0 takes the cores that are available. More than that makes it slower."""
    default_max_tokens: Positive = 256
    """For requests that name none."""
    max_tokens: Positive = 1024
    """The most tokens that one request may ask for."""
    batch_s: Annotated[float, Meta(gt=0)] = 1.0
    """Answers go to the journey this often: each batch is one statement."""
