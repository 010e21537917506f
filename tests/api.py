"""A client of the public API for tests. Every answer is held against the committed OpenAPI documents."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from tests.contract.documents import check_answer

TERMINAL = frozenset({"confirmed", "declined", "expired", "refunded"})
SIGN_UP_CODE = "123456"  # what the emulator's Cognito always sends


@dataclass
class Api:
    """A visitor of one running system; signed in once `token` is set."""

    address: str
    token: str | None = None
    refresh_token: str | None = None
    http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=30))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Send a request as this visitor and check the answer against its document."""
        headers = {
            **({"Authorization": f"Bearer {self.token}"} if self.token else {}),
            **arguments.pop("headers", {}),
        }
        response = await self.http.request(method, self.address + path, headers=headers, **arguments)
        check_answer(
            method,
            response.url.path,
            response.status_code,
            response.headers.get("content-type", ""),
            response.content,
        )
        return response

    async def get(self, path: str, **arguments: Any) -> httpx.Response:
        return await self.request("GET", path, **arguments)

    async def post(self, path: str, body: Any = None, **arguments: Any) -> httpx.Response:
        return await self.request("POST", path, json=body, **arguments)

    async def sign_in(self, email: str, password: str) -> Api:
        answer = await self.post("/api/accounts/login", {"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        self.token, self.refresh_token = answer.json()["access_token"], answer.json()["refresh_token"]
        return self

    async def sign_up(self) -> str:
        """Make a new confirmed buyer, sign in, and return the e-mail address."""
        email, password = f"buyer-{uuid.uuid4().hex[:12]}@example.com", new_password()
        account = {"email": email, "password": password, "name": "Ana Prueba", "locale": "es"}
        answer = await self.post("/api/accounts/signup", account)
        assert answer.status_code == 202, answer.text
        confirmed = await self.post("/api/accounts/confirm", {"email": email, "code": SIGN_UP_CODE})
        assert confirmed.status_code in {200, 204}, confirmed.text
        await self.sign_in(email, password)
        return email

    async def available_seats(self, event_id: str) -> list[str]:
        answer = await self.get(f"/api/events/{event_id}/seats")
        assert answer.status_code == 200, answer.text
        return [seat["id"] for seat in answer.json()["seats"] if seat["status"] == "available"]

    async def hold(self, event_id: str, seats: Sequence[str], **options: Any) -> httpx.Response:
        return await self.post(f"/api/events/{event_id}/holds", {"seats": list(seats), **options})

    async def order(self, hold_id: str, card: str = "tok_visa", key: str | None = None) -> httpx.Response:
        body = {"hold_id": hold_id, "card_token": card}
        return await self.post("/api/orders", body, headers={"Idempotency-Key": key or str(uuid.uuid4())})

    async def settled(self, order_id: str, timeout_s: float = 60) -> dict[str, Any]:
        """Follow an order to its terminal state and return it."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            answer = await self.get(f"/api/orders/{order_id}")
            assert answer.status_code == 200, answer.text
            order: dict[str, Any] = answer.json()
            if order["status"] in TERMINAL:
                return order
            await asyncio.sleep(0.2)
        raise AssertionError(f"order {order_id} is still pending after {timeout_s} s")

    async def tickets(self, order_id: str) -> list[dict[str, Any]]:
        answer = await self.get(f"/api/tickets?order_id={order_id}&limit=100")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


def new_password() -> str:
    """Return a random password that the pool's policy accepts."""
    return f"Aa1{secrets.token_urlsafe(18)}"


async def event_ids(api: Api) -> dict[str, str]:
    """Event ids by slug, over all pages."""
    found: dict[str, str] = {}
    cursor: str | None = None
    for _ in range(20):
        answer = await api.get("/api/events", params={"limit": 5, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        found |= {event["slug"]: event["id"] for event in answer.json()["items"]}
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found
    raise AssertionError("the pages of the event list do not end")


def problem_code(response: httpx.Response) -> str:
    """Return the stable code of a problem answer, after checking that it is one."""
    assert response.headers["content-type"].startswith("application/problem+json"), response.text
    problem = response.json()
    assert problem["status"] == response.status_code
    assert re.fullmatch(r"[a-z][a-z0-9_]*", problem["code"])
    code: str = problem["code"]
    return code
