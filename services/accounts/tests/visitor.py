"""A visitor of the service, and how its answers are looked at."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from portico_kit.aws import AwsClients

SIGN_UP_CODE, RESET_CODE = "123456", "654321"  # what the emulator always sends
ADDRESS_HEADER = "x-envoy-external-address"
INTERNAL_TOKEN = "internal-token-of-the-tests"
PASSWORD, OTHER_PASSWORD, WRONG_PASSWORD = "Correct-horse-1", "Battery-staple-2", "Wrong-password-9"
VOLATILE_HEADERS = {"x-request-id", "date"}
addresses = (f"198.51.{high}.{low}" for high in itertools.count() for low in range(1, 255))


@dataclass
class Visitor:
    """Somebody at an address of their own, with the tokens of their session."""

    http: httpx.AsyncClient
    address: str = field(default_factory=lambda: next(addresses))
    email: str = field(default_factory=lambda: f"visitor-{uuid.uuid4().hex[:12]}@example.com")
    tokens: dict[str, Any] = field(default_factory=dict)

    async def post(self, operation: str, body: Any, **headers: str) -> httpx.Response:
        sent = {ADDRESS_HEADER: self.address, **headers}
        return await self.http.post(f"/api/accounts/{operation}", json=body, headers=sent)

    async def sign_up(self, email: str | None = None, **changes: Any) -> httpx.Response:
        body = {"email": email or self.email, "password": PASSWORD, "name": "Ana Prueba", "locale": "es"}
        return await self.post("signup", body | changes)

    async def confirm(self, code: str = SIGN_UP_CODE) -> httpx.Response:
        return await self.post("confirm", {"email": self.email, "code": code})

    async def sign_in(self, password: str = PASSWORD) -> httpx.Response:
        answer = await self.post("login", {"email": self.email, "password": password})
        if answer.status_code == 200:
            self.tokens = answer.json()
        return answer

    async def refresh(self) -> httpx.Response:
        return await self.post("refresh", {"refresh_token": self.tokens["refresh_token"]})

    async def sign_out(self) -> httpx.Response:
        return await self.post("logout", {"refresh_token": self.tokens["refresh_token"]}, **self.bearer())

    async def me(self) -> httpx.Response:
        return await self.http.get("/api/accounts/me", headers=self.bearer())

    async def change(self, body: Any) -> httpx.Response:
        return await self.http.patch("/api/accounts/me", json=body, headers=self.bearer())

    async def registered(self) -> Visitor:
        """Sign up, confirm and sign in."""
        assert (await self.sign_up()).status_code == 202
        assert (await self.confirm()).status_code == 204
        assert (await self.sign_in()).status_code == 200
        return self

    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens['access_token']}"}


NewVisitor = Callable[[], Visitor]
Mails = Callable[[str], Awaitable[list[str]]]


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and stable code of a problem document."""
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    assert answer.json()["status"] == answer.status_code
    return answer.status_code, answer.json()["code"]


def face(answer: httpx.Response) -> tuple[int, str, list[tuple[str, str]]]:
    """Everything that a visitor can see of an answer, without what differs each time."""
    headers = [(name, value) for name, value in answer.headers.items() if name not in VOLATILE_HEADERS]
    correlation_id = answer.headers["x-request-id"]
    return answer.status_code, answer.text.replace(correlation_id, "-"), sorted(headers)


async def age_codes(aws: AwsClients, table: str, *, seconds: int) -> None:
    """Move every moment at which a code was asked for into the past."""
    found = await aws.dynamodb.scan(
        TableName=table,
        FilterExpression="sk = :asked",
        ExpressionAttributeValues={":asked": {"S": "asked"}},
    )
    for item in found["Items"]:
        await aws.dynamodb.update_item(
            TableName=table,
            Key={"pk": item["pk"], "sk": item["sk"]},
            UpdateExpression="ADD asked_at :back",
            ExpressionAttributeValues={":back": {"N": str(-seconds)}},
        )
