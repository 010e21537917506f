"""The figures that must add up: read by tests, drills and operators through `python -m boxoffice audit`."""

from __future__ import annotations

from typing import Any

import asyncpg
import orjson

from portico_kit.settings import DatabaseSettings

TIMEOUT_S = 30
BOOKS = """
SELECT
    (SELECT coalesce(json_object_agg(status, number), '{}') FROM
        (SELECT status, count(*) AS number FROM orders GROUP BY status) counted)::text AS orders_by_status,
    (SELECT count(*) FROM ticket WHERE status = 'live') AS live_tickets,
    (SELECT count(*) FROM (SELECT FROM ticket WHERE status = 'live' GROUP BY event_id, seat_id
        HAVING count(*) > 1) doubled) AS duplicate_live_seats,
    (SELECT coalesce(sum(amount_cents), 0)::bigint FROM ledger_entry) AS ledger_sum_cents,
    (SELECT coalesce(sum(total_cents), 0)::bigint FROM orders WHERE status = 'confirmed') AS paid_cents,
    (SELECT coalesce(sum(total_cents), 0)::bigint FROM orders WHERE status = 'refunded') AS refunded_cents,
    (SELECT count(*) FROM orders WHERE status = 'pending') AS pending,
    (SELECT count(*) FROM orders WHERE status = 'pending' AND deadline_at < now() - interval '10 seconds')
        AS pending_past_deadline,
    (SELECT count(*) FROM seat JOIN orders ON orders.id = seat.order_id
        WHERE orders.status NOT IN ('pending', 'confirmed')) AS seats_of_ended_orders,
    (SELECT count(*) FROM orders WHERE charge_sought) AS charges_sought,
    (SELECT count(*) FROM outbox) AS messages_waiting
"""


async def read_books(settings: DatabaseSettings) -> dict[str, Any]:
    """Return the figures of this moment, read in one statement and so from one snapshot."""
    connection = await asyncpg.connect(settings.database_url.get_secret_value(), timeout=5)
    try:
        record = await connection.fetchrow(BOOKS, timeout=TIMEOUT_S)
    finally:
        await connection.close(timeout=5)
    assert record is not None  # noqa: S101  a select without a table returns a row
    return {**dict(record), "orders_by_status": orjson.loads(record["orders_by_status"])}
