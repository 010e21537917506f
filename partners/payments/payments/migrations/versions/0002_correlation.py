"""Charges remember the request that made them, so that a refusal can be repeated word for word."""

from __future__ import annotations

from portico_kit.migrations import execute_script

revision = "0002"
down_revision = "0001"

CORRELATION = "ALTER TABLE charge ADD COLUMN correlation_id text NOT NULL DEFAULT '-'"


def upgrade() -> None:
    """Add the column."""
    execute_script(CORRELATION)
