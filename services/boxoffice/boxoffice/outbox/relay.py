"""Carries messages from the outbox to Step Functions, one relay in every instance, so that any may die.

A message is deleted in the transaction that locked it, after the execution was started. A relay that dies
in between leaves it to the next one, whose start finds the name taken: nothing is skipped, nothing happens
twice.
"""

from __future__ import annotations

import asyncio

from boxoffice.outbox.repository import Executions, Message, OutboxRepository
from portico_kit.errors import Unavailable
from portico_kit.loop import Loop
from portico_kit.postgres import Database
from portico_kit.telemetry import get_logger

POLL_INTERVAL_S = 0.5  # for messages that another instance accepted, or that were not due; our own wake us
BATCH = 20
log = get_logger(__name__)


class Relay:
    """Enter `loop` to let it run."""

    def __init__(self, database: Database, executions: Executions) -> None:
        self._database = database
        self._executions = executions
        self._outbox = OutboxRepository()
        self.loop = Loop("relay", self.carry, interval_s=POLL_INTERVAL_S)

    def wake(self) -> None:
        """Say that a message was committed."""
        self.loop.wake()

    async def carry(self) -> bool:
        """Send one batch; return whether more may be waiting."""
        async with self._database.transaction() as connection:
            messages = await self._outbox.claim(connection, BATCH)
            moot = [message for message in messages if message.is_moot]
            wanted = [message for message in messages if not message.is_moot]
            started = await asyncio.gather(*(self._start(message) for message in wanted))
            left = [message.id for message, done in zip(wanted, started, strict=True) if done]
            stuck = [message.id for message, done in zip(wanted, started, strict=True) if not done]
            if left:
                await self._outbox.sent(connection, left)
            if moot:
                await self._outbox.dropped(connection, [message.id for message in moot])
            if stuck:
                await self._outbox.postpone(connection, stuck)
        return len(messages) == BATCH and not stuck

    async def _start(self, message: Message) -> bool:
        extra = {
            "order_id": str(message.order_id),
            "execution": message.execution,
            "attempts": message.attempts,
        }
        try:
            await self._executions.start(message.execution, message.input())
        except Unavailable:
            log.warning("an execution cannot be started yet", extra=extra)
            return False
        log.info("execution started", extra=extra)
        return True
