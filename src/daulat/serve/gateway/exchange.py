"""What is known of one answer while it is being made: its text's keyed digest, its tokens, how it ended."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from daulat.records import Answer, Deployment
from daulat.serve.gateway.admission import RULE
from daulat.serve.gateway.answer_id import new_answer_id
from daulat.serve.gateway.tenants import Tenant

Finish = Literal["stop", "length", "cancelled", "error"]


def commitment(key: bytes, content: bytes) -> str:
    """`hmac-sha256:` of `content`: who has the key can check a claimed text, nobody else can even guess."""
    return "hmac-sha256:" + hmac.digest(key, content, hashlib.sha256).hex()


@dataclass(frozen=True, slots=True)
class Ledger:
    """What all answers of one deployment share."""

    deployment: Deployment
    commitment_key: bytes


class Exchange:
    """Counts one answer as it passes, so that it can be recorded truly at any moment it may end."""

    __slots__ = (
        "_at",
        "_ledger",
        "_request",
        "_tenant",
        "_text",
        "completion_tokens",
        "finish",
        "id",
        "prompt_tokens",
        "recorded",
    )

    def __init__(self, ledger: Ledger, tenant: Tenant, canonical_request: bytes) -> None:
        self.id = new_answer_id()
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.finish: Finish = "error"
        self.recorded = False
        self._at = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        self._ledger = ledger
        self._tenant = tenant
        self._request = commitment(ledger.commitment_key, canonical_request)
        self._text = hmac.new(ledger.commitment_key, digestmod=hashlib.sha256)

    def take(self, event: dict[str, Any]) -> str | None:
        """Read one event (or a whole reply): its text, its counts. Returns why it ended, or None while it goes on."""
        if usage := event.get("usage"):
            self.prompt_tokens = int(usage.get("prompt_tokens", 0))
            self.completion_tokens = int(usage.get("completion_tokens") or 0)
        elif timings := event.get("timings"):
            self.prompt_tokens = int(timings["cache_n"]) + int(timings["prompt_n"])
            self.completion_tokens = int(timings["predicted_n"])
        reason: str | None = None
        for choice in event.get("choices", ()):
            self._take_text(choice)
            reason = choice.get("finish_reason") or reason
        if reason is not None:
            self.finish = "length" if reason == "length" else "stop"
        return reason

    def _take_text(self, choice: dict[str, Any]) -> None:
        message = choice.get("delta") or choice.get("message") or choice
        for name in ("reasoning_content", "content", "text"):
            piece = message.get(name)
            if piece:
                self._text.update(piece.encode())

    def answer(self) -> Answer:
        """The record, as things stand."""
        deployment = self._ledger.deployment
        return Answer(
            id=self.id,
            at=self._at,
            tenant=self._tenant.name,
            deployment=deployment.id,
            release=deployment.release,
            model=deployment.model,
            place=deployment.place.name,
            country=deployment.place.jurisdiction,
            request=self._request,
            response="hmac-sha256:" + self._text.hexdigest(),
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            finish=self.finish,
            decision=RULE,
        )
