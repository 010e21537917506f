"""What is documented is reached, however it is spelled; what is not documented does not exist."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from portico_runtime.envoy import routes
from runtime.tests.envoy.rig import EVENT, Rig, problem, running


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/api/events", "boxoffice"),
        (f"/api/events/{EVENT}", "boxoffice"),
        (f"/api/events/{EVENT}/seats?section=stalls", "boxoffice"),
        ("/", "frontend"),
        ("/es/events", "frontend"),
        ("/apis", "frontend"),
    ],
)
async def test_a_request_reaches_its_service_with_its_path_unchanged(
    rig: Rig, path: str, service: str
) -> None:
    answer = await rig.get(path)
    assert (answer.status_code, answer.headers["x-instance"]) == (200, service)
    assert answer.json()["path"] == path


@pytest.mark.parametrize(
    "target",
    [
        "/api",
        "/api/",
        "/api/unknown",
        "/api/events/",
        f"/api/events/{EVENT}/",
        f"/api/events/{EVENT}/unknown",
        "/api/events;x=1",
        f"/api/events/{EVENT};x=1",
        "/API/events/../../api/EVENTS",
        "/internal/users/x",
        "/internal",
        "/api/../internal/users/x",
        "/api/%2e%2e/internal/users/x",
        "/api/events/%2e%2e/%2e%2e/internal/users/x",
        "//internal/users/x",
        "/health/ready",
        "/api/health/ready",
        "/faults",
        "/api/faults",
        "/api/internal/users/x",
    ],
)
async def test_what_is_not_documented_is_not_found(rig: Rig, target: str) -> None:
    answer = await rig.raw(target)
    assert answer.startswith("HTTP/1.1 404 "), answer
    assert '"code":"not_found"' in answer
    assert not any(upstream.requests for upstream in rig.upstreams.values())


@pytest.mark.parametrize(
    "target", ["/api//events", "/api/./events", "/x/../api/events", "/api/%65vents", "/api/x/%2e%2e/events"]
)
async def test_other_spellings_of_a_path_are_the_same_path(rig: Rig, target: str) -> None:
    assert (await rig.raw(target)).startswith("HTTP/1.1 200 ")
    (request,) = rig.upstreams["boxoffice"].requests
    assert request.raw_path == "/api/events"


@pytest.mark.parametrize(
    "target",
    ["/api/events/..%2finternal", "/api/..%2Finternal/users/x", "/api/events/..%5cinternal", "/%2finternal"],
)
async def test_escaped_slashes_are_refused(rig: Rig, target: str) -> None:
    answer = await rig.raw(target)
    assert answer.startswith("HTTP/1.1 400 "), answer
    assert '"code":"malformed_request"' in answer
    assert "x-content-type-options: nosniff" in answer
    assert not any(upstream.requests for upstream in rig.upstreams.values())


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/api/events", "GET"),
        ("PUT", "/api/orders", "GET, POST"),
        ("POST", f"/api/holds/{EVENT}", "DELETE, GET"),
        ("OPTIONS", "/api/accounts/me", "GET"),
    ],
)
async def test_another_method_of_a_known_path_is_not_allowed(
    rig: Rig, method: str, path: str, allow: str
) -> None:
    answer = await rig.http.request(method, rig.edge + path)
    assert problem(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == allow


async def test_the_gateway_has_the_same_routes_for_the_page_servers(rig: Rig) -> None:
    answer = await rig.http.get(f"{rig.gateway}/api/events", headers={"x-forwarded-for": "203.0.113.7"})
    assert answer.json()["headers"]["x-envoy-external-address"] == "203.0.113.7"
    for path in ("/", "/internal/users/x", "/health/ready"):
        assert problem(await rig.http.get(rig.gateway + path)) == (404, "not_found")


async def test_internal_operations_are_reached_by_the_internal_listener_alone(rig: Rig) -> None:
    bearer = {"authorization": "Bearer internal"}
    contact = await rig.http.get(f"{rig.internal}/internal/users/{EVENT}", headers=bearer)
    assert (contact.headers["x-instance"], contact.json()["headers"]["authorization"]) == (
        "accounts",
        "Bearer internal",
    )
    confirmed = await rig.http.post(
        f"{rig.internal}/internal/orders/{EVENT}/confirm", json={}, headers=bearer
    )
    assert confirmed.headers["x-instance"] == "boxoffice"
    for path in ("/api/events", "/internal/unknown", "/health/ready", "/"):
        assert problem(await rig.http.get(rig.internal + path)) == (404, "not_found")


@pytest.mark.parametrize("partner", ["payments", "notifications"])
async def test_a_partner_offers_its_api_and_nothing_else(rig: Rig, partner: str) -> None:
    address = rig.url(rig.settings.partner_ports[partner])
    answer = await rig.http.get(f"{address}/v1/charges", headers={"authorization": "Bearer partner"})
    assert answer.headers["x-instance"] == partner
    for path in ("/faults", "/health/ready", "/"):
        assert problem(await rig.http.get(address + path)) == (404, "not_found")


async def test_http_2_without_tls_is_spoken(rig: Rig) -> None:
    async with httpx.AsyncClient(http1=False, http2=True) as http:
        answer = await http.get(f"{rig.edge}/api/events")
    assert (answer.status_code, answer.http_version) == (200, "HTTP/2")


async def test_a_service_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(3)
        return web.Response()

    monkeypatch.setattr(routes, "ANSWER_TIMEOUT_S", 1)
    async with running(tmp_path) as rig:
        rig.upstreams["boxoffice"].answer = hang
        for path in ("/api/events", "/api/events?uncached"):
            answer = await rig.get(path)
            assert problem(answer) == (504, "unavailable")
            assert answer.elapsed < timedelta(seconds=2)
            assert answer.headers["retry-after"] == "1"
        assert len(rig.upstreams["boxoffice"].requests) == 2


async def test_a_request_that_a_service_may_have_begun_is_not_repeated(rig: Rig) -> None:
    async def break_off(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    rig.upstreams["boxoffice"].answer = break_off
    answer = await rig.post(
        f"/api/events/{EVENT}/holds", json={}, headers=rig.issuer.authorization(uuid.uuid4().hex)
    )
    assert problem(answer) == (503, "unavailable")
    assert answer.headers["retry-after"] == "1"
    assert len(rig.upstreams["boxoffice"].requests) == 1
