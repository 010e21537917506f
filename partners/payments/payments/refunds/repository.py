"""Refunds in PostgreSQL: one for each idempotency key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portico_kit.postgres import Connection

COLUMNS = "id, charge_id, request_hash, amount_cents, created_at"
INSERT = f"""
INSERT INTO refund (id, charge_id, idempotency_key, request_hash, amount_cents) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (idempotency_key) DO NOTHING RETURNING {COLUMNS}
"""  # noqa: S608  a constant
FIND_BY_KEY = f"SELECT {COLUMNS} FROM refund WHERE idempotency_key = $1"  # noqa: S608  a constant


@dataclass(frozen=True, kw_only=True)
class NewRefund:
    """Money to give back."""

    id: UUID
    charge_id: UUID
    request_hash: bytes
    amount_cents: int


@dataclass(frozen=True, kw_only=True)
class StoredRefund(NewRefund):
    """Money given back."""

    created_at: datetime


class RefundRepository:
    """Every method belongs to the caller's transaction, which has locked the charge."""

    async def insert(self, connection: Connection, key: str, refund: NewRefund) -> StoredRefund | None:
        """Store a refund; None if the key has one."""
        values = (refund.id, refund.charge_id, key, refund.request_hash, refund.amount_cents)
        record = await connection.fetchrow(INSERT, *values)
        return StoredRefund(**dict(record)) if record else None

    async def find_by_key(self, connection: Connection, key: str) -> StoredRefund | None:
        """Return the refund of a key, or None."""
        record = await connection.fetchrow(FIND_BY_KEY, key)
        return StoredRefund(**dict(record)) if record else None
