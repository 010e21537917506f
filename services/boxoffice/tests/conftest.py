"""A migrated database with a small event on sale, for the tests of this service."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr

import boxoffice
from boxoffice.seed.loader import document_of
from boxoffice.seed.repository import SeedRepository
from portico_kit.ids import new_id
from portico_kit.migrations import run_migrations
from portico_kit.postgres import Database
from portico_kit.settings import DatabaseSettings
from tests.fixtures.postgres import PostgresServer

SIGNING_KEY = SecretStr(base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"=").decode())
STAGE = {"x": 0, "y": 0, "width": 100, "height": 10}
SHAPE = {"x": 0, "y": 20, "width": 100, "height": 50, "rotate_deg": 0, "bend": 0}
VENUE = {
    "id": "small-house",
    "name": "Small House",
    "city": "Cádiz",
    "address": "Calle Uno, 1",
    "time_zone": "Europe/Madrid",
    "map": {"width": 100, "height": 100, "stage": STAGE},
    "sections": [
        {
            "id": "stalls",
            "name": {"es": "Patio", "en": "Stalls"},
            "kind": "numbered",
            "rows": [{"label": label, "seats": 20} for label in "ABCDEFGHIJ"],
            "shape": SHAPE,
        },
        {"id": "floor", "name": {"es": "Pista", "en": "Floor"}, "kind": "general", "capacity": 50, "shape": SHAPE},
    ],
}
TEXT = {"es": "Una prueba", "en": "A test"}


def document(slug: str) -> dict[str, object]:
    """An event document at the small house."""
    from datetime import UTC, datetime

    source = {
        "slug": slug,
        "venue": "small-house",
        "organiser_id": str(new_id()),
        "category": "theatre",
        "days_from_now": 10,
        "local_time": "20:30",
        "doors_minutes_before": 30,
        "title": TEXT,
        "summary": TEXT,
        "description": TEXT,
        "attributes": {},
        "prices": {"stalls": 2500, "floor": 1500},
    }
    return document_of(source, VENUE, today=datetime.now(UTC).date())


@dataclass(frozen=True)
class House:
    """A database, and how to put another event on sale in it."""

    database: Database
    url: str

    async def event(self) -> UUID:
        """Put a new event on sale and return its id."""
        new = document(f"event-{new_id()}")
        async with self.database.transaction() as connection:
            await SeedRepository().insert(connection, new)
        return UUID(str(new["id"]))


@pytest.fixture(scope="session")
async def house(postgres_server: PostgresServer) -> AsyncIterator[House]:
    import asyncio

    url = await postgres_server.create_database("boxoffice")
    migrations = Path(boxoffice.__file__).parent / "migrations"
    await asyncio.to_thread(run_migrations, SecretStr(url), migrations)
    database = await Database.open(DatabaseSettings(database_url=SecretStr(url), database_pool_max=20))
    yield House(database, url)
    await database.close()


@pytest.fixture
async def event_id(house: House) -> UUID:
    return await house.event()
