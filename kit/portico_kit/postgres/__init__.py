"""PostgreSQL: a pool for the primary, a pool for replicas, and honest answers about what a commit did."""

from __future__ import annotations

from portico_kit.postgres.database import Database
from portico_kit.postgres.failures import Contention
from portico_kit.postgres.pool import Connection

__all__ = ["Connection", "Contention", "Database"]
