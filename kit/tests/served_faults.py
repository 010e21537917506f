"""A service with faults for the test of dropped answers: it counts the work it did."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from pydantic import SecretStr

from portico_kit.faults import install_faults
from portico_kit.server import run
from portico_kit.service import create_service
from portico_kit.settings import ServiceSettings


@asynccontextmanager
async def no_lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield


def create_app(settings: ServiceSettings) -> FastAPI:
    router, numbers = APIRouter(), itertools.count(1)

    @router.post("/v1/work")
    async def work() -> int:
        return next(numbers)

    app = create_service(
        settings, title="Example", routers=[router], lifespan=no_lifespan, shared_secret=SecretStr("secret")
    )
    install_faults(app)
    return app


if __name__ == "__main__":
    run(create_app, ServiceSettings.model_validate({}))
