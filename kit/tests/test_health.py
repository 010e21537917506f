"""An instance is live while it answers, and ready while its checks pass and it is not draining."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from portico_kit import health
from portico_kit.errors import Unavailable


async def passes() -> bool:
    return True


async def fails() -> bool:
    return False


async def cannot_tell() -> bool:
    raise Unavailable


async def hangs() -> bool:
    await asyncio.sleep(60)
    return True


@pytest.mark.parametrize(
    ("checks", "status"),
    [
        ([], 200),
        ([passes, passes], 200),
        ([passes, fails], 503),
        ([cannot_tell], 503),
        ([passes, hangs], 503),
    ],
)
async def test_ready_means_that_every_check_passes_in_time(
    make_service: Callable[..., FastAPI],
    client_of: Callable[[FastAPI], httpx.AsyncClient],
    monkeypatch: pytest.MonkeyPatch,
    checks: list[health.ReadyCheck],
    status: int,
) -> None:
    monkeypatch.setattr(health, "READY_TIMEOUT_S", 0.05)
    async with client_of(make_service(APIRouter(), ready_checks=checks)) as http:
        assert (await http.get("/health/ready")).status_code == status
        assert (await http.get("/health/live")).status_code == 200


async def test_draining_is_not_ready_and_asks_for_connections_to_close(
    make_service: Callable[..., FastAPI], client_of: Callable[[FastAPI], httpx.AsyncClient]
) -> None:
    app = make_service(APIRouter(), ready_checks=[passes])
    async with client_of(app) as http:
        assert "connection" not in (await http.get("/health/live")).headers
        app.state.draining = True
        ready = await http.get("/health/ready")
        assert (ready.status_code, ready.headers["connection"]) == (503, "close")
        assert (await http.get("/health/live")).status_code == 200
