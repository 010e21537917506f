"""How every service is put together: errors, correlation ids, request guards, health, OpenAPI conventions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from fastapi import APIRouter, FastAPI

from portico_kit.auth.tokens import TokenVerifier
from portico_kit.correlation import Correlation
from portico_kit.errors import install_handlers
from portico_kit.health import DrainNotice, ReadyCheck, health_router
from portico_kit.openapi import DescribedApi
from portico_kit.request_guard import RequestGuard
from portico_kit.settings import InternalSettings, ServiceSettings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_service(
    settings: ServiceSettings,
    *,
    title: str,
    routers: Sequence[APIRouter],
    lifespan: Lifespan,
    ready_checks: Sequence[ReadyCheck] = (),
    verifier: TokenVerifier | None = None,
) -> FastAPI:
    """Compose a service. It is ready while every check says so and it is not draining."""
    app = DescribedApi(
        title=title, version="1", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.draining = False
    app.state.verifier = verifier
    if isinstance(settings, InternalSettings):
        app.state.internal_token = settings.internal_token.get_secret_value()
    install_handlers(app)
    app.include_router(health_router(app, ready_checks))
    for router in routers:
        app.include_router(router)
    app.add_middleware(RequestGuard, request_bytes_max=settings.request_bytes_max)
    app.add_middleware(DrainNotice, service=app)
    app.add_middleware(Correlation)
    return app
