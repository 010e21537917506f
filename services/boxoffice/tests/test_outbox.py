"""The relay: nothing is skipped, reordered or started twice, whoever dies and whatever is away."""

from __future__ import annotations

import asyncio
import re
from uuid import UUID

import pytest

from boxoffice.outbox import repository
from boxoffice.outbox.relay import Relay
from boxoffice.settlement.schemas import Decline
from services.boxoffice.tests.house import House, Shop

pytestmark = pytest.mark.integration


async def test_an_order_wakes_the_relay_of_its_own_instance(shop: Shop, event_id: UUID) -> None:
    async with shop.relay.loop:
        await asyncio.sleep(0.1)  # it has found nothing, and rests
        order = await shop.order(event_id, "stalls-A-1")
        for _ in range(40):  # for less than it would rest
            await asyncio.sleep(0.01)
            if shop.executions.names(order.id):
                break
    (name, content), *_ = shop.executions.started
    assert (name, content["action"], content["cardToken"]) == (str(order.id), "charge", "tok_visa")


async def test_a_relay_that_dies_between_start_and_commit_starts_nothing_twice(
    shop: Shop, event_id: UUID
) -> None:
    await shop.carry_all()
    order = await shop.order(event_id, "stalls-A-1")

    async def dies(*_: object) -> None:
        raise asyncio.CancelledError

    sent, shop.relay._outbox.sent = shop.relay._outbox.sent, dies
    with pytest.raises(asyncio.CancelledError):
        await shop.relay.carry()
    assert shop.executions.names(order.id) == [str(order.id)]
    shop.relay._outbox.sent = sent
    await shop.carry_all()
    assert shop.executions.names(order.id) == [str(order.id)]
    assert await shop.relay.carry() is False


async def test_parallel_relays_neither_skip_nor_reorder(house: House, event_id: UUID) -> None:
    shop = Shop(house)
    await shop.carry_all()
    other = Relay(house.database, shop.executions)
    orders = [await shop.order(event_id, f"stalls-B-{n}", buyer=f"buyer-{n}") for n in range(1, 11)]
    async with house.database.transaction() as connection:
        for order in orders:
            for number in range(1, 4):
                await shop.relay._outbox.add(connection, order.id, "charge", f"{order.id}-retry-{number}")
    for _ in range(8):
        await asyncio.gather(shop.relay.carry(), other.carry())
    for order in orders:
        expected = [str(order.id), *(f"{order.id}-retry-{number}" for number in range(1, 4))]
        assert shop.executions.names(order.id) == expected


async def test_what_cannot_leave_waits(shop: Shop, event_id: UUID) -> None:
    await shop.carry_all()
    shop.executions.away = True
    order = await shop.order(event_id, "stalls-A-1")
    await shop.relay.carry()
    shop.executions.away = False
    assert await shop.relay.carry() is False
    await asyncio.sleep(1.1)
    await shop.relay.carry()
    assert shop.executions.names(order.id) == [str(order.id)]


async def later_message_overtakes(shop: Shop, event_id: UUID) -> bool:
    """Whether an order's second message leaves while its first cannot."""
    shop.executions.away = True
    order = await shop.order(event_id, "stalls-A-1")
    await shop.relay.carry()
    shop.executions.away = False
    second = f"{order.id}-retry-1"
    async with shop.house.database.transaction() as connection:
        await shop.relay._outbox.add(connection, order.id, "charge", second)
    await shop.relay.carry()
    return shop.executions.names(order.id) == [second]


async def test_a_message_waits_for_the_earlier_ones_of_its_order(shop: Shop, event_id: UUID) -> None:
    assert not await later_message_overtakes(shop, event_id)


async def test_control_without_looking_for_earlier_ones_it_overtakes(
    shop: Shop, event_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    condition = re.search(r"AND NOT EXISTS .*?\)\n", repository.CLAIM, re.DOTALL)
    assert condition is not None
    monkeypatch.setattr(repository, "CLAIM", repository.CLAIM.replace(condition[0], ""))
    assert await later_message_overtakes(shop, event_id)


async def test_what_has_become_moot_is_not_sent(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    await shop.settlement.decline(order.id, Decline(reason="card_declined"))
    await shop.carry_all()
    assert shop.executions.names(order.id) == []
    assert await shop.messages(order) == []


async def test_a_message_of_another_order_does_not_wait(shop: Shop, event_id: UUID) -> None:
    first = await shop.order(event_id, "stalls-A-1")
    shop.executions.away = True
    await shop.relay.carry()
    shop.executions.away = False
    second = await shop.order(event_id, "stalls-A-2", buyer="ben")
    await shop.carry_all()
    assert shop.executions.names(first.id) == []
    assert shop.executions.names(second.id) == [str(second.id)]
