"""Faults that an operator can switch on in a partner, to see how callers bear them. Off unless its settings say so.

They act on `/v1/*` alone, in this process alone, and are bounded in time.
"""

from __future__ import annotations

import asyncio
import random
from typing import Annotated

from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portico_kit.auth import InternalCaller
from portico_kit.errors import Unavailable, problem_response

HANG_S = 60.0
PREFIX = "/v1/"


class Faults(BaseModel):
    """What goes wrong. `drop_after_commit` does the work and cuts the answer; `hang` answers after a minute."""

    model_config = ConfigDict(extra="forbid")

    latency_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    error_rate: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0
    drop_after_commit: bool = False
    hang: bool = False


def install_faults(app: FastAPI) -> None:
    """Add the switch `/faults` and what it switches."""
    app.state.faults = Faults()
    router = APIRouter(prefix="/faults", include_in_schema=False)

    @router.get("")
    async def read(request: Request, _caller: InternalCaller) -> Faults:
        faults: Faults = request.app.state.faults
        return faults

    @router.put("")
    async def write(request: Request, body: Faults, _caller: InternalCaller) -> Faults:
        request.app.state.faults = body
        return body

    app.include_router(router)
    app.add_middleware(FaultInjection, state=app.state)


class FaultInjection:
    """Applies the faults of this moment to each request."""

    def __init__(self, app: ASGIApp, *, state: object) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        faults: Faults = self._state.faults  # type: ignore[attr-defined]  # Starlette's state has any attribute
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        await asyncio.sleep(HANG_S if faults.hang else faults.latency_ms / 1000)
        if random.random() < faults.error_rate:  # noqa: S311  not a secret
            await problem_response(Unavailable("A fault was asked for."))(scope, receive, send)
            return
        await self._app(scope, receive, cut(send) if faults.drop_after_commit else send)


def cut(send: Send) -> Send:
    """Return a `send` that promises more than it gives, so that the connection breaks in the middle."""

    async def send_less(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [header for header in message["headers"] if header[0].lower() != b"content-length"]
            message = {**message, "headers": [*headers, (b"content-length", b"1000000")]}
        await send(message)

    return send_less
