"""Orders that need somebody to look after them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from portico_kit.postgres import Connection

ELECTION_LOCK = 7_246_051_991
# Held to the end of the transaction: one reconciler works at a time, and whoever dies lets go.
ELECT = "SELECT pg_try_advisory_xact_lock($1)"
PAST_DEADLINE = """
SELECT id FROM orders WHERE status = 'pending' AND deadline_at <= now() ORDER BY deadline_at LIMIT $1
"""
# Started long enough ago to have ended, with no message waiting to start them again. In no order, so that
# many slow ones do not hide a lost one for ever.
PERHAPS_LOST = """
SELECT id, execution, checkout_attempts AS attempts FROM orders
WHERE status = 'pending' AND execution_started_at <= now() - make_interval(secs => $2)
  AND NOT EXISTS (SELECT FROM outbox WHERE outbox.order_id = orders.id)
ORDER BY random() LIMIT $1
"""
STARTED_AGAIN = """
UPDATE orders SET checkout_attempts = checkout_attempts + 1, execution = $3, execution_started_at = NULL
WHERE id = $1 AND status = 'pending' AND execution = $2
RETURNING true
"""
UNNOTIFIED = """
SELECT id, notify_attempts AS attempts FROM orders
WHERE status = 'confirmed' AND notified_at IS NULL AND notify_attempts < $2
  AND settled_at <= now() - make_interval(secs => $3 * 2 ^ notify_attempts)
  AND NOT EXISTS (SELECT FROM outbox WHERE outbox.order_id = orders.id)
ORDER BY settled_at LIMIT $1
"""
NOTIFY_AGAIN = """
UPDATE orders SET notify_attempts = notify_attempts + 1
WHERE id = $1 AND status = 'confirmed' AND notified_at IS NULL AND notify_attempts = $2
RETURNING true
"""
# The looks that were scheduled are over, and none of them got a final answer.
CHARGE_SOUGHT = """
SELECT id, looks AS attempts FROM orders
WHERE charge_sought AND coalesce(execution_started_at, settled_at) <= now() - make_interval(secs => $2)
  AND NOT EXISTS (SELECT FROM outbox WHERE outbox.order_id = orders.id)
ORDER BY settled_at LIMIT $1
"""
LOOK_AGAIN = (
    "UPDATE orders SET looks = looks + 1 WHERE id = $1 AND charge_sought AND looks = $2 RETURNING true"
)


@dataclass(frozen=True, kw_only=True)
class Attempted:
    """An order, how often something was tried for it, and the name of its latest execution if it matters."""

    id: UUID
    attempts: int
    execution: str = ""


class ReconcileRepository:
    """Every method belongs to the caller's transaction. What changes an order says whether it still could."""

    async def elected(self, connection: Connection) -> bool:
        """Whether this transaction is the one that reconciles now."""
        return bool(await connection.fetchval(ELECT, ELECTION_LOCK))

    async def past_deadline(self, connection: Connection, limit: int) -> list[UUID]:
        """Return pending orders whose deadline is over."""
        return [record["id"] for record in await connection.fetch(PAST_DEADLINE, limit)]

    async def perhaps_lost(self, connection: Connection, limit: int, *, grace_s: float) -> list[Attempted]:
        """Return pending orders whose execution should have ended."""
        return [Attempted(**dict(record)) for record in await connection.fetch(PERHAPS_LOST, limit, grace_s)]

    async def started_again(self, connection: Connection, order: Attempted, execution: str) -> bool:
        """Remember the name of the new execution."""
        return bool(await connection.fetchval(STARTED_AGAIN, order.id, order.execution, execution))

    async def unnotified(
        self, connection: Connection, limit: int, *, attempts_max: int, first_after_s: float
    ) -> list[Attempted]:
        """Return confirmed orders whose e-mail has not left, waiting twice as long after each attempt."""
        records = await connection.fetch(UNNOTIFIED, limit, attempts_max, first_after_s)
        return [Attempted(**dict(record)) for record in records]

    async def notify_again(self, connection: Connection, order: Attempted) -> bool:
        """Count an attempt to send the e-mail."""
        return bool(await connection.fetchval(NOTIFY_AGAIN, order.id, order.attempts))

    async def charge_sought(self, connection: Connection, limit: int, *, after_s: float) -> list[Attempted]:
        """Return ended orders for whose charge nobody has looked for that long, and nobody will."""
        return [Attempted(**dict(record)) for record in await connection.fetch(CHARGE_SOUGHT, limit, after_s)]

    async def look_again(self, connection: Connection, order: Attempted) -> bool:
        """Count a look for a charge."""
        return bool(await connection.fetchval(LOOK_AGAIN, order.id, order.attempts))
