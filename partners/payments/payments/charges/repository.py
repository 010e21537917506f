"""Charges in PostgreSQL: one for each idempotency key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from payments.charges.schemas import Status
from portico_kit.postgres import Connection

# A slow bank's approval falls due at `settles_at`, whether or not the process that waits for it still lives.
SHOWN = """
id, request_hash, decline_code, amount_cents, currency, reference, correlation_id, refunded_cents, created_at,
CASE WHEN status = 'processing' AND settles_at <= now() THEN 'approved' ELSE status END AS status,
extract(epoch FROM settles_at - now())::float8 AS settles_in_s
"""
INSERT = f"""
INSERT INTO charge (id, idempotency_key, request_hash, status, decline_code, amount_cents, currency,
                    reference, correlation_id, settles_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + make_interval(secs => $10))
ON CONFLICT (idempotency_key) DO NOTHING RETURNING {SHOWN}
"""  # noqa: S608  constants
FIND_BY_KEY = f"SELECT {SHOWN} FROM charge WHERE idempotency_key = $1"  # noqa: S608  a constant
FIND = f"SELECT {SHOWN} FROM charge WHERE id = $1"  # noqa: S608  a constant
LOCK = f"SELECT {SHOWN} FROM charge WHERE id = $1 FOR UPDATE"  # noqa: S608  a constant
ADD_REFUNDED = """
UPDATE charge SET refunded_cents = refunded_cents + $2, status = 'approved' WHERE id = $1
"""


@dataclass(frozen=True, kw_only=True)
class NewCharge:
    """A charge as the bank decided it; the bank's answer arrives in `settles_in_s` seconds."""

    id: UUID
    request_hash: bytes
    status: Status
    decline_code: str | None
    amount_cents: int
    currency: str
    reference: str
    correlation_id: str
    settles_in_s: float


@dataclass(frozen=True, kw_only=True)
class StoredCharge(NewCharge):
    """A charge as it stands at this moment."""

    refunded_cents: int
    created_at: datetime


class ChargeRepository:
    """Every method belongs to the caller's transaction."""

    async def insert(self, connection: Connection, key: str, charge: NewCharge) -> StoredCharge | None:
        """Store a charge; None if the key has one. Waits for a concurrent transaction with the same key."""
        return stored(
            await connection.fetchrow(
                INSERT,
                charge.id,
                key,
                charge.request_hash,
                charge.status,
                charge.decline_code,
                charge.amount_cents,
                charge.currency,
                charge.reference,
                charge.correlation_id,
                charge.settles_in_s,
            )
        )

    async def find_by_key(self, connection: Connection, key: str) -> StoredCharge | None:
        """Return the charge of a key, or None."""
        return stored(await connection.fetchrow(FIND_BY_KEY, key))

    async def find(self, connection: Connection, charge_id: UUID) -> StoredCharge | None:
        """Return a charge, or None."""
        return stored(await connection.fetchrow(FIND, charge_id))

    async def lock(self, connection: Connection, charge_id: UUID) -> StoredCharge | None:
        """Return a charge, or None; until the transaction ends others wait here for it."""
        return stored(await connection.fetchrow(LOCK, charge_id))

    async def add_refunded(self, connection: Connection, charge_id: UUID, amount_cents: int) -> None:
        """Count a refund; the table refuses more than was charged."""
        await connection.execute(ADD_REFUNDED, charge_id, amount_cents)


def stored(record: asyncpg.Record | None) -> StoredCharge | None:
    """Return the charge of a row, if there is one."""
    return StoredCharge(**dict(record)) if record else None
