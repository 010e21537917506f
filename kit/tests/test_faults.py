"""Faults: each does what it says, to `/v1/*` alone, and only while it is switched on."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from pydantic import SecretStr

from portico_kit import faults
from portico_kit.faults import install_faults
from tests.fixtures.ports import free_port

EXAMPLE = Path(__file__).parent / "served_faults.py"
BEARER = {"Authorization": "Bearer secret"}
OFF = {"latency_ms": 0, "error_rate": 0.0, "drop_after_commit": False, "hang": False}


@pytest.fixture
def http(
    make_service: Callable[..., FastAPI], client_of: Callable[..., httpx.AsyncClient]
) -> httpx.AsyncClient:
    router = APIRouter()

    @router.get("/v1/work")
    async def work() -> str:
        return "done"

    app = make_service(router, shared_secret=SecretStr("secret"))
    install_faults(app)
    client = client_of(app)
    client.headers.update(BEARER)
    return client


async def switch(http: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    return await http.put("/faults", json=changes, headers=BEARER)


async def test_nothing_is_wrong_at_first(http: httpx.AsyncClient) -> None:
    assert (await http.get("/faults")).json() == OFF
    assert (await http.get("/v1/work")).text == '"done"'


async def test_a_switch_holds_until_it_is_switched_again(http: httpx.AsyncClient) -> None:
    assert (await switch(http, latency_ms=10)).json() == OFF | {"latency_ms": 10}
    assert (await http.get("/faults")).json() == OFF | {"latency_ms": 10}
    assert (await switch(http)).json() == OFF


async def test_the_switch_needs_the_secret(http: httpx.AsyncClient) -> None:
    stranger = {"Authorization": "Bearer other"}
    assert (await http.get("/faults", headers=stranger)).status_code == 401
    assert (await http.put("/faults", json={"hang": True}, headers=stranger)).status_code == 401
    assert (await http.get("/faults")).json() == OFF


@pytest.mark.parametrize(
    "body",
    [
        {"latency_ms": -1},
        {"latency_ms": 60_001},
        {"error_rate": 1.1},
        {"error_rate": -0.1},
        {"hang": "perhaps"},
        {"unknown": 1},
    ],
)
async def test_faults_without_bounds_are_refused(http: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await switch(http, **body)).status_code == 422
    assert (await http.get("/faults")).json() == OFF


async def test_latency_delays_the_answer_and_nothing_else(http: httpx.AsyncClient) -> None:
    await switch(http, latency_ms=200)
    started = time.monotonic()
    assert (await http.get("/health/live")).status_code == 200
    assert time.monotonic() - started < 0.15
    started = time.monotonic()
    assert (await http.get("/v1/work")).status_code == 200
    assert time.monotonic() - started >= 0.2


async def test_an_error_rate_of_one_fails_every_request_with_a_problem(http: httpx.AsyncClient) -> None:
    await switch(http, error_rate=1)
    answer = await http.get("/v1/work", headers={"x-request-id": "r-1"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["x-request-id"] == answer.json()["correlation_id"] == "r-1"


async def test_an_error_rate_between_fails_some(http: httpx.AsyncClient) -> None:
    await switch(http, error_rate=0.5)
    statuses = [(await http.get("/v1/work")).status_code for _ in range(100)]
    assert set(statuses) == {200, 503}


async def test_hanging_ends_after_its_bound(http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert faults.HANG_S <= 60
    monkeypatch.setattr(faults, "HANG_S", 0.3)
    await switch(http, hang=True)
    started = time.monotonic()
    assert (await http.get("/v1/work")).status_code == 200
    assert time.monotonic() - started >= 0.3


def start(port: int) -> subprocess.Popen[bytes]:
    named = {"SERVICE_NAME": "example", "INSTANCE": "example-a1", "PORT": str(port), "DRAIN_S": "0"}
    return subprocess.Popen(
        [sys.executable, str(EXAMPLE)], env={**os.environ, **named}, stdout=subprocess.DEVNULL
    )


@pytest.fixture
async def served() -> AsyncIterator[httpx.AsyncClient]:
    """A real server: only that can break a connection."""
    port = free_port()
    process = start(port)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=BEARER, timeout=10) as http:
        for _ in range(300):
            try:
                await http.get("/health/live")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.05)
        yield http
    process.terminate()
    await asyncio.to_thread(process.wait, timeout=20)


async def test_a_dropped_answer_breaks_the_connection_after_the_work(served: httpx.AsyncClient) -> None:
    await switch(served, drop_after_commit=True)
    received = b""
    with pytest.raises(httpx.RemoteProtocolError):  # noqa: PT012  what came before the break counts too
        async with served.stream("POST", "/v1/work") as answer:
            async for part in answer.aiter_bytes():
                received += part
    assert received.strip() == b""
    await switch(served)
    # Done, although nobody heard of it: the answer to the next request is 2.
    assert (await served.post("/v1/work")).json() == 2
