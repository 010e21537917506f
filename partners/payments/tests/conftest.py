"""A migrated database, the service before it, and a merchant who calls it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

import payments
from partners.payments.tests.merchant import API_KEY, Merchant, serving
from payments.settings import PaymentsSettings
from portico_kit.migrations import run_migrations
from tests.fixtures.postgres import PostgresServer

MIGRATIONS = Path(payments.__file__).parent / "migrations"


async def migrated(postgres_server: PostgresServer) -> PaymentsSettings:
    """Return the settings of a service with a database of its own."""
    url = SecretStr(await postgres_server.create_database("payments"))
    await asyncio.to_thread(run_migrations, url, MIGRATIONS)
    return PaymentsSettings(
        service_name="payments",
        instance="payments-a1",
        database_url=url,
        database_pool_max=20,
        partner_api_key=SecretStr(API_KEY),
    )


@pytest.fixture(scope="session")
async def settings(postgres_server: PostgresServer) -> PaymentsSettings:
    return await migrated(postgres_server)


@pytest.fixture(scope="session")
async def merchant(settings: PaymentsSettings) -> AsyncIterator[Merchant]:
    async with serving(settings) as made:
        yield made


@pytest.fixture
async def own_settings(postgres_server: PostgresServer) -> PaymentsSettings:
    """Settings with a database that no other test uses."""
    return await migrated(postgres_server)


@pytest.fixture
async def own_merchant(own_settings: PaymentsSettings) -> AsyncIterator[Merchant]:
    """A merchant of a provider whose database no other test uses: its tables may be damaged."""
    async with serving(own_settings) as made:
        yield made
