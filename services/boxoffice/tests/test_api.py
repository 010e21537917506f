"""The API as clients meet it: what it answers, to whom, and how it refuses. Never a 5xx for bad input."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from boxoffice.tickets.signing import TicketSigner, verify
from services.boxoffice.tests.api import Caller, refusal
from services.boxoffice.tests.house import SIGNING_KEY

pytestmark = pytest.mark.integration
NOBODY = "019a0000-0000-7000-8000-000000000000"
PRIVATE = "private, no-store"


async def test_a_purchase_from_hold_to_ticket(caller: Caller, sale: str) -> None:
    held = await caller("POST", f"/api/events/{sale}/holds", {"seats": ["stalls-A-1", "stalls-A-2"]})
    assert held.status_code == 201
    hold = held.json()
    assert held.headers["location"] == f"/api/holds/{hold['id']}"
    assert (await caller("GET", held.headers["location"])).json() == hold
    accepted = await caller.order(hold["id"])
    assert accepted.status_code == 202
    order = accepted.json()
    assert (order["status"], order["reason"], order["total_cents"]) == ("pending", None, 5000)
    assert (await caller("GET", accepted.headers["location"])).json() == order
    confirmed = await caller.inside(f"{order['id']}/confirm", {"charge_id": "ch_1"})
    assert confirmed.status_code == 200
    notification = confirmed.json()["notification"]
    assert (notification["template"], notification["locale"]) == ("tickets", "es")
    tickets = (await caller("GET", "/api/tickets", params={"order_id": order["id"]})).json()["items"]
    assert [ticket["seat_id"] for ticket in tickets] == ["stalls-A-2", "stalls-A-1"]
    key = TicketSigner(SIGNING_KEY).public_key
    assert all(str(verify(key, ticket["qr"])) == ticket["id"] for ticket in tickets)
    assert {ticket["qr"] for ticket in notification["tickets"]} == {ticket["qr"] for ticket in tickets}
    assert (await caller.inside(f"{order['id']}/notified", {"outcome": "ok"})).json() == {
        "status": "confirmed"
    }
    assert "charge_id" not in (await caller("GET", f"/api/orders/{order['id']}")).json()


async def test_standing_places_are_held_by_number(caller: Caller, sale: str) -> None:
    answer = await caller("POST", f"/api/events/{sale}/holds", {"section": "floor", "quantity": 2})
    assert answer.status_code == 201
    assert [seat["row"] for seat in answer.json()["seats"]] == [None, None]
    assert (await caller("DELETE", f"/api/holds/{answer.json()['id']}")).status_code == 204
    assert refusal(await caller("GET", f"/api/holds/{answer.json()['id']}")) == (404, "hold_not_found")


async def test_what_has_a_subject_is_not_stored_by_anybody(caller: Caller, sale: str) -> None:
    hold = await caller.hold(sale, "stalls-B-1")
    order = await caller.order(hold["id"])
    answers = [
        order,
        await caller("GET", f"/api/orders/{order.json()['id']}"),
        await caller("GET", "/api/orders"),
        await caller("GET", "/api/tickets"),
        await caller("POST", f"/api/events/{sale}/holds", {"seats": ["stalls-B-2"]}),
    ]
    answers.append(await caller("GET", f"/api/holds/{answers[-1].json()['id']}"))
    answers.append(await caller("DELETE", f"/api/holds/{answers[-2].json()['id']}"))
    assert {answer.headers["cache-control"] for answer in answers} == {PRIVATE}
    assert all(answer.is_success for answer in answers)


async def test_nobody_sees_what_is_anothers(caller: Caller, other: Caller, sale: str) -> None:
    hold = await caller.hold(sale, "stalls-C-1")
    path = f"/api/holds/{hold['id']}"
    assert refusal(await other("GET", path)) == (404, "hold_not_found")
    assert refusal(await other("DELETE", path)) == (404, "hold_not_found")
    assert refusal(await other.order(hold["id"])) == (404, "hold_not_found")
    order = (await caller.order(hold["id"])).json()
    assert refusal(await other("GET", f"/api/orders/{order['id']}")) == (404, "order_not_found")
    await caller.inside(f"{order['id']}/confirm", {"charge_id": "ch_1"})
    assert (await other("GET", "/api/orders")).json() == {"items": [], "next_cursor": None}
    params = {"order_id": order["id"]}
    assert (await other("GET", "/api/tickets", params=params)).json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("token", [None, "", "nonsense", "a.b.c"])
async def test_without_a_good_token_nothing_private_answers(
    http: httpx.AsyncClient, sale: str, token: str | None
) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    requests = [
        ("POST", f"/api/events/{sale}/holds", {"seats": ["stalls-A-1"]}),
        ("GET", f"/api/holds/{NOBODY}", None),
        ("DELETE", f"/api/holds/{NOBODY}", None),
        ("POST", "/api/orders", {"hold_id": NOBODY, "card_token": "tok_visa"}),
        ("GET", "/api/orders", None),
        ("GET", f"/api/orders/{NOBODY}", None),
        ("GET", "/api/tickets", None),
        ("POST", f"/internal/orders/{NOBODY}/confirm", {"charge_id": "ch_1"}),
    ]
    for method, path, body in requests:
        answer = await http.request(method, path, json=body, headers=headers)
        assert refusal(answer) == (401, "unauthenticated"), path


@pytest.mark.parametrize("operation", ["confirm", "decline", "refund", "reversal-checked", "notified"])
async def test_a_buyers_token_opens_no_internal_operation(caller: Caller, operation: str) -> None:
    answer = await caller.inside(f"{NOBODY}/{operation}", {}, secret=caller.token())
    assert refusal(answer) == (401, "unauthenticated")


BAD_HOLDS: dict[str, tuple[Any, int, str]] = {
    "neither": ({}, 422, "invalid_request"),
    "no seats": ({"seats": []}, 422, "invalid_request"),
    "both": ({"seats": ["stalls-D-1"], "section": "floor", "quantity": 1}, 422, "invalid_request"),
    "half": ({"section": "floor"}, 422, "invalid_request"),
    "twice": ({"seats": ["stalls-D-1", "stalls-D-1"]}, 422, "invalid_request"),
    "eleven": ({"seats": [f"stalls-D-{number}" for number in range(1, 12)]}, 422, "invalid_request"),
    "foreign": ({"seats": ["stalls-D-1", "nowhere-Z-99"]}, 422, "unknown_seats"),
    "standing by name": ({"seats": ["floor-1"]}, 422, "unknown_seats"),
    "numbered by number": ({"section": "stalls", "quantity": 1}, 422, "unknown_seats"),
    "no such section": ({"section": "moon", "quantity": 1}, 422, "unknown_seats"),
    "negative": ({"section": "floor", "quantity": -1}, 422, "invalid_request"),
    "huge": ({"section": "floor", "quantity": 10**30}, 422, "invalid_request"),
    "a number for a seat": ({"seats": [7]}, 422, "invalid_request"),
    "NUL": ({"seats": ["a\0b"]}, 422, "invalid_request"),
    "a long name": ({"seats": ["a" * 1000]}, 422, "invalid_request"),
    "unknown member": ({"seats": ["stalls-D-1"], "price_cents": 1}, 422, "invalid_request"),
    "an array": ([], 422, "invalid_request"),
}


@pytest.mark.parametrize("case", BAD_HOLDS)
async def test_a_bad_hold_is_refused_and_holds_nothing(
    caller: Caller, other: Caller, sale: str, case: str
) -> None:
    body, *expected = BAD_HOLDS[case]
    answer = await caller("POST", f"/api/events/{sale}/holds", body)
    assert refusal(answer) == tuple(expected)
    hold = await other.hold(sale, "stalls-D-1")
    await other("DELETE", f"/api/holds/{hold['id']}")


@pytest.mark.parametrize("unknown", [NOBODY, "not-an-id", "%00", "a" * 300, "%F0%9F%98%80"])
async def test_an_unknown_event_is_not_found(caller: Caller, unknown: str) -> None:
    for path in (f"/api/events/{unknown}", f"/api/events/{unknown}/seats"):
        assert (await caller("GET", path)).status_code == 404
    answer = await caller("POST", f"/api/events/{unknown}/holds", {"seats": ["stalls-A-1"]})
    assert answer.status_code == 404
    if unknown == NOBODY:
        assert refusal(answer) == (404, "event_not_found")
        assert refusal(await caller("GET", f"/api/events/{NOBODY}/seats")) == (404, "event_not_found")


async def test_conflicts_name_what_is_in_the_way(caller: Caller, other: Caller, sale: str) -> None:
    hold = await caller.hold(sale, "stalls-E-1")
    path = f"/api/events/{sale}/holds"
    again = await caller("POST", path, {"seats": ["stalls-E-2"]})
    assert refusal(again) == (409, "hold_exists")
    assert again.json()["hold_id"] == hold["id"]
    taken = await other("POST", path, {"seats": ["stalls-E-1", "stalls-E-2"]})
    assert refusal(taken) == (409, "seats_taken")
    assert taken.json()["seats"] == ["stalls-E-1"]
    replaced = await caller("POST", path, {"seats": ["stalls-E-2"], "replace": True})
    assert replaced.status_code == 201


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, (400, "idempotency_key_missing")),
        ({"Idempotency-Key": ""}, (400, "idempotency_key_invalid")),
        ({"Idempotency-Key": "a b"}, (400, "idempotency_key_invalid")),
        ({"Idempotency-Key": "a" * 256}, (400, "idempotency_key_invalid")),
    ],
)
async def test_an_order_needs_a_good_key(
    caller: Caller, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    body = {"hold_id": NOBODY, "card_token": "tok_visa"}
    assert refusal(await caller("POST", "/api/orders", body, headers=headers)) == expected


@pytest.mark.parametrize(
    "body",
    [
        {"card_token": "4111111111111111"},
        {"card_token": ""},
        {"card_token": 7},
        {"card_token": "tok_" + "a" * 100},
        {"locale": "fr"},
        {"total_cents": 1},
        {"hold_id": "x"},
        {"hold_id": None},
    ],
)
async def test_a_bad_order_is_refused_and_the_hold_stays(
    caller: Caller, sale: str, body: dict[str, Any]
) -> None:
    hold = await caller.hold(sale, "stalls-F-1")
    assert refusal(await caller.order(hold["id"], **body)) == (422, "invalid_request")
    assert (await caller("GET", "/api/orders")).json()["items"] == []
    assert (await caller("DELETE", f"/api/holds/{hold['id']}")).status_code == 204


async def test_the_same_key_gives_the_same_answer(caller: Caller, sale: str) -> None:
    hold = await caller.hold(sale, "stalls-G-1")
    key = str(uuid.uuid4())
    first = await caller.order(hold["id"], key=key)
    await caller.inside(f"{first.json()['id']}/confirm", {"charge_id": "ch_1"})
    again = await caller.order(hold["id"], key=key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["location"] == first.headers["location"]
    other_card = await caller.order(hold["id"], key=key, card_token="tok_declined")
    assert refusal(other_card) == (422, "idempotency_key_reused")
    assert len((await caller("GET", "/api/orders")).json()["items"]) == 1


@pytest.mark.parametrize(
    ("content", "content_type", "expected"),
    [
        (b'{"seats": [', "application/json", (400, "malformed_json")),
        (b'{"seats": ["\xff"]}', "application/json", (400, "malformed_json")),
        (b"seats=1", "application/x-www-form-urlencoded", (415, "unsupported_media_type")),
        (b'"' + b"a" * 2_000_000 + b'"', "application/json", (413, "request_too_large")),
        (b"", "application/json", (422, "invalid_request")),
    ],
)
async def test_a_body_that_is_no_request_is_refused(
    caller: Caller, sale: str, content: bytes, content_type: str, expected: tuple[int, str]
) -> None:
    headers = {"Content-Type": content_type}
    for path in (f"/api/events/{sale}/holds", "/api/orders"):
        answer = await caller("POST", path, content=content, headers={**headers, "Idempotency-Key": "a"})
        assert refusal(answer) == expected


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "limit=1e9", "cursor=x", "cursor=" + "a" * 2000]
)
@pytest.mark.parametrize("path", ["/api/events", "/api/orders", "/api/tickets"])
async def test_a_bad_page_is_refused(caller: Caller, path: str, query: str) -> None:
    status, code = refusal(await caller("GET", f"{path}?{query}"))
    assert (status, code in {"invalid_request", "invalid_cursor"}) == (422, True)


async def test_the_sagas_refusals_have_the_codes_that_it_knows(caller: Caller, sale: str) -> None:
    hold = await caller.hold(sale, "stalls-H-1")
    order = (await caller.order(hold["id"])).json()["id"]
    declined = await caller.inside(f"{order}/decline", {"reason": "card_declined"})
    assert declined.json() == {"status": "declined"}
    late = await caller.inside(f"{order}/confirm", {"charge_id": "ch_1"})
    assert refusal(late) == (409, "order_not_pending")
    assert refusal(await caller.inside(f"{NOBODY}/confirm", {"charge_id": "ch_1"})) == (
        404,
        "order_not_found",
    )
    assert refusal(await caller.inside(f"{order}/decline", {"reason": "No!"})) == (422, "invalid_request")
    assert (await caller.inside(f"{order}/reversal-checked")).json() == {"status": "declined"}
    refunded = await caller.inside(f"{order}/refund", {"charge_id": "ch_1", "refund_id": "re_1"})
    assert refunded.json() == {"status": "refunded"}
    found = (await caller("GET", f"/api/orders/{order}")).json()
    assert (found["status"], found["reason"]) == ("refunded", "late_charge_refunded")
