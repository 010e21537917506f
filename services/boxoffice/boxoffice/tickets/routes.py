"""`/api/tickets`: what a buyer shows at the door."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from boxoffice.tickets.schemas import Ticket
from boxoffice.tickets.service import Tickets
from portico_kit.auth import CurrentSubject
from portico_kit.pagination import Page

router = APIRouter(prefix="/api/tickets", tags=["tickets"])


@router.get("", operation_id="listTickets")
async def list_tickets(
    request: Request,
    response: Response,
    subject: CurrentSubject,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=1024)] = None,
    order_id: UUID | None = None,
) -> Page[Ticket]:
    """Return your tickets, the newest first, all or those of one order."""
    tickets: Tickets = request.app.state.services.tickets
    response.headers["Cache-Control"] = "private, no-store"
    found, next_cursor = await tickets.page(subject.id, limit=limit, cursor=cursor, order_id=order_id)
    return Page(items=found, next_cursor=next_cursor)
