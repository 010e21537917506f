"""Bad input through the gateway: a 4xx with a stable code, never a 5xx, and nothing changed."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from tests.api import Api, event_ids, problem_code
from tests.fixtures.system import RunningSystem

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

NOBODY = "019a0000-0000-7000-8000-000000000000"
HOLD_CASES: list[tuple[str, Any, int, str]] = [
    ("no seats", {"seats": []}, 422, "invalid_request"),
    ("neither seats nor section", {}, 422, "invalid_request"),
    (
        "seats and section",
        {"seats": ["stalls-A-1"], "section": "stalls", "quantity": 1},
        422,
        "invalid_request",
    ),
    ("foreign seat", {"seats": ["nowhere-Z-99"]}, 422, "unknown_seats"),
    ("seat of the wrong type", {"seats": [7]}, 422, "invalid_request"),
    ("NUL in a seat", {"seats": ["a\u0000b"]}, 422, "invalid_request"),
    ("seats of the wrong type", {"seats": "stalls-A-1"}, 422, "invalid_request"),
    ("eleven seats", {"seats": [f"stalls-A-{number}" for number in range(1, 12)]}, 422, "invalid_request"),
    ("duplicate seats", {"seats": ["stalls-A-1", "stalls-A-1"]}, 422, "invalid_request"),
    ("negative quantity", {"section": "floor", "quantity": -1}, 422, "invalid_request"),
    ("no quantity", {"section": "floor", "quantity": 0}, 422, "invalid_request"),
    ("huge quantity", {"section": "floor", "quantity": 10**30}, 422, "invalid_request"),
    ("an array", [], 422, "invalid_request"),
    ("null", None, 422, "invalid_request"),
]


@pytest.fixture(scope="session")
async def buyer(system: RunningSystem) -> Api:
    visitor = Api(system.address)
    await visitor.sign_up()
    return visitor


@pytest.fixture(scope="session")
async def event_id(buyer: Api) -> str:
    events = await event_ids(buyer)
    return events[sorted(events)[6]]


@pytest.mark.parametrize(("case", "body", "status", "code"), HOLD_CASES, ids=[case[0] for case in HOLD_CASES])
async def test_a_bad_hold_is_refused_and_holds_nothing(
    buyer: Api, event_id: str, case: str, body: Any, status: int, code: str
) -> None:
    before = await buyer.available_seats(event_id)
    answer = await buyer.post(f"/api/events/{event_id}/holds", body)
    assert (answer.status_code, problem_code(answer)) == (status, code), f"{case}: {answer.text}"
    assert await buyer.available_seats(event_id) == before


@pytest.mark.parametrize("unknown", [NOBODY, "not-an-id", "%00", "a" * 300])
async def test_an_unknown_event_is_not_found(buyer: Api, unknown: str) -> None:
    for path in (f"/api/events/{unknown}", f"/api/events/{unknown}/seats"):
        answer = await buyer.get(path)
        assert answer.status_code in {400, 404, 422}, answer.text
        problem_code(answer)
    answer = await buyer.post(f"/api/events/{unknown}/holds", {"seats": ["stalls-A-1"]})
    assert answer.status_code in {400, 404, 422}


async def test_an_order_needs_a_key_a_hold_and_a_card(buyer: Api, event_id: str) -> None:
    hold = await buyer.hold(event_id, (await buyer.available_seats(event_id))[:1], replace=True)
    body = {"hold_id": hold.json()["id"], "card_token": "tok_visa"}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    missing = await buyer.post("/api/orders", body)
    assert (missing.status_code, problem_code(missing)) == (400, "idempotency_key_missing")
    unknown = await buyer.post("/api/orders", {**body, "hold_id": NOBODY}, headers=key)
    assert (unknown.status_code, problem_code(unknown)) == (404, "hold_not_found")
    no_card = await buyer.post("/api/orders", {"hold_id": body["hold_id"]}, headers={"Idempotency-Key": "a"})
    assert (no_card.status_code, problem_code(no_card)) == (422, "invalid_request")
    assert (await buyer.get("/api/orders")).json()["items"] == []


async def test_a_key_used_with_another_body_is_refused(buyer: Api, event_id: str) -> None:
    hold = await buyer.hold(event_id, (await buyer.available_seats(event_id))[:1], replace=True)
    key = str(uuid.uuid4())
    first = await buyer.order(hold.json()["id"], "tok_visa", key)
    assert first.status_code == 202
    other = await buyer.order(hold.json()["id"], "tok_declined", key)
    assert (other.status_code, problem_code(other)) == (422, "idempotency_key_reused")
    same = await buyer.order(hold.json()["id"], "tok_visa", key)
    assert (same.status_code, same.content) == (202, first.content)
    await buyer.settled(first.json()["id"])


async def test_somebody_elses_hold_and_order_do_not_exist_for_you(
    system: RunningSystem, event_id: str
) -> None:
    async with Api(system.address) as owner, Api(system.address) as stranger:
        await owner.sign_up()
        await stranger.sign_up()
        hold = (await owner.hold(event_id, (await owner.available_seats(event_id))[:1])).json()["id"]
        assert (await stranger.get(f"/api/holds/{hold}")).status_code == 404
        assert (await stranger.request("DELETE", f"/api/holds/{hold}")).status_code == 404
        assert (await stranger.order(hold)).status_code == 404
        order = (await owner.order(hold)).json()["id"]
        assert (await stranger.get(f"/api/orders/{order}")).status_code == 404
        await owner.settled(order)
        assert (await stranger.get("/api/tickets")).json()["items"] == []


RAW_CASES = [
    ("malformed JSON", b'{"seats": [', "application/json", 400, "malformed_json"),
    ("not UTF-8", b'{"seats": ["\xff"]}', "application/json", 400, "malformed_json"),
    ("wrong content type", b"seats=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    (
        "two megabytes",
        b'{"seats": ["' + b"a" * 2_000_000 + b'"]}',
        "application/json",
        413,
        "request_too_large",
    ),
]


@pytest.mark.parametrize(
    ("case", "body", "kind", "status", "code"), RAW_CASES, ids=[case[0] for case in RAW_CASES]
)
async def test_a_body_that_is_no_request_is_refused(
    buyer: Api, event_id: str, case: str, body: bytes, kind: str, status: int, code: str
) -> None:
    answer = await buyer.request(
        "POST", f"/api/events/{event_id}/holds", content=body, headers={"Content-Type": kind}
    )
    assert (answer.status_code, problem_code(answer)) == (status, code), f"{case}: {answer.text}"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api"),
        ("GET", "/api/"),
        ("GET", "/api/unknown"),
        ("GET", "/internal/users/x"),
        ("POST", "/api/../internal/orders/x/confirm"),
        ("POST", f"/internal/orders/{NOBODY}/confirm"),
        ("GET", "/api/health/ready"),
        ("PUT", "/faults"),
        ("PUT", "/api/faults"),
    ],
)
async def test_what_is_not_documented_does_not_exist(system: RunningSystem, method: str, path: str) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.request(method, system.address + path, headers={"Accept": "application/json"})
    assert answer.status_code in {403, 404, 405}, answer.text


@pytest.mark.parametrize("path", ["/api/orders", "/api/tickets", "/api/accounts/me", f"/api/holds/{NOBODY}"])
async def test_a_token_is_needed_where_the_document_says_so(system: RunningSystem, path: str) -> None:
    async with Api(system.address) as visitor:
        none = await visitor.get(path)
        assert (none.status_code, problem_code(none)) == (401, "unauthenticated")
        visitor.token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."
        forged = await visitor.get(path)
        assert (forged.status_code, problem_code(forged)) == (401, "unauthenticated")
