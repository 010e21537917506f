"""`/api/events/{id}/seats`: the seat map. Public, and a second old at most."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from boxoffice.events.routes import IfNoneMatch, answer
from boxoffice.inventory.schemas import SeatMap
from boxoffice.inventory.service import Inventory

router = APIRouter(prefix="/api/events", tags=["inventory"])
CACHE_CONTROL = "public, max-age=1"


@router.head("/{event_id}/seats", include_in_schema=False)
@router.get("/{event_id}/seats", operation_id="listSeats", response_model=SeatMap)
async def list_seats(
    request: Request,
    event_id: UUID,
    section: Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,40}$")] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return every numbered seat with its status, and the free places of each section."""
    inventory: Inventory = request.app.state.services.inventory
    return answer(await inventory.seat_map(event_id, section), if_none_match, CACHE_CONTROL)
