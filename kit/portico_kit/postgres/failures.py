"""Which of PostgreSQL's failures are nobody's fault here, and what they become.

    Unavailable            nothing was changed; try again later
    ├── ConnectionLost     the server is gone, frozen, demoted or shutting down
    └── Contention         deadlock or serialization: the caller may try again at once

What is not among them is a defect of ours, and passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from asyncpg.exceptions import TargetServerAttributeNotMatched

from portico_kit.errors import Unavailable
from portico_kit.telemetry import get_logger

log = get_logger(__name__)


class ConnectionLost(Unavailable):
    """The server did not answer; connections like this one are not to be trusted."""


class Contention(Unavailable):
    """Others were writing the same rows."""


# `OSError` includes `TimeoutError`. The server cancels a slow statement itself before the client gives up on
# it (see the pool's bounds), so a client that waited in vain waited for a server that is not there.
LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # a primary that has become a standby
    TargetServerAttributeNotMatched,  # no host is a primary just now
)
CONTENDED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
BUSY = (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError, asyncpg.TooManyConnectionsError)


@contextmanager
def translated(connection: asyncpg.pool.PoolConnectionProxy[asyncpg.Record] | None = None) -> Iterator[None]:
    """Turn failures of the server into ours; without a connection, one is being acquired."""
    try:
        yield
    except LOST as error:
        raise reported(ConnectionLost("The database does not answer."), error) from None
    except CONTENDED as error:
        raise reported(Contention("Others are changing the same."), error) from None
    except BUSY as error:
        raise reported(Unavailable("The database is busy."), error) from None
    except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        misused = connection is not None and not is_lost(connection)
        if misused or isinstance(error, ValueError):
            raise
        raise reported(ConnectionLost("The database does not answer."), error) from None


def is_lost(connection: asyncpg.pool.PoolConnectionProxy[asyncpg.Record]) -> bool:
    """Whether a leased connection is dead; asyncpg then takes it back by itself and answers no question."""
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True


def reported(problem: Unavailable, error: Exception) -> Unavailable:
    """Log why; the reason is no business of the client."""
    log.warning(problem.detail, extra={"error": type(error).__name__})
    return problem
