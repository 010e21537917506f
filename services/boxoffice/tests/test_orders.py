"""Placing orders: once for each key, from a live hold of one's own, followed page by page."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from uuid import UUID

import orjson
import pytest

from boxoffice.holds.service import HoldNotFound
from boxoffice.orders.service import HoldExpired, OrderNotFound
from portico_kit.idempotency import IdempotencyKeyReused, IdempotencyStore, StoredResponse
from portico_kit.ids import new_id
from portico_kit.pagination import InvalidCursor, encode_cursor
from services.boxoffice.tests.house import House, Shop, numbered, order_request, outcome

pytestmark = pytest.mark.integration


async def test_sixty_parallel_orders_with_one_key_are_one(shop: Shop, event_id: UUID) -> None:
    hold = await shop.holds.create(event_id, "ana", numbered("stalls-A-1"))
    key = str(uuid.uuid4())
    answers = await asyncio.gather(
        *(shop.orders.place("ana", key, order_request(hold.id)) for _ in range(60))
    )
    assert len({answer.body for answer in answers}) == 1
    await shop.carry_all()
    assert len(shop.executions.names(UUID(orjson.loads(answers[0].body)["id"]))) == 1


class Forgetful(IdempotencyStore):
    """The control: a store that remembers nothing."""

    async def begin(self, *_: object) -> StoredResponse | None:
        return None


async def test_control_without_the_store_the_answers_differ(house: House, event_id: UUID) -> None:
    shop = Shop(house, keys=Forgetful())
    hold = await shop.holds.create(event_id, "ana", numbered("stalls-A-1"))
    key = str(uuid.uuid4())
    attempts = (shop.orders.place("ana", key, order_request(hold.id)) for _ in range(10))
    answers = await asyncio.gather(*attempts, return_exceptions=True)
    kinds = Counter(type(answer) for answer in answers)
    assert kinds[StoredResponse] == 1
    assert kinds[HoldNotFound] == 9  # the buyer would be told that the purchase failed, and it did not


async def test_a_key_with_another_request_is_refused(shop: Shop, event_id: UUID) -> None:
    hold = await shop.holds.create(event_id, "ana", numbered("stalls-A-1"))
    await shop.orders.place("ana", "one-key", order_request(hold.id))
    with pytest.raises(IdempotencyKeyReused):
        await shop.orders.place("ana", "one-key", order_request(hold.id, card="tok_declined"))
    with pytest.raises(HoldNotFound):  # somebody else's key of the same name is another key
        await shop.orders.place("ben", "one-key", order_request(hold.id))


async def test_an_order_needs_a_live_hold_of_ones_own(house: House, event_id: UUID) -> None:
    shop = Shop(house, ttl_s=1)
    hold = await shop.holds.create(event_id, "ana", numbered("stalls-A-1"))
    with pytest.raises(HoldNotFound):
        await shop.orders.place("ben", str(uuid.uuid4()), order_request(hold.id))
    await asyncio.sleep(1.1)
    with pytest.raises(HoldExpired):
        await shop.orders.place("ana", str(uuid.uuid4()), order_request(hold.id))


async def test_the_seats_of_a_pending_order_stay_taken(house: House, event_id: UUID) -> None:
    shop = Shop(house, ttl_s=1)
    await shop.order(event_id, "stalls-A-1")
    await asyncio.sleep(1.1)  # the hold would be over; the order is not
    assert await outcome(shop.holds.create(event_id, "ben", numbered("stalls-A-1"))) == "seats_taken"


async def test_one_hold_becomes_one_order_whatever_the_keys(shop: Shop, event_id: UUID) -> None:
    hold = await shop.holds.create(event_id, "ana", numbered("stalls-A-1", "stalls-A-2"))
    attempts = (shop.orders.place("ana", str(uuid.uuid4()), order_request(hold.id)) for _ in range(10))
    assert Counter(await asyncio.gather(*map(outcome, attempts))) == {"done": 1, "hold_not_found": 9}


async def test_order_message_and_answer_commit_together(shop: Shop, event_id: UUID) -> None:
    hold = await shop.holds.create(event_id, "ana", numbered("stalls-A-1"))

    async def fails(*_: object) -> None:
        raise RuntimeError

    finish, shop.orders._keys.finish = shop.orders._keys.finish, fails
    with pytest.raises(RuntimeError):
        await shop.orders.place("ana", "together", order_request(hold.id))
    counts = "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM orders WHERE event_id = $1)"
    assert await shop.house.value(counts, event_id) == 0
    shop.orders._keys.finish = finish
    await shop.orders.place("ana", "together", order_request(hold.id))
    assert await shop.house.value(counts, event_id) == 2


async def test_the_price_is_that_of_the_hold(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, "stalls-A-1", "stalls-B-1")
    assert (order.total_cents, order.currency, order.status) == (5000, "EUR", "pending")
    await shop.house.value("UPDATE seat SET price_cents = 1 WHERE event_id = $1", event_id)
    assert await shop.orders.find("ana", order.id) == order


async def test_orders_are_listed_page_by_page_the_newest_first(shop: Shop, event_id: UUID) -> None:
    buyer = f"buyer-{new_id()}"
    placed = [(await shop.order(event_id, f"stalls-A-{n}", buyer=buyer)).id for n in range(1, 6)]
    listed, cursor = [], None
    for expected in (2, 2, 1):
        page, cursor = await shop.orders.page(buyer, limit=2, cursor=cursor)
        assert len(page) == expected
        listed += [order.id for order in page]
    assert cursor is None
    assert listed == placed[::-1]
    assert await shop.orders.page("nobody", limit=2, cursor=None) == ([], None)
    with pytest.raises(OrderNotFound):
        await shop.orders.find("ben", placed[0])


@pytest.mark.parametrize(
    "cursor", ["%", "bm90IGpzb24", encode_cursor(7), encode_cursor({"id": 1}), encode_cursor("x")]
)
async def test_a_cursor_that_is_not_ours_is_refused(shop: Shop, cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        await shop.orders.page("ana", limit=2, cursor=cursor)
    with pytest.raises(InvalidCursor):
        await shop.tickets.page("ana", limit=2, cursor=cursor, order_id=None)
