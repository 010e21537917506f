"""Charging a card and looking the charge up."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from partners.payments.tests.merchant import Merchant, charge_body, new_key, problem

pytestmark = pytest.mark.integration
NOBODY = "019a0000-0000-7000-8000-000000000000"


async def test_a_good_card_is_charged(merchant: Merchant) -> None:
    answer = await merchant.charge(amount_cents=2500, currency="EUR", reference="order-7")
    assert answer.status_code == 201
    charge = answer.json()
    assert uuid.UUID(charge.pop("id")).version == 7
    assert abs(datetime.now(UTC) - datetime.fromisoformat(charge.pop("created_at"))) < timedelta(minutes=1)
    assert charge == {
        "status": "approved",
        "amount_cents": 2500,
        "currency": "EUR",
        "refunded_cents": 0,
        "reference": "order-7",
    }


@pytest.mark.parametrize(
    ("card", "code"), [("tok_declined", "card_declined"), ("tok_insufficient_funds", "insufficient_funds")]
)
async def test_a_bad_card_is_refused_and_remembered(merchant: Merchant, card: str, code: str) -> None:
    key = new_key()
    assert problem(await merchant.charge(key, card_token=card)) == (402, code)
    (charge,) = await merchant.found(key)
    assert (charge["status"], charge["refunded_cents"]) == ("declined", 0)


@pytest.mark.parametrize("card", ["tok_unknown", "4242424242424242", "tok_VISA", "x" * 100])
async def test_an_unknown_card_is_refused_and_leaves_nothing(merchant: Merchant, card: str) -> None:
    key = new_key()
    answer = await merchant.charge(key, card_token=card)
    assert problem(answer) == (422, "unknown_card")
    assert card not in answer.text
    assert await merchant.found(key) == []
    assert (await merchant.charge(key)).status_code == 201


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_cents": 0},
        {"amount_cents": -1},
        {"amount_cents": 100_000_001},
        {"amount_cents": 2500.0},
        {"amount_cents": 25.5},
        {"amount_cents": "2500"},
        {"amount_cents": True},
        {"amount_cents": None},
        {"currency": "eur"},
        {"currency": "EURO"},
        {"currency": "ABC"},
        {"currency": "JPY"},
        {"currency": 978},
        {"card_token": ""},
        {"card_token": "tok visa"},
        {"card_token": "x" * 101},
        {"card_token": "tok_visa\n"},
        {"reference": ""},
        {"reference": "órdago"},
        {"surprise": 1},
    ],
    ids=str,
)
async def test_wrong_values_are_refused(merchant: Merchant, changes: dict[str, Any]) -> None:
    key = new_key()
    assert problem(await merchant.charge(key, **changes)) == (422, "invalid_request")
    assert await merchant.found(key) == []


@pytest.mark.parametrize("field", ["amount_cents", "currency", "card_token", "reference"])
async def test_missing_values_are_refused(merchant: Merchant, field: str) -> None:
    body = {name: value for name, value in charge_body().items() if name != field}
    answer = await merchant.post("/v1/charges", body)
    assert problem(answer) == (422, "invalid_request")
    assert [error["location"] for error in answer.json()["errors"]] == [f"body.{field}"]


@pytest.mark.parametrize("amount_cents", [1, 100_000_000])
async def test_the_bounds_of_an_amount_are_within(merchant: Merchant, amount_cents: int) -> None:
    assert (await merchant.charged(amount_cents=amount_cents))["amount_cents"] == amount_cents


async def test_a_key_is_needed_and_must_be_one(merchant: Merchant) -> None:
    missing = await merchant.http.post("/v1/charges", json=charge_body())
    assert problem(missing) == (400, "idempotency_key_missing")
    for key in ("", "two words", "k" * 256):
        assert problem(
            await merchant.http.post("/v1/charges", json=charge_body(), headers={"Idempotency-Key": key})
        ) == (400, "idempotency_key_invalid")


async def test_a_charge_is_found_by_its_key_and_by_its_id(merchant: Merchant) -> None:
    key = new_key()
    charge = (await merchant.charge(key)).json()
    assert await merchant.found(key) == [charge]
    assert (await merchant.http.get(f"/v1/charges/{charge['id']}")).json() == charge


async def test_what_is_not_there_is_not_found(merchant: Merchant) -> None:
    assert await merchant.found(new_key()) == []
    assert problem(await merchant.http.get(f"/v1/charges/{NOBODY}")) == (404, "charge_not_found")
    assert problem(await merchant.http.get("/v1/charges/none")) == (404, "not_found")


@pytest.mark.parametrize(
    "query", ["", "?idempotency_key=", "?idempotency_key=a%20b", f"?idempotency_key={'k' * 256}"]
)
async def test_a_look_up_needs_a_key(merchant: Merchant, query: str) -> None:
    assert problem(await merchant.http.get(f"/v1/charges{query}")) == (422, "invalid_request")


async def test_the_summary_counts_approved_charges_and_refunds(own_merchant: Merchant) -> None:
    nothing = {"charged_count": 0, "charged_cents": 0, "refunded_count": 0, "refunded_cents": 0}
    assert await own_merchant.summary() == nothing
    first = await own_merchant.charged(amount_cents=100_000_000)
    for _ in range(30):
        await own_merchant.charged(amount_cents=100_000_000)  # together more than 32 bits hold
    await own_merchant.charge(card_token="tok_declined")
    await own_merchant.refund(first["id"], 1)
    await own_merchant.refund(first["id"], 99)
    assert await own_merchant.summary() == {
        "charged_count": 31,
        "charged_cents": 3_100_000_000,
        "refunded_count": 2,
        "refunded_cents": 100,
    }
