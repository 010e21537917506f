"""Every order ends: deadlines, lost executions, charges that nobody saw, e-mails that did not leave."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from boxoffice.orders.service import Orders
from boxoffice.reconcile.repository import ELECTION_LOCK
from boxoffice.settlement.schemas import Decline, Refund
from portico_kit.errors import Unavailable
from services.boxoffice.tests.house import Shop

pytestmark = pytest.mark.integration
UNKNOWN = Decline(reason="payment_unavailable", outcome_unknown=True)


async def test_an_order_past_its_deadline_expires_and_its_charge_is_looked_for(
    shop: Shop, event_id: UUID
) -> None:
    shop.orders = Orders(shop.house.database, deadline_s=1, relay=shop.relay)
    order = await shop.order(event_id, "stalls-A-1")
    await shop.carry_all()
    await asyncio.sleep(1.1)
    await shop.reconciler.reconcile()
    assert await shop.status(order) == ("expired", "deadline_passed")
    assert await shop.messages(order) == [f"{order.id}-reverse-{number}" for number in range(1, 5)]
    await shop.order(event_id, "stalls-A-1", buyer="ben")
    assert (await shop.books())["seats_of_ended_orders"] == 0


async def test_a_lost_execution_is_started_again_under_a_new_name(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    await shop.carry_all()
    shop.executions.statuses[str(order.id)] = "RUNNING"
    await shop.reconciler.reconcile()
    await shop.carry_all()
    assert shop.executions.names(order.id) == [str(order.id)]
    shop.executions.statuses[str(order.id)] = "FAILED"
    await shop.reconciler.reconcile()
    await shop.carry_all()
    assert shop.executions.names(order.id) == [str(order.id), f"{order.id}-retry-1"]
    retried = dict(shop.executions.started)[f"{order.id}-retry-1"]
    assert (retried["action"], retried["cardToken"]) == ("charge", "tok_visa")


async def test_a_deadline_holds_while_step_functions_is_away(shop: Shop, event_id: UUID) -> None:
    overdue = await shop.order(event_id, "stalls-A-1")
    suspect = await shop.order(event_id, "stalls-A-2", buyer="ben")
    await shop.carry_all()
    await shop.house.value("UPDATE orders SET deadline_at = now() WHERE id = $1", overdue.id)
    shop.executions.away = True
    with pytest.raises(Unavailable):
        await shop.reconciler.reconcile()
    assert await shop.status(overdue) == ("expired", "deadline_passed")
    assert await shop.status(suspect, "ben") == ("pending", None)


async def test_an_order_that_ended_meanwhile_is_not_started_again(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    await shop.carry_all()
    asked = shop.executions.status

    async def ends_meanwhile(name: str) -> str | None:
        await shop.settlement.confirm(order.id, "ch_1")
        return await asked(name)

    shop.executions.status = ends_meanwhile
    await shop.reconciler.reconcile()
    assert await shop.messages(order) == []


async def test_one_reconciler_works_at_a_time(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    await shop.house.value("UPDATE orders SET deadline_at = now() WHERE id = $1", order.id)
    async with shop.house.database.transaction() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock($1)", ELECTION_LOCK)
        assert await shop.reconciler.reconcile() is False
        assert await shop.status(order) == ("pending", None)
    await shop.reconciler.reconcile()
    assert await shop.status(order) == ("expired", "deadline_passed")


async def test_two_reconcilers_at_once_do_things_once(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    await shop.house.value("UPDATE orders SET deadline_at = now() WHERE id = $1", order.id)
    await asyncio.gather(*(shop.reconciler.reconcile() for _ in range(8)))
    assert [name for name in await shop.messages(order) if "-reverse-" in name] == [
        f"{order.id}-reverse-{number}" for number in range(1, 5)
    ]


async def test_tickets_that_were_not_mailed_are_mailed_again_a_few_times(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    await shop.settlement.confirm(order.id, "ch_1")
    await shop.settlement.notified(order.id, sent=False)
    for _ in range(8):
        await shop.carry_all()
        await shop.reconciler.reconcile()
    expected = [f"{order.id}-notify-{number}" for number in range(1, 7)]
    assert shop.executions.names(order.id) == expected
    again = dict(shop.executions.started)[expected[0]]
    assert (again["action"], again["chargeId"]) == ("notify", "ch_1")
    assert "cardToken" not in again


async def test_tickets_that_were_mailed_are_not_mailed_again(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    await shop.settlement.confirm(order.id, "ch_1")
    await shop.settlement.notified(order.id, sent=True)
    await shop.carry_all()
    await shop.reconciler.reconcile()
    assert await shop.messages(order) == []


async def looked_in_vain(shop: Shop, event_id: UUID) -> UUID:
    """An order with an unknown charge, whose scheduled looks all failed to get an answer."""
    order = await shop.order(event_id, "stalls-A-1")
    await shop.settlement.decline(order.id, UNKNOWN)
    await shop.make_due(order)
    for _ in range(6):
        await shop.relay.carry()
    assert shop.executions.names(order.id) == [f"{order.id}-reverse-{number}" for number in range(1, 5)]
    return order.id


async def test_a_charge_is_looked_for_until_somebody_answers(shop: Shop, event_id: UUID) -> None:
    order_id = await looked_in_vain(shop, event_id)
    await shop.settlement.reversal_checked(order_id)  # an early answer: it may still come
    for _ in range(2):
        await shop.reconciler.reconcile()
        await shop.carry_all()
    assert shop.executions.names(order_id)[-2:] == [f"{order_id}-reverse-5", f"{order_id}-reverse-6"]
    await shop.house.value(
        "UPDATE orders SET settled_at = now() - interval '2 hours' WHERE id = $1", order_id
    )
    await shop.settlement.reversal_checked(order_id)
    await shop.reconciler.reconcile()
    await shop.carry_all()
    assert len(shop.executions.names(order_id)) == 6


async def test_a_charge_that_was_given_back_is_no_longer_looked_for(shop: Shop, event_id: UUID) -> None:
    order_id = await looked_in_vain(shop, event_id)
    await shop.settlement.refund(order_id, Refund(charge_id="ch_1", refund_id="re_1"))
    await shop.reconciler.reconcile()
    await shop.carry_all()
    assert len(shop.executions.names(order_id)) == 4


async def test_nothing_was_sent_is_not_believed_of_an_order_that_was_started_again(
    shop: Shop, event_id: UUID
) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    await shop.carry_all()
    shop.executions.statuses[str(order.id)] = "FAILED"  # perhaps after it had charged the card
    await shop.reconciler.reconcile()
    await shop.carry_all()
    await shop.settlement.decline(order.id, Decline(reason="payment_unavailable"))
    assert len(await shop.messages(order)) == 4
