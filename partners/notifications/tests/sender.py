"""Somebody who has e-mails sent, and how answers and e-mails are looked at."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

from notifications.app import Services, create_app
from notifications.settings import NotificationsSettings

API_KEY = "partner-key-of-the-tests"
SENDER = "taquilla@example.com"
PUBLIC_URL = "https://taquilla.example"


class Sender:
    """Somebody with the key. `app` is the service, for tests that look behind it."""

    def __init__(self, http: httpx.AsyncClient, app: FastAPI) -> None:
        self.http = http
        self.app = app

    @property
    def services(self) -> Services:
        services: Services = self.app.state.services
        return services

    async def send(self, body: Any, key: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": key or new_key()}
        return await self.http.post("/v1/emails", json=body, headers=headers)

    async def fetch(self, query: str, *values: Any) -> Any:
        """Look at one value behind the service's back, or change it."""
        async with self.services.database.transaction() as connection:
            return await connection.fetchval(query, *values)


@asynccontextmanager
async def serving(settings: NotificationsSettings) -> AsyncIterator[Sender]:
    """Run the service, without a network in front of it."""
    app = create_app(settings)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=transport, base_url="http://partner", headers={"Authorization": f"Bearer {API_KEY}"}
        ) as http,
    ):
        yield Sender(http, app)


class Mailbox:
    """What the emulator's SES has taken."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def of(self, address: str) -> list[dict[str, Any]]:
        """Return the e-mails to an address, the oldest first."""
        async with httpx.AsyncClient() as http:
            answer = await http.get(f"{self._url}/_ministack/ses/messages")
        sent = [mail for mails in answer.json()["messages"].values() for mail in mails]
        return [mail for mail in sent if address in mail["To"]]


def new_key() -> str:
    return f"key-{uuid.uuid4()}"


def new_address() -> str:
    return f"ana-{uuid.uuid4().hex[:12]}@example.com"


def numbered_ticket(**changes: Any) -> dict[str, Any]:
    """A ticket for a seat; `qr` is as long as real ones are."""
    ticket = {
        "id": str(uuid.uuid4()),
        "qr": f"TQ1.{uuid.uuid4().hex[:22]}.{'Zx9_-' * 17}A",
        "section": {"es": "Platea", "en": "Stalls"},
        "row": "C",
        "number": 12,
        "price_cents": 4550,
    }
    return ticket | changes


def standing_ticket(**changes: Any) -> dict[str, Any]:
    """A ticket for a place without a number."""
    return numbered_ticket(section={"es": "Pista", "en": "Floor"}, row=None, number=731) | changes


def event(**changes: Any) -> dict[str, Any]:
    described = {
        "title": {"es": "El último faro", "en": "The Last Lighthouse"},
        "starts_at": "2026-12-04T19:30:00Z",
        "venue": "Teatro de la Ría",
        "city": "Bilbao",
        "time_zone": "Europe/Madrid",
    }
    return described | changes


def email_body(**changes: Any) -> dict[str, Any]:
    """A request for an e-mail; an `event` among the changes replaces that of the order."""
    order = {
        "id": "019a2b3c-0000-7000-8000-00000000000a",
        "total_cents": 9100,
        "currency": "EUR",
        "event": changes.pop("event", event()),
    }
    body = {
        "template": "tickets",
        "to": new_address(),
        "name": "Ana García",
        "locale": "es",
        "order": order,
        "tickets": [numbered_ticket(), standing_ticket()],
    }
    return body | changes


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal, after checking that it is a problem document."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.json()["status"] == answer.status_code
    return answer.status_code, answer.json()["code"]
