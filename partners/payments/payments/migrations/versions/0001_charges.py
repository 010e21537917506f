"""Charges and refunds."""

from __future__ import annotations

from portico_kit.migrations import execute_script

revision = "0001"
down_revision = None

CHARGES = """
CREATE TABLE charge (
    id uuid PRIMARY KEY,
    idempotency_key text NOT NULL UNIQUE,
    request_hash bytea NOT NULL,
    status text NOT NULL CHECK (status IN ('processing', 'approved', 'declined')),
    decline_code text,
    amount_cents integer NOT NULL CHECK (amount_cents > 0),
    currency char(3) NOT NULL,
    reference text NOT NULL,
    refunded_cents integer NOT NULL DEFAULT 0,
    settles_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT charge_is_not_refunded_twice CHECK (refunded_cents BETWEEN 0 AND amount_cents)
);
CREATE TABLE refund (
    id uuid PRIMARY KEY,
    charge_id uuid NOT NULL REFERENCES charge,
    idempotency_key text NOT NULL UNIQUE,
    request_hash bytea NOT NULL,
    amount_cents integer NOT NULL CHECK (amount_cents > 0),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX refund_of_charge ON refund (charge_id);
"""


def upgrade() -> None:
    """Make everything."""
    execute_script(CHARGES)
