"""Refunds in PostgreSQL: one for each idempotency key."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from portico_kit.postgres import Connection

COLUMNS = "id, charge_id, amount_cents, created_at, request_hash"
INSERT = f"""
INSERT INTO refund (id, charge_id, idempotency_key, request_hash, amount_cents) VALUES ($1, $2, $3, $4, $5)
RETURNING {COLUMNS}
"""  # noqa: S608  a constant
FIND_BY_KEY = f"SELECT {COLUMNS} FROM refund WHERE idempotency_key = $1"  # noqa: S608  a constant


class RefundRepository:
    """Every method belongs to the caller's transaction, which has locked the charge."""

    async def insert(
        self, connection: Connection, refund_id: UUID, charge_id: UUID, key: str, request_hash: bytes, amount_cents: int
    ) -> dict[str, Any]:
        """Store a refund."""
        record = await connection.fetchrow(INSERT, refund_id, charge_id, key, request_hash, amount_cents)
        assert record is not None  # noqa: S101  an insert returns its row
        return dict(record)

    async def find_by_key(self, connection: Connection, key: str) -> dict[str, Any] | None:
        """Return the refund of a key, or None."""
        record = await connection.fetchrow(FIND_BY_KEY, key)
        return dict(record) if record else None
