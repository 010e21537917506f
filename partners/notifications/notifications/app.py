"""The notification provider, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr

from notifications.emails.delivery import Delivery
from notifications.emails.message import MessageBuilder
from notifications.emails.routes import router as emails_router
from notifications.emails.service import Emails
from notifications.settings import NotificationsSettings
from portico_kit.aws import AwsClients
from portico_kit.faults import install_faults
from portico_kit.postgres import Database
from portico_kit.service import create_service


class Services:
    """What the routes reach through `app.state`; made when the application starts."""

    def __init__(self, settings: NotificationsSettings, database: Database, clients: AwsClients) -> None:
        self.database = database
        builder = MessageBuilder(sender=settings.sender_email, public_url=settings.public_url)
        self.emails = Emails(database, builder, Delivery(clients, sender=settings.sender_email))


def create_app(settings: NotificationsSettings) -> FastAPI:
    """Compose the service. Nothing is opened before the application starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AwsClients(settings) as clients:
            database = await Database.open(settings)
            app.state.services = Services(settings, database, clients)
            try:
                yield
            finally:
                await database.close()

    async def database_ready() -> bool:
        services: Services = app.state.services
        return await services.database.ready()

    app = create_service(
        settings,
        title="Notification provider",
        routers=[emails_router],
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
    settings = NotificationsSettings(
        service_name="notifications",
        instance="-",
        database_url=nothing,
        partner_api_key=nothing,
        sender_email="",
        public_url="",
    )
    return create_app(settings).openapi()
