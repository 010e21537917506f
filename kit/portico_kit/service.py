"""How every service is put together: errors, correlation ids, request guards, health, OpenAPI conventions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI
from pydantic import SecretStr

from portico_kit.correlation import Correlation
from portico_kit.errors import install_handlers
from portico_kit.health import DrainNotice, ReadyCheck, health_router
from portico_kit.openapi import DescribedApi
from portico_kit.request_guard import RequestGuard
from portico_kit.settings import InternalSettings, ServiceSettings

if TYPE_CHECKING:  # services that verify no tokens do not pay for cryptography
    from portico_kit.auth.tokens import TokenVerifier

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_service(
    settings: ServiceSettings,
    *,
    title: str,
    routers: Sequence[APIRouter],
    lifespan: Lifespan,
    ready_checks: Sequence[ReadyCheck] = (),
    verifier: TokenVerifier | None = None,
    shared_secret: SecretStr | None = None,
) -> FastAPI:
    """Compose a service. It is ready while every check says so and it is not draining.

    `shared_secret` is what internal callers show; without one it is the settings' `internal_token`.
    """
    app = DescribedApi(
        title=title, version="1", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.draining = False
    app.state.verifier = verifier
    if isinstance(settings, InternalSettings):
        shared_secret = shared_secret or settings.internal_token
    app.state.shared_secret = shared_secret
    install_handlers(app)
    for router in (*routers, health_router(app, ready_checks)):
        app.include_router(router)
    app.add_middleware(RequestGuard, request_bytes_max=settings.request_bytes_max)
    app.add_middleware(DrainNotice, service=app)
    app.add_middleware(Correlation)
    return app
