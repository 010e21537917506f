from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from boxoffice.holds.repository import Attempt, HoldRepository, LiveHold
from boxoffice.holds.schemas import HoldRequest
from boxoffice.holds.service import HoldExists, HoldNotFound, Holds, SeatsTaken, UnknownSeats
from boxoffice.events.service import EventNotFound
from portico_kit.errors import Problem
from portico_kit.ids import new_id
from portico_kit.postgres import Connection

from .conftest import House

pytestmark = pytest.mark.integration


def numbered(*seats: str, replace: bool = False) -> HoldRequest:
    return HoldRequest(seats=list(seats), replace=replace)


@pytest.fixture
def holds(house: House) -> Holds:
    return Holds(house.database, ttl_s=600)


async def outcome(attempt: Any) -> str:
    try:
        await attempt
    except Problem as problem:
        return problem.code
    return "held"


async def test_seats_are_held_with_their_price_and_an_end(holds: Holds, event_id: UUID) -> None:
    hold = await holds.create(event_id, "ana", numbered("stalls-A-1", "stalls-A-2"))
    assert [seat.id for seat in hold.seats] == ["stalls-A-1", "stalls-A-2"]
    assert (hold.total_cents, hold.currency) == (5000, "EUR")
    assert (await holds.find(hold.id, "ana")) == hold


async def test_all_or_nothing(holds: Holds, event_id: UUID) -> None:
    await holds.create(event_id, "ana", numbered("stalls-B-1"))
    with pytest.raises(SeatsTaken) as refused:
        await holds.create(event_id, "ben", numbered("stalls-B-1", "stalls-B-2"))
    assert refused.value.members["seats"] == ["stalls-B-1"]
    assert await outcome(holds.create(event_id, "eva", numbered("stalls-B-2"))) == "held"


async def test_sixty_parallel_holds_have_one_winner(holds: Holds, event_id: UUID) -> None:
    attempts = (holds.create(event_id, f"buyer-{n}", numbered("stalls-C-1")) for n in range(60))
    assert Counter(await asyncio.gather(*map(outcome, attempts))) == {"held": 1, "seats_taken": 59}


class LooksBeforeItLeaps(HoldRepository):
    """The control: the same steps without the lock, as somebody might have written them."""

    async def take(
        self,
        connection: Connection,
        hold_id: UUID,
        event_id: UUID,
        buyer_id: str,
        *,
        seats: list[str],
        ttl_s: int,
        replaced: LiveHold | None,
    ) -> Attempt:
        look = "SELECT id, section, row_label AS row, number, price_cents, hold_id IS NULL AS free FROM seat "
        records = await connection.fetch(look + "WHERE event_id = $1 AND id = ANY ($2)", event_id, seats)
        await asyncio.sleep(0.05)
        update = "UPDATE seat SET hold_id = $1, held_until = now() + interval '1 minute' "
        if all(record["free"] for record in records):
            await connection.execute(update + "WHERE event_id = $2 AND id = ANY ($3)", hold_id, event_id, seats)
        now = await connection.fetchval("SELECT now()")
        return Attempt(expires_at=now, seats=[dict(record) for record in records])


async def test_control_without_the_lock_a_seat_is_held_twice(house: House, event_id: UUID) -> None:
    careless = Holds(house.database, ttl_s=600, repository=LooksBeforeItLeaps())
    attempts = (careless.create(event_id, f"buyer-{n}", numbered("stalls-C-2")) for n in range(10))
    assert Counter(await asyncio.gather(*map(outcome, attempts)))["held"] > 1


async def test_overlapping_wishes_end_without_deadlock(holds: Holds, event_id: UUID) -> None:
    wishes = [[f"stalls-D-{1 + (start + step) % 6}" for step in range(3)] for start in range(40)]
    attempts = (holds.create(event_id, f"buyer-{n}", numbered(*wish)) for n, wish in enumerate(wishes))
    outcomes = Counter(await asyncio.gather(*map(outcome, attempts)))
    assert set(outcomes) == {"held", "seats_taken"}
    assert 1 <= outcomes["held"] <= 2


