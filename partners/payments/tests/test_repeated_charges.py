"""The same key gives the same answer and one charge, whenever and however often it is sent."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from partners.payments.tests.merchant import SLOW_S, Merchant, charge_body, new_key, problem, serving
from payments.charges.bank import DECISIONS
from payments.charges.repository import ChargeRepository, NewCharge, StoredCharge
from payments.settings import PaymentsSettings
from portico_kit.postgres import Connection

pytestmark = pytest.mark.integration
PARALLEL = 60


@pytest.mark.parametrize("card", ["tok_visa", "tok_declined", "tok_insufficient_funds"])
async def test_a_repetition_gets_the_same_status_and_body(merchant: Merchant, card: str) -> None:
    key = new_key()
    first = await merchant.charge(key, card_token=card)
    again = await merchant.charge(key, card_token=card)
    assert (again.status_code, again.content) == (first.status_code, first.content)


async def test_a_later_refund_does_not_show_in_the_repeated_answer(merchant: Merchant) -> None:
    key = new_key()
    first = await merchant.charge(key)
    await merchant.refund(first.json()["id"], 100)
    assert (await merchant.charge(key)).content == first.content
    (charge,) = await merchant.found(key)
    assert charge["refunded_cents"] == 100  # the control: looking the charge up does show it


@pytest.mark.parametrize(
    "changes",
    [{"amount_cents": 2501}, {"currency": "USD"}, {"card_token": "tok_declined"}, {"reference": "order-2"}],
    ids=str,
)
async def test_a_key_belongs_to_one_request(merchant: Merchant, changes: dict[str, Any]) -> None:
    key = new_key()
    first = await merchant.charged(key=key)
    assert problem(await merchant.charge(key, **changes)) == (422, "idempotency_key_reused")
    assert await merchant.found(key) == [first]


async def test_the_order_of_the_body_does_not_matter(merchant: Merchant) -> None:
    key = new_key()
    first = await merchant.post("/v1/charges", charge_body(), key)
    turned = dict(reversed(charge_body().items()))
    assert (await merchant.post("/v1/charges", turned, key)).content == first.content


@pytest.mark.parametrize("card", ["tok_visa", "tok_declined"])
async def test_sixty_at_once_are_one_charge_and_one_answer(own_merchant: Merchant, card: str) -> None:
    key = new_key()
    answers = await asyncio.gather(*(own_merchant.charge(key, card_token=card) for _ in range(PARALLEL)))
    assert len({(answer.status_code, answer.content) for answer in answers}) == 1
    assert len(await own_merchant.found(key)) == 1
    assert (await own_merchant.summary())["charged_count"] == (1 if card == "tok_visa" else 0)


class Forgetful(ChargeRepository):
    """The repository with its guard off: no key is ever met again."""

    async def insert(self, connection: Connection, key: str, charge: NewCharge) -> StoredCharge | None:
        return await super().insert(connection, f"{key}/{charge.id}", charge)


async def test_the_control_sixty_without_the_guard_are_sixty_charges(own_merchant: Merchant) -> None:
    own_merchant.services.charges._charges = Forgetful()
    key = new_key()
    answers = await asyncio.gather(*(own_merchant.charge(key) for _ in range(PARALLEL)))
    assert len({answer.content for answer in answers}) == PARALLEL
    assert (await own_merchant.summary())["charged_count"] == PARALLEL


async def test_a_late_success_is_processing_at_once_and_approved_at_last(merchant: Merchant) -> None:
    key = new_key()
    waiting = asyncio.create_task(merchant.charge(key, card_token="tok_timeout"))
    await asyncio.sleep(SLOW_S / 4)
    (charge,) = await merchant.found(key)
    assert charge["status"] == "processing"
    answer = await waiting
    assert (answer.status_code, answer.json()["status"]) == (201, "approved")
    assert answer.json()["id"] == charge["id"]
    assert (await merchant.charge(key, card_token="tok_timeout")).content == answer.content


async def test_a_duplicate_of_a_charge_in_progress_waits_a_moment_and_is_told_to_ask_again(
    merchant: Merchant,
) -> None:
    key = new_key()
    waiting = asyncio.create_task(merchant.charge(key, card_token="tok_timeout"))
    await asyncio.sleep(SLOW_S / 10)
    started = time.monotonic()
    early = await merchant.charge(key, card_token="tok_timeout")
    assert 0.4 < time.monotonic() - started < 0.8
    assert problem(early) == (425, "charge_in_progress")
    assert early.headers["retry-after"] == "1"
    # Nearer to the end the wait is long enough, and the duplicate hears what the first one hears.
    late = await merchant.charge(key, card_token="tok_timeout")
    assert (late.status_code, late.content) == (201, (await waiting).content)


async def test_another_request_with_the_key_of_a_charge_in_progress_is_refused_at_once(
    merchant: Merchant,
) -> None:
    key = new_key()
    waiting = asyncio.create_task(merchant.charge(key, card_token="tok_timeout"))
    await asyncio.sleep(SLOW_S / 10)
    started = time.monotonic()
    other = await merchant.charge(key, card_token="tok_timeout", amount_cents=1)
    assert problem(other) == (422, "idempotency_key_reused")
    assert time.monotonic() - started < 0.3
    await waiting


async def test_a_charge_whose_process_died_settles_by_itself(own_settings: PaymentsSettings) -> None:
    key = new_key()
    async with serving(own_settings, DECISIONS) as first:  # the documented bank: half a minute
        waiting = asyncio.create_task(first.charge(key, card_token="tok_timeout"))
        while not await first.found(key):  # noqa: ASYNC110  the commit is what is waited for
            await asyncio.sleep(0.01)
        waiting.cancel()
    async with serving(own_settings, DECISIONS) as second:
        (charge,) = await second.found(key)
        assert (charge["status"], (await second.summary())["charged_count"]) == ("processing", 0)
        await second.execute("UPDATE charge SET settles_at = settles_at - interval '30 seconds'")
        (charge,) = await second.found(key)
        assert (charge["status"], (await second.summary())["charged_count"]) == ("approved", 1)
        assert (await second.charge(key, card_token="tok_timeout")).json() == charge
