"""The real Envoy between tiny servers of the test: upstreams that say what they were asked, token keys."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from portico_runtime.envoy import Endpoint, EnvoySettings, envoy_command, write_configuration, write_endpoints
from portico_topology import SYSTEM, System
from tests.fixtures.ports import free_port

CLIENT_ID = "our-client"
KEY_ID = "key-1"
EVENT = "019a0000-0000-7000-8000-00000000000a"
BOXOFFICE: dict[str, dict[str, tuple[str, bool]]] = {
    "/api/events": {"get": ("listEvents", False)},
    "/api/events/{event_id}": {"get": ("getEvent", False)},
    "/api/events/{event_id}/seats": {"get": ("listSeats", False)},
    "/api/events/{event_id}/holds": {"post": ("createHold", True)},
    "/api/holds/{hold_id}": {"get": ("getHold", True), "delete": ("deleteHold", True)},
    "/api/orders": {"get": ("listOrders", True), "post": ("createOrder", True)},
    "/internal/orders/{order_id}/confirm": {"post": ("confirmOrder", True)},
}
ACCOUNTS: dict[str, dict[str, tuple[str, bool]]] = {
    "/api/accounts/signup": {"post": ("signUp", False)},
    "/api/accounts/me": {"get": ("getProfile", True)},
    "/internal/users/{subject_id}": {"get": ("getContact", True)},
}

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def document(paths: dict[str, dict[str, tuple[str, bool]]]) -> dict[str, Any]:
    """An OpenAPI document, as far as the gateway reads it."""
    return {"paths": {path: _path_item(path, methods) for path, methods in paths.items()}}


def _path_item(path: str, methods: dict[str, tuple[str, bool]]) -> dict[str, Any]:
    internal = path.startswith("/internal/")
    names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    parameters = [
        {"name": name, "in": "path", "schema": {"type": "string", "format": "uuid"}} for name in names
    ]
    return {
        method: {
            "operationId": operation_id,
            "tags": ["internal"] if internal else ["public"],
            "parameters": parameters,
            **({"security": [{"internal" if internal else "bearer": []}]} if secured else {}),
        }
        for method, (operation_id, secured) in methods.items()
    }


DOCUMENTS = {"boxoffice": document(BOXOFFICE), "accounts": document(ACCOUNTS)}


async def echo(request: web.Request) -> web.StreamResponse:
    """Say what arrived. Nothing is said about caching."""
    body = await request.read()
    return web.json_response(
        {
            "method": request.method,
            "path": request.path_qs,
            "headers": {name.lower(): value for name, value in request.headers.items()},
            "body_bytes": len(body),
        }
    )


@dataclass
class Upstream:
    """One instance of a service. `answer` may be replaced at any time; health checks are not counted."""

    name: str
    port: int = 0
    answer: Answer = echo
    ready: bool = True
    requests: list[web.Request] = field(default_factory=list)
    runner: web.AppRunner | None = None

    async def start(self) -> None:
        application = web.Application(client_max_size=10_000_000)
        application.router.add_route("*", "/{tail:.*}", self._handle)
        self.runner = web.AppRunner(application, access_log=None, shutdown_timeout=10)
        await self.runner.setup()
        self.port = self.port or free_port()
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()
            self.runner = None

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/health/ready":
            return web.Response(status=200 if self.ready else 503)
        self.requests.append(request)
        answer = await self.answer(request)
        answer.headers["x-instance"] = self.name
        return answer

    def endpoint(self, zone: str = "a", *, draining: bool = False) -> Endpoint:
        return Endpoint(host="127.0.0.1", port=self.port, zone=zone, draining=draining)


class TokenIssuer:
    """A user pool's keys behind an address, and tokens signed with them."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.upstream = Upstream("issuer", answer=self._jwks)
        self.published = True

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.upstream.port}/pool"

    def token(self, subject: str = "buyer-1", *, expires_in_s: float = 600, **claims: Any) -> str:
        expiry = int(time.time() + expires_in_s)
        standard = {
            "sub": subject,
            "iss": self.issuer,
            "client_id": CLIENT_ID,
            "token_use": "access",
            "exp": expiry,
        }
        return jwt.encode({**standard, **claims}, self.key, algorithm="RS256", headers={"kid": KEY_ID})

    def authorization(self, subject: str = "buyer-1", **claims: Any) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(subject, **claims)}"}

    async def _jwks(self, _request: web.Request) -> web.StreamResponse:
        if not self.published:
            return web.Response(status=503)
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return web.json_response({"keys": [{**public, "kid": KEY_ID, "alg": "RS256", "use": "sig"}]})


