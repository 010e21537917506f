"""The box office, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr

from boxoffice.events.repository import EventDocuments
from boxoffice.events.routes import router as events_router
from boxoffice.events.service import Events
from boxoffice.holds.routes import router as holds_router
from boxoffice.holds.service import Holds
from boxoffice.inventory.routes import router as inventory_router
from boxoffice.inventory.service import Inventory
from boxoffice.orders.routes import router as orders_router
from boxoffice.orders.service import Orders
from boxoffice.outbox.relay import Relay
from boxoffice.outbox.repository import Executions
from boxoffice.reconcile.service import Reconciler
from boxoffice.settings import BoxofficeSettings
from boxoffice.settlement.routes import router as settlement_router
from boxoffice.settlement.service import Settlement
from boxoffice.tickets.routes import router as tickets_router
from boxoffice.tickets.service import Tickets
from boxoffice.tickets.signing import TicketSigner
from portico_kit.auth import RevocationFeed, TokenVerifier
from portico_kit.aws import AwsClients
from portico_kit.postgres import Database
from portico_kit.service import create_service


class Services:
    """What the routes reach through `app.state`; made when the application starts."""

    def __init__(self, settings: BoxofficeSettings, database: Database, clients: AwsClients) -> None:
        self.database = database
        executions = Executions(clients, state_machine_arn=settings.checkout_state_machine_arn)
        signer = TicketSigner(settings.ticket_signing_key)
        self.relay = Relay(database, executions)
        self.events = Events(EventDocuments(clients, table=settings.events_table))
        self.inventory = Inventory(database)
        self.holds = Holds(database, ttl_s=settings.hold_ttl_s)
        self.orders = Orders(database, deadline_s=settings.order_deadline_s, relay=self.relay)
        self.settlement = Settlement(database, self.events, signer)
        self.reconciler = Reconciler(database, executions, self.settlement)
        self.tickets = Tickets(database, signer)


def create_app(settings: BoxofficeSettings) -> FastAPI:
    """Compose the service. Nothing is opened before the application starts."""
    clients = AwsClients(settings)
    feed = RevocationFeed(clients, table=settings.identity_table)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with clients, feed:
            database = await Database.open(settings)
            services = app.state.services = Services(settings, database, clients)
            try:
                async with services.relay.loop, services.reconciler.loop:
                    yield
            finally:
                await database.close()

    async def database_ready() -> bool:
        services: Services = app.state.services
        return await services.database.ready()

    app = create_service(
        settings,
        title="Taquilla box office",
        routers=[
            events_router,
            inventory_router,
            holds_router,
            orders_router,
            tickets_router,
            settlement_router,
        ],
        lifespan=lifespan,
        ready_checks=[database_ready],
        verifier=TokenVerifier(settings, feed),
    )
    return app


def describe() -> dict[str, Any]:
    """Return the OpenAPI document; it does not depend on the settings."""
    nowhere = SecretStr("")
    settings = BoxofficeSettings(
        service_name="boxoffice",
        instance="-",
        database_url=nowhere,
        token_issuer="",
        token_jwks_url="",
        token_client_id="",
        internal_token=nowhere,
        events_table="",
        identity_table="",
        checkout_state_machine_arn="",
        ticket_signing_key=SecretStr("A" * 43),
    )
    return create_app(settings).openapi()
