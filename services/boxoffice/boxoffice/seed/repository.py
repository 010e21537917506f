"""Stores events and their seats, and reads the durable copies of their documents."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson

from portico_kit.postgres import Connection

INSERT_EVENT = """
INSERT INTO event (id, slug, organiser_id, currency, starts_at, document)
VALUES ($1, $2, $3, $4, $5::text::timestamptz, $6)
ON CONFLICT (slug) DO NOTHING RETURNING true
"""
SLUGS = "SELECT slug FROM event"
DOCUMENTS = "SELECT document::text FROM event ORDER BY id"
SEAT_COLUMNS = ("event_id", "id", "section", "row_label", "number", "price_cents")
SECTION_COLUMNS = ("event_id", "id", "position", "kind", "price_cents", "capacity")


class SeedRepository:
    """Every method belongs to the caller's transaction."""

    async def slugs(self, connection: Connection) -> set[str]:
        """Return the slugs of the events that are there."""
        return {record["slug"] for record in await connection.fetch(SLUGS)}

    async def insert(self, connection: Connection, document: dict[str, Any]) -> bool:
        """Store an event with its sections and seats unless its slug is there; say whether it was stored."""
        event_id = UUID(document["id"])
        stored = await connection.fetchval(
            INSERT_EVENT,
            event_id,
            document["slug"],
            UUID(document["organiser_id"]),
            document["currency"],
            document["starts_at"],
            orjson.dumps(document).decode(),
        )
        if not stored:
            return False
        sections = [
            (event_id, section["id"], position, section["kind"], section["price_cents"], section["capacity"])
            for position, section in enumerate(document["sections"])
        ]
        await connection.copy_records_to_table("section", records=sections, columns=SECTION_COLUMNS)
        seats = [(event_id, *seat) for section in document["sections"] for seat in places(section)]
        await connection.copy_records_to_table("seat", records=seats, columns=SEAT_COLUMNS)
        return True

    async def documents(self, connection: Connection) -> list[dict[str, Any]]:
        """Return the durable copies of all documents."""
        return [orjson.loads(record["document"]) for record in await connection.fetch(DOCUMENTS)]


def places(section: dict[str, Any]) -> list[tuple[str, str, str | None, int, int]]:
    """Return a section's places: id, section, row, number, price."""
    name, price_cents = section["id"], section["price_cents"]
    if section["kind"] == "general":
        numbers = range(1, section["capacity"] + 1)
        return [(f"{name}-{number}", name, None, number, price_cents) for number in numbers]
    return [
        (f"{name}-{row['label']}-{number}", name, row["label"], number, price_cents)
        for row in section["rows"]
        for number in range(1, row["seats"] + 1)
    ]
