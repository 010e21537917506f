"""A key is 1 to 255 visible ASCII characters, and a request's hash does not depend on its spelling."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from portico_kit.idempotency import IdempotencyKey, request_hash


class Body(BaseModel):
    """An order."""

    hold_id: str
    card_token: str
    locale: str | None = None


@pytest.fixture
async def http(
    make_service: Callable[..., FastAPI], client_of: Callable[[FastAPI], httpx.AsyncClient]
) -> AsyncIterator[httpx.AsyncClient]:
    router = APIRouter()

    @router.post("/orders")
    async def create(key: IdempotencyKey) -> str:
        return key

    async with client_of(make_service(router)) as client:
        yield client


@pytest.mark.parametrize("key", ["a", "01a20d15-e23c", "~!" * 127])
async def test_a_good_key_is_taken(http: httpx.AsyncClient, key: str) -> None:
    assert (await http.post("/orders", headers={"idempotency-key": key})).json() == key


@pytest.mark.parametrize("key", [b"", b"a b", b"\xf1", b"a" * 256, b"a\tb"])
async def test_a_malformed_key_is_refused(http: httpx.AsyncClient, key: bytes) -> None:
    answer = await http.post("/orders", headers={b"idempotency-key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")


async def test_a_missing_key_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.post("/orders")
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


def test_the_hash_is_of_values_and_not_of_spelling() -> None:
    body = Body.model_validate_json('{"hold_id": "h", "card_token": "t"}')
    same = Body.model_validate_json('{"card_token":"t","hold_id":"h","locale":null}')
    assert request_hash("POST", "/orders", "s", body) == request_hash("POST", "/orders", "s", same)


def test_the_hash_tells_every_part_apart() -> None:
    body, other = Body(hold_id="h", card_token="t"), Body(hold_id="h", card_token="u")
    hashes = {
        request_hash("POST", "/orders", "s", body),
        request_hash("PUT", "/orders", "s", body),
        request_hash("POST", "/order", "ss", body),
        request_hash("POST", "/orders", "t", body),
        request_hash("POST", "/orders", "s", other),
    }
    assert len(hashes) == 5
