"""Rules of holding: all seats or none, one live hold a buyer and event, for a bounded time."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from boxoffice.events.service import EventNotFound
from boxoffice.holds.repository import Attempt, HoldRepository, LiveHold
from boxoffice.holds.schemas import Hold, HoldRequest
from portico_kit.errors import Conflict, InvalidRequest, NotFound
from portico_kit.ids import new_id
from portico_kit.postgres import Connection, Database


class SeatsTaken(Conflict):
    """Somebody else has some of the seats; `seats` lists them."""

    code = "seats_taken"
    title = "Seats taken"


class HoldExists(Conflict):
    """The buyer has a live hold on this event; `hold_id` says which. `replace` would give it up."""

    code = "hold_exists"
    title = "You already hold seats"


class UnknownSeats(InvalidRequest):
    """The event has no such seats."""

    code = "unknown_seats"
    title = "Unknown seats"


class HoldNotFound(NotFound):
    """No such hold of this buyer, or it has expired."""

    code = "hold_not_found"
    title = "Hold not found"


class Holds:
    """Taking, seeing and giving back."""

    def __init__(self, database: Database, *, ttl_s: int) -> None:
        self._database = database
        self._ttl_s = ttl_s
        self._holds = HoldRepository()

    async def create(self, event_id: UUID, buyer_id: str, request: HoldRequest) -> Hold:
        """Hold the seats that are asked for, or say why not."""
        async with self._database.transaction() as connection:
            replaced = await self._holds.live(connection, event_id, buyer_id) if request.replace else None
            seats = request.seats or await self._choose(connection, event_id, request, replaced)
            hold_id = new_id()
            attempt = await self._holds.take(
                connection, hold_id, event_id, buyer_id, seats=seats, ttl_s=self._ttl_s, replaced=replaced
            )
            if attempt.currency is None:
                raise EventNotFound("No event has this id.")
            if attempt.expires_at is None:
                existing = await self._holds.live(connection, event_id, buyer_id)
                raise HoldExists("Finish or replace it first.", hold_id=existing.id if existing else None)
            refuse_unknown(attempt, seats, numbered=request.seats is not None)
            refuse_taken(attempt)
        return Hold(
            id=hold_id,
            event_id=event_id,
            seats=[seat_of(record) for record in attempt.seats],
            expires_at=attempt.expires_at,
            total_cents=total(attempt.seats),
            currency=attempt.currency,
        )

    async def find(self, hold_id: UUID, buyer_id: str) -> Hold:
        """Return a live hold of the buyer; `HoldNotFound`."""
        async with self._database.transaction() as connection:
            found = await self._holds.find(connection, hold_id, buyer_id)
        if found is None:
            raise HoldNotFound("You have no such hold, or it has expired.")
        return Hold(**found, total_cents=total(found["seats"]))

    async def release(self, hold_id: UUID, buyer_id: str) -> None:
        """Give the seats back; `HoldNotFound`."""
        async with self._database.transaction() as connection:
            if not await self._holds.release(connection, hold_id, buyer_id):
                raise HoldNotFound("You have no such hold, or it has expired.")

    async def _choose(
        self, connection: Connection, event_id: UUID, request: HoldRequest, replaced: LiveHold | None
    ) -> list[str]:
        section, quantity = request.section or "", request.quantity or 0
        old_id = replaced.id if replaced else None
        chosen = await self._holds.choose(connection, event_id, section, quantity, old_id)
        if len(chosen) == quantity:
            return chosen
        known, kind = await self._holds.section_kind(connection, event_id, section)
        if not known:
            raise EventNotFound("No event has this id.")
        if kind != "general":
            raise UnknownSeats("The event has no such general-admission section.")
        raise SeatsTaken(f"Only {len(chosen)} places are left there.", seats=[])


def refuse_unknown(attempt: Attempt, seats: list[str], *, numbered: bool) -> None:
    """Refuse seats that the event has not; standing places are not asked for by their names."""
    known = {seat["id"] for seat in attempt.seats if not numbered or seat["row"] is not None}
    unknown = sorted(set(seats) - known)
    if unknown:
        raise UnknownSeats("The event has no such seats.", seats=unknown)


def refuse_taken(attempt: Attempt) -> None:
    """Refuse if somebody else has any of the seats."""
    taken = [seat["id"] for seat in attempt.seats if not seat["free"]]
    if taken:
        raise SeatsTaken("Somebody else has some of these seats.", seats=taken)


def seat_of(record: dict[str, Any]) -> Any:  # noqa: ANN401  validated by the model
    """Return the fields of a seat that a hold shows."""
    return {name: record[name] for name in ("id", "section", "row", "number", "price_cents")}


def total(seats: list[dict[str, Any]]) -> int:
    """Return the price of seats together, in cents."""
    return sum(seat["price_cents"] for seat in seats)
