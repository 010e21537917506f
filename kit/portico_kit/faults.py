"""Faults that an operator can switch on in a partner, to see how callers bear them. Off unless set otherwise.

They act on `/v1/*` alone, in this process alone, and are bounded in time.
"""

from __future__ import annotations

import asyncio
import random
from typing import Annotated

from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import State
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portico_kit.auth import InternalCaller
from portico_kit.errors import Unavailable, problem_response

HANG_S = 60.0
PREFIX = "/v1/"
PROMISED_BYTES = b"1000000"


class Faults(BaseModel):
    """What goes wrong. `drop_after_commit` does the work, cuts the answer; `hang` answers after a minute."""

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
    async def read(_caller: InternalCaller, request: Request) -> Faults:
        faults: Faults = request.app.state.faults
        return faults

    @router.put("")
    async def write(_caller: InternalCaller, request: Request, body: Faults) -> Faults:
        request.app.state.faults = body
        return body

    app.include_router(router)
    # The innermost one: what it does to an answer still has a correlation id and a line in the log.
    app.user_middleware.append(Middleware(FaultInjection, state=app.state))


class FaultInjection:
    """Applies the faults of this moment to each request."""

    def __init__(self, app: ASGIApp, *, state: State) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        faults: Faults = self._state.faults
        await asyncio.sleep(HANG_S if faults.hang else faults.latency_ms / 1000)
        if random.random() < faults.error_rate:  # noqa: S311  not a secret
            await problem_response(Unavailable("A fault was asked for."))(scope, receive, send)
            return
        await self._app(scope, receive, cut(send) if faults.drop_after_commit else send)


def cut(send: Send) -> Send:
    """Return a `send` that promises a long body, gives a space, and has the server close the connection.

    An ASGI application cannot close a connection itself; this is as near as it comes. (Without any byte
    Granian would correct the promise; without `close` it would leave the client waiting for the rest.)
    """

    async def send_less(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [header for header in message["headers"] if header[0].lower() != b"content-length"]
            broken = [(b"content-length", PROMISED_BYTES), (b"connection", b"close")]
            await send({**message, "headers": [*kept, *broken]})
        else:
            await send({**message, "body": b" "})

    return send_less
