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
# Started long enough ago to have ended, with no message waiting to start them again.
PERHAPS_LOST = """
SELECT id, execution, checkout_attempts AS attempts FROM orders
WHERE status = 'pending' AND execution_started_at <= now() - make_interval(secs => $2)
  AND NOT EXISTS (SELECT FROM outbox WHERE outbox.order_id = orders.id)
ORDER BY execution_started_at LIMIT $1
"""
STARTED_AGAIN = """
UPDATE orders SET checkout_attempts = checkout_attempts + 1, execution = $2, execution_started_at = NULL WHERE id = $1
"""
UNNOTIFIED = """
SELECT id, '' AS execution, notify_attempts AS attempts FROM orders
WHERE status = 'confirmed' AND notified_at IS NULL AND notify_attempts < $2
  AND settled_at <= now() - make_interval(secs => 60 * 2 ^ notify_attempts)
  AND NOT EXISTS (SELECT FROM outbox WHERE outbox.order_id = orders.id)
ORDER BY settled_at LIMIT $1
"""
NOTIFY_AGAIN = "UPDATE orders SET notify_attempts = notify_attempts + 1 WHERE id = $1"


@dataclass(frozen=True, kw_only=True)
class Attempted:
    """An order, its latest execution's name ("" if it does not matter), and how often it was tried again."""

    id: UUID
    execution: str
    attempts: int


class ReconcileRepository:
    """Every method belongs to the caller's transaction."""

    async def elected(self, connection: Connection) -> bool:
        """Whether this transaction is the one that reconciles now."""
        return bool(await connection.fetchval(ELECT, ELECTION_LOCK))

    async def past_deadline(self, connection: Connection, limit: int) -> list[UUID]:
        """Return pending orders whose deadline is over."""
        return [record["id"] for record in await connection.fetch(PAST_DEADLINE, limit)]

    async def perhaps_lost(self, connection: Connection, limit: int, *, grace_s: float) -> list[Attempted]:
        """Return pending orders whose execution should have ended."""
        return [Attempted(**dict(record)) for record in await connection.fetch(PERHAPS_LOST, limit, grace_s)]

    async def started_again(self, connection: Connection, order_id: UUID, execution: str) -> None:
        """Remember the name of the new execution."""
        await connection.execute(STARTED_AGAIN, order_id, execution)

    async def unnotified(self, connection: Connection, limit: int, *, attempts_max: int) -> list[Attempted]:
        """Return confirmed orders whose e-mail has not left, waiting longer after each attempt."""
        return [Attempted(**dict(record)) for record in await connection.fetch(UNNOTIFIED, limit, attempts_max)]

    async def notify_again(self, connection: Connection, order_id: UUID) -> None:
        """Count an attempt to send the e-mail."""
        await connection.execute(NOTIFY_AGAIN, order_id)
