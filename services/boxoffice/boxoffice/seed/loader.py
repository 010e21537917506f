"""Makes what a new system has on sale, once, and repairs the document store from PostgreSQL every time.

Safe to repeat and to run twice at once: an event is known by its slug, and is stored with all its seats or
not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from boxoffice.events.repository import EventDocuments
from boxoffice.events.schemas import Event
from boxoffice.seed.repository import SeedRepository
from boxoffice.settings import SeedSettings
from portico_kit.aws import AwsClients
from portico_kit.ids import new_id
from portico_kit.postgres import Database
from portico_kit.telemetry import configure_logging, get_logger

CONTENT = Path(__file__).parent / "content"
CURRENCY = "EUR"
log = get_logger(__name__)


async def run_seed(settings: SeedSettings) -> None:
    """Run the job."""
    configure_logging(settings)
    async with AwsClients(settings) as clients:
        database = await Database.open(settings)
        try:
            created = await store_events(database)
            repaired = await repair_documents(database, EventDocuments(clients, table=settings.events_table))
        finally:
            await database.close()
    log.info("seeded", extra={"events_created": created, "documents_written": repaired})


async def store_events(database: Database, content: Path = CONTENT) -> int:
    """Store the events that are not there yet; return how many."""
    repository, created = SeedRepository(), 0
    async with database.transaction() as connection:
        known = await repository.slugs(connection)
    for document in documents(content, today=datetime.now(UTC).date()):
        if document["slug"] in known:
            continue
        # One transaction each: 20,000 seats are enough for one.
        async with database.transaction() as connection:
            created += await repository.insert(connection, document)
    return created


async def repair_documents(database: Database, store: EventDocuments) -> int:
    """Write the documents that the store has not; return how many."""
    async with database.transaction() as connection:
        durable = await SeedRepository().documents(connection)
    return sum([await store.put_if_absent(document) for document in durable])


def documents(content: Path, *, today: date) -> Iterator[dict[str, Any]]:
    """Return the event documents of a content folder, checked."""
    venues = {path.stem: orjson.loads(path.read_bytes()) for path in sorted(content.glob("venues/*.json"))}
    for path in sorted(content.glob("events/*.json")):
        source = orjson.loads(path.read_bytes())
        document = document_of(source, venues[source["venue"]], today=today)
        Event.model_validate_json(orjson.dumps(document))
        yield document


def document_of(source: dict[str, Any], venue: dict[str, Any], *, today: date) -> dict[str, Any]:
    """Return the document of an event file at its venue."""
    zone = ZoneInfo(venue["time_zone"])
    day = today + timedelta(days=source["days_from_now"])
    starts_at = datetime.combine(day, time.fromisoformat(source["local_time"]), zone)
    doors_at = starts_at - timedelta(minutes=source["doors_minutes_before"])
    prices: dict[str, int] = source["prices"]
    copied = ("slug", "organiser_id", "category", "title", "summary", "description", "attributes")
    return {
        "id": str(new_id()),
        **{name: source[name] for name in copied},
        "status": "published",
        "starts_at": iso_utc(starts_at),
        "doors_at": iso_utc(doors_at),
        "venue": {name: value for name, value in venue.items() if name != "sections"},
        "currency": CURRENCY,
        "price_from_cents": min(prices.values()),
        "poster": f"/posters/{source['slug']}.svg",
        "sections": [section_of(section, prices) for section in venue["sections"] if section["id"] in prices],
    }


def section_of(section: dict[str, Any], prices: dict[str, int]) -> dict[str, Any]:
    """Return a venue's section with its price and capacity."""
    rows = section.get("rows", [])
    capacity = section.get("capacity") or sum(row["seats"] for row in rows)
    return {**section, "rows": rows, "capacity": capacity, "price_cents": prices[section["id"]]}


def iso_utc(moment: datetime) -> str:
    """Return a moment as `2026-11-24T20:30:00Z`, which sorts as text in the order of time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
