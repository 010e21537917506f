"""Changes of an order's state. Each locks the order's row first, so that they come one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from portico_kit.postgres import Connection

LOCK = """
SELECT id, status, buyer_id, event_id, organiser_id, seats, total_cents, currency, locale,
       charge_id, refund_id, checkout_attempts
FROM orders WHERE id = $1 FOR NO KEY UPDATE
"""
SETTLE = """
UPDATE orders SET status = $2, reason = $3, charge_id = coalesce($4, charge_id),
                  refund_id = coalesce($5, refund_id), card_token = NULL, charge_sought = false,
                  settled_at = now()
WHERE id = $1
"""
# Locks are taken in the order that `holds.repository` keeps.
FREE_SEATS = """
WITH locked AS (
    SELECT id FROM seat WHERE event_id = $1 AND id = ANY ($2) AND order_id = $3 ORDER BY id FOR NO KEY UPDATE
)
UPDATE seat SET order_id = NULL FROM locked WHERE seat.event_id = $1 AND seat.id = locked.id
"""
SEEK_CHARGE = "UPDATE orders SET charge_sought = true, looks = $2 WHERE id = $1"
CHARGE_ABSENT = """
UPDATE orders SET charge_sought = false WHERE id = $1 AND settled_at <= now() - make_interval(secs => $2)
"""
NOTIFIED = "UPDATE orders SET notified_at = now() WHERE id = $1"


@dataclass(frozen=True, kw_only=True)
class LockedOrder:
    """An order whose row this transaction has locked."""

    id: UUID
    status: str
    buyer_id: str
    event_id: UUID
    organiser_id: UUID
    seats: list[dict[str, Any]]
    total_cents: int
    currency: str
    locale: str
    charge_id: str | None
    refund_id: str | None
    checkout_attempts: int


class SettlementRepository:
    """Every method belongs to the caller's transaction."""

    async def lock(self, connection: Connection, order_id: UUID) -> LockedOrder | None:
        """Lock and return an order, or None."""
        record = await connection.fetchrow(LOCK, order_id)
        return LockedOrder(**{**dict(record), "seats": orjson.loads(record["seats"])}) if record else None

    async def settle(
        self,
        connection: Connection,
        order: LockedOrder,
        status: str,
        reason: str | None,
        *,
        charge_id: str | None = None,
        refund_id: str | None = None,
    ) -> None:
        """Give an order another status. Its card token is forgotten: nothing will be charged again."""
        await connection.execute(SETTLE, order.id, status, reason, charge_id, refund_id)

    async def free_seats(self, connection: Connection, order: LockedOrder) -> None:
        """Put an order's seats on sale again."""
        seat_ids = [seat["id"] for seat in order.seats]
        await connection.execute(FREE_SEATS, order.event_id, seat_ids, order.id)

    async def seek_charge(self, connection: Connection, order_id: UUID, *, looks: int) -> None:
        """Remember that a charge may yet appear, and how many looks for it were scheduled."""
        await connection.execute(SEEK_CHARGE, order_id, looks)

    async def charge_absent(self, connection: Connection, order_id: UUID, *, certain_after_s: int) -> None:
        """Stop looking for a charge if its order ended that long ago."""
        await connection.execute(CHARGE_ABSENT, order_id, certain_after_s)

    async def notified(self, connection: Connection, order_id: UUID) -> None:
        """Remember that the e-mail was sent."""
        await connection.execute(NOTIFIED, order_id)
