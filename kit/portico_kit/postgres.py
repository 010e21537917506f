"""PostgreSQL: a pool for the primary, a pool for replicas, and honest answers about what a commit did.

A commit whose answer is lost, or whose wait for the synchronous standby was cancelled, is `OutcomeUnknown`:
it may stand. PostgreSQL says the latter only as a warning after committing locally (documentation,
"Synchronous Replication"), so each commit listens for that warning.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Self

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from pydantic import SecretStr

from portico_kit.errors import OutcomeUnknown, Unavailable
from portico_kit.settings import DatabaseSettings
from portico_kit.telemetry import get_logger

if TYPE_CHECKING:
    Connection = PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection = PoolConnectionProxy
    Pool = asyncpg.Pool

log = get_logger(__name__)
CONNECT_TIMEOUT_S = 2
ACQUIRE_TIMEOUT_S = 2
STATEMENT_TIMEOUT_S = 5
OPEN_ATTEMPTS = 30
OPEN_PAUSE_S = 0.5
IDLE_CONNECTION_S = 60
# Bounded waits on the server's side: a statement outlives neither its client nor a stuck lock.
SERVER_SETTINGS = {
    "statement_timeout": f"{STATEMENT_TIMEOUT_S}s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
    "jit": "off",
}
SYNC_WAIT_CANCELLED = "01000"  # sqlstate "warning"; of these, a commit only gives the one about its standby
GONE = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
BUSY = (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError, asyncpg.DeadlockDetectedError)
RETRYABLE_OPEN = (*GONE, TimeoutError, asyncpg.exceptions.TargetServerAttributeNotMatched)


class Database:
    """The two pools of one service. Made by `open`; one transaction is one `async with`."""

    def __init__(self, primary: Pool, replica: Pool | None) -> None:
        self._primary = primary
        self._replica = replica

    @classmethod
    async def open(cls, settings: DatabaseSettings) -> Self:
        """Open the pools, waiting a bounded time for a database that is not there yet."""
        sizes = (settings.database_pool_min, settings.database_pool_max)
        primary = await open_pool(settings.database_url, *sizes)
        url = settings.database_replica_url
        replica = await open_pool(url, *sizes) if url is not None else None
        return cls(primary, replica)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction on the primary, committed at the end; any exception rolls it back.

        `Unavailable` if nothing was changed, `OutcomeUnknown` if the commit's fate is not known.
        """
        with connection_failures():
            connection = await self._primary.acquire(timeout=ACQUIRE_TIMEOUT_S)
        try:
            transaction = connection.transaction()
            with connection_failures():
                await transaction.start()
            try:
                with connection_failures():
                    yield connection
            except BaseException:
                await roll_back(transaction)
                raise
            await commit(transaction, connection)
        finally:
            await self._primary.release(connection, timeout=ACQUIRE_TIMEOUT_S)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """A connection for reading, to a replica where there is one."""
        pool = self._replica or self._primary
        with connection_failures():
            connection = await pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
        try:
            with connection_failures():
                yield connection
        finally:
            await pool.release(connection, timeout=ACQUIRE_TIMEOUT_S)

    async def ready(self) -> bool:
        """Whether the primary answers."""
        try:
            async with self.transaction() as connection:
                await connection.execute("SELECT")
        except Unavailable:
            return False
        return True

    async def close(self) -> None:
        """Close both pools, cutting what does not end in time."""
        for pool in (self._primary, self._replica):
            if pool is None:
                continue
            try:
                await asyncio.wait_for(pool.close(), timeout=STATEMENT_TIMEOUT_S)
            except TimeoutError:
                pool.terminate()


async def open_pool(url: SecretStr, size_min: int, size_max: int) -> Pool:
    """Open a pool; several hosts in the URL are tried in order by asyncpg itself."""
    for attempt in range(OPEN_ATTEMPTS):
        try:
            return await asyncpg.create_pool(
                url.get_secret_value(),
                min_size=size_min,
                max_size=size_max,
                timeout=CONNECT_TIMEOUT_S,
                command_timeout=STATEMENT_TIMEOUT_S + 1,
                max_inactive_connection_lifetime=IDLE_CONNECTION_S,
                server_settings=SERVER_SETTINGS,
            )
        except RETRYABLE_OPEN as error:
            log.info(
                "the database is not there yet", extra={"error": type(error).__name__, "attempt": attempt}
            )
            await asyncio.sleep(OPEN_PAUSE_S)
    raise Unavailable("The database does not answer.")


async def commit(transaction: asyncpg.transaction.Transaction, connection: Connection) -> None:
    """Commit; `OutcomeUnknown` unless the server said, without a warning, that it did."""
    warnings: list[str] = []

    def note(_connection: object, message: asyncpg.PostgresLogMessage) -> None:
        warnings.append(message.sqlstate)

    connection.add_log_listener(note)  # only now: a pooled connection must go back without listeners
    try:
        await transaction.commit()
    except (*GONE, *BUSY, TimeoutError) as error:
        log.warning("a commit was not answered", extra={"error": type(error).__name__})
        raise OutcomeUnknown("The change may have been made. Ask again with the same key.") from None
    finally:
        connection.remove_log_listener(note)
    if SYNC_WAIT_CANCELLED in warnings:
        log.warning("a commit did not reach its standby")
        raise OutcomeUnknown("The change is not yet safe. Ask again with the same key.")


async def roll_back(transaction: asyncpg.transaction.Transaction) -> None:
    """Undo as far as the connection allows; a lost connection has undone it already."""
    try:
        await transaction.rollback()
    except (*GONE, *BUSY, TimeoutError) as error:
        log.info("a rollback was not answered", extra={"error": type(error).__name__})


@contextmanager
def connection_failures() -> Iterator[None]:
    """Turn what is not the caller's fault into `Unavailable`; before a commit nothing was changed."""
    try:
        yield
    except GONE as error:
        if isinstance(
            error, ValueError
        ):  # asyncpg's word for an argument of the wrong type: a defect of ours
            raise
        log.warning("the database went away", extra={"error": type(error).__name__})
        raise Unavailable("The database does not answer.") from None
    except (*BUSY, TimeoutError) as error:
        log.warning("the database is busy", extra={"error": type(error).__name__})
        raise Unavailable("The database is busy.") from None
