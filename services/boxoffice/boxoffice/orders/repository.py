"""Orders in PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from portico_kit.postgres import Connection

# The hold goes, its seats become the order's. If the seats are no longer the hold's, nothing comes back for
# them. Locks are taken in the order that `holds.repository` keeps.
CONSUME = """
WITH consumed AS (
    DELETE FROM hold WHERE id = $1 AND buyer_id = $2 AND expires_at > now() RETURNING event_id, seat_ids
), locked AS (
    SELECT seat.event_id, seat.id
    FROM consumed JOIN seat ON seat.event_id = consumed.event_id AND seat.id = ANY (consumed.seat_ids)
    WHERE seat.hold_id = $1
    ORDER BY seat.id FOR NO KEY UPDATE OF seat
), sold AS (
    UPDATE seat SET order_id = $3, hold_id = NULL, held_until = NULL FROM locked
    WHERE seat.event_id = locked.event_id AND seat.id = locked.id
    RETURNING seat.id, seat.section, seat.row_label, seat.number, seat.price_cents
)
SELECT consumed.event_id, event.organiser_id, event.currency, cardinality(consumed.seat_ids) AS places,
       (SELECT json_agg(json_build_object('id', id, 'section', section, 'row', row_label, 'number', number,
                                          'price_cents', price_cents) ORDER BY id) FROM sold)::text AS seats
FROM consumed JOIN event ON event.id = consumed.event_id
"""
HOLD_EXPIRED = "SELECT true FROM hold WHERE id = $1 AND buyer_id = $2"
INSERT = """
WITH placed AS (
    INSERT INTO orders (id, buyer_id, event_id, organiser_id, seats, total_cents, currency, locale,
                        card_token, correlation_id, execution, deadline_at)
    VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10, $1::uuid::text,
            now() + make_interval(secs => $11))
    RETURNING id, created_at, deadline_at
), message AS (
    INSERT INTO outbox (order_id, action, execution) SELECT id, 'charge', id::text FROM placed
)
SELECT created_at, deadline_at FROM placed
"""
COLUMNS = "id, status, reason, event_id, seats, total_cents, currency, created_at, deadline_at"
FIND = f"SELECT {COLUMNS} FROM orders WHERE id = $1 AND buyer_id = $2"  # noqa: S608  a constant
PAGE = f"""
SELECT {COLUMNS} FROM orders WHERE buyer_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3
"""  # noqa: S608  a constant


@dataclass(frozen=True, kw_only=True)
class Consumed:
    """What a hold became: its event and its seats, now the order's."""

    event_id: UUID
    organiser_id: UUID
    currency: str
    places: int
    seats: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class NewOrder:
    """An order to be stored."""

    id: UUID
    buyer_id: str
    consumed: Consumed
    total_cents: int
    locale: str
    card_token: str
    correlation_id: str
    deadline_s: int


class OrderRepository:
    """Every method belongs to the caller's transaction."""

    async def consume_hold(
        self, connection: Connection, hold_id: UUID, buyer_id: str, order_id: UUID
    ) -> Consumed | None:
        """Turn a live hold into an order's seats; None if the buyer has no such live hold."""
        record = await connection.fetchrow(CONSUME, hold_id, buyer_id, order_id)
        if record is None:
            return None
        return Consumed(**{**dict(record), "seats": orjson.loads(record["seats"] or "[]")})

    async def hold_is_known(self, connection: Connection, hold_id: UUID, buyer_id: str) -> bool:
        """Whether the buyer has this hold, live or not."""
        return bool(await connection.fetchval(HOLD_EXPIRED, hold_id, buyer_id))

    async def insert(self, connection: Connection, order: NewOrder) -> tuple[datetime, datetime]:
        """Store an order and the message that starts its payment; return when it began and must end."""
        consumed = order.consumed
        record = await connection.fetchrow(
            INSERT,
            order.id,
            order.buyer_id,
            consumed.event_id,
            consumed.organiser_id,
            orjson.dumps(consumed.seats).decode(),
            order.total_cents,
            consumed.currency,
            order.locale,
            order.card_token,
            order.correlation_id,
            order.deadline_s,
        )
        assert record is not None  # noqa: S101  an insert returns its row
        return record["created_at"], record["deadline_at"]

    async def find(self, connection: Connection, order_id: UUID, buyer_id: str) -> dict[str, Any] | None:
        """Return an order of the buyer, or None."""
        record = await connection.fetchrow(FIND, order_id, buyer_id)
        return order_of(record) if record else None

    async def page(
        self, connection: Connection, buyer_id: str, *, before: UUID | None, limit: int
    ) -> list[dict[str, Any]]:
        """Return the buyer's orders, the newest first, that are older than `before`."""
        return [order_of(record) for record in await connection.fetch(PAGE, buyer_id, before, limit)]


def order_of(record: Any) -> dict[str, Any]:  # noqa: ANN401  asyncpg's record is untyped
    """Return a record with its seats decoded."""
    return {**dict(record), "seats": orjson.loads(record["seats"])}
