"""A migrated database, the emulator's SES, the service between them, and somebody who calls it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

import notifications
from notifications.settings import NotificationsSettings
from partners.notifications.tests.sender import API_KEY, PUBLIC_URL, SENDER, Mailbox, Sender, serving
from portico_kit.aws import AwsClients
from portico_kit.migrations import run_migrations
from tests.fixtures.emulator import Emulator
from tests.fixtures.postgres import PostgresServer

MIGRATIONS = Path(notifications.__file__).parent / "migrations"


@pytest.fixture(scope="session")
async def settings(postgres_server: PostgresServer, emulator: Emulator) -> NotificationsSettings:
    """Settings of a service whose database is new and whose sender is verified."""
    url = SecretStr(await postgres_server.create_database("notifications"))
    await asyncio.to_thread(run_migrations, url, MIGRATIONS)
    made = NotificationsSettings(
        service_name="notifications",
        instance="notifications-a1",
        database_url=url,
        database_pool_max=20,
        aws_endpoint_url=emulator.url,
        aws_region=emulator.region,
        partner_api_key=SecretStr(API_KEY),
        sender_email=SENDER,
        public_url=PUBLIC_URL,
    )
    async with AwsClients(made) as clients:
        await clients.ses.verify_email_identity(EmailAddress=SENDER)
    return made


@pytest.fixture(scope="session")
async def sender(settings: NotificationsSettings) -> AsyncIterator[Sender]:
    async with serving(settings) as made:
        yield made


@pytest.fixture
async def own_sender(settings: NotificationsSettings) -> AsyncIterator[Sender]:
    """A sender of a process that no other test uses: its parts may be exchanged."""
    async with serving(settings) as made:
        yield made


@pytest.fixture(scope="session")
def mailbox(emulator: Emulator) -> Mailbox:
    return Mailbox(emulator.url)
