"""Holding seats: all or none, one winner, an end by the database's clock, and every bad request refused."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from boxoffice.events.service import EventNotFound
from boxoffice.holds import repository
from boxoffice.holds.repository import HoldRepository
from boxoffice.holds.schemas import HoldRequest
from boxoffice.holds.service import HoldExists, HoldNotFound, Holds, SeatsTaken, UnknownSeats
from portico_kit.ids import new_id
from services.boxoffice.tests.house import House, numbered, outcome

pytestmark = pytest.mark.integration


@pytest.fixture
def holds(house: House) -> Holds:
    return Holds(house.database, ttl_s=600)


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
    assert await outcome(holds.create(event_id, "eva", numbered("stalls-B-2"))) == "done"


async def test_sixty_parallel_holds_have_one_winner(holds: Holds, event_id: UUID) -> None:
    attempts = (holds.create(event_id, f"buyer-{n}", numbered("stalls-C-1")) for n in range(60))
    started_s = time.monotonic()
    assert Counter(await asyncio.gather(*map(outcome, attempts))) == {"done": 1, "seats_taken": 59}
    assert time.monotonic() - started_s < 1


async def second_while_the_first_commits(house: House, event_id: UUID) -> str:
    """What a buyer is told who asks for a seat that another has taken and not yet committed."""
    holds = Holds(house.database, ttl_s=600)
    options = {"seats": ["stalls-C-2"], "ttl_s": 600, "replaced": None}
    async with house.database.transaction() as connection:
        await HoldRepository().take(connection, new_id(), event_id, "ana", **options)
        second = asyncio.create_task(outcome(holds.create(event_id, "ben", numbered("stalls-C-2"))))
        await asyncio.sleep(0.2)
        assert not second.done()
    return await second


async def test_who_comes_second_waits_and_is_refused(house: House, event_id: UUID) -> None:
    assert await second_while_the_first_commits(house, event_id) == "seats_taken"


async def test_control_without_the_lock_a_seat_is_held_twice(
    house: House, event_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlocked = repository.TAKE.replace("FOR NO KEY UPDATE", "")
    assert unlocked != repository.TAKE
    monkeypatch.setattr(repository, "TAKE", unlocked)
    assert await second_while_the_first_commits(house, event_id) == "done"


async def test_overlapping_wishes_end_without_deadlock(holds: Holds, event_id: UUID) -> None:
    wishes = [[f"stalls-D-{1 + (start + step) % 6}" for step in range(3)] for start in range(40)]
    attempts = (holds.create(event_id, f"buyer-{n}", numbered(*wish)) for n, wish in enumerate(wishes))
    outcomes = Counter(await asyncio.gather(*map(outcome, attempts)))
    assert set(outcomes) == {"done", "seats_taken"}
    assert 1 <= outcomes["done"] <= 2


async def test_an_expired_hold_is_taken_over_by_the_databases_clock(house: House, event_id: UUID) -> None:
    short = Holds(house.database, ttl_s=1)
    hold = await short.create(event_id, "ana", numbered("stalls-E-1"))
    assert await outcome(short.create(event_id, "ben", numbered("stalls-E-1"))) == "seats_taken"
    await asyncio.sleep(1.1)
    assert await outcome(short.create(event_id, "ben", numbered("stalls-E-1"))) == "done"
    with pytest.raises(HoldNotFound):
        await short.find(hold.id, "ana")


async def test_a_second_hold_needs_replace(holds: Holds, event_id: UUID) -> None:
    first = await holds.create(event_id, "ana", numbered("stalls-F-1", "stalls-F-2"))
    with pytest.raises(HoldExists) as refused:
        await holds.create(event_id, "ana", numbered("stalls-F-3"))
    assert refused.value.members["hold_id"] == first.id
    second = await holds.create(event_id, "ana", numbered("stalls-F-2", "stalls-F-3", replace=True))
    assert second.id != first.id
    assert await outcome(holds.create(event_id, "ben", numbered("stalls-F-1"))) == "done"
    assert await outcome(holds.create(event_id, "eva", numbered("stalls-F-2"))) == "seats_taken"


async def test_a_replacement_that_fails_keeps_the_old_hold(holds: Holds, event_id: UUID) -> None:
    first = await holds.create(event_id, "ana", numbered("stalls-G-1"))
    await holds.create(event_id, "ben", numbered("stalls-G-2"))
    with pytest.raises(SeatsTaken):
        await holds.create(event_id, "ana", numbered("stalls-G-2", replace=True))
    assert await holds.find(first.id, "ana") == first


async def test_parallel_first_holds_of_one_buyer_leave_one(holds: Holds, event_id: UUID) -> None:
    attempts = (holds.create(event_id, "ana", numbered(f"stalls-H-{n}")) for n in range(1, 11))
    assert Counter(await asyncio.gather(*map(outcome, attempts))) == {"done": 1, "hold_exists": 9}


async def test_standing_places_are_given_until_they_are_gone(holds: Holds, event_id: UUID) -> None:
    ten = HoldRequest(section="floor", quantity=10)
    attempts = (holds.create(event_id, f"buyer-{n}", ten) for n in range(5))
    held = await asyncio.gather(*attempts)
    assert len({seat.id for hold in held for seat in hold.seats}) == 50
    with pytest.raises(SeatsTaken):
        await holds.create(event_id, "late", HoldRequest(section="floor", quantity=1))


async def test_standing_places_can_be_replaced_by_more_of_them(holds: Holds, event_id: UUID) -> None:
    await holds.create(event_id, "ana", HoldRequest(section="floor", quantity=2))
    for n in range(4):
        await holds.create(event_id, f"buyer-{n}", HoldRequest(section="floor", quantity=10))
    wanted = HoldRequest(section="floor", quantity=10, replace=True)
    assert len((await holds.create(event_id, "ana", wanted)).seats) == 10
    assert (
        await outcome(holds.create(event_id, "late", HoldRequest(section="floor", quantity=1)))
        == "seats_taken"
    )


async def test_a_released_seat_is_free(holds: Holds, event_id: UUID) -> None:
    hold = await holds.create(event_id, "ana", numbered("stalls-I-1"))
    with pytest.raises(HoldNotFound):
        await holds.release(hold.id, "ben")
    await holds.release(hold.id, "ana")
    assert await outcome(holds.create(event_id, "ben", numbered("stalls-I-1"))) == "done"


async def test_what_does_not_exist_cannot_be_held(holds: Holds, event_id: UUID) -> None:
    with pytest.raises(EventNotFound):
        await holds.create(new_id(), "ana", numbered("stalls-A-1"))
    with pytest.raises(UnknownSeats) as refused:
        await holds.create(event_id, "ana", numbered("stalls-AA-1", "stalls-Z-1"))
    assert refused.value.members["seats"] == ["stalls-Z-1"]
    with pytest.raises(UnknownSeats):
        await holds.create(event_id, "ana", HoldRequest(section="stalls", quantity=2))
    with pytest.raises(UnknownSeats):
        await holds.create(event_id, "ana", HoldRequest(section="nowhere", quantity=2))
    with pytest.raises(EventNotFound):
        await holds.create(new_id(), "ana", HoldRequest(section="floor", quantity=2))
    with pytest.raises(UnknownSeats):  # standing places are had by number, not by name
        await holds.create(event_id, "ana", numbered("floor-1"))
    assert await outcome(holds.create(event_id, "ana", numbered("stalls-AA-1"))) == "done"


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
