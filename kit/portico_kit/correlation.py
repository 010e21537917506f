"""The correlation id of each request, its line in the log, and the answer when everything else failed."""

from __future__ import annotations

import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portico_kit.errors import Problem, problem_response
from portico_kit.health import PREFIX as HEALTH_PREFIX
from portico_kit.telemetry import adopt_correlation_id, get_logger

log = get_logger(__name__)


class Correlation:
    """Gives a request its id, echoes it, and logs one line when it is answered: its route, no values."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        adopted = adopt_correlation_id(Headers(scope=scope).get("x-request-id"))
        started, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", adopted.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:  # the outermost place: whatever it is, the client gets an answer
            log.exception("unexpected failure", extra={"method": scope["method"]})
            if status == 0:
                problem = Problem("Something failed here. Report the correlation id.")
                await problem_response(problem)(scope, receive, send_with_id)
        finally:
            if not scope["path"].startswith(HEALTH_PREFIX):
                log_answer(scope, status, time.perf_counter() - started)


def log_answer(scope: Scope, status: int, duration_s: float) -> None:
    """Write the access line. Status 0: the client left before the answer began."""
    route = getattr(scope.get("route"), "path", "-")
    extra = {"method": scope["method"], "route": route, "status": status}
    log.info("answered", extra={**extra, "duration_ms": round(duration_s * 1000, 1)})
