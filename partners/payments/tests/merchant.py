"""A merchant of the payment provider, and how its answers are looked at."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

from payments.app import Services, create_app
from payments.charges.bank import DECISIONS, Decision
from payments.charges.service import Charges
from payments.settings import PaymentsSettings

API_KEY = "partner-key-of-the-tests"
SLOW_S = 1.0
# The bank of the tests: as documented, but the late success comes sooner.
QUICKER = {**DECISIONS, "tok_timeout": Decision(after_s=SLOW_S)}


class Merchant:
    """Somebody with the key. `app` is the service, for tests that look behind it."""

    def __init__(self, http: httpx.AsyncClient, app: FastAPI) -> None:
        self.http = http
        self.app = app

    @property
    def services(self) -> Services:
        services: Services = self.app.state.services
        return services

    async def charge(self, key: str | None = None, **changes: Any) -> httpx.Response:
        return await self.post("/v1/charges", charge_body(**changes), key)

    async def charged(self, **changes: Any) -> dict[str, Any]:
        """Charge and return the approved charge."""
        answer = await self.charge(**changes)
        assert answer.status_code == 201, answer.text
        charge: dict[str, Any] = answer.json()
        return charge

    async def refund(self, charge_id: str, amount_cents: int, key: str | None = None) -> httpx.Response:
        return await self.post(f"/v1/charges/{charge_id}/refunds", {"amount_cents": amount_cents}, key)

    async def post(self, path: str, body: Any, key: str | None = None) -> httpx.Response:
        return await self.http.post(path, json=body, headers={"Idempotency-Key": key or new_key()})

    async def found(self, key: str) -> list[dict[str, Any]]:
        """Look a charge up by its key."""
        answer = await self.http.get("/v1/charges", params={"idempotency_key": key})
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def summary(self) -> dict[str, int]:
        answer = await self.http.get("/v1/summary")
        assert answer.status_code == 200, answer.text
        totals: dict[str, int] = answer.json()
        return totals

    async def execute(self, statement: str, *values: Any) -> None:
        """Change the provider's database behind its back."""
        async with self.services.database.transaction() as connection:
            await connection.execute(statement, *values)


@asynccontextmanager
async def serving(
    settings: PaymentsSettings, decisions: Mapping[str, Decision] = QUICKER
) -> AsyncIterator[Merchant]:
    """Run the service, without a network."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=transport, base_url="http://payments", headers={"Authorization": f"Bearer {API_KEY}"}
        ) as http,
    ):
        merchant = Merchant(http, app)
        merchant.services.charges = Charges(merchant.services.database, decisions)
        yield merchant


def charge_body(**changes: Any) -> dict[str, Any]:
    body = {"amount_cents": 2500, "currency": "EUR", "card_token": "tok_visa", "reference": "order-1"}
    return body | changes


def new_key() -> str:
    return f"key-{uuid.uuid4()}"


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal, after checking that it is a problem document."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.json()["status"] == answer.status_code
    return answer.status_code, answer.json()["code"]
