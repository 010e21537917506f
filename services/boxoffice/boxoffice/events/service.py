"""The programme. Answers are kept for a moment: a popular event is not a read of the store each time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any, Self
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from boxoffice.events.repository import EventDocuments
from portico_kit.cache import TtlCache
from portico_kit.errors import NotFound
from portico_kit.pagination import InvalidCursor, decode_cursor, encode_cursor

CACHE_TTL_S = 2.0
DETAILS = frozenset({"description", "sections"})


class EventNotFound(NotFound):
    """No such event is published."""

    code = "event_not_found"
    title = "Event not found"


@dataclass(frozen=True)
class Rendered:
    """An answer's bytes and their entity tag."""

    body: bytes
    etag: str

    @classmethod
    def of(cls, body: bytes) -> Self:
        """Return bytes with the tag that they have."""
        return cls(body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"')


class Position(BaseModel):
    """The event that a page ended with, as the store's index knows it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    event_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    starts_at: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]


class Events:
    """Published events."""

    def __init__(self, documents: EventDocuments) -> None:
        self._documents = documents
        self._one: TtlCache[UUID, dict[str, Any]] = TtlCache(ttl_s=CACHE_TTL_S, entries_max=1000)
        self._rendered: TtlCache[UUID, Rendered] = TtlCache(ttl_s=CACHE_TTL_S, entries_max=1000)
        self._pages: TtlCache[tuple[int, str], Rendered] = TtlCache(ttl_s=CACHE_TTL_S, entries_max=200)

    async def document(self, event_id: UUID) -> dict[str, Any]:
        """Return the document of an event; `EventNotFound`."""
        return await self._one.get(event_id, lambda: self._load(event_id))

    async def one(self, event_id: UUID) -> Rendered:
        """Return an event as JSON; `EventNotFound`."""

        async def load() -> Rendered:
            return Rendered.of(orjson.dumps(await self.document(event_id)))

        return await self._rendered.get(event_id, load)

    async def page(self, *, limit: int, cursor: str | None) -> Rendered:
        """Return a page of the programme as JSON, in the order of the events' start."""
        return await self._pages.get((limit, cursor or ""), lambda: self._load_page(limit, cursor))

    async def _load(self, event_id: UUID) -> dict[str, Any]:
        document = await self._documents.find(event_id)
        if document is None:
            raise EventNotFound("No event has this id.")
        return document

    async def _load_page(self, limit: int, cursor: str | None) -> Rendered:
        documents, position = await self._documents.page(limit=limit, after=position_of(cursor))
        next_cursor = encode_cursor(position) if position else None
        items = [summary(document) for document in documents]
        return Rendered.of(orjson.dumps({"items": items, "next_cursor": next_cursor}))


def position_of(cursor: str | None) -> dict[str, str] | None:
    """Return where a cursor points; `InvalidCursor` if it points nowhere."""
    if cursor is None:
        return None
    try:
        return Position.model_validate(decode_cursor(cursor)).model_dump()
    except ValidationError:
        raise InvalidCursor("Use the next_cursor of an earlier answer.") from None


def summary(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document without what only its own page shows."""
    venue = {name: value for name, value in document["venue"].items() if name != "map"}
    return {name: value for name, value in document.items() if name not in DETAILS} | {"venue": venue}
