"""The function's entry. It returns outcomes and never raises: an exception would end the warm worker.

`ok` 2xx; `rejected` 4xx, which trying again would not change; `failed` everything else, after the attempts or
the deadline are used up. Pauses are full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter").
"""

from __future__ import annotations

import http.client
import json
import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from call_partner.connection import Connections
from call_partner.request import BadEvent, PartnerRequest, parse_event

BACKOFF_S = 0.1
REMAINING_RESERVE_S = 0.25
ATTEMPT_MIN_S = 0.02
RETRIED_CLIENT_ERRORS = frozenset({408, 425, 429})

connections = Connections()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one attempt came to; `kind` is the nature of a failure."""

    outcome: str
    status: int | None = None
    body: Any = None
    kind: str | None = None


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ANN401  a JSON value, and Lambda's own type
    """Make the call that the event describes and return its outcome, attempts and duration."""
    started = time.monotonic()
    event = event if isinstance(event, Mapping) else {}
    try:
        request = parse_event(event, os.environ)
    except (BadEvent, KeyError, TypeError, ValueError) as error:
        outcome, attempts = Outcome(outcome="failed", kind=f"BadEvent: {type(error).__name__}"), 0
    else:
        remaining_s = context.get_remaining_time_in_millis() / 1000 - REMAINING_RESERVE_S
        deadline = started + min(request.deadline_s, remaining_s)
        outcome, attempts = attempt_until(request, deadline)
    elapsed_ms = int((time.monotonic() - started) * 1000)
    line = {
        "target": event.get("target"),
        "outcome": outcome.outcome,
        "status": outcome.status,
        "kind": outcome.kind,
    }
    line |= {"attempts": attempts, "elapsed_ms": elapsed_ms, "correlation_id": event.get("correlationId")}
    # A function's log is its output; one line, also because silence costs a wait.
    print(json.dumps(line))  # noqa: T201
    return {**vars(outcome), "attempts": attempts, "elapsedMs": elapsed_ms}


def attempt_until(request: PartnerRequest, deadline: float) -> tuple[Outcome, int]:
    """Try until there is an answer, the attempts are used up, or the deadline leaves no time for another."""
    outcome = Outcome(outcome="failed", kind="Deadline")
    for attempt in range(1, request.attempts_max + 1):
        left_s = deadline - time.monotonic()
        if left_s < ATTEMPT_MIN_S:
            return outcome, attempt - 1
        outcome = attempt_once(request, min(left_s, request.attempt_timeout_s))
        if outcome.outcome != "failed" or attempt == request.attempts_max:
            return outcome, attempt
        pause_s = random.uniform(0, BACKOFF_S * 2**attempt)  # noqa: S311  jitter is no secret
        if time.monotonic() + pause_s + ATTEMPT_MIN_S > deadline:
            return outcome, attempt
        time.sleep(pause_s)
    return outcome, request.attempts_max


def attempt_once(request: PartnerRequest, timeout_s: float) -> Outcome:
    """Try once and say what came of it."""
    try:
        status, body = connections.send(request, timeout_s)
    except TimeoutError:
        return Outcome(outcome="failed", kind="Timeout")
    except (OSError, http.client.HTTPException):
        return Outcome(outcome="failed", kind="Connect")
    if 200 <= status < 300:
        return Outcome(outcome="ok", status=status, body=body)
    if 400 <= status < 500 and status not in RETRIED_CLIENT_ERRORS:
        return Outcome(outcome="rejected", status=status, body=body)
    return Outcome(outcome="failed", status=status, body=body, kind="Http")