@dataclass
class Rig:
    """A running Envoy with one upstream for each service, and a client for the edge."""

    settings: EnvoySettings
    upstreams: dict[str, Upstream]
    issuer: TokenIssuer
    http: httpx.AsyncClient
    process: asyncio.subprocess.Process

    def url(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"

    @property
    def edge(self) -> str:
        return self.url(self.settings.edge_port)

    @property
    def gateway(self) -> str:
        return self.url(self.settings.gateway_port)

    @property
    def internal(self) -> str:
        return self.url(self.settings.internal_port)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.get(self.edge + path, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return await self.http.post(self.edge + path, **options)

    async def raw(self, target: str, method: str = "GET", headers: str = "") -> str:
        """Send a request line as it is, which clients would tidy up; return the whole answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.settings.edge_port)
        writer.write(
            f"{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n".encode()
        )
        answer = await asyncio.wait_for(reader.read(), timeout=10)
        writer.close()
        await writer.wait_closed()
        return answer.decode("latin-1")

    async def instances(
        self, service: str, *upstreams: Upstream, draining: tuple[Upstream, ...] = ()
    ) -> None:
        write_endpoints(self.settings, service, [u.endpoint(draining=u in draining) for u in upstreams])
        await asyncio.sleep(0.3)


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of an answer that must be a complete problem document."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["correlation_id"] == answer.headers.get("x-request-id")
    assert {"type", "title", "detail"} <= set(body)
    return answer.status_code, body["code"]


def without(system: System, *names: str) -> System:
    """The system without these limits."""
    return replace(system, limits=tuple(limit for limit in system.limits if limit.name not in names))


@asynccontextmanager
async def running(folder: Path, system: System = SYSTEM, **changes: Any) -> AsyncIterator[Rig]:
    """Start everything on free ports; whatever happens, nothing is left running."""
    issuer = TokenIssuer()
    upstreams = {service.name: Upstream(service.name) for service in system.services}
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    async with AsyncExitStack() as stack:
        for upstream in (issuer.upstream, *upstreams.values()):
            await upstream.start()
            stack.push_async_callback(upstream.stop)
        settings = make_settings(folder, issuer, **changes)
        for name, upstream in upstreams.items():
            write_endpoints(settings, name, [upstream.endpoint()])
        write_configuration(system, settings, DOCUMENTS)
        process = await stack.enter_async_context(started(settings))
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=20, limits=limits))
        rig = Rig(settings, upstreams, issuer, http, process)
        await _until_serving(rig)
        yield rig


@asynccontextmanager
async def started(settings: EnvoySettings) -> AsyncIterator[asyncio.subprocess.Process]:
    """The Envoy process; its words are in `envoy.log`."""
    log = log_of(settings).open("wb")
    with log:
        process = await asyncio.create_subprocess_exec(*envoy_command(settings), stdout=log, stderr=log)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def log_of(settings: EnvoySettings) -> Path:
    return settings.folder / "envoy.log"


def make_settings(folder: Path, issuer: TokenIssuer, **changes: Any) -> EnvoySettings:
    """Settings on free ports."""
    settings = EnvoySettings(
        folder=folder,
        edge_port=free_port(),
        gateway_port=free_port(),
        internal_port=free_port(),
        partner_ports={"payments": free_port(), "notifications": free_port()},
        admin_port=free_port(),
        token_issuer=issuer.issuer,
        token_client_id=CLIENT_ID,
        jwks_url=f"{issuer.issuer}/.well-known/jwks.json",
        access_log=folder / "access.log",
    )
    return replace(settings, **changes)


async def _until_serving(rig: Rig) -> None:
    """Wait for readiness, and for the first health checks to pass."""
    for _ in range(100):
        assert rig.process.returncode is None, log_of(rig.settings).read_text()
        if await _serves(rig):
            break
        await asyncio.sleep(0.1)
    else:
        raise AssertionError(log_of(rig.settings).read_text())
    for upstream in rig.upstreams.values():
        upstream.requests.clear()


async def _serves(rig: Rig) -> bool:
    payments = rig.url(rig.settings.partner_ports["payments"])
    urls = (rig.settings.ready_url, f"{rig.edge}/", f"{rig.edge}/api/events?warm", f"{payments}/v1/charges")
    try:
        return all([(await rig.http.get(url)).status_code == 200 for url in urls])
    except httpx.TransportError:
        return False
