"""`/api/events`: the programme and its events. Public, and cached by whoever stands between."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response

from boxoffice.events.schemas import Event, EventSummary
from boxoffice.events.service import Events, Rendered
from portico_kit.pagination import Page

router = APIRouter(prefix="/api/events", tags=["events"])
CACHE_CONTROL = "public, max-age=30"
IfNoneMatch = Annotated[str | None, Header(include_in_schema=False)]


@router.head("", include_in_schema=False)
@router.get("", operation_id="listEvents", response_model=Page[EventSummary])
async def list_events(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=1024)] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return published events in the order of their start."""
    events: Events = request.app.state.services.events
    return answer(await events.page(limit=limit, cursor=cursor), if_none_match, CACHE_CONTROL)


@router.head("/{event_id}", include_in_schema=False)
@router.get("/{event_id}", operation_id="getEvent", response_model=Event)
async def get_event(request: Request, event_id: UUID, if_none_match: IfNoneMatch = None) -> Response:
    """Return one event with its sections and map."""
    events: Events = request.app.state.services.events
    return answer(await events.one(event_id), if_none_match, CACHE_CONTROL)


def answer(content: Rendered, if_none_match: str | None, cache_control: str) -> Response:
    """Answer with the content, or with 304 if the client has it (RFC 9110, section 13.1.2)."""
    headers = {"Cache-Control": cache_control, "ETag": content.etag}
    if if_none_match is not None and has_tag(if_none_match, content.etag):
        return Response(status_code=304, headers=headers)
    return Response(content.body, headers=headers, media_type="application/json")


def has_tag(if_none_match: str, etag: str) -> bool:
    """Whether the client has this version; tags compare weakly here (RFC 9110, section 8.8.3.2)."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or etag in tags
