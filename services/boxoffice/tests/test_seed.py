"""Seeding: once, whoever runs it and how often; lost documents come back as they were."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pytest
from pydantic import SecretStr, ValidationError

from boxoffice.events.repository import EventDocuments
from boxoffice.seed.loader import CONTENT, documents, repair_documents, store_events
from boxoffice.seed.repository import places
from boxoffice.settings import BoxofficeSettings
from portico_kit.aws import AwsClients
from portico_kit.postgres import Database
from portico_kit.settings import DatabaseSettings
from services.boxoffice.tests.stores import make_tables, migrate, write_content
from tests.fixtures.postgres import PostgresServer

TODAY = date(2030, 3, 1)


def test_the_content_that_ships_is_sound() -> None:
    shipped = list(documents(CONTENT, today=TODAY))
    assert shipped
    for document in shipped:
        seats = [seat for section in document["sections"] for seat in places(section)]
        assert len({seat[0] for seat in seats}) == len(seats)
        assert len(seats) == sum(section["capacity"] for section in document["sections"])


def test_an_event_begins_at_its_hour_where_it_takes_place(tmp_path: Path) -> None:
    write_content(tmp_path, events=1)
    (winter,) = documents(tmp_path, today=date(2030, 1, 1))
    (summer,) = documents(tmp_path, today=date(2030, 7, 1))
    assert (winter["starts_at"], winter["doors_at"]) == ("2030-01-11T19:30:00Z", "2030-01-11T19:00:00Z")
    assert summer["starts_at"] == "2030-07-11T18:30:00Z"


def test_content_that_is_wrong_is_refused(tmp_path: Path) -> None:
    write_content(tmp_path, events=1)
    path = tmp_path / "events/event-0.json"
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | {"title": {"es": "Sin inglés"}}))
    with pytest.raises(ValidationError):
        list(documents(tmp_path, today=TODAY))


@pytest.mark.integration
async def test_seeding_again_or_at_once_changes_nothing(
    postgres_server: PostgresServer, settings: BoxofficeSettings, tmp_path: Path
) -> None:
    url = await postgres_server.create_database("boxoffice_seed")
    await migrate(url)
    write_content(tmp_path, events=3)
    database = await Database.open(DatabaseSettings(database_url=SecretStr(url)))
    created = await asyncio.gather(*(store_events(database, tmp_path) for _ in range(3)))
    assert sum(created) == 3
    assert await store_events(database, tmp_path) == 0
    async with database.transaction() as connection:
        assert await connection.fetchval("SELECT count(*) FROM seat") == 3 * 250
    async with AwsClients(settings) as clients:
        stores = []
        for name in ("before", "after"):  # the second stands for an emulator that lost everything
            tables = {"events_table": f"events-{name}", "identity_table": f"identity-{name}"}
            await make_tables(clients, **tables)
            store = EventDocuments(clients, table=tables["events_table"])
            assert await repair_documents(database, store) == 3
            assert await repair_documents(database, store) == 0
            stores.append((await store.page(limit=10, after=None))[0])
    await database.close()
    assert stores[0] == stores[1]
    assert all(document["starts_at"] > datetime.now(UTC).isoformat() for document in stores[0])
