"""Money goes back once for each key, and never more than was charged."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from partners.payments.tests.merchant import SLOW_S, Merchant, new_key, problem
from payments.charges.repository import ChargeRepository
from portico_kit.postgres import Connection

pytestmark = pytest.mark.integration
NOBODY = "019a0000-0000-7000-8000-000000000000"
PARALLEL = 30


async def test_a_charge_goes_back_in_parts_until_nothing_is_left(merchant: Merchant) -> None:
    charge = await merchant.charged(amount_cents=1000)
    first = await merchant.refund(charge["id"], 400)
    assert first.status_code == 201
    assert first.json() | {"id": "-", "created_at": "-"} == {
        "id": "-",
        "charge_id": charge["id"],
        "amount_cents": 400,
        "created_at": "-",
    }
    too_much = await merchant.refund(charge["id"], 601)
    assert problem(too_much) == (422, "refund_exceeds_charge")
    assert too_much.json()["refundable_cents"] == 600
    assert (await merchant.refund(charge["id"], 600)).status_code == 201
    assert problem(await merchant.refund(charge["id"], 1)) == (422, "refund_exceeds_charge")
    found = (await merchant.http.get(f"/v1/charges/{charge['id']}")).json()
    assert found == charge | {"refunded_cents": 1000}


async def test_a_repetition_gets_the_same_answer_and_no_more_money(merchant: Merchant) -> None:
    charge, key = await merchant.charged(amount_cents=1000), new_key()
    first = await merchant.refund(charge["id"], 1000, key)
    again = await merchant.refund(charge["id"], 1000, key)
    assert (again.status_code, again.content) == (201, first.content)
    assert (await merchant.http.get(f"/v1/charges/{charge['id']}")).json()["refunded_cents"] == 1000


async def test_a_key_belongs_to_one_refund(merchant: Merchant) -> None:
    charge, other, key = await merchant.charged(), await merchant.charged(), new_key()
    assert (await merchant.refund(charge["id"], 100, key)).status_code == 201
    assert problem(await merchant.refund(charge["id"], 101, key)) == (422, "idempotency_key_reused")
    assert problem(await merchant.refund(other["id"], 100, key)) == (422, "idempotency_key_reused")
    assert (await merchant.http.get(f"/v1/charges/{other['id']}")).json()["refunded_cents"] == 0


async def test_one_key_for_many_charges_at_once_is_one_refund(merchant: Merchant) -> None:
    charges, key = [await merchant.charged(amount_cents=100) for _ in range(PARALLEL)], new_key()
    answers = await asyncio.gather(*(merchant.refund(charge["id"], 100, key) for charge in charges))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 422: PARALLEL - 1}
    found = [(await merchant.http.get(f"/v1/charges/{charge['id']}")).json() for charge in charges]
    assert sum(charge["refunded_cents"] for charge in found) == 100


@pytest.mark.parametrize("amount", [0, -1, 1.5, "1", None, 100_000_001], ids=str)
async def test_wrong_amounts_are_refused(merchant: Merchant, amount: Any) -> None:
    charge = await merchant.charged()
    assert problem(await merchant.refund(charge["id"], amount)) == (422, "invalid_request")


async def test_a_charge_that_is_not_there_cannot_go_back(merchant: Merchant) -> None:
    assert problem(await merchant.refund(NOBODY, 1)) == (404, "charge_not_found")
    assert problem(await merchant.refund("none", 1)) == (404, "not_found")


async def test_a_refund_needs_a_key(merchant: Merchant) -> None:
    charge = await merchant.charged()
    answer = await merchant.http.post(f"/v1/charges/{charge['id']}/refunds", json={"amount_cents": 1})
    assert problem(answer) == (400, "idempotency_key_missing")


async def test_a_refused_charge_cannot_go_back(merchant: Merchant) -> None:
    key = new_key()
    await merchant.charge(key, card_token="tok_declined")
    (charge,) = await merchant.found(key)
    assert problem(await merchant.refund(charge["id"], 1)) == (409, "charge_not_approved")


async def test_a_late_success_can_go_back_once_it_is_one(merchant: Merchant) -> None:
    key, refund_key = new_key(), new_key()
    waiting = asyncio.create_task(merchant.charge(key, card_token="tok_timeout"))
    await asyncio.sleep(SLOW_S / 4)
    (charge,) = await merchant.found(key)
    assert problem(await merchant.refund(charge["id"], 2500, refund_key)) == (409, "charge_not_approved")
    await waiting
    # The refusal was not the key's last word: nothing had been done under it.
    assert (await merchant.refund(charge["id"], 2500, refund_key)).status_code == 201


async def race(merchant: Merchant) -> tuple[Counter[int], int]:
    """Ask for a whole charge back thirty times at once; count the answers and the cents."""
    charge = await merchant.charged(amount_cents=1000)
    answers = await asyncio.gather(*(merchant.refund(charge["id"], 1000) for _ in range(PARALLEL)))
    refunded_cents = (await merchant.summary())["refunded_cents"]
    return Counter(answer.status_code for answer in answers), refunded_cents


class Unlocked(ChargeRepository):
    """The repository with its guard off. The pause lets everybody look before anybody acts."""

    async def lock(self, connection: Connection, charge_id: Any) -> Any:
        found = await self.find(connection, charge_id)
        await asyncio.sleep(0.2)
        return found


async def test_thirty_at_once_give_the_money_back_once(own_merchant: Merchant) -> None:
    assert await race(own_merchant) == (Counter({201: 1, 422: PARALLEL - 1}), 1000)


async def test_without_the_lock_the_table_still_refuses(own_merchant: Merchant) -> None:
    own_merchant.services.refunds._charges = Unlocked()
    statuses, refunded_cents = await race(own_merchant)
    assert (statuses[201], refunded_cents) == (1, 1000)
    assert statuses[500] > 0  # but as an accident, which is why there is a lock


async def test_the_control_without_both_guards_too_much_goes_back(own_merchant: Merchant) -> None:
    own_merchant.services.refunds._charges = Unlocked()
    await own_merchant.execute("ALTER TABLE charge DROP CONSTRAINT charge_is_not_refunded_twice")
    statuses, refunded_cents = await race(own_merchant)
    assert statuses[201] > 1
    assert refunded_cents > 1000
