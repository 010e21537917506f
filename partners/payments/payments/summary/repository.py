"""Totals of everything."""

from __future__ import annotations

from typing import Any

from portico_kit.postgres import Connection

TOTALS = """
WITH approved AS (
    SELECT amount_cents FROM charge
    WHERE status = 'approved' OR (status = 'processing' AND settles_at <= now())
)
SELECT (SELECT count(*) FROM approved) AS charged_count,
       (SELECT coalesce(sum(amount_cents), 0)::bigint FROM approved) AS charged_cents,
       (SELECT count(*) FROM refund) AS refunded_count,
       (SELECT coalesce(sum(amount_cents), 0)::bigint FROM refund) AS refunded_cents
"""


async def totals(connection: Connection) -> dict[str, Any]:
    """Return the totals of one moment."""
    record = await connection.fetchrow(TOTALS)
    assert record is not None  # noqa: S101  a select without a table returns a row
    return dict(record)
