"""Holds in PostgreSQL. One statement takes all seats or none.

The order of locks is always the same: the buyer's hold row, then seats by their id. Two buyers who want
overlapping seats therefore wait for each other at most once, and never in a circle.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from portico_kit.postgres import Connection

# A hold that expired, or that is to be replaced, gives its row to the new one. No row comes back if it does
# neither. Seats of the replaced hold that are not asked for again are freed by the same update. Locks are as
# weak as an update's own, so that tickets may go on referring to seats that somebody looks at.
TAKE = """
WITH claimed AS (
    INSERT INTO hold (id, event_id, buyer_id, seat_ids, expires_at)
    VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))
    ON CONFLICT (event_id, buyer_id) DO UPDATE
        SET id = excluded.id, seat_ids = excluded.seat_ids, expires_at = excluded.expires_at,
            created_at = now()
        WHERE hold.expires_at <= now() OR hold.id = $6
    RETURNING expires_at
), locked AS (
    SELECT id, section, row_label, number, price_cents, id = ANY ($4) AS asked,
           order_id IS NULL AND (held_until IS NULL OR held_until <= now() OR hold_id = $6) AS free
    FROM seat
    WHERE event_id = $2 AND id = ANY ($4 || $7) AND EXISTS (SELECT FROM claimed)
    ORDER BY id FOR NO KEY UPDATE
), verdict AS (
    SELECT count(*) FILTER (WHERE asked AND free) = cardinality($4) AS all_free FROM locked
), taken AS (
    UPDATE seat
    SET hold_id = CASE WHEN seat.id = ANY ($4) THEN $1 END,
        held_until = CASE WHEN seat.id = ANY ($4) THEN (SELECT expires_at FROM claimed) END
    WHERE event_id = $2 AND seat.id = ANY ($4 || $7) AND (SELECT all_free FROM verdict)
      AND (seat.id = ANY ($4) OR hold_id = $6)
)
SELECT event.currency, (SELECT expires_at FROM claimed) AS expires_at,
       locked.id, section, row_label AS row, number, price_cents, free
FROM event LEFT JOIN locked ON asked WHERE event.id = $2 ORDER BY locked.id
"""

# Standing places are interchangeable: those that somebody is just taking are passed over, nobody waits.
CHOOSE = """
SELECT id FROM seat
WHERE event_id = $1 AND section = $2 AND row_label IS NULL AND order_id IS NULL
  AND (held_until IS NULL OR held_until <= now() OR hold_id = $4)
ORDER BY number LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
"""
LIVE = """
SELECT id, seat_ids FROM hold WHERE event_id = $1 AND buyer_id = $2 AND expires_at > now() FOR NO KEY UPDATE
"""
KIND = """
SELECT section.kind FROM event LEFT JOIN section ON section.event_id = event.id AND section.id = $2
WHERE event.id = $1
"""
FIND = """
SELECT hold.id, hold.event_id, hold.expires_at, event.currency
FROM hold JOIN event ON event.id = hold.event_id
WHERE hold.id = $1 AND hold.buyer_id = $2 AND hold.expires_at > now()
"""
SEATS = """
SELECT id, section, row_label AS row, number, price_cents FROM seat
WHERE event_id = $1 AND hold_id = $2 AND id = ANY (SELECT unnest(seat_ids) FROM hold WHERE id = $2)
ORDER BY id
"""
RELEASE = """
WITH gone AS (
    DELETE FROM hold WHERE id = $1 AND buyer_id = $2 AND expires_at > now() RETURNING event_id, seat_ids
), locked AS (
    SELECT seat.event_id, seat.id
    FROM gone JOIN seat ON seat.event_id = gone.event_id AND seat.id = ANY (gone.seat_ids)
    WHERE seat.hold_id = $1
    ORDER BY seat.id FOR NO KEY UPDATE OF seat
)
UPDATE seat SET hold_id = NULL, held_until = NULL FROM locked
WHERE seat.event_id = locked.event_id AND seat.id = locked.id
"""


@dataclass(frozen=True, kw_only=True)
class LiveHold:
    """A buyer's hold on an event that has not expired."""

    id: UUID
    seat_ids: list[str]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What an attempt to take seats met.

    Without a currency there is no such event; without `expires_at` the buyer has a live hold already.
    """

    currency: str | None
    expires_at: datetime | None
    seats: list[dict[str, Any]]


class HoldRepository:
    """Every method belongs to the caller's transaction."""

    async def live(self, connection: Connection, event_id: UUID, buyer_id: str) -> LiveHold | None:
        """Lock and return the buyer's live hold on an event."""
        record = await connection.fetchrow(LIVE, event_id, buyer_id)
        return LiveHold(**dict(record)) if record else None

    async def choose(
        self, connection: Connection, event_id: UUID, section: str, quantity: int, replaced: UUID | None
    ) -> list[str]:
        """Lock and return free standing places, fewer than asked if there are not enough."""
        records = await connection.fetch(CHOOSE, event_id, section, quantity, replaced)
        return [record["id"] for record in records]

    async def section_kind(
        self, connection: Connection, event_id: UUID, section: str
    ) -> tuple[bool, str | None]:
        """Return whether there is such an event, and the kind of its section of that name, if any."""
        record = await connection.fetchrow(KIND, event_id, section)
        return (False, None) if record is None else (True, record["kind"])

    async def take(
        self,
        connection: Connection,
        hold_id: UUID,
        event_id: UUID,
        buyer_id: str,
        *,
        seats: list[str],
        ttl_s: int,
        replaced: LiveHold | None,
    ) -> Attempt:
        """Try to hold all seats; the caller rolls back unless every one was free."""
        old_id, old_seats = (replaced.id, replaced.seat_ids) if replaced else (None, [])
        records = await connection.fetch(TAKE, hold_id, event_id, buyer_id, seats, ttl_s, old_id, old_seats)
        if not records:
            return Attempt(currency=None, expires_at=None, seats=[])
        found = [dict(record) for record in records if record["id"] is not None]
        first = records[0]
        return Attempt(currency=first["currency"], expires_at=first["expires_at"], seats=found)

    async def find(self, connection: Connection, hold_id: UUID, buyer_id: str) -> dict[str, Any] | None:
        """Return a buyer's live hold with its seats, or None."""
        record = await connection.fetchrow(FIND, hold_id, buyer_id)
        if record is None:
            return None
        seats = await connection.fetch(SEATS, record["event_id"], hold_id)
        return {**dict(record), "seats": [dict(seat) for seat in seats]}

    async def release(self, connection: Connection, hold_id: UUID, buyer_id: str) -> bool:
        """Give a live hold's seats back; False if there is no such hold."""
        outcome: str = await connection.execute(RELEASE, hold_id, buyer_id)
        return not outcome.endswith(" 0")
