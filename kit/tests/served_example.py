"""A service for the tests of the server: `python served_example.py`, configured by its environment."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from portico_kit.server import run
from portico_kit.service import create_service
from portico_kit.settings import ServiceSettings


class ExampleSettings(ServiceSettings):
    """How long opening takes."""

    opening_s: float = 0


def create_app(settings: ExampleSettings) -> FastAPI:
    router = APIRouter()

    @router.get("/slow")
    async def slow(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "done"

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await asyncio.sleep(settings.opening_s)
        yield
        sys.stdout.write("closed\n")

    return create_service(settings, title="Example", routers=[router], lifespan=lifespan)


if __name__ == "__main__":
    run(create_app, ExampleSettings.model_validate({}))
