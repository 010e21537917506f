"""Whatever buyers and the saga do, in whatever order: one live ticket a seat, and books that add up.

A model that fits on a page says what each step must answer; the database must agree after every step.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxoffice.settlement.schemas import Decline, Refund
from services.boxoffice.tests.house import House, Shop, numbered, order_request, outcome

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]
SEATS = [f"stalls-A-{number}" for number in range(1, 5)]
BUYERS = ["ana", "ben", "eva"]
buyers = st.sampled_from(BUYERS)
wishes = st.lists(st.sampled_from(SEATS), min_size=1, max_size=3, unique=True)
nth = st.integers(0, 3)
steps = st.one_of(
    *(st.tuples(st.just(taking), buyers, wishes) for taking in ("hold", "replace")),
    *(st.tuples(st.just(leaving), buyers) for leaving in ("release", "order", "order")),
    *(st.tuples(st.just(ending), nth) for ending in ("confirm", "confirm", "decline", "expire", "refund")),
)


@dataclass
class Model:
    """Who has which seats. `holds` by buyer; `orders` as `[status, seats]` in the order of their placing."""

    holds: dict[str, set[str]] = field(default_factory=dict)
    orders: list[list[Any]] = field(default_factory=list)

    def sold(self) -> set[str]:
        return {seat for status, seats in self.orders if status in {"pending", "confirmed"} for seat in seats}

    def hold(self, buyer: str, seats: list[str]) -> str:
        return "hold_exists" if buyer in self.holds else self.replace(buyer, seats)

    def replace(self, buyer: str, seats: list[str]) -> str:
        held = {seat for other, theirs in self.holds.items() if other != buyer for seat in theirs}
        if set(seats) & (self.sold() | held):
            return "seats_taken"
        self.holds[buyer] = set(seats)
        return "done"

    def release(self, buyer: str) -> str:
        return "done" if self.holds.pop(buyer, None) else "hold_not_found"

    def order(self, buyer: str) -> str:
        if buyer not in self.holds:
            return "hold_not_found"
        self.orders.append(["pending", self.holds.pop(buyer)])
        return "done"

    def end(self, ending: str, number: int) -> str:
        order = self.orders[number]
        match ending, order[0]:
            case "confirm", "pending":
                order[0] = "confirmed"
            case "confirm", status if status != "confirmed":
                return "order_not_pending"
            case "decline", "pending":
                order[0] = "declined"
            case "expire", "pending":
                order[0] = "expired"
            case "refund", "pending":
                return "order_not_pending"
            case "refund", _:
                order[0] = "refunded"
        return "done"


@dataclass
class Reality:
    """The same steps through the service."""

    shop: Shop
    event_id: UUID
    holds: dict[str, UUID] = field(default_factory=dict)
    orders: list[UUID] = field(default_factory=list)

    async def hold(self, buyer: str, seats: list[str]) -> None:
        self.holds[buyer] = (await self.shop.holds.create(self.event_id, buyer, numbered(*seats))).id

    async def replace(self, buyer: str, seats: list[str]) -> None:
        wanted = numbered(*seats, replace=True)
        self.holds[buyer] = (await self.shop.holds.create(self.event_id, buyer, wanted)).id

    async def release(self, buyer: str) -> None:
        await self.shop.holds.release(self.holds.get(buyer, self.event_id), buyer)

    async def order(self, buyer: str) -> None:
        request = order_request(self.holds.get(buyer, self.event_id))
        await self.shop.orders.place(buyer, str(uuid.uuid4()), request)
        query = "SELECT id FROM orders WHERE event_id = $1 ORDER BY id DESC LIMIT 1"
        self.orders.append(await self.shop.house.value(query, self.event_id))

    async def end(self, ending: str, number: int) -> None:
        order_id, settlement = self.orders[number], self.shop.settlement
        charge = f"ch_{order_id}"
        match ending:
            case "confirm":
                await settlement.confirm(order_id, charge)
            case "decline":
                await settlement.decline(order_id, Decline(reason="card_declined"))
            case "expire":
                await settlement.expire(order_id)
            case "refund":
                await settlement.refund(order_id, Refund(charge_id=charge, refund_id=f"re_{order_id}"))


TRUTH = """
SELECT (SELECT array_agg(status ORDER BY id) FROM orders WHERE event_id = $1) AS statuses,
       (SELECT array_agg(id ORDER BY id) FROM seat WHERE event_id = $1 AND order_id IS NOT NULL) AS sold,
       (SELECT array_agg(seat.id ORDER BY seat.id) FROM seat JOIN hold ON hold.id = seat.hold_id
        WHERE seat.event_id = $1 AND held_until > now()) AS held,
       (SELECT array_agg(seat_id ORDER BY seat_id) FROM ticket
        WHERE event_id = $1 AND status = 'live') AS ticketed,
       (SELECT count(*) FROM (SELECT sum(amount_cents) FROM ledger_entry JOIN orders ON orders.id = order_id
        WHERE event_id = $1 GROUP BY transaction_id HAVING sum(amount_cents) <> 0) unbalanced) AS unbalanced,
       (SELECT coalesce(sum(amount_cents), 0) FROM ledger_entry JOIN orders ON orders.id = order_id
        WHERE event_id = $1 AND account = 'payments_receivable') AS receivable_cents
"""


async def check(house: House, event_id: UUID, model: Model) -> None:
    """Hold the database against the model."""
    async with house.database.transaction() as connection:
        truth = await connection.fetchrow(TRUTH, event_id)
    confirmed = [seat for status, seats in model.orders if status == "confirmed" for seat in seats]
    assert (truth["statuses"] or []) == [status for status, _ in model.orders]
    assert (truth["sold"] or []) == sorted(model.sold())
    assert (truth["held"] or []) == sorted(seat for seats in model.holds.values() for seat in seats)
    assert (truth["ticketed"] or []) == sorted(confirmed)  # as a list: a seat twice would show
    assert truth["unbalanced"] == 0
    assert truth["receivable_cents"] == 2500 * len(confirmed)


@given(taken=st.lists(steps, min_size=10, max_size=40))
@settings(max_examples=60, deadline=None, derandomize=True)
async def test_the_database_agrees_with_the_model(house: House, taken: list[tuple[Any, ...]]) -> None:
    shop, event_id = Shop(house), await house.event()
    model, reality = Model(), Reality(shop, event_id)
    for name, *arguments in taken:
        if hasattr(model, name):
            expected = getattr(model, name)(*arguments)
            answer = await outcome(getattr(reality, name)(*arguments))
        elif arguments[0] < len(model.orders):
            expected = model.end(name, arguments[0])
            answer = await outcome(reality.end(name, arguments[0]))
        else:
            continue
        assert answer == expected, (name, arguments)
        await check(house, event_id, model)
