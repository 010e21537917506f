from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from boxoffice.books.repository import read_books
from boxoffice.holds.schemas import HoldRequest
from boxoffice.holds.service import HoldNotFound, Holds
from boxoffice.orders.schemas import Order, OrderRequest
from boxoffice.orders.service import HoldExpired, Orders
from boxoffice.outbox.relay import Relay
from boxoffice.reconcile.service import Reconciler
from boxoffice.settlement.schemas import Decline, Refund
from boxoffice.settlement.service import OrderNotPending, Settlement
from boxoffice.tickets.service import Tickets
from boxoffice.tickets.signing import TicketSigner, verify
from portico_kit.errors import Unavailable
from portico_kit.idempotency import IdempotencyKeyReused, IdempotencyStore, StoredResponse
from portico_kit.ids import new_id
from portico_kit.postgres import Connection
from portico_kit.settings import DatabaseSettings

from .conftest import SIGNING_KEY, House, document

pytestmark = pytest.mark.integration


class RecordedExecutions:
    """Stands where Step Functions is: starts each name once, and can be away."""

    def __init__(self) -> None:
        self.started: list[tuple[str, dict[str, Any]]] = []
        self.away = False
        self.statuses: dict[str, str] = {}

    async def start(self, name: str, content: dict[str, Any]) -> None:
        if self.away:
            raise Unavailable
        if name not in {started for started, _ in self.started}:
            self.started.append((name, content))

    async def status(self, name: str) -> str | None:
        return self.statuses.get(name)

    def names(self, order_id: UUID) -> list[str]:
        return [name for name, content in self.started if content["orderId"] == str(order_id)]


class Programme:
    """Stands where the event documents are."""

    async def document(self, event_id: UUID) -> dict[str, Any]:
        return {**document("any"), "id": str(event_id)}


class Shop:
    """The capabilities wired to one database, with the buyer's way through them."""

    def __init__(self, house: House, *, deadline_s: int = 120, keys: IdempotencyStore | None = None) -> None:
        self.house = house
        self.executions: Any = RecordedExecutions()
        self.relay = Relay(house.database, self.executions)
        signer = TicketSigner(SIGNING_KEY)
        programme: Any = Programme()
        self.holds = Holds(house.database, ttl_s=600)
        self.orders = Orders(house.database, deadline_s=deadline_s, relay=self.relay, keys=keys)
        self.settlement = Settlement(house.database, programme, signer)
        self.reconciler = Reconciler(house.database, self.executions, self.settlement, execution_grace_s=0)
        self.tickets = Tickets(house.database, signer)

    async def order(self, event_id: UUID, *seats: str, buyer: str = "ana") -> Order:
        hold = await self.holds.create(event_id, buyer, HoldRequest(seats=list(seats)))
        stored = await self.orders.place(buyer, str(uuid.uuid4()), request(hold.id))
        return Order.model_validate_json(stored.body)

    async def status(self, order: Order, buyer: str = "ana") -> tuple[str, str | None]:
        found = await self.orders.find(buyer, order.id)
        return found.status, found.reason

    async def carry_all(self) -> None:
        while await self.relay.carry():
            pass

    async def books(self) -> dict[str, Any]:
        return await read_books(DatabaseSettings.model_validate({"database_url": self.house.url}))


def request(hold_id: UUID, card: str = "tok_visa") -> OrderRequest:
    return OrderRequest(hold_id=hold_id, card_token=card, locale="en")


@pytest.fixture
def shop(house: House) -> Shop:
    return Shop(house)


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


def test_a_changed_code_is_not_ours() -> None:
    signer = TicketSigner(SIGNING_KEY)
    ticket_id = new_id()
    qr = signer.qr(ticket_id)
    assert verify(signer.public_key, qr) == ticket_id
    other = signer.qr(new_id())
    forged = ".".join((*other.split(".")[:2], qr.split(".")[2]))
    for code in (forged, qr[:-4], qr.replace("TQ1", "TQ2"), "TQ1.a.b", ""):
        assert verify(signer.public_key, code) is None


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


async def test_sixty_parallel_orders_with_one_key_are_one(shop: Shop, event_id: UUID) -> None:
    hold = await shop.holds.create(event_id, "ana", HoldRequest(seats=["stalls-A-1"]))
    key = str(uuid.uuid4())
    answers = await asyncio.gather(*(shop.orders.place("ana", key, request(hold.id)) for _ in range(60)))
    assert len({answer.body for answer in answers}) == 1
    await shop.carry_all()
    assert len(shop.executions.names(UUID(orjson.loads(answers[0].body)["id"]))) == 1


