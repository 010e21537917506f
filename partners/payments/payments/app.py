"""The payment provider, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr

from payments.charges.routes import router as charges_router
from payments.charges.service import Charges
from payments.refunds.routes import router as refunds_router
from payments.refunds.service import Refunds
from payments.settings import PaymentsSettings
from payments.summary.routes import router as summary_router
from portico_kit.faults import install_faults
from portico_kit.postgres import Database
from portico_kit.service import create_service


class Services:
    """What the routes reach through `app.state`; made when the application starts."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.charges = Charges(database)
        self.refunds = Refunds(database)


def create_app(settings: PaymentsSettings) -> FastAPI:
    """Compose the service. Nothing is opened before the application starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = await Database.open(settings)
        app.state.services = Services(database)
        try:
            yield
        finally:
            await database.close()

    async def database_ready() -> bool:
        services: Services = app.state.services
        return await services.database.ready()

    app = create_service(
        settings,
        title="Payment provider",
        routers=[charges_router, refunds_router, summary_router],
        lifespan=lifespan,
        ready_checks=[database_ready],
        shared_secret=settings.partner_api_key,
    )
    if settings.faults_enabled:
        install_faults(app)
    return app


def describe() -> dict[str, Any]:
    """Return the OpenAPI document; it does not depend on the settings."""
    nothing = SecretStr("")
    settings = PaymentsSettings(
        service_name="payments", instance="-", database_url=nothing, partner_api_key=nothing
    )
    return create_app(settings).openapi()
