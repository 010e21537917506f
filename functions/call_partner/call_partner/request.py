"""What the function is asked to do: its event, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

ATTEMPTS_MAX = 3
ATTEMPT_TIMEOUT_S = 1.0
DEADLINE_S = 2.5
INTERNAL_TARGETS = frozenset({"boxoffice", "accounts"})
VISIBLE = re.compile(r"[!-~]{1,2000}")
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
    if not (is_visible(method) and is_visible(path) and path.startswith("/")):
        raise BadEvent("a request has a method and a path")
    return PartnerRequest(
        url=environment[f"{target.upper()}_URL"].rstrip("/") + path,
        method=method,
        body=request.get("body"),
        headers=headers_of(event, target, environment),
        target=target,
        attempts_max=min(ATTEMPTS_MAX, positive(event.get("maxAttempts", ATTEMPTS_MAX))),
        attempt_timeout_s=positive(event.get("attemptTimeoutMs", ATTEMPT_TIMEOUT_S * 1000)) / 1000,
        deadline_s=positive(event.get("deadlineMs", DEADLINE_S * 1000)) / 1000,
    )


def headers_of(event: Mapping[str, Any], target: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of every attempt: the same key each time, and the secret that the target knows."""
    key, correlation_id = event.get("idempotencyKey"), event.get("correlationId", "-")
    if not (is_visible(key) and is_visible(correlation_id)):
        raise BadEvent("a key and a correlation id are visible ASCII")
    secret = environment["INTERNAL_TOKEN" if target in INTERNAL_TARGETS else "PARTNER_API_KEY"]
    return {
        "Authorization": f"Bearer {secret}",
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        "X-Request-Id": correlation_id,
    }


def is_visible(text: Any) -> TypeGuard[str]:  # noqa: ANN401
    """Whether this is a text of visible ASCII, which no header or path can be broken with."""
    return isinstance(text, str) and VISIBLE.fullmatch(text) is not None


def positive(number: Any) -> int:  # noqa: ANN401
    """Return a whole number above zero; `BadEvent`, or what `int` raises, if it is none."""
    whole = int(number)
    if whole <= 0:
        raise BadEvent("attempts and times are above zero")
    return whole
