"""The seats of an event as PostgreSQL knows them; it also writes their JSON, which is what it does fastest."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from portico_kit.postgres import Connection

SEATS = """
SELECT coalesce(json_agg(row_to_json(listed)), '[]')::text FROM (
    SELECT id, section, row_label AS row, number, price_cents,
           CASE WHEN order_id IS NOT NULL THEN 'sold' WHEN held_until > now() THEN 'held' ELSE 'available' END AS status
    FROM seat
    WHERE event_id = $1 AND row_label IS NOT NULL AND ($2::text IS NULL OR section = $2)
    ORDER BY section, length(row_label), row_label, number
) listed
"""

SECTIONS = """
SELECT section.id, section.kind, section.price_cents, section.capacity AS total,
       (SELECT count(*) FROM seat
        WHERE seat.event_id = section.event_id AND seat.section = section.id
          AND seat.order_id IS NULL AND (seat.held_until IS NULL OR seat.held_until <= now())) AS available
FROM section WHERE event_id = $1 AND ($2::text IS NULL OR id = $2) ORDER BY position
"""


class SeatRepository:
    """Reads of the inventory, from a replica where there is one."""

    async def seats_json(self, connection: Connection, event_id: UUID, section: str | None) -> str:
        """Return the numbered seats as a JSON array."""
        found: str = await connection.fetchval(SEATS, event_id, section)
        return found

    async def sections(self, connection: Connection, event_id: UUID, section: str | None) -> list[dict[str, Any]]:
        """Return the sections with their free places; empty if there is no such event or section."""
        return [dict(record) for record in await connection.fetch(SECTIONS, event_id, section)]
