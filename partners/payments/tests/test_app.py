"""The service as a whole: its document, its key, its faults, its health, its migrations."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from partners.payments.tests.conftest import MIGRATIONS
from partners.payments.tests.merchant import API_KEY, Merchant, charge_body, new_key, problem, serving
from payments.app import describe
from payments.settings import PaymentsSettings
from portico_kit.errors import Unavailable
from portico_kit.migrations import run_migrations
from portico_kit.telemetry import JsonFormatter

COMMITTED = Path(__file__).parents[1] / "openapi.json"
NOBODY = "019a0000-0000-7000-8000-000000000000"
OPERATIONS: list[tuple[str, str, Any]] = [
    ("POST", "/v1/charges", charge_body()),
    ("GET", "/v1/charges?idempotency_key=k", None),
    ("GET", f"/v1/charges/{NOBODY}", None),
    ("POST", f"/v1/charges/{NOBODY}/refunds", {"amount_cents": 1}),
    ("GET", "/v1/summary", None),
]


def test_the_committed_document_is_current() -> None:
    assert json.loads(COMMITTED.read_text()) == describe(), "run: python -m payments openapi > openapi.json"


def test_every_operation_has_a_name_and_needs_the_key() -> None:
    operations = [operation for item in describe()["paths"].values() for operation in item.values()]
    names = {operation["operationId"] for operation in operations}
    assert names == {"createCharge", "findCharges", "getCharge", "createRefund", "getSummary"}
    assert all(operation["security"] for operation in operations)


@pytest.mark.integration
@pytest.mark.parametrize(("method", "path", "body"), OPERATIONS, ids=[path for _, path, _ in OPERATIONS])
@pytest.mark.parametrize("credentials", ["", "Bearer wrong", f"Basic {API_KEY}", f"Bearer {API_KEY}x"])
async def test_strangers_are_refused_before_anything_else(
    merchant: Merchant, method: str, path: str, body: Any, credentials: str
) -> None:
    answer = await merchant.http.request(method, path, json=body, headers={"Authorization": credentials})
    assert problem(answer) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.integration
@pytest.mark.parametrize(
    ("content", "content_type", "expected"),
    [
        (b"{", "application/json", (400, "malformed_json")),
        (b"[]", "application/json", (422, "invalid_request")),
        (b"", "application/json", (422, "invalid_request")),
        (b"a=b", "application/x-www-form-urlencoded", (415, "unsupported_media_type")),
        (b'"' + b"a" * 70_000 + b'"', "application/json", (413, "request_too_large")),
    ],
)
async def test_bodies_that_are_none_are_refused(
    merchant: Merchant, content: bytes, content_type: str, expected: tuple[int, str]
) -> None:
    headers = {"Content-Type": content_type, "Idempotency-Key": new_key()}
    answer = await merchant.http.post("/v1/charges", content=content, headers=headers)
    assert problem(answer) == expected


@pytest.mark.integration
async def test_unknown_addresses_and_methods_are_refused(merchant: Merchant) -> None:
    assert problem(await merchant.http.get("/v1/nothing")) == (404, "not_found")
    assert problem(await merchant.http.delete("/v1/charges")) == (405, "method_not_allowed")


@pytest.mark.integration
async def test_faults_exist_only_where_they_are_enabled(
    merchant: Merchant, settings: PaymentsSettings
) -> None:
    assert problem(await merchant.http.get("/faults")) == (404, "not_found")
    assert problem(await merchant.http.put("/faults", json={"error_rate": 1})) == (404, "not_found")
    async with serving(settings.model_copy(update={"faults_enabled": True})) as breakable:
        assert (await breakable.http.put("/faults", json={"error_rate": 1})).status_code == 200
        assert problem(await breakable.charge()) == (503, "unavailable")
        assert (await breakable.http.put("/faults", json={})).status_code == 200
        assert (await breakable.charge()).status_code == 201
    assert (await merchant.charge()).status_code == 201


@pytest.mark.integration
async def test_a_charge_whose_answer_was_dropped_is_found_by_its_key(settings: PaymentsSettings) -> None:
    key = new_key()
    async with serving(settings.model_copy(update={"faults_enabled": True})) as breakable:
        await breakable.http.put("/faults", json={"drop_after_commit": True})
        dropped = await breakable.charge(key)
        assert dropped.headers["content-length"] != str(len(dropped.content))  # a real server breaks off here
        await breakable.http.put("/faults", json={})
        (charge,) = await breakable.found(key)
        assert (await breakable.charge(key)).json() == charge


@pytest.mark.integration
async def test_it_is_ready_while_its_database_answers(merchant: Merchant) -> None:
    assert (await merchant.http.get("/health/live")).status_code == 200
    assert (await merchant.http.get("/health/ready")).status_code == 200


@pytest.mark.integration
async def test_migrating_again_changes_nothing(merchant: Merchant, settings: PaymentsSettings) -> None:
    before = await merchant.summary()
    await asyncio.to_thread(run_migrations, settings.database_url, MIGRATIONS)
    assert await merchant.summary() == before


@pytest.mark.integration
async def test_neither_cards_nor_keys_are_logged(
    merchant: Merchant, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await merchant.charge()
        await merchant.charge(card_token="tok_declined")
        await merchant.charge(card_token="tok_unknown_to_all")
        await merchant.http.get("/v1/summary", headers={"Authorization": "Bearer somebody-else"})
    lines = "\n".join(JsonFormatter({}).format(record) for record in caplog.records)
    assert '"answered"' in lines  # the control: there is something to read
    secrets = ("tok_visa", "tok_declined", "tok_unknown_to_all", API_KEY, "somebody-else")
    assert [secret for secret in secrets if secret in lines] == []


@pytest.mark.integration
async def test_without_its_database_it_does_not_start(
    settings: PaymentsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portico_kit.postgres.pool.OPEN_ATTEMPTS", 1)
    nowhere = SecretStr("postgresql://payments@127.0.0.1:1/payments")
    with pytest.raises(Unavailable):
        async with serving(settings.model_copy(update={"database_url": nowhere})):
            pass
