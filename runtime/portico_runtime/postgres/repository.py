"""What the runtime asks of a server as its administrator: roles, databases, replication, promotion."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from portico_runtime.postgres.cluster import PostgresNode

CONNECT_TIMEOUT_S = 2
COMMAND_TIMEOUT_S = 10

REPLICAS = """
SELECT application_name AS name, state, sync_state AS sync,
       coalesce(pg_wal_lsn_diff(pg_current_wal_flush_lsn(), replay_lsn), 0)::bigint AS lag_bytes
FROM pg_stat_replication ORDER BY application_name
"""
DROP_SLOT = (
    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1 AND NOT active"
)


@dataclass(frozen=True, kw_only=True)
class Replica:
    """A streaming standby as its primary sees it; `lag_bytes` is written and not yet replayed."""

    name: str
    state: str
    sync: str
    lag_bytes: int


class Administrator:
    """Questions to one server. Each opens a connection and closes it: none is held through a failover."""

    def __init__(self, node: PostgresNode) -> None:
        self._node = node

    async def answers(self) -> bool:
        """Whether the server accepts connections."""
        try:
            await self._value("SELECT true")
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True

    async def is_primary(self) -> bool:
        """Whether the server accepts writes."""
        return not await self._value("SELECT pg_is_in_recovery()")

    async def replicas(self) -> list[Replica]:
        """Return the standbys that stream from this server."""
        connection = await self._connect()
        try:
            return [Replica(**dict(record)) for record in await connection.fetch(REPLICAS)]
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT_S)

    async def identity(self) -> str:
        """Return what tells this cluster's data from any other's."""
        return str(await self._value("SELECT system_identifier FROM pg_control_system()"))

    async def drop_slot(self, slot: str) -> None:
        """Drop a replication slot if it is there and nobody uses it."""
        connection = await self._connect()
        try:
            await connection.execute(DROP_SLOT, slot)
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT_S)

    async def create_database(self, name: str, *, owner_password: str) -> None:
        """Make a database and the role of the same name that owns it, unless they are there."""
        connection = await self._connect()
        try:
            password = await connection.fetchval("SELECT quote_literal($1)", owner_password)
            if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", name):
                await connection.execute(f'CREATE ROLE "{name}" LOGIN PASSWORD {password}')
            if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
                await connection.execute(f'CREATE DATABASE "{name}" OWNER "{name}"')
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT_S)

    async def set_synchronous_standbys(self, names: list[str], *, count: int) -> None:
        """Make commits wait for `count` of these standbys; none to wait for nobody."""
        value = f"ANY {count} ({', '.join(chr(34) + name + chr(34) for name in names)})" if names else ""
        connection = await self._connect()
        try:
            await connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{value}'")
            await connection.execute("SELECT pg_reload_conf()")
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT_S)

    async def _value(self, query: str) -> object:
        connection = await self._connect()
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT_S)

    async def _connect(self) -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(
            self._node.url(), timeout=CONNECT_TIMEOUT_S, command_timeout=COMMAND_TIMEOUT_S, ssl=False
        )
