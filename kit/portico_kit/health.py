"""Liveness, readiness, and the notice that an instance is about to leave."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from fastapi import APIRouter, FastAPI, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portico_kit.errors import Unavailable

READY_TIMEOUT_S = 2.0
PREFIX = "/health"
ReadyCheck = Callable[[], Awaitable[bool]]


def health_router(app: FastAPI, checks: Sequence[ReadyCheck]) -> APIRouter:
    """Tell whoever restarts instances (`live`) and whoever sends them requests (`ready`)."""
    router = APIRouter(prefix=PREFIX, include_in_schema=False)

    @router.get("/live")
    async def live() -> Response:
        return Response("live", media_type="text/plain")

    @router.get("/ready")
    async def ready() -> Response:
        usable = not app.state.draining and await all_pass(checks)
        return Response("ready" if usable else "not ready", 200 if usable else 503, media_type="text/plain")

    return router


async def all_pass(checks: Sequence[ReadyCheck]) -> bool:
    """Whether every check passes in time."""
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            return all(await asyncio.gather(*(check() for check in checks)))
    except (TimeoutError, Unavailable):
        return False


class DrainNotice:
    """Asks for every connection to be closed after its answer while the instance drains.

    A client that would reuse the connection might otherwise send into its closing (RFC 9112, section 9.6).
    """

    def __init__(self, app: ASGIApp, *, service: FastAPI) -> None:
        self._app = app
        self._state = service.state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_notice(message: Message) -> None:
            if message["type"] == "http.response.start" and self._state.draining:
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, send_with_notice)
