"""Buying tickets through the public API of a whole system, and what must be true afterwards."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter

import pytest

from tests.api import Api, event_ids, problem_code
from tests.fixtures.system import RunningSystem

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]

BUYERS = 16
PURCHASES = 200


async def new_buyer(system: RunningSystem) -> Api:
    buyer = Api(system.address)
    await buyer.sign_up()
    return buyer


async def some_event(system: RunningSystem, index: int = 0) -> str:
    async with Api(system.address) as visitor:
        events = await event_ids(visitor)
    return events[sorted(events)[index]]


async def test_a_buyer_made_by_sign_up_buys_two_numbered_seats(system: RunningSystem) -> None:
    event_id = await some_event(system)
    async with await new_buyer(system) as buyer:
        wanted = (await buyer.available_seats(event_id))[:2]
        hold = await buyer.hold(event_id, wanted)
        assert hold.status_code == 201, hold.text
        accepted = await buyer.order(hold.json()["id"])
        assert accepted.status_code == 202
        assert accepted.json()["status"] == "pending"
        assert accepted.headers["location"] == f"/api/orders/{accepted.json()['id']}"
        order = await buyer.settled(accepted.json()["id"])
        assert order["status"] == "confirmed", order
        tickets = await buyer.tickets(order["id"])
        assert sorted(ticket["seat_id"] for ticket in tickets) == sorted(wanted)
        assert all(ticket["qr"].startswith("TQ1.") for ticket in tickets)
        left = await buyer.available_seats(event_id)
        await asyncio.sleep(1.2)  # seat maps may be a second old
        left = await buyer.available_seats(event_id)
        assert not set(wanted) & set(left)


async def test_general_admission_is_bought_by_quantity(system: RunningSystem) -> None:
    async with await new_buyer(system) as buyer:
        events = await event_ids(buyer)
        for event_id in events.values():
            document = (await buyer.get(f"/api/events/{event_id}")).json()
            general = [section for section in document["sections"] if section["kind"] == "general"]
            if general:
                break
        else:
            pytest.fail("no event has a general-admission section")
        body = {"section": general[0]["id"], "quantity": 3}
        hold = await buyer.post(f"/api/events/{event_id}/holds", body)
        assert hold.status_code == 201, hold.text
        assert hold.json()["total_cents"] == 3 * general[0]["price_cents"]
        accepted = await buyer.order(hold.json()["id"])
        order = await buyer.settled(accepted.json()["id"])
        assert order["status"] == "confirmed"
        assert len(await buyer.tickets(order["id"])) == 3


async def purchases(event_id: str, buyer: Api, seats: list[list[str]]) -> list[dict[str, str]]:
    """One buyer's purchases, one after the other; a pair that somebody else has taken is given up."""
    orders = []
    for index, pair in enumerate(seats):
        hold = await buyer.hold(event_id, pair, replace=True)
        assert hold.status_code == 201, hold.text
        card = "tok_declined" if index % 10 == 9 else "tok_visa"
        accepted = await buyer.order(hold.json()["id"], card)
        assert accepted.status_code == 202, accepted.text
        orders.append({"id": accepted.json()["id"], "card": card})
    return orders


async def test_two_hundred_purchases_by_sixteen_parallel_buyers_add_up(system: RunningSystem) -> None:
    async with Api(system.address) as visitor:
        events = await event_ids(visitor)
        maps = {event: await visitor.available_seats(event) for event in events.values()}
    event_id, seats = max(maps.items(), key=lambda entry: len(entry[1]))
    pairs = [seats[start : start + 2] for start in range(0, 2 * PURCHASES, 2)]
    buyers = await asyncio.gather(*(new_buyer(system) for _ in range(BUYERS)))
    shares = [pairs[index::BUYERS] for index in range(BUYERS)]
    work = zip(buyers, shares, strict=True)
    placed = await asyncio.gather(*(purchases(event_id, buyer, share) for buyer, share in work))
    for buyer, orders in zip(buyers, placed, strict=True):
        for order in orders:
            final = await buyer.settled(order["id"], timeout_s=120)
            assert final["status"] == ("declined" if order["card"] == "tok_declined" else "confirmed"), final
            assert len(await buyer.tickets(order["id"])) == (2 if final["status"] == "confirmed" else 0)
        await buyer.http.aclose()
    assert sum(map(len, placed)) == PURCHASES
    books, charges = await system.audit(), await system.payments_summary()
    assert books["duplicate_live_seats"] == 0
    assert books["ledger_sum_cents"] == 0
    assert books["pending_past_deadline"] == 0
    assert charges["charged_cents"] == books["paid_cents"] + books["refunded_cents"]
    assert charges["refunded_cents"] == books["refunded_cents"]


