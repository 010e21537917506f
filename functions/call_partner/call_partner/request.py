"""What the function is asked to do: its event, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ATTEMPTS_MAX = 3
ATTEMPT_TIMEOUT_S = 1.0
DEADLINE_S = 2.5
INTERNAL_TARGETS = frozenset({"boxoffice", "accounts"})
TARGETS = INTERNAL_TARGETS | {"payments", "notifications"}


class BadEvent(ValueError):  # noqa: N818  it is about the event
    """The event does not say what to call."""


@dataclass(frozen=True, kw_only=True)
class PartnerRequest:
    """One HTTP call and how long to try it. Times in seconds."""

    url: str
    method: str
    body: Any
    headers: Mapping[str, str]
    target: str
    attempts_max: int
    attempt_timeout_s: float
    deadline_s: float


def parse_event(event: Mapping[str, Any], environment: Mapping[str, str]) -> PartnerRequest:
    """Return the request that an event describes; `BadEvent` if it does not."""
    target = event.get("target")
    request = event.get("request")
    if target not in TARGETS or not isinstance(request, Mapping):
        raise BadEvent("an event names a target and a request")
    method, path = request.get("method"), request.get("path")
    if not isinstance(method, str) or not isinstance(path, str) or not path.startswith("/"):
        raise BadEvent("a request has a method and a path")
    return PartnerRequest(
        url=environment[f"{target.upper()}_URL"].rstrip("/") + path,
        method=method,
        body=request.get("body"),
        headers=headers_of(event, target, environment),
        target=target,
        attempts_max=max(1, min(ATTEMPTS_MAX, int(event.get("maxAttempts", ATTEMPTS_MAX)))),
        attempt_timeout_s=int(event.get("attemptTimeoutMs", ATTEMPT_TIMEOUT_S * 1000)) / 1000,
        deadline_s=int(event.get("deadlineMs", DEADLINE_S * 1000)) / 1000,
    )


def headers_of(event: Mapping[str, Any], target: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of every attempt: the same key each time, and the secret that the target knows us by."""
    secret = environment["INTERNAL_TOKEN" if target in INTERNAL_TARGETS else "PARTNER_API_KEY"]
    return {
        "Authorization": f"Bearer {secret}",
        "Content-Type": "application/json",
        "Idempotency-Key": str(event.get("idempotencyKey", "")),
        "X-Request-Id": str(event.get("correlationId", "-")),
    }
