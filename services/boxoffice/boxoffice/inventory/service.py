"""The seat map of an event, at most a second old.

The seats of an event do not change once it is on sale. What is always true of one is rendered once and kept;
a refresh asks the database for one letter a seat.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson

from boxoffice.events.service import EventNotFound, Rendered
from boxoffice.inventory.repository import SeatRepository
from portico_kit.cache import TtlCache
from portico_kit.errors import NotFound
from portico_kit.postgres import Database

MAP_TTL_S = 1.0
MAPS_MAX = 100  # the largest has 2 MB
PLAN_TTL_S = 600.0
PLANS_MAX = 20
STATUS_ENDS = {"a": b'"available"}', "h": b'"held"}', "s": b'"sold"}'}
# The unfinished JSON of each numbered seat, up to its status, and where its letter stands; by section.
Plan = dict[str, list[tuple[bytes, int]]]


class SectionNotFound(NotFound):
    """The event has no such section."""

    code = "section_not_found"
    title = "Section not found"


class Inventory:
    """Seat maps, rendered once a second however many ask."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seats = SeatRepository()
        self._plans: TtlCache[UUID, Plan] = TtlCache(ttl_s=PLAN_TTL_S, entries_max=PLANS_MAX)
        self._maps: TtlCache[tuple[UUID, str | None], Rendered] = TtlCache(
            ttl_s=MAP_TTL_S, entries_max=MAPS_MAX
        )

    async def seat_map(self, event_id: UUID, section: str | None) -> Rendered:
        """Return the map as JSON; `EventNotFound`, `SectionNotFound`."""
        return await self._maps.get((event_id, section), lambda: self._render(event_id, section))

    async def _render(self, event_id: UUID, section: str | None) -> Rendered:
        async with self._database.read() as connection:
            sections = await self._seats.statuses(connection, event_id, section)
        if not sections:
            raise SectionNotFound("The event has no such section.") if section else EventNotFound()
        plan = await self._plans.get(event_id, lambda: self._load_plan(event_id))
        letters = {listed["id"]: listed.pop("letters") for listed in sections}
        seats = (
            begin + STATUS_ENDS[letters[name][place]]
            for name, places in plan.items()
            if name in letters
            for begin, place in places
        )
        head = orjson.dumps({"event_id": event_id, "sections": sections})
        return Rendered.of(b'%b,"seats":[%b]}' % (head[:-1], b",".join(seats)))

    async def _load_plan(self, event_id: UUID) -> Plan:
        async with self._database.read() as connection:
            seats = await self._seats.seats(connection, event_id)
        plan: Plan = {}
        for seat in seats:
            place = seat.pop("place")
            plan.setdefault(seat["section"], []).append((unfinished(seat), place))
        return plan


def unfinished(seat: dict[str, Any]) -> bytes:
    """Return a seat's JSON up to the value of its status."""
    return orjson.dumps(seat)[:-1] + b',"status":'
