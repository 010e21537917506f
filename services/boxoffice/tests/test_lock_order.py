"""Seats are locked in the order of their ids by everything that locks several, so nobody waits in a circle.

The planner may read seats in another order: through a bitmap they come as they lie in the table. Here it has
to, and the second of two seats must still be free while somebody waits for the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from boxoffice.holds.repository import HoldRepository
from boxoffice.holds.schemas import Hold
from boxoffice.orders.repository import OrderRepository
from boxoffice.settlement.repository import SettlementRepository
from portico_kit.errors import Unavailable
from portico_kit.ids import new_id
from portico_kit.postgres import Connection
from services.boxoffice.tests.house import House, Shop, numbered

pytestmark = pytest.mark.integration
FIRST, SECOND = "stalls-A-10", "stalls-A-2"  # by id; in the table they lie the other way round
Step = Callable[[Connection], Awaitable[object]]


def takes(hold: Hold) -> Step:
    options = {"seats": [SECOND, FIRST], "ttl_s": 60, "replaced": None}
    return lambda connection: HoldRepository().take(connection, new_id(), hold.event_id, "ben", **options)


def releases(hold: Hold) -> Step:
    return lambda connection: HoldRepository().release(connection, hold.id, "ana")


def orders(hold: Hold) -> Step:
    return lambda connection: OrderRepository().consume_hold(connection, hold.id, "ana", new_id())


async def second_is_free_while_waiting_for_first(house: House, event_id: UUID, step: Step) -> bool:
    """Run the step while somebody has the first seat; say whether the second can be had meanwhile."""
    lock = "SELECT FROM seat WHERE event_id = $1 AND id = $2 FOR NO KEY UPDATE"

    async def waits() -> None:
        async with house.database.transaction() as connection:
            await connection.execute("SET LOCAL enable_indexscan = off")
            await step(connection)

    async with house.database.transaction() as connection:
        await connection.execute(lock, event_id, FIRST)
        waiting = asyncio.create_task(waits())
        await asyncio.sleep(0.2)
        try:
            async with house.database.transaction() as other:
                await other.execute(f"{lock} NOWAIT", event_id, SECOND)
            found_free = True
        except Unavailable:
            found_free = False
    await waiting
    return found_free


@pytest.mark.parametrize("step", [takes, releases, orders])
async def test_seats_of_a_hold_are_locked_in_order(
    shop: Shop, event_id: UUID, step: Callable[[Hold], Step]
) -> None:
    hold = await shop.holds.create(event_id, "ana", numbered(SECOND, FIRST))
    assert await second_is_free_while_waiting_for_first(shop.house, event_id, step(hold))


async def test_seats_of_an_order_are_locked_in_order(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, SECOND, FIRST)

    async def frees(connection: Connection) -> None:
        locked = await SettlementRepository().lock(connection, order.id)
        assert locked is not None
        await SettlementRepository().free_seats(connection, locked)

    assert await second_is_free_while_waiting_for_first(shop.house, event_id, frees)


async def test_control_an_update_alone_locks_as_the_planner_reads(shop: Shop, event_id: UUID) -> None:
    await shop.holds.create(event_id, "ana", numbered(SECOND, FIRST))

    async def updates(connection: Connection) -> None:
        query = "UPDATE seat SET hold_id = NULL, held_until = NULL WHERE event_id = $1 AND id = ANY ($2)"
        await connection.execute(query, event_id, [FIRST, SECOND])

    assert not await second_is_free_while_waiting_for_first(shop.house, event_id, updates)


async def test_tickets_may_refer_to_seats_that_somebody_looks_at(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, FIRST)
    async with shop.house.database.transaction() as connection:
        await takes_in_vain(connection, event_id)
        async with asyncio.timeout(1):
            await shop.settlement.confirm(order.id, "ch_1")


async def takes_in_vain(connection: Connection, event_id: UUID) -> None:
    options = {"seats": [FIRST], "ttl_s": 60, "replaced": None}
    attempt = await HoldRepository().take(connection, new_id(), event_id, "ben", **options)
    assert [seat["free"] for seat in attempt.seats] == [False]
