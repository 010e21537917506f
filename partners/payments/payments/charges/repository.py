"""Charges in PostgreSQL: one for each idempotency key."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from portico_kit.postgres import Connection

# A slow bank's approval falls due at `settles_at`, whether or not the process that waits for it is still there.
SHOWN = """
id, CASE WHEN status = 'processing' AND settles_at <= now() THEN 'approved' ELSE status END AS status, decline_code,
amount_cents, currency, refunded_cents, reference, created_at, request_hash
"""
INSERT = f"""
INSERT INTO charge (id, idempotency_key, request_hash, status, decline_code, amount_cents, currency, reference, settles_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + make_interval(secs => $9))
ON CONFLICT (idempotency_key) DO NOTHING RETURNING {SHOWN}
"""  # noqa: S608  constants
FIND_BY_KEY = f"SELECT {SHOWN} FROM charge WHERE idempotency_key = $1"  # noqa: S608  a constant
FIND = f"SELECT {SHOWN} FROM charge WHERE id = $1"  # noqa: S608  a constant
LOCK = f"SELECT {SHOWN} FROM charge WHERE id = $1 FOR UPDATE"  # noqa: S608  a constant
ADD_REFUNDED = """
UPDATE charge SET refunded_cents = refunded_cents + $2, status = 'approved' WHERE id = $1
"""


class ChargeRepository:
    """Every method belongs to the caller's transaction."""

    async def insert(
        self, connection: Connection, key: str, request_hash: bytes, *, charge: dict[str, Any], settles_in_s: float
    ) -> dict[str, Any] | None:
        """Store a charge; None if the key has one. Waits for a concurrent transaction with the same key."""
        names = ("status", "decline_code", "amount_cents", "currency", "reference")
        values = [charge[name] for name in names]
        record = await connection.fetchrow(INSERT, charge["id"], key, request_hash, *values, settles_in_s)
        return dict(record) if record else None

    async def find_by_key(self, connection: Connection, key: str) -> dict[str, Any] | None:
        """Return the charge of a key, or None."""
        record = await connection.fetchrow(FIND_BY_KEY, key)
        return dict(record) if record else None

    async def find(self, connection: Connection, charge_id: UUID, *, lock: bool = False) -> dict[str, Any] | None:
        """Return a charge, locked if asked, or None."""
        record = await connection.fetchrow(LOCK if lock else FIND, charge_id)
        return dict(record) if record else None

    async def add_refunded(self, connection: Connection, charge_id: UUID, amount_cents: int) -> None:
        """Count a refund; the table refuses more than was charged."""
        await connection.execute(ADD_REFUNDED, charge_id, amount_cents)
