"""A migrated database with a small event on sale, for the tests of this service."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from pydantic import SecretStr

from boxoffice.app import create_app
from boxoffice.events.repository import EventDocuments
from boxoffice.seed.loader import repair_documents, store_events
from boxoffice.settings import BoxofficeSettings
from boxoffice.settlement.schemas import Decline
from portico_kit.aws import AwsClients
from portico_kit.postgres import Database
from portico_kit.settings import DatabaseSettings
from services.boxoffice.tests.api import CLIENT_ID, INTERNAL_TOKEN, ISSUER, Caller, write_key_set
from services.boxoffice.tests.house import SIGNING_KEY, House, Shop
from services.boxoffice.tests.stores import make_state_machine, make_tables, migrate, write_content
from tests.fixtures.emulator import Emulator
from tests.fixtures.postgres import PostgresServer


@pytest.fixture(scope="session")
async def database_url(postgres_server: PostgresServer) -> str:
    url = await postgres_server.create_database("boxoffice")
    await migrate(url)
    return url


@pytest.fixture(scope="session")
async def house(database_url: str) -> AsyncIterator[House]:
    settings = DatabaseSettings(
        database_url=SecretStr(database_url), database_pool_min=20, database_pool_max=20
    )
    database = await Database.open(settings)
    yield House(database, database_url)
    await database.close()


@pytest.fixture
async def event_id(house: House) -> UUID:
    return await house.event()


@pytest.fixture
async def shop(house: House) -> Shop:
    """A shop in which nothing is left over from earlier tests that a relay or a reconciler would take up."""
    shop = Shop(house)
    async with house.database.transaction() as connection:
        pending = await connection.fetch("SELECT id FROM orders WHERE status = 'pending'")
    for record in pending:
        await shop.settlement.decline(record["id"], Decline(reason="left_over"))
    await house.value("DELETE FROM outbox")
    await house.value("UPDATE orders SET notified_at = now(), charge_sought = false")
    return shop


@pytest.fixture(scope="session")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
async def settings(
    postgres_server: PostgresServer,
    emulator: Emulator,
    key: RSAPrivateKey,
    tmp_path_factory: pytest.TempPathFactory,
) -> BoxofficeSettings:
    """Settings of a service with stores of its own, where five events are on sale."""
    url = await postgres_server.create_database("boxoffice_api")
    await migrate(url)
    folder = tmp_path_factory.mktemp("boxoffice")
    names = {
        "events_table": f"events-{uuid.uuid4().hex[:8]}",
        "identity_table": f"identity-{uuid.uuid4().hex[:8]}",
    }
    settings = BoxofficeSettings(
        service_name="boxoffice",
        instance="boxoffice-a1",
        database_url=SecretStr(url),
        aws_endpoint_url=emulator.url,
        aws_region=emulator.region,
        token_issuer=ISSUER,
        token_jwks_url=write_key_set(key, folder / "keys.json"),
        token_client_id=CLIENT_ID,
        internal_token=SecretStr(INTERNAL_TOKEN),
        checkout_state_machine_arn="unset",
        ticket_signing_key=SIGNING_KEY,
        **names,
    )
    async with AwsClients(settings) as clients:
        await make_tables(clients, **names)
        arn = await make_state_machine(clients)
        settings = settings.model_copy(update={"checkout_state_machine_arn": arn})
        write_content(folder / "content", events=5)
        database = await Database.open(settings)
        await store_events(database, folder / "content")
        await repair_documents(database, EventDocuments(clients, table=settings.events_table))
        await database.close()
    return settings


@pytest.fixture(scope="session")
async def http(settings: BoxofficeSettings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running service; what the service does not catch fails the test."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://boxoffice") as client,
    ):
        yield client


@pytest.fixture
def caller(http: httpx.AsyncClient, key: RSAPrivateKey) -> Caller:
    return Caller(http, key)


@pytest.fixture
def other(http: httpx.AsyncClient, key: RSAPrivateKey) -> Caller:
    return Caller(http, key)


@pytest.fixture(scope="session")
async def sale(http: httpx.AsyncClient) -> str:
    """The id of an event on sale through the API."""
    answer = await http.get("/api/events")
    return str(answer.json()["items"][0]["id"])