async def test_an_expired_hold_is_taken_over_by_the_databases_clock(house: House, event_id: UUID) -> None:
    short = Holds(house.database, ttl_s=1)
    hold = await short.create(event_id, "ana", numbered("stalls-E-1"))
    assert await outcome(short.create(event_id, "ben", numbered("stalls-E-1"))) == "seats_taken"
    await asyncio.sleep(1.1)
    assert await outcome(short.create(event_id, "ben", numbered("stalls-E-1"))) == "held"
    with pytest.raises(HoldNotFound):
        await short.find(hold.id, "ana")


async def test_a_second_hold_needs_replace(holds: Holds, event_id: UUID) -> None:
    first = await holds.create(event_id, "ana", numbered("stalls-F-1", "stalls-F-2"))
    with pytest.raises(HoldExists) as refused:
        await holds.create(event_id, "ana", numbered("stalls-F-3"))
    assert refused.value.members["hold_id"] == first.id
    second = await holds.create(event_id, "ana", numbered("stalls-F-2", "stalls-F-3", replace=True))
    assert second.id != first.id
    assert await outcome(holds.create(event_id, "ben", numbered("stalls-F-1"))) == "held"
    assert await outcome(holds.create(event_id, "eva", numbered("stalls-F-2"))) == "seats_taken"


async def test_a_replacement_that_fails_keeps_the_old_hold(holds: Holds, event_id: UUID) -> None:
    first = await holds.create(event_id, "ana", numbered("stalls-G-1"))
    await holds.create(event_id, "ben", numbered("stalls-G-2"))
    with pytest.raises(SeatsTaken):
        await holds.create(event_id, "ana", numbered("stalls-G-2", replace=True))
    assert await holds.find(first.id, "ana") == first


async def test_parallel_first_holds_of_one_buyer_leave_one(holds: Holds, event_id: UUID) -> None:
    attempts = (holds.create(event_id, "ana", numbered(f"stalls-H-{n}")) for n in range(1, 11))
    assert Counter(await asyncio.gather(*map(outcome, attempts))) == {"held": 1, "hold_exists": 9}


async def test_standing_places_are_given_until_they_are_gone(holds: Holds, event_id: UUID) -> None:
    ten = HoldRequest(section="floor", quantity=10)
    attempts = (holds.create(event_id, f"buyer-{n}", ten) for n in range(5))
    held = await asyncio.gather(*attempts)
    assert len({seat.id for hold in held for seat in hold.seats}) == 50
    with pytest.raises(SeatsTaken):
        await holds.create(event_id, "late", HoldRequest(section="floor", quantity=1))


async def test_a_released_seat_is_free(holds: Holds, event_id: UUID) -> None:
    hold = await holds.create(event_id, "ana", numbered("stalls-I-1"))
    with pytest.raises(HoldNotFound):
        await holds.release(hold.id, "ben")
    await holds.release(hold.id, "ana")
    assert await outcome(holds.create(event_id, "ben", numbered("stalls-I-1"))) == "held"


async def test_what_does_not_exist_cannot_be_held(holds: Holds, event_id: UUID) -> None:
    with pytest.raises(EventNotFound):
        await holds.create(new_id(), "ana", numbered("stalls-A-1"))
    with pytest.raises(UnknownSeats) as refused:
        await holds.create(event_id, "ana", numbered("stalls-J-1", "stalls-Z-1"))
    assert refused.value.members["seats"] == ["stalls-Z-1"]
    with pytest.raises(UnknownSeats):
        await holds.create(event_id, "ana", HoldRequest(section="stalls", quantity=2))
    assert await outcome(holds.create(event_id, "ana", numbered("stalls-J-1"))) == "held"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"seats": []},
        {"seats": ["a"] * 2},
        {"seats": [f"s-{n}" for n in range(11)]},
        {"seats": ["a"], "section": "floor", "quantity": 1},
        {"section": "floor"},
        {"quantity": 1},
        {"section": "floor", "quantity": 0},
        {"section": "floor", "quantity": -1},
        {"section": "floor", "quantity": 10**20},
        {"section": "floor", "quantity": 1.5},
        {"seats": ["a\0b"]},
        {"seats": ["a"], "price_cents": 1},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HoldRequest.model_validate(body)
