"""When AWS throttles or is away the answer is 503 with Retry-After; and nothing secret is ever logged."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from accounts.app import create_app
from accounts.settings import AccountsSettings
from portico_kit.telemetry import JsonFormatter
from services.accounts.tests.visitor import INTERNAL_TOKEN, PASSWORD, WRONG_PASSWORD, Visitor, problem

pytestmark = pytest.mark.integration
NOBODY = "019a0000-0000-4000-8000-000000000000"
EMAIL = "ana@example.com"
OPERATIONS: list[tuple[str, str, Any]] = [
    ("POST", "/api/accounts/signup", {"email": EMAIL, "password": PASSWORD, "name": "Ana"}),
    ("POST", "/api/accounts/confirm", {"email": EMAIL, "code": "123456"}),
    ("POST", "/api/accounts/resend-confirmation", {"email": EMAIL}),
    ("POST", "/api/accounts/login", {"email": EMAIL, "password": PASSWORD}),
    ("POST", "/api/accounts/refresh", {"refresh_token": "token"}),
    ("POST", "/api/accounts/forgot-password", {"email": EMAIL}),
    ("POST", "/api/accounts/reset-password", {"email": EMAIL, "code": "654321", "password": PASSWORD}),
    ("GET", f"/internal/users/{NOBODY}", None),
]


async def throttle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer like AWS when there are too many calls."""
    body = json.dumps({"__type": "ThrottlingException", "message": f"too many calls for {EMAIL}"})
    head = (
        "HTTP/1.1 400 Bad Request",
        "content-type: application/x-amz-json-1.1",
        f"content-length: {len(body)}",
        "connection: close",
    )
    writer.write("\r\n".join((*head, "", body)).encode())
    await writer.drain()
    writer.close()


@asynccontextmanager
async def service_before(endpoint: str, settings: AccountsSettings) -> AsyncIterator[httpx.AsyncClient]:
    """Run the service with another AWS."""
    app = create_app(settings.model_copy(update={"aws_endpoint_url": endpoint}))
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://accounts") as http,
    ):
        yield http


@pytest.mark.parametrize(("method", "path", "body"), OPERATIONS, ids=[path for _, path, _ in OPERATIONS])
async def test_throttling_is_a_503_that_says_when_to_come_back(
    settings: AccountsSettings, method: str, path: str, body: Any
) -> None:
    server = await asyncio.start_server(throttle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, service_before(f"http://127.0.0.1:{port}", settings) as http:
        answer = await http.request(
            method, path, json=body, headers={"authorization": f"Bearer {INTERNAL_TOKEN}"}
        )
    assert problem(answer) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert EMAIL not in answer.text


async def test_without_its_table_the_service_is_alive_and_not_ready(
    settings: AccountsSettings, http: httpx.AsyncClient
) -> None:
    assert (await http.get("/health/ready")).status_code == 200
    async with service_before("http://127.0.0.1:1", settings) as cut_off:
        assert (await cut_off.get("/health/live")).status_code == 200
        assert (await cut_off.get("/health/ready")).status_code == 503


async def test_nothing_secret_is_logged(visitor: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await visitor.registered()
        await visitor.sign_in(WRONG_PASSWORD)
        await visitor.change({"name": "Filomena"})
        await visitor.refresh()
        await visitor.post("forgot-password", {"email": visitor.email})
        await visitor.sign_out()
    lines = "\n".join(JsonFormatter({}).format(record) for record in caplog.records)
    assert '"answered"' in lines  # the control: there is something to read
    secrets = (
        visitor.email,
        PASSWORD,
        WRONG_PASSWORD,
        "Filomena",
        "Ana Prueba",
        visitor.tokens["access_token"],
        visitor.tokens["refresh_token"],
    )
    assert [secret for secret in secrets if secret in lines] == []
