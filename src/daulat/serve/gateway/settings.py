"""What an operator may set of a gateway."""

from typing import Annotated

from msgspec import Meta

from daulat.records import Record

Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]


class GatewaySettings(Record, frozen=True):
    """Limits and names of one gateway. Every input has a limit on its size and on its time."""

    model: str
    """The name that clients ask for, and `/v1/models` tells."""
    max_body_bytes: Positive = 1_048_576
    body_timeout_s: Seconds = 15.0
    """A client that sends its body slower than this is let go."""
    answer_timeout_s: Seconds = 600.0
    """From the accepted request to the last byte, slow readers included."""
    connect_timeout_s: Seconds = 5.0
    engine_connections: Positive = 32
    """Requests that the engine sees at once; later ones wait in line."""
    max_concurrent: Positive = 256
    """Requests in the gateway at once; later ones get 429 and `Retry-After`."""
    default_max_tokens: Positive = 512
    """For requests that name none: no answer is without end."""
    max_tokens: Positive = 4096
    """The most tokens that one request may ask for."""
    release_check_s: Seconds = 1.0
    """How long "not withdrawn" is believed before it is asked again."""
