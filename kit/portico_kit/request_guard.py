"""What no operation of ours wants to see: refused before anybody parses it."""

from __future__ import annotations

import asyncio

import orjson
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portico_kit.errors import (
    InvalidRequest,
    MalformedJson,
    NotFound,
    Problem,
    RequestTimeout,
    RequestTooLarge,
    UnsupportedMediaType,
    problem_response,
)

WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
BODY_TIMEOUT_S = 10.0
DIGITS_MAX = 20


class ClientLeftError(Exception):
    """The connection ended before the body did: there is nobody to answer."""


class RequestGuard:
    """Refuses bodies that are too large, too slow or not JSON, and NUL characters, which no store takes."""

    def __init__(
        self, app: ASGIApp, *, request_bytes_max: int, body_timeout_s: float = BODY_TIMEOUT_S
    ) -> None:
        self._app = app
        self._bytes_max = request_bytes_max
        self._body_timeout_s = body_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            refuse_nul_in_address(scope)
            if scope["method"] in WITH_BODY:
                receive = replay(await self._body(Headers(scope=scope), receive), receive)
        except Problem as problem:
            await problem_response(problem)(scope, receive, send)
        except ClientLeftError:
            return
        else:
            await self._app(scope, receive, send)

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        declared = headers.get("content-length", "0")
        if declared.isdecimal() and int(declared[:DIGITS_MAX]) > self._bytes_max:
            raise RequestTooLarge(f"A body may have {self._bytes_max} bytes.")
        try:
            async with asyncio.timeout(self._body_timeout_s):
                body = await self._receive_all(receive)
        except TimeoutError:
            raise RequestTimeout("The body did not arrive in time.") from None
        if body:
            refuse_other_than_json(headers.get("content-type", ""), body)
        return body

    async def _receive_all(self, receive: Receive) -> bytes:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                raise ClientLeftError
            body += message.get("body", b"")
            if len(body) > self._bytes_max:
                raise RequestTooLarge(f"A body may have {self._bytes_max} bytes.")
            more = message.get("more_body", False)
        return body


def refuse_nul_in_address(scope: Scope) -> None:
    """No address of ours has a NUL character, and no parameter may."""
    if "\0" in scope["path"]:
        raise NotFound("Nothing has this address.")
    if b"%00" in scope["query_string"]:
        raise InvalidRequest("A parameter has a NUL character.")


def refuse_other_than_json(content_type: str, body: bytes) -> None:
    """Hold a body to RFC 8259 strictly: no NaN, no half surrogate pairs, UTF-8 alone, nesting bounded.

    Python's own parser takes all of these, and something later would fail on them.
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType("Send the body as application/json.")
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        raise MalformedJson("The body is not valid JSON.") from None
    if b"\\u0000" in body:
        raise InvalidRequest("A string has a NUL character.")


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives a body already read, and then what else comes."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return pending.pop() if pending else await receive()

    return receive_again
