"""Cognito's refusals as ours. Every call to the user pool is made inside `refusals`.

Throttling, outages and misconfiguration are 503 with Retry-After, never a 500: the caller did nothing wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from accounts.problems import TooManyAttempts, WeakPassword
from portico_kit.errors import InvalidRequest, Problem, Unavailable
from portico_kit.telemetry import get_logger

RETRY_AFTER_THROTTLED_S = 1
# Cognito does not say how long its own lock lasts; it lets codes through again after at most an hour.
RETRY_AFTER_LOCKED_S = 900
THROTTLES = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling", "SlowDown"})
# A code is refused: the wrong one, one that was not sent, one too old, or no such user to redeem it.
CODE_REFUSALS = (
    "CodeMismatchException",
    "ExpiredCodeException",
    "UserNotFoundException",
    "NotAuthorizedException",
    "InvalidParameterException",
)

log = get_logger(__name__)


@contextmanager
def refusals(known: Mapping[str, type[Problem]] | None = None) -> Iterator[None]:
    """Turn an error of Cognito into the problem that `known` gives for its name, or the usual one."""
    try:
        yield
    except ClientError as error:
        name = error_name(error)
        problem = (known or {}).get(name)
        raise (problem() if problem else usual_problem(name)) from None
    except BotoCoreError as error:
        log.warning("the user pool cannot be reached", extra={"error": type(error).__name__})
        raise unavailable() from None


def error_name(error: ClientError) -> str:
    """Return the name of an error; its message may hold an address and goes nowhere."""
    return error.response.get("Error", {}).get("Code", "")


def usual_problem(name: str) -> Problem:
    """Return the problem of an error that no operation has its own word for."""
    match name:
        case "LimitExceededException" | "TooManyFailedAttemptsException":
            return TooManyAttempts("Wait before you try again.", retry_after_s=RETRY_AFTER_LOCKED_S)
        case "InvalidPasswordException" | "PasswordHistoryPolicyViolationException":
            return WeakPassword("The user pool refuses this password.", missing=["policy"])
        case "InvalidParameterException":
            return InvalidRequest("The user pool refuses one of the values.")
    level = logging.WARNING if name in THROTTLES else logging.ERROR
    log.log(level, "the user pool answered with an error", extra={"error": name})
    return unavailable()


def unavailable() -> Unavailable:
    """Return the answer to give when the user pool does not do its part."""
    return Unavailable("The user pool does not answer.", retry_after_s=RETRY_AFTER_THROTTLED_S)
