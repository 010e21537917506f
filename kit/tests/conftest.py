"""A small service that stands before the kit's parts, and clients of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from portico_kit.service import create_service
from portico_kit.settings import ServiceSettings

ClientOf = Callable[[FastAPI], httpx.AsyncClient]


@asynccontextmanager
async def no_lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield


@pytest.fixture
async def silent_port() -> AsyncIterator[int]:
    """The port of a server that takes connections and says nothing, as a stopped process does."""
    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _reader, writer: writers.append(writer), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    for writer in writers:
        writer.transport.abort()
    await asyncio.sleep(0)


@pytest.fixture(scope="session")
def settings() -> ServiceSettings:
    return ServiceSettings(service_name="example", instance="example-a1", zone="a", drain_s=0)


@pytest.fixture(scope="session")
def make_service(settings: ServiceSettings) -> Callable[..., FastAPI]:
    """Return a function that composes a service of one router."""

    def make(router: APIRouter, **options: object) -> FastAPI:
        arguments = {"title": "Example", "lifespan": no_lifespan, "routers": [router], **options}
        return create_service(settings, **arguments)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def client_of() -> ClientOf:
    """Return a function that makes a client of an application, without a network."""

    def make(app: FastAPI) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://example")

    return make