async def test_sixty_parallel_holds_on_one_seat_have_one_winner(system: RunningSystem) -> None:
    event_id = await some_event(system, 1)
    buyers = await asyncio.gather(*(new_buyer(system) for _ in range(20)))
    seat = (await buyers[0].available_seats(event_id))[0]
    started = time.monotonic()
    answers = await asyncio.gather(*(buyers[index % 20].hold(event_id, [seat]) for index in range(60)))
    assert time.monotonic() - started < 10  # a bound against hanging, not a measurement
    codes = Counter(answer.status_code for answer in answers)
    assert codes == {201: 1, 409: 59}, codes
    assert {problem_code(answer) for answer in answers if answer.status_code == 409} <= {
        "seats_taken",
        "hold_exists",
    }
    await asyncio.gather(*(buyer.http.aclose() for buyer in buyers))


async def test_sixty_parallel_orders_with_one_key_are_one_order_and_one_charge(system: RunningSystem) -> None:
    event_id = await some_event(system, 2)
    async with await new_buyer(system) as buyer:
        hold = await buyer.hold(event_id, (await buyer.available_seats(event_id))[:2])
        before = await system.payments_summary()
        key = str(uuid.uuid4())
        waves = [[buyer.order(hold.json()["id"], key=key) for _ in range(30)] for _ in range(2)]
        answers = []
        for wave in waves:  # the gateway lets a burst of 40 through
            answers += await asyncio.gather(*wave)
            await asyncio.sleep(2)
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.content for answer in answers}) == 1
        order = await buyer.settled(answers[0].json()["id"])
        assert order["status"] == "confirmed"
        after = await system.payments_summary()
        assert after["charged_count"] == before["charged_count"] + 1


@pytest.mark.parametrize(
    ("card", "reason"), [("tok_declined", "card_declined"), ("tok_insufficient_funds", "insufficient_funds")]
)
async def test_a_refused_card_frees_the_seats_and_says_why(
    system: RunningSystem, card: str, reason: str
) -> None:
    event_id = await some_event(system, 3)
    async with await new_buyer(system) as buyer:
        wanted = (await buyer.available_seats(event_id))[:2]
        hold = await buyer.hold(event_id, wanted)
        order = await buyer.settled((await buyer.order(hold.json()["id"], card)).json()["id"])
        assert (order["status"], order["reason"]) == ("declined", reason)
        assert await buyer.tickets(order["id"]) == []
        again = await buyer.hold(event_id, wanted)
        assert again.status_code == 201, again.text


async def test_payments_down_compensates_opens_the_breaker_and_recovers(system: RunningSystem) -> None:
    event_id = await some_event(system, 4)
    async with await new_buyer(system) as buyer:
        wanted = (await buyer.available_seats(event_id))[:1]
        await system.set_faults("payments", error_rate=1.0)
        try:
            for _ in range(6):
                hold = await buyer.hold(event_id, wanted, replace=True)
                assert hold.status_code == 201, hold.text
                order = await buyer.settled((await buyer.order(hold.json()["id"])).json()["id"])
                assert (order["status"], order["reason"]) == ("declined", "payment_unavailable")
                if (await system.status())["breakers"]["payments"] != "closed":
                    break
            # It is half-open two seconds after it opened, and asking takes a moment.
            assert (await system.status())["breakers"]["payments"] in {"open", "half-open"}
        finally:
            await system.set_faults("payments")
        deadline = time.monotonic() + 60
        while (await system.status())["breakers"]["payments"] != "closed" and time.monotonic() < deadline:
            hold = await buyer.hold(event_id, wanted, replace=True)
            if hold.status_code == 201:
                order = await buyer.settled((await buyer.order(hold.json()["id"])).json()["id"])
                if order["status"] == "confirmed":
                    wanted = (await buyer.available_seats(event_id))[5:6]
            await asyncio.sleep(1)
        assert (await system.status())["breakers"]["payments"] == "closed"


async def test_the_tickets_are_in_the_mailbox(system: RunningSystem) -> None:
    event_id = await some_event(system, 5)
    async with Api(system.address) as buyer:
        email = await buyer.sign_up()
        hold = await buyer.hold(event_id, (await buyer.available_seats(event_id))[:1])
        order = await buyer.settled((await buyer.order(hold.json()["id"])).json()["id"])
        assert order["status"] == "confirmed"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            page = await buyer.http.get(
                f"{system.address}/mailbox", params={"to": email}, follow_redirects=True
            )
            assert page.status_code == 200
            if email in page.text:
                return
            await asyncio.sleep(0.5)
        pytest.fail("the e-mail with the tickets never came")
