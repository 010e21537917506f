"""A buyer's tickets, with their signed codes."""

from __future__ import annotations

from uuid import UUID

from boxoffice.orders.service import id_of
from boxoffice.tickets.repository import TicketRepository
from boxoffice.tickets.schemas import Ticket
from boxoffice.tickets.signing import TicketSigner
from portico_kit.pagination import decode_cursor, encode_cursor
from portico_kit.postgres import Database


class Tickets:
    """Reading tickets. Only settlement issues and voids them."""

    def __init__(self, database: Database, signer: TicketSigner) -> None:
        self._database = database
        self._signer = signer
        self._tickets = TicketRepository()

    async def page(
        self, buyer_id: str, *, limit: int, cursor: str | None, order_id: UUID | None
    ) -> tuple[list[Ticket], str | None]:
        """Return a page of the buyer's tickets, the newest first, and the next cursor."""
        before = id_of(decode_cursor(cursor)) if cursor else None
        async with self._database.transaction() as connection:
            found = await self._tickets.page(
                connection, buyer_id, before=before, limit=limit + 1, order_id=order_id
            )
        tickets = [Ticket(**ticket, qr=self._signer.qr(ticket["id"])) for ticket in found[:limit]]
        return tickets, encode_cursor(str(tickets[-1].id)) if len(found) > limit else None
