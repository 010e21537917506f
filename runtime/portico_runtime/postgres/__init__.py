"""PostgreSQL from the locked wheel: data folders, streaming standbys, and what is asked of a server."""

from __future__ import annotations

from portico_runtime.postgres.cluster import PostgresError, PostgresNode
from portico_runtime.postgres.repository import Administrator, Replica
from portico_runtime.postgres.user import as_postgres_user, give_to_postgres_user

__all__ = [
    "Administrator",
    "PostgresError",
    "PostgresNode",
    "Replica",
    "as_postgres_user",
    "give_to_postgres_user",
]
