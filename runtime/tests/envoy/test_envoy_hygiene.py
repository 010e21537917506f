"""What a client says of itself is not believed, what we are is not said, errors are problem documents."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from runtime.tests.envoy.rig import EVENT, Rig, problem

FORGED = {
    "x-user-id": "administrator",
    "x-user-groups": "administrator",
    "x-envoy-internal": "true",
    "x-envoy-external-address": "203.0.113.1",
    "x-envoy-upstream-rq-timeout-ms": "1",
    "x-envoy-retry-on": "5xx",
    "x-portico-address": "203.0.113.2",
    "x-forwarded-for": "203.0.113.3, 203.0.113.4",
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "https",
    "x-real-ip": "203.0.113.5",
    "forwarded": "for=203.0.113.6",
}


@pytest.mark.parametrize("path", ["/api/events", "/api/events?uncached", "/", "/uncached?"])
async def test_forged_headers_do_not_reach_a_service(rig: Rig, path: str) -> None:
    seen = (await rig.get(path, headers=FORGED)).json()["headers"]
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    assert seen.get("x-envoy-external-address", "127.0.0.1") == "127.0.0.1"
    allowed = {"x-forwarded-for", "x-forwarded-proto", "x-envoy-external-address"}
    assert not (set(FORGED) & set(seen)) - allowed


async def test_every_answer_has_the_security_headers_and_hides_the_server(rig: Rig) -> None:
    async def boastful(_request: web.Request) -> web.StreamResponse:
        return web.Response(headers={"server": "granian/2", "x-powered-by": "love"})

    for service in ("boxoffice", "frontend"):
        rig.upstreams[service].answer = boastful
    for path in ("/api/events", "/api/events?a", "/", "/?a", "/internal", "/api/unknown", "/api/orders"):
        headers = (await rig.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
        assert not {"server", "x-powered-by", "x-envoy-upstream-service-time"} & set(headers), path
        assert "strict-transport-security" not in headers  # nothing here is TLS
        for name in headers:
            assert len(headers.get_list(name)) == 1, (path, name)


async def test_a_page_keeps_its_own_security_headers_and_the_api_has_a_policy(rig: Rig) -> None:
    async def strict(_request: web.Request) -> web.StreamResponse:
        return web.Response(
            headers={"referrer-policy": "no-referrer", "content-security-policy": "default-src 'self'"}
        )

    rig.upstreams["frontend"].answer = strict
    page = (await rig.get("/")).headers
    assert (page["referrer-policy"], page["content-security-policy"]) == ("no-referrer", "default-src 'self'")
    assert (await rig.get("/api/events")).headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_request_has_one_id_from_end_to_end(rig: Rig) -> None:
    given = await rig.get("/api/events", headers={"x-request-id": "my-request"})
    assert given.json()["headers"]["x-request-id"] == given.headers["x-request-id"] == "my-request"
    made = await rig.get("/api/events")
    assert made.json()["headers"]["x-request-id"] == made.headers["x-request-id"]
    assert len(made.headers["x-request-id"]) == 36
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    traced = await rig.get("/api/events", headers={"traceparent": trace})
    assert traced.json()["headers"]["traceparent"] == trace


async def chunks(total_bytes: int) -> AsyncIterator[bytes]:
    for _ in range(total_bytes // 10_000):
        yield b"a" * 10_000
        await asyncio.sleep(0)


@pytest.mark.parametrize("path", [f"/api/events/{EVENT}/holds", "/es/login"])
async def test_a_large_body_is_refused_whether_it_says_its_length_or_not(rig: Rig, path: str) -> None:
    headers = rig.issuer.authorization()
    assert (await rig.post(path, content=b"a" * 65_536, headers=headers)).json()["body_bytes"] == 65_536
    for _ in range(5):
        for body in (b"a" * 2_000_000, chunks(2_000_000), b"a" * 65_537):
            answer = await rig.post(path, content=body, headers=headers)
            assert problem(answer) == (413, "request_too_large")
    service = rig.upstreams["boxoffice" if path.startswith("/api/") else "frontend"]
    assert len(service.requests) == 1


async def test_a_large_body_is_refused_by_the_gateway_too(rig: Rig) -> None:
    url = f"{rig.gateway}/api/events/{EVENT}/holds"
    answer = await rig.http.post(url, content=b"a" * 100_000, headers=rig.issuer.authorization())
    assert problem(answer) == (413, "request_too_large")


async def test_large_and_doubtful_headers_are_refused(rig: Rig) -> None:
    large = await rig.get("/api/events", headers={"x-large": "a" * 40_000})
    assert problem(large) == (431, "headers_too_large")
    assert problem(await rig.get("/api/events", headers={"x_user_id": "1"})) == (400, "malformed_request")


async def test_the_administration_can_be_asked_and_not_told(rig: Rig) -> None:
    admin = rig.url(rig.settings.admin_port)
    for path in ("/ready", "/stats", "/clusters"):
        assert (await rig.http.get(admin + path)).status_code == 200
    for path in ("/quitquitquit", "/drain_listeners", "/healthcheck/fail", "/logging?level=trace"):
        assert (await rig.http.post(admin + path)).status_code == 403
    for path in ("/config_dump", "/server_info"):
        assert (await rig.http.get(admin + path)).status_code == 403
    assert (await rig.get("/api/events")).status_code == 200


async def test_the_access_log_has_neither_queries_nor_tokens(rig: Rig) -> None:
    headers = rig.issuer.authorization() | {"cookie": "session=secret-cookie"}
    path = f"/api/holds/{uuid.uuid4()}"
    await rig.get(f"{path}?card=secret-query", headers=headers)
    for _ in range(120):
        lines = rig.settings.access_log.read_text().splitlines()
        wanted = [line for line in lines if json.loads(line)["path"] == path]
        if wanted:
            break
        await asyncio.sleep(0.1)
    entry = json.loads(wanted[-1])
    assert (entry["method"], entry["status"]) == ("GET", 200)
    assert {"duration_ms", "correlation_id", "cache", "address", "time"} <= set(entry)
    assert "secret" not in rig.settings.access_log.read_text()
    assert headers["authorization"].split(".")[1] not in rig.settings.access_log.read_text()