class Forgetful(IdempotencyStore):
    """The control: a store that remembers nothing."""

    async def begin(self, connection: Connection, scope: str, key: str, hashed: bytes) -> StoredResponse | None:
        return None


async def test_control_without_the_store_the_answers_differ(house: House, event_id: UUID) -> None:
    shop = Shop(house, keys=Forgetful())
    hold = await shop.holds.create(event_id, "ana", HoldRequest(seats=["stalls-A-1"]))
    key = str(uuid.uuid4())
    attempts = (shop.orders.place("ana", key, request(hold.id)) for _ in range(10))
    answers = await asyncio.gather(*attempts, return_exceptions=True)
    kinds = Counter(type(answer) for answer in answers)
    assert kinds[StoredResponse] == 1
    assert kinds[HoldNotFound] == 9  # the buyer would be told that the purchase failed, and it did not


async def test_a_key_with_another_request_is_refused(shop: Shop, event_id: UUID) -> None:
    hold = await shop.holds.create(event_id, "ana", HoldRequest(seats=["stalls-A-1"]))
    await shop.orders.place("ana", "one-key", request(hold.id))
    with pytest.raises(IdempotencyKeyReused):
        await shop.orders.place("ana", "one-key", request(hold.id, card="tok_declined"))
    with pytest.raises(HoldNotFound):  # somebody else's key of the same name is another key
        await shop.orders.place("ben", "one-key", request(hold.id))


async def test_an_order_needs_a_live_hold_of_ones_own(house: House, event_id: UUID) -> None:
    shop = Shop(house)
    shop.holds = Holds(house.database, ttl_s=1)
    hold = await shop.holds.create(event_id, "ana", HoldRequest(seats=["stalls-A-1"]))
    with pytest.raises(HoldNotFound):
        await shop.orders.place("ben", str(uuid.uuid4()), request(hold.id))
    await asyncio.sleep(1.1)
    with pytest.raises(HoldExpired):
        await shop.orders.place("ana", str(uuid.uuid4()), request(hold.id))


async def test_a_relay_that_dies_between_start_and_commit_starts_nothing_twice(shop: Shop, event_id: UUID) -> None:
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
                await shop.relay._outbox.add(connection, order.id, "reverse", f"{order.id}-reverse-{number}")
    for _ in range(8):
        await asyncio.gather(shop.relay.carry(), other.carry())
    for order in orders:
        expected = [str(order.id), *(f"{order.id}-reverse-{number}" for number in range(1, 4))]
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


async def test_an_order_past_its_deadline_expires_and_its_charge_is_looked_for(
    house: House, event_id: UUID
) -> None:
    shop = Shop(house, deadline_s=1)
    order = await shop.order(event_id, "stalls-A-1")
    await shop.carry_all()
    await asyncio.sleep(1.1)
    await shop.reconciler.reconcile()
    assert await shop.status(order) == ("expired", "deadline_passed")
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


async def test_the_card_is_forgotten_when_the_order_ends(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    await shop.settlement.confirm(order.id, "ch_1")
    async with shop.house.database.transaction() as connection:
        assert await connection.fetchval("SELECT card_token FROM orders WHERE id = $1", order.id) is None


async def test_the_ledger_refuses_what_does_not_add_up_and_what_rewrites_it(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    await shop.settlement.confirm(order.id, "ch_1")
    insert = "INSERT INTO ledger_entry VALUES ($1, $2, $3, 'fees', 1, 'EUR')"
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        async with shop.house.database.transaction() as connection:
            await connection.execute(insert, new_id(), new_id(), order.id)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        async with shop.house.database.transaction() as connection:
            await connection.execute("UPDATE ledger_entry SET amount_cents = 0 WHERE order_id = $1", order.id)
    # The control: without the trigger the same entry is accepted.
    connection = await asyncpg.connect(shop.house.url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("ALTER TABLE ledger_entry DISABLE TRIGGER ledger_balanced")
    await connection.execute(insert, new_id(), new_id(), order.id)
    await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    await transaction.rollback()
    await connection.close()


async def test_one_live_ticket_a_seat_is_the_databases_own_rule(shop: Shop, event_id: UUID) -> None:
    order = await shop.order(event_id, "stalls-A-1")
    await shop.settlement.confirm(order.id, "ch_1")
    with pytest.raises(asyncpg.UniqueViolationError):
        async with shop.house.database.transaction() as connection:
            await shop.settlement._tickets.issue(
                connection, order.id, "ben", event_id, [seat.model_dump() for seat in order.seats]
            )
