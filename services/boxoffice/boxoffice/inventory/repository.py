"""The seats of an event as PostgreSQL knows them, in two halves: what never changes, and what does."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from portico_kit.postgres import Connection

# `place` is the seat's position among the letters of STATUSES.
SEATS = """
SELECT seat.id, seat.section, row_label AS row, number, seat.price_cents,
       row_number() OVER (PARTITION BY seat.section ORDER BY row_label, number) - 1 AS place
FROM seat JOIN section ON section.event_id = seat.event_id AND section.id = seat.section
WHERE seat.event_id = $1 AND row_label IS NOT NULL
ORDER BY section.position, length(row_label), row_label, number
"""
# One letter a seat, so that 18,000 of them are 18 kB. The index `seat_in_order` gives them in this order.
STATUSES = """
SELECT section.id, section.kind, section.price_cents, section.capacity AS total, now.available,
       coalesce(now.letters, '') AS letters
FROM section CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE letter = 'a') AS available,
           string_agg(letter, '' ORDER BY row_label, number) FILTER (WHERE row_label IS NOT NULL) AS letters
    FROM (
        SELECT row_label, number,
               CASE WHEN order_id IS NOT NULL THEN 's' WHEN held_until > now() THEN 'h' ELSE 'a' END AS letter
        FROM seat WHERE seat.event_id = section.event_id AND seat.section = section.id
    ) lettered
) now
WHERE section.event_id = $1 AND ($2::text IS NULL OR section.id = $2) ORDER BY section.position
"""


class SeatRepository:
    """Reads of the inventory, from a replica where there is one."""

    async def seats(self, connection: Connection, event_id: UUID) -> list[dict[str, Any]]:
        """Return the numbered seats of an event without their status, in the order to show them."""
        return [dict(record) for record in await connection.fetch(SEATS, event_id)]

    async def statuses(
        self, connection: Connection, event_id: UUID, section: str | None
    ) -> list[dict[str, Any]]:
        """Return the sections with a letter for each numbered seat; empty if there are none of that name."""
        return [dict(record) for record in await connection.fetch(STATUSES, event_id, section)]
