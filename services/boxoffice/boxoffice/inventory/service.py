"""The seat map of an event, at most a second old."""

from __future__ import annotations

import hashlib
from uuid import UUID

import orjson
from portico_kit.cache import TtlCache
from portico_kit.errors import NotFound
from portico_kit.postgres import Database

from boxoffice.events.service import EventNotFound, Rendered
from boxoffice.inventory.repository import SeatRepository

CACHE_TTL_S = 1.0


class SectionNotFound(NotFound):
    """The event has no such section."""

    code = "section_not_found"
    title = "Section not found"


class Inventory:
    """Seat maps, rendered once a second however many ask."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seats = SeatRepository()
        self._maps: TtlCache[tuple[UUID, str | None], Rendered] = TtlCache(ttl_s=CACHE_TTL_S, entries_max=500)

    async def seat_map(self, event_id: UUID, section: str | None) -> Rendered:
        """Return the map as JSON; `EventNotFound`, `SectionNotFound`."""
        return await self._maps.get((event_id, section), lambda: self._render(event_id, section))

    async def _render(self, event_id: UUID, section: str | None) -> Rendered:
        async with self._database.read() as connection:
            sections = await self._seats.sections(connection, event_id, section)
            if not sections:
                raise SectionNotFound("The event has no such section.") if section else EventNotFound()
            seats = await self._seats.seats_json(connection, event_id, section)
        head = orjson.dumps({"event_id": event_id, "sections": sections})
        body = b"%b,\"seats\":%b}" % (head[:-1], seats.encode())
        return Rendered(body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"')
