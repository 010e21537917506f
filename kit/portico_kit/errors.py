"""Expected failures, and the one place where they become answers (RFC 9457 problem details).

    Problem 500
    ├── InvalidRequest 422      ├── NotFound 404          ├── RequestTooLarge 413
    ├── MalformedJson 400       ├── MethodNotAllowed 405  ├── UnsupportedMediaType 415
    ├── Unauthenticated 401     ├── RequestTimeout 408    ├── TooManyRequests 429
    ├── Forbidden 403           ├── Conflict 409          └── FrameworkRefusal (any)
    └── Unavailable 503
        └── OutcomeUnknown 503

Capabilities subclass these with a `code` and a `title` of their own. A code is stable: clients rely on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from portico_kit.telemetry import correlation_id

CONTENT_TYPE = "application/problem+json"
ERRORS_MAX = 20
LOCATION_LENGTH_MAX = 200


class Problem(Exception):  # noqa: N818  RFC 9457's own word
    """An expected failure with its HTTP status and stable code. `members` are added to the answer."""

    status = 500
    code = "internal_error"
    title = "Internal error"

    def __init__(
        self,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,  # noqa: ANN401  any JSON value
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members


class InvalidRequest(Problem):
    """The request is understood and wrong."""

    status = 422
    code = "invalid_request"
    title = "Invalid request"


class MalformedJson(Problem):
    """The body is not JSON."""

    status = 400
    code = "malformed_json"
    title = "Malformed JSON"


class Unauthenticated(Problem):
    """No token, or one that is not accepted."""

    status = 401
    code = "unauthenticated"
    title = "Not authenticated"

    def __init__(self, detail: str = "", **members: Any) -> None:  # noqa: ANN401
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"}, **members)


class Forbidden(Problem):
    """Authenticated, and still not allowed."""

    status = 403
    code = "forbidden"
    title = "Forbidden"


class NotFound(Problem):
    """It does not exist, or not for this subject."""

    status = 404
    code = "not_found"
    title = "Not found"


class MethodNotAllowed(Problem):
    """The address exists, the method does not."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


class RequestTimeout(Problem):
    """The body did not arrive in time."""

    status = 408
    code = "request_timeout"
    title = "Request timeout"


class Conflict(Problem):
    """The state of things does not allow it."""

    status = 409
    code = "conflict"
    title = "Conflict"


class RequestTooLarge(Problem):
    """The body is larger than accepted."""

    status = 413
    code = "request_too_large"
    title = "Request too large"


class UnsupportedMediaType(Problem):
    """The body has another type than JSON."""

    status = 415
    code = "unsupported_media_type"
    title = "Unsupported media type"


class TooManyRequests(Problem):
    """A limit is used up until `retry_after_s` seconds from now."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests"

    def __init__(self, detail: str = "", *, retry_after_s: float = 1, **members: Any) -> None:  # noqa: ANN401
        super().__init__(detail, headers=retry_after(retry_after_s), **members)


class Unavailable(Problem):
    """Something this service depends on is away; nothing was changed."""

    status = 503
    code = "unavailable"
    title = "Temporarily unavailable"

    def __init__(self, detail: str = "", *, retry_after_s: float = 1, **members: Any) -> None:  # noqa: ANN401
        super().__init__(detail, headers=retry_after(retry_after_s), **members)


class OutcomeUnknown(Unavailable):
    """The change may or may not have happened: ask again with the same idempotency key."""

    code = "outcome_unknown"
    title = "Outcome unknown"


class FrameworkRefusal(Problem):
    """What Starlette refuses by a status that none of ours has; the status names itself."""

    def __init__(self, status: int) -> None:
        phrase = HTTPStatus(status)
        self.status, self.code, self.title = status, phrase.name.lower(), phrase.phrase
        super().__init__()


def retry_after(seconds: float) -> dict[str, str]:
    """Return a `Retry-After` header in whole seconds, at least 1 (RFC 9110, section 10.2.3)."""
    return {"Retry-After": str(max(1, -int(-seconds // 1)))}


def problem_response(problem: Problem) -> Response:
    """Render a problem with the correlation id of this request."""
    content = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
        "correlation_id": correlation_id(),
        "detail": problem.detail or problem.title,
        **problem.members,
    }
    headers = {"Cache-Control": "no-store", **problem.headers}
    return Response(orjson.dumps(content, default=str), problem.status, headers, CONTENT_TYPE)


def install_handlers(app: FastAPI) -> None:
    """Make every failure of the application a problem document."""

    @app.exception_handler(Problem)
    async def expected(_request: Request, problem: Problem) -> Response:
        return problem_response(problem)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        return problem_response(validation_problem(error.errors()))

    @app.exception_handler(HTTPException)
    async def refused(_request: Request, error: HTTPException) -> Response:
        return problem_response(framework_problem(error))


def validation_problem(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """Tell bad JSON, an address that names nothing, and a wrong value apart; what was sent is not echoed."""
    if any(error["type"] == "json_invalid" for error in errors):
        return MalformedJson("The body is not valid JSON.")
    if any(error["loc"][:1] == ("path",) for error in errors):
        return NotFound("Nothing has this address.")
    listed = [
        {"location": ".".join(map(str, error["loc"]))[:LOCATION_LENGTH_MAX], "message": error["msg"]}
        for error in errors[:ERRORS_MAX]
    ]
    return InvalidRequest("Some values are missing or wrong.", errors=listed)


def framework_problem(error: HTTPException) -> Problem:
    """Return the problem that says the same as Starlette's exception."""
    known: dict[int, type[Problem]] = {400: MalformedJson, 404: NotFound, 405: MethodNotAllowed}
    if error.status_code in known:
        return known[error.status_code](headers=error.headers)
    return FrameworkRefusal(error.status_code)
