"""Makes sure that every order ends, whatever died on its way.

Every instance has a reconciler and one works at a time. It ends orders whose deadline is over, has e-mails
sent again, has charges looked for again, and starts executions again that were lost or failed. All of it is
safe to repeat, and what needs Step Functions comes last: without it, deadlines hold all the same.
"""

from __future__ import annotations

import asyncio

from boxoffice.outbox.repository import Executions, OutboxRepository
from boxoffice.reconcile.repository import Attempted, ReconcileRepository
from boxoffice.settlement.service import Settlement
from portico_kit.loop import Loop
from portico_kit.postgres import Connection, Database
from portico_kit.telemetry import get_logger

INTERVAL_S = 2.0
BATCH = 20
EXECUTION_GRACE_S = 15.0  # a checkout that has not ended by now is asked after
NOTIFY_AFTER_S = 60.0
NOTIFY_ATTEMPTS_MAX = 6  # about an hour
LOOK_AFTER_S = 3600.0
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
        notify_after_s: float = NOTIFY_AFTER_S,
        look_after_s: float = LOOK_AFTER_S,
    ) -> None:
        self._database = database
        self._executions = executions
        self._settlement = settlement
        self._execution_grace_s = execution_grace_s
        self._notify_after_s = notify_after_s
        self._look_after_s = look_after_s
        self._work = ReconcileRepository()
        self._outbox = OutboxRepository()
        self.loop = Loop("reconciler", self.reconcile, interval_s=INTERVAL_S)

    async def reconcile(self) -> bool:
        """Look after one batch of each kind; return whether more may be waiting."""
        async with self._database.transaction() as election:
            if not await self._work.elected(election):
                return False
            ended = await self._end_overdue(election)
            notified = await self._notify_again(election)
            sought = await self._look_again(election)
            await self._start_lost_again(election)
        return BATCH in (ended, notified, sought)

    async def _end_overdue(self, election: Connection) -> int:
        overdue = await self._work.past_deadline(election, BATCH)
        for order_id in overdue:
            log.warning("an order is past its deadline", extra={"order_id": str(order_id)})
            await self._settlement.expire(order_id)
        return len(overdue)

    async def _notify_again(self, election: Connection) -> int:
        unnotified = await self._work.unnotified(
            election, BATCH, attempts_max=NOTIFY_ATTEMPTS_MAX, first_after_s=self._notify_after_s
        )
        for order in unnotified:
            async with self._database.transaction() as connection:
                if await self._work.notify_again(connection, order):
                    execution = f"{order.id}-notify-{order.attempts + 1}"
                    await self._outbox.add(connection, order.id, "notify", execution)
        return len(unnotified)

    async def _look_again(self, election: Connection) -> int:
        sought = await self._work.charge_sought(election, BATCH, after_s=self._look_after_s)
        for order in sought:
            async with self._database.transaction() as connection:
                if await self._work.look_again(connection, order):
                    execution = f"{order.id}-reverse-{order.attempts + 1}"
                    await self._outbox.add(connection, order.id, "reverse", execution)
        return len(sought)

    async def _start_lost_again(self, election: Connection) -> None:
        suspects = await self._work.perhaps_lost(election, BATCH, grace_s=self._execution_grace_s)
        statuses = await asyncio.gather(*(self._executions.status(order.execution) for order in suspects))
        for order, status in zip(suspects, statuses, strict=True):
            if status != RUNNING:
                await self._start_again(order, status or "lost")

    async def _start_again(self, order: Attempted, status: str) -> None:
        execution = f"{order.id}-retry-{order.attempts + 1}"
        async with self._database.transaction() as connection:
            if await self._work.started_again(connection, order, execution):
                extra = {"order_id": str(order.id), "status": status}
                log.warning("an order's execution ended without it", extra=extra)
                await self._outbox.add(connection, order.id, "charge", execution)
