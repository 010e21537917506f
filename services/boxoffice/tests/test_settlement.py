"""How orders end: every step is taken once, however often it is asked for."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import UUID

import asyncpg
import pytest

from boxoffice.settlement.schemas import Decline, Refund
from boxoffice.settlement.service import OrderNotPending, OtherCharge
from boxoffice.tickets.signing import TicketSigner, verify
from services.boxoffice.tests.house import SIGNING_KEY, Shop, outcome

pytestmark = pytest.mark.integration


async def test_a_paid_order_has_its_tickets_and_its_ledger(shop: Shop, event_id: UUID) -> None:
    before = await shop.books()
    order = await shop.order(event_id, "stalls-A-1", "stalls-A-2")
    confirmed = await shop.settlement.confirm(order.id, "ch_1")
    assert await shop.status(order) == ("confirmed", None)
    tickets, _ = await shop.tickets.page("ana", limit=10, cursor=None, order_id=order.id)
    assert {ticket.seat_id for ticket in tickets} == {"stalls-A-1", "stalls-A-2"}
    key = TicketSigner(SIGNING_KEY).public_key
    assert {verify(key, ticket.qr) for ticket in tickets} == {ticket.id for ticket in tickets}
    assert {ticket.qr for ticket in confirmed.notification.tickets} == {ticket.qr for ticket in tickets}
    assert await shop.settlement.confirm(order.id, "ch_1") == confirmed  # a repeated step finds it done
    after = await shop.books()
    assert after["ledger_sum_cents"] == 0
    assert after["paid_cents"] == before["paid_cents"] + order.total_cents
    assert after["live_tickets"] == before["live_tickets"] + 2


async def test_a_declined_order_frees_its_seats(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    await shop.settlement.decline(order.id, Decline(reason="card_declined"))
    assert await shop.status(order) == ("declined", "card_declined")
    await shop.order(event_id, "stalls-A-1", buyer="ben")
    with pytest.raises(OrderNotPending) as refused:
        await shop.settlement.confirm(order.id, "ch_late")
    assert refused.value.members["order_status"] == "declined"


async def test_a_late_charge_is_recorded_and_refunded_once(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    await shop.carry_all()
    await shop.settlement.decline(order.id, Decline(reason="payment_unavailable", outcome_unknown=True))
    for _ in range(2):
        await shop.settlement.refund(order.id, Refund(charge_id="ch_1", refund_id="re_1"))
    assert await shop.status(order) == ("refunded", "late_charge_refunded")
    async with shop.house.database.transaction() as connection:
        query = "SELECT account, sum(amount_cents) FROM ledger_entry WHERE order_id = $1 GROUP BY account"
        balances = dict(await connection.fetch(query, order.id))
        waiting = await connection.fetchval("SELECT count(*) FROM outbox WHERE order_id = $1", order.id)
    assert balances == {"payments_receivable": 0, "suspense": 0}
    assert waiting == 4  # the looks for a late charge


async def test_a_refund_voids_tickets_and_puts_seats_on_sale(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    await shop.settlement.confirm(order.id, "ch_1")
    await shop.settlement.refund(order.id, Refund(charge_id="ch_1", refund_id="re_1"))
    assert (await shop.status(order))[0] == "refunded"
    (ticket,), _ = await shop.tickets.page("ana", limit=10, cursor=None, order_id=order.id)
    assert ticket.status == "void"
    again = await shop.order(event_id, "stalls-A-1", buyer="ben")
    await shop.settlement.confirm(again.id, "ch_2")
    assert (await shop.books())["duplicate_live_seats"] == 0


async def test_the_card_is_forgotten_when_the_order_ends(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    await shop.settlement.confirm(order.id, "ch_1")
    async with shop.house.database.transaction() as connection:
        assert await connection.fetchval("SELECT card_token FROM orders WHERE id = $1", order.id) is None


async def test_one_live_ticket_a_seat_is_the_databases_own_rule(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    await shop.settlement.confirm(order.id, "ch_1")
    with pytest.raises(asyncpg.UniqueViolationError):
        async with shop.house.database.transaction() as connection:
            await shop.settlement._tickets.issue(
                connection, order.id, "ben", event_id, [seat.model_dump() for seat in order.seats]
            )


async def test_a_refund_of_another_charge_does_not_end_the_order(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    await shop.settlement.confirm(order.id, "ch_1")
    with pytest.raises(OrderNotPending):
        await shop.settlement.confirm(order.id, "ch_2")
    with pytest.raises(OtherCharge):
        await shop.settlement.refund(order.id, Refund(charge_id="ch_2", refund_id="re_2"))
    assert await shop.status(order) == ("confirmed", None)


async def test_a_pending_order_cannot_be_refunded(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    with pytest.raises(OrderNotPending):
        await shop.settlement.refund(order.id, Refund(charge_id="ch_1", refund_id="re_1"))
    assert await shop.status(order) == ("pending", None)


async def test_parallel_endings_have_one_winner(shop: Shop, event_id: UUID) -> None:
    for round_number in range(5):
        order = await shop.order(event_id, f"stalls-A-{round_number + 1}")
        steps = [shop.settlement.confirm(order.id, "ch_1") for _ in range(4)]
        declines = [shop.settlement.decline(order.id, Decline(reason="card_declined")) for _ in range(4)]
        expiries = [shop.settlement.expire(order.id) for _ in range(4)]
        outcomes = Counter(await asyncio.gather(*map(outcome, [*steps, *declines, *expiries])))
        status, _ = await shop.status(order)
        assert outcomes["order_not_pending"] == (0 if status == "confirmed" else 4)
        entries = await shop.house.value("SELECT count(*) FROM ledger_entry WHERE order_id = $1", order.id)
        tickets = await shop.house.value("SELECT count(*) FROM ticket WHERE order_id = $1", order.id)
        assert (entries, tickets) == ((3, 1) if status == "confirmed" else (0, 0))


async def test_a_step_of_an_unknown_order_is_not_found(shop: Shop, event_id: UUID) -> None:
    assert await outcome(shop.settlement.confirm(event_id, "ch_1")) == "order_not_found"
    assert await outcome(shop.settlement.reversal_checked(event_id)) == "order_not_found"
