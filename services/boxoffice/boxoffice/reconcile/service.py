"""Makes sure that every order ends, whatever died on its way.

Every instance has a reconciler and one works at a time. It ends orders whose deadline is over, starts executions again
that were lost or failed, and has e-mails sent again. All of it is safe to repeat.
"""

from __future__ import annotations

import asyncio

from portico_kit.loop import Loop
from portico_kit.postgres import Connection, Database
from portico_kit.telemetry import get_logger

from boxoffice.outbox.repository import Executions, OutboxRepository
from boxoffice.reconcile.repository import Attempted, ReconcileRepository
from boxoffice.settlement.service import Settlement

INTERVAL_S = 2.0
BATCH = 20
EXECUTION_GRACE_S = 15.0  # a checkout that has not ended by now is asked after
NOTIFY_ATTEMPTS_MAX = 6  # about an hour
RUNNING = "RUNNING"
log = get_logger(__name__)


class Reconciler:
    """Enter `loop` to let it run."""

    def __init__(
        self,
        database: Database,
        executions: Executions,
        settlement: Settlement,
        *,
        execution_grace_s: float = EXECUTION_GRACE_S,
    ) -> None:
        self._database = database
        self._executions = executions
        self._settlement = settlement
        self._execution_grace_s = execution_grace_s
        self._work = ReconcileRepository()
        self._outbox = OutboxRepository()
        self.loop = Loop("reconciler", self.reconcile, interval_s=INTERVAL_S)

    async def reconcile(self) -> bool:
        """Look after one batch of each kind; return whether more may be waiting."""
        async with self._database.transaction() as connection:
            if not await self._work.elected(connection):
                return False
            expired = await self._work.past_deadline(connection, BATCH)
            suspects = await self._work.perhaps_lost(connection, BATCH, grace_s=self._execution_grace_s)
            await self._start_lost_again(connection, suspects)
            unnotified = await self._work.unnotified(connection, BATCH, attempts_max=NOTIFY_ATTEMPTS_MAX)
            for order in unnotified:
                await self._notify_again(connection, order)
        for order_id in expired:
            await self._settlement.expire(order_id)
        return BATCH in (len(expired), len(unnotified))

    async def _start_lost_again(self, connection: Connection, suspects: list[Attempted]) -> None:
        statuses = await asyncio.gather(*(self._executions.status(order.execution) for order in suspects))
        for order, status in zip(suspects, statuses, strict=True):
            if status == RUNNING:
                continue
            execution = f"{order.id}-retry-{order.attempts + 1}"
            log.warning(
                "an order's execution ended without it", extra={"order_id": str(order.id), "status": status or "lost"}
            )
            await self._work.started_again(connection, order.id, execution)
            await self._outbox.add(connection, order.id, "charge", execution)

    async def _notify_again(self, connection: Connection, order: Attempted) -> None:
        await self._work.notify_again(connection, order.id)
        await self._outbox.add(connection, order.id, "notify", f"{order.id}-notify-{order.attempts + 1}")
