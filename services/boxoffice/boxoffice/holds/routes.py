"""`/api/events/{id}/holds` and `/api/holds`: keeping seats for some minutes."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response

from boxoffice.holds.schemas import Hold, HoldRequest
from boxoffice.holds.service import Holds
from portico_kit.auth import CurrentSubject

router = APIRouter(prefix="/api", tags=["holds"])
PRIVATE = "private, no-store"


def holds_of(request: Request) -> Holds:
    """Return the service's holds."""
    holds: Holds = request.app.state.services.holds
    return holds


@router.post("/events/{event_id}/holds", operation_id="createHold", status_code=201)
async def create_hold(
    request: Request, response: Response, event_id: UUID, body: HoldRequest, subject: CurrentSubject
) -> Hold:
    """Hold all the seats asked for, or none."""
    hold = await holds_of(request).create(event_id, subject.id, body)
    response.headers["Location"] = f"/api/holds/{hold.id}"
    response.headers["Cache-Control"] = PRIVATE
    return hold


@router.get("/holds/{hold_id}", operation_id="getHold")
async def get_hold(request: Request, response: Response, hold_id: UUID, subject: CurrentSubject) -> Hold:
    """Return a live hold of your own."""
    response.headers["Cache-Control"] = PRIVATE
    return await holds_of(request).find(hold_id, subject.id)


@router.delete("/holds/{hold_id}", operation_id="deleteHold", status_code=204)
async def delete_hold(request: Request, hold_id: UUID, subject: CurrentSubject) -> Response:
    """Give the seats back."""
    await holds_of(request).release(hold_id, subject.id)
    return Response(status_code=204, headers={"Cache-Control": PRIVATE})
