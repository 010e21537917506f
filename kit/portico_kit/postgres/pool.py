"""A pool of connections with a bound on everything: size, waiting, statements, locks, idleness."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from pydantic import SecretStr

from portico_kit.errors import OutcomeUnknown, Unavailable
from portico_kit.postgres.failures import BUSY, LOST, ConnectionLost, is_lost, translated
from portico_kit.postgres.hosts import Hosts
from portico_kit.telemetry import get_logger

if TYPE_CHECKING:
    Connection = PoolConnectionProxy[asyncpg.Record]
    AsyncpgConnection = asyncpg.Connection[asyncpg.Record]
    AsyncpgPool = asyncpg.Pool[asyncpg.Record]
else:
    Connection = PoolConnectionProxy
    AsyncpgConnection = asyncpg.Connection
    AsyncpgPool = asyncpg.Pool

log = get_logger(__name__)
ACQUIRE_TIMEOUT_S = 4.0  # two hosts that do not answer, and then one that does
RELEASE_TIMEOUT_S = 2.0
STATEMENT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 6.0  # above the statement's own bound: see `failures.LOST`
CLOSE_TIMEOUT_S = 5.0
OPEN_ATTEMPTS = 30
OPEN_PAUSE_S = 0.5
IDLE_CONNECTION_S = 60.0
QUERIES_MAX = 10_000  # then a new connection, so that readers find their way back to a replica that returned
SERVER_SETTINGS = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
    "jit": "off",
}


class RolledBackError(RuntimeError):
    """A commit of a transaction in which an error had been passed over: the server undid it. A defect."""


class CheckedConnection(AsyncpgConnection):
    """A connection that does not take the answer ROLLBACK for a successful commit, as asyncpg does."""

    async def execute(self, query: str, *args: object, timeout: float | None = None) -> str:  # noqa: ASYNC109
        """Execute as asyncpg does, and look at what a commit answers."""
        status = await super().execute(query, *args, timeout=timeout)
        if query == "COMMIT;" and status != "COMMIT":
            raise RolledBackError("the transaction had failed before its commit")
        return status


class Pool:
    """Connections to the host that fits one URL. What the server does wrong is `Unavailable`."""

    def __init__(self, pool: AsyncpgPool) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: SecretStr, *, size_min: int, size_max: int, read_only: bool = False) -> Self:
        """Open a pool, waiting a bounded time for a database that is not there yet."""
        for attempt in range(OPEN_ATTEMPTS):
            try:
                return cls(await create(url, size_min=size_min, size_max=size_max, read_only=read_only))
            except (*LOST, *BUSY) as error:
                extra = {"error": type(error).__name__, "attempt": attempt}
                log.info("the database is not there yet", extra=extra)
                await asyncio.sleep(OPEN_PAUSE_S)
        raise Unavailable("The database does not answer.")

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Connection]:
        """Lend a connection. After one that was lost, its siblings are not trusted either."""
        with translated():
            connection = await self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
        try:
            with translated(connection):
                yield connection
        except (ConnectionLost, OutcomeUnknown):
            if not is_lost(connection):
                connection.terminate()
            await self._pool.expire_connections()
            raise
        finally:
            await self._release(connection)

    async def _release(self, connection: Connection) -> None:
        try:
            await self._pool.release(connection, timeout=RELEASE_TIMEOUT_S)
        except (*LOST, *BUSY, asyncpg.InterfaceError) as error:
            # asyncpg has closed it. What the caller did with it stands; only the connection was lost.
            log.info("a connection was lost on its way back", extra={"error": type(error).__name__})

    async def close(self) -> None:
        """Close every connection, cutting those that do not end in time."""
        try:
            await asyncio.wait_for(self._pool.close(), timeout=CLOSE_TIMEOUT_S)
        except TimeoutError:
            self._pool.terminate()


async def create(url: SecretStr, *, size_min: int, size_max: int, read_only: bool) -> AsyncpgPool:
    """Create asyncpg's pool and its first connections."""
    settings = SERVER_SETTINGS | ({"default_transaction_read_only": "on"} if read_only else {})
    return await asyncpg.create_pool(
        connect=Hosts(url.get_secret_value()).connect,
        connection_class=CheckedConnection,
        min_size=size_min,
        max_size=size_max,
        max_queries=QUERIES_MAX,
        max_inactive_connection_lifetime=IDLE_CONNECTION_S,
        command_timeout=ANSWER_TIMEOUT_S,
        server_settings=settings,
    )
