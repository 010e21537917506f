"""The database of one service: transactions on the primary, reads from replicas.

A commit whose answer is lost, or whose wait for the synchronous standby was cancelled, is `OutcomeUnknown`:
it may stand. PostgreSQL says the latter only as a warning after committing locally (documentation,
"Synchronous Replication"), so each commit listens for that warning.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import asyncpg

from portico_kit.errors import OutcomeUnknown, Unavailable
from portico_kit.postgres.failures import BUSY, LOST, ConnectionLost, is_lost, translated
from portico_kit.postgres.pool import Connection, Pool
from portico_kit.settings import DatabaseSettings
from portico_kit.telemetry import get_logger

log = get_logger(__name__)
SYNC_WAIT_CANCELLED = "01000"  # sqlstate "warning"; of these, a commit only gives the one about its standby
ANSWER_FRESH_S = 1.0


class Database:
    """The two pools of one service. Made by `open`; one transaction is one `async with`."""

    def __init__(self, primary: Pool, replica: Pool) -> None:
        self._primary = primary
        self._replica = replica
        self._answered_at_s = 0.0

    @classmethod
    async def open(cls, settings: DatabaseSettings) -> Self:
        """Open the pools, waiting a bounded time for a database that is not there yet."""
        size_min, size_max = settings.database_pool_min, settings.database_pool_max
        url, replica_url = settings.database_url, settings.database_replica_url
        primary = await Pool.open(url, size_min=size_min, size_max=size_max)
        try:
            replica = await Pool.open(
                replica_url or url,
                size_min=size_min if replica_url else 0,
                size_max=size_max,
                read_only=True,
            )
        except BaseException:
            await primary.close()
            raise
        return cls(primary, replica)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction on the primary, committed at the end; any exception rolls it back.

        `Unavailable` if nothing was changed, `OutcomeUnknown` if the commit's fate is not known. Settings are
        made with `SET LOCAL`: the connection goes back to others.
        """
        async with self._primary.lease() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                with translated(connection):
                    yield connection
            except ConnectionLost:  # which has undone it
                raise
            except BaseException:
                await roll_back(transaction)
                raise
            await commit(transaction, connection)
            self._answered_at_s = time.monotonic()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """A connection that cannot write, to a replica where one answers, else to the primary."""
        async with self._replica.lease() as connection:
            yield connection

    async def ready(self) -> bool:
        """Whether the primary answers, or did a moment ago: a busy pool is not a lost database."""
        if time.monotonic() - self._answered_at_s < ANSWER_FRESH_S:
            return True
        try:
            async with self.transaction() as connection:
                await connection.execute("SELECT")
        except Unavailable:
            return False
        return True

    async def close(self) -> None:
        """Close both pools."""
        await self._primary.close()
        await self._replica.close()


async def commit(transaction: asyncpg.transaction.Transaction, connection: Connection) -> None:
    """Commit; `OutcomeUnknown` unless the server said, without a warning, that it did."""
    states: list[str] = []

    def note(_connection: object, message: asyncpg.PostgresLogMessage) -> None:
        states.append(message.sqlstate)

    connection.add_log_listener(note)  # only now: a pooled connection must go back without listeners
    try:
        await transaction.commit()
    except (*LOST, *BUSY) as error:
        log.warning("a commit was not answered", extra={"error": type(error).__name__})
        raise OutcomeUnknown("The change may have been made. Ask again with the same key.") from None
    finally:
        if not is_lost(connection):
            connection.remove_log_listener(note)
    if SYNC_WAIT_CANCELLED in states:
        log.warning("a commit did not reach its standby")
        raise OutcomeUnknown("The change is not yet safe. Ask again with the same key.")


async def roll_back(transaction: asyncpg.transaction.Transaction) -> None:
    """Undo as far as the connection allows; a lost connection has undone it already."""
    try:
        await transaction.rollback()
    except (*LOST, *BUSY, asyncpg.InterfaceError) as error:
        log.info("a rollback was not answered", extra={"error": type(error).__name__})
