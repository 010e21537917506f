"""How every service is put together: errors, correlation ids, request guards, health, OpenAPI conventions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from pydantic import BaseModel, Field
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portico_kit.auth.tokens import TokenVerifier
from portico_kit.errors import (
    CONTENT_TYPE,
    Problem,
    RequestTooLarge,
    UnsupportedMediaType,
    install_handlers,
    problem_response,
)
from portico_kit.settings import InternalSettings, ServiceSettings
from portico_kit.telemetry import adopt_correlation_id, get_logger

log = get_logger(__name__)
READY_TIMEOUT_S = 2.0
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
ReadyCheck = Callable[[], Awaitable[bool]]
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class FieldError(BaseModel):
    """One wrong value; `location` is its path in the request."""

    location: str
    message: str


class ProblemDocument(BaseModel):
    """RFC 9457 problem details; `code` is stable."""

    type: str
    title: str
    status: int
    code: str
    correlation_id: str
    detail: str | None = None
    errors: list[FieldError] = Field(default_factory=list)


def create_service(
    settings: ServiceSettings,
    *,
    title: str,
    routers: Sequence[APIRouter],
    lifespan: Lifespan,
    ready_checks: Sequence[ReadyCheck] = (),
    verifier: TokenVerifier | None = None,
) -> FastAPI:
    """Compose a service. It is ready while every check says so and it is not draining."""
    app = Service(
        title=title, version="1", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.draining = False
    app.state.verifier = verifier
    if isinstance(settings, InternalSettings):
        app.state.internal_token = settings.internal_token.get_secret_value()
    install_handlers(app)
    app.include_router(health(app, ready_checks))
    for router in routers:
        app.include_router(router)
    app.add_middleware(RequestGuard, request_bytes_max=settings.request_bytes_max)
    app.add_middleware(Correlation)
    return app


class Service(FastAPI):
    """FastAPI with our conventions in its OpenAPI document."""

    def openapi(self) -> dict[str, Any]:
        """Describe refusals as problem documents instead of FastAPI's own form of them."""
        document = super().openapi()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        template = "#/components/schemas/{model}"
        inner = ProblemDocument.model_json_schema(ref_template=template)
        schemas |= inner.pop("$defs", {}) | {"ProblemDocument": inner}
        reference = {"schema": {"$ref": template.format(model="ProblemDocument")}}
        for operation in (operation for item in document["paths"].values() for operation in item.values()):
            problem = {"description": "Problem", "content": {CONTENT_TYPE: reference}}
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = problem
        return document


def health(app: FastAPI, checks: Sequence[ReadyCheck]) -> APIRouter:
    """Liveness, and readiness for the balancer; neither is part of the API."""
    router = APIRouter(prefix="/health", include_in_schema=False)

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
    except TimeoutError:
        return False


class Correlation:
    """Gives each request its correlation id, echoes it, and writes one line when it is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        adopted = adopt_correlation_id(Headers(scope=scope).get("x-request-id"))
        started, status = time.perf_counter(), 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", adopted.encode())]
            await send(message)

        try:
            await self._answer(scope, receive, send_with_id)
        finally:
            if not scope["path"].startswith("/health/"):
                duration_ms = round((time.perf_counter() - started) * 1000, 1)
                route = getattr(scope.get("route"), "path", "-")
                log.info(
                    "answered",
                    extra={
                        "method": scope["method"],
                        "route": route,
                        "status": status,
                        "duration_ms": duration_ms,
                    },
                )

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception:  # the outermost place: whatever it is, the client gets an answer
            log.exception("unexpected failure", extra={"method": scope["method"]})
            if not begun:
                await problem_response(Problem("Report the correlation id."))(scope, receive, send)


class RequestGuard:
    """Refuses bodies that are too large or not JSON before anybody parses them."""

    def __init__(self, app: ASGIApp, *, request_bytes_max: int) -> None:
        self._app = app
        self._bytes_max = request_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in WITH_BODY:
            await self._app(scope, receive, send)
            return
        body, problem = await self._read(Headers(scope=scope), receive)
        if problem is not None:
            await problem_response(problem)(scope, receive, send)
            return
        await self._app(scope, replay(body, receive), send)

    async def _read(self, headers: Headers, receive: Receive) -> tuple[bytes, Problem | None]:
        too_large = RequestTooLarge(f"A body may have {self._bytes_max} bytes.")
        declared = headers.get("content-length", "0")
        if (
            declared.isascii()
            and declared.isdigit()
            and len(declared) < 20
            and int(declared) > self._bytes_max
        ):
            return b"", too_large
        body = b""
        async for chunk in chunks(receive):
            body += chunk
            if len(body) > self._bytes_max:
                return b"", too_large
        media_type = headers.get("content-type", "").split(";")[0].strip().lower()
        if body and media_type != "application/json":
            return b"", UnsupportedMediaType("Send the body as application/json.")
        return body, None


async def chunks(receive: Receive) -> AsyncIterator[bytes]:
    """Yield a request's body as it arrives; a client that leaves ends it."""
    more = True
    while more:
        message = await receive()
        yield message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives a body already read, and then what else comes."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return pending.pop() if pending else await receive()

    return receive_again
