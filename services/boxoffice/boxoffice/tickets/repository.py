"""Tickets in PostgreSQL. At most one live ticket a seat: the index `ticket_one_live_a_seat` says so."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from portico_kit.ids import new_id
from portico_kit.postgres import Connection

COLUMNS = "id, order_id, event_id, seat_id, section, row_label AS row, number, price_cents, status"
ISSUE = """
INSERT INTO ticket (id, order_id, buyer_id, event_id, seat_id, section, row_label, number, price_cents)
SELECT seat.ticket_id, $2, $3, $4, seat.seat_id, seat.section, seat.row_label, seat.number, seat.price_cents
FROM unnest($1::uuid[], $5::text[], $6::text[], $7::text[], $8::int[], $9::int[])
     seat (ticket_id, seat_id, section, row_label, number, price_cents)
"""
OF_ORDER = f"SELECT {COLUMNS} FROM ticket WHERE order_id = $1 ORDER BY id"  # noqa: S608  a constant
VOID = "UPDATE ticket SET status = 'void' WHERE order_id = $1 AND status = 'live'"
PAGE = f"""
SELECT {COLUMNS} FROM ticket
WHERE buyer_id = $1 AND ($2::uuid IS NULL OR id < $2) AND ($4::uuid IS NULL OR order_id = $4)
ORDER BY id DESC LIMIT $3
"""  # noqa: S608  a constant


class TicketRepository:
    """Every method belongs to the caller's transaction."""

    async def issue(
        self,
        connection: Connection,
        order_id: UUID,
        buyer_id: str,
        event_id: UUID,
        seats: list[dict[str, Any]],
    ) -> None:
        """Make a live ticket for each seat of an order."""
        names = ("id", "section", "row", "number", "price_cents")
        columns = [[seat[name] for seat in seats] for name in names]
        ids = [new_id() for _ in seats]
        await connection.execute(ISSUE, ids, order_id, buyer_id, event_id, *columns)

    async def of_order(self, connection: Connection, order_id: UUID) -> list[dict[str, Any]]:
        """Return an order's tickets."""
        return [dict(record) for record in await connection.fetch(OF_ORDER, order_id)]

    async def void(self, connection: Connection, order_id: UUID) -> None:
        """Make an order's tickets worthless."""
        await connection.execute(VOID, order_id)

    async def page(
        self, connection: Connection, buyer_id: str, *, before: UUID | None, limit: int, order_id: UUID | None
    ) -> list[dict[str, Any]]:
        """Return the buyer's tickets, the newest first."""
        return [dict(record) for record in await connection.fetch(PAGE, buyer_id, before, limit, order_id)]
