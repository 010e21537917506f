"""The guard reads a body once, in bounded size and time, and passes it on whole."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from starlette.types import Message, Receive, Scope, Send

from portico_kit.request_guard import RequestGuard

HEADERS = [(b"content-type", b"application/json; charset=utf-8")]


class Application:
    """Remembers what it was given."""

    def __init__(self) -> None:
        self.body: bytes | None = None

    async def __call__(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        message = await receive()
        assert message["more_body"] is False
        self.body = message["body"]


def scope(**changes: Any) -> Scope:
    return {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": HEADERS, **changes}


async def guarded(messages: list[Message], **changes: Any) -> tuple[bytes | None, int | None]:
    """Send the messages through a guard; return the body that arrived and the status of a refusal."""
    application, sent = Application(), []

    async def receive() -> Message:
        if not messages:
            await asyncio.sleep(60)
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    guard = RequestGuard(application, request_bytes_max=100, body_timeout_s=0.05)
    await guard(scope(**changes), receive, send)
    if not sent:
        return application.body, None
    assert orjson.loads(sent[1]["body"])["status"] == sent[0]["status"]
    return application.body, sent[0]["status"]


def part(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_in_parts_arrives_whole() -> None:
    assert await guarded([part(b'{"a":', more=True), part(b"1}")]) == (b'{"a":1}', None)


async def test_a_body_that_grows_too_large_is_refused_without_reading_on() -> None:
    messages = [part(b" " * 60, more=True) for _ in range(10)]
    assert await guarded(messages) == (None, 413)
    assert len(messages) == 8


async def test_a_body_declared_too_large_is_refused_unread() -> None:
    for length in (b"101", b"9" * 4000):
        messages = [part(b"1")]
        assert await guarded(messages, headers=[*HEADERS, (b"content-length", length)]) == (None, 413)
        assert len(messages) == 1


async def test_a_body_that_does_not_come_is_given_up() -> None:
    assert await guarded([part(b"1", more=True)]) == (None, 408)


async def test_a_client_that_leaves_is_not_answered_and_nothing_is_done() -> None:
    assert await guarded([part(b"1", more=True), {"type": "http.disconnect"}]) == (None, None)


async def test_no_body_is_read_where_none_belongs() -> None:
    assert await guarded([part(b"not json")], method="GET") == (b"not json", None)
