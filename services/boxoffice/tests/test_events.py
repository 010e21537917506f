"""The programme and the seat map as the public reads them: in order, page by page, and cacheable."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from boxoffice.events.routes import has_tag
from boxoffice.events.schemas import Event, EventSummary
from boxoffice.inventory.schemas import SeatMap
from portico_kit.pagination import encode_cursor
from services.boxoffice.tests.api import Caller, refusal

pytestmark = pytest.mark.integration
SOME_ID = "019a0000-0000-7000-8000-000000000000"
SOME_TIME = "2030-01-01T00:00:00Z"


async def test_events_are_listed_in_the_order_of_time(http: httpx.AsyncClient) -> None:
    listed: list[dict[str, Any]] = []
    cursor, pages = "", 0
    while pages == 0 or cursor:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await http.get("/api/events", params=params)).json()
        listed += page["items"]
        cursor, pages = page["next_cursor"], pages + 1
    assert pages == 3
    starts = [event["starts_at"] for event in listed]
    assert len({event["id"] for event in listed}) == 5
    assert starts == sorted(starts)
    assert all(EventSummary.model_validate(event) for event in listed)
    assert all("map" not in event["venue"] and "sections" not in event for event in listed)


@pytest.mark.parametrize("limit", [5, 6, 100])
async def test_the_last_page_says_that_it_is_the_last(http: httpx.AsyncClient, limit: int) -> None:
    page = (await http.get("/api/events", params={"limit": limit})).json()
    assert (len(page["items"]), page["next_cursor"]) == (5, None)


@pytest.mark.parametrize(
    "position",
    [
        {},
        7,
        {"event_id": "", "starts_at": SOME_TIME},
        {"event_id": SOME_ID, "starts_at": ""},
        {"event_id": SOME_ID, "starts_at": 7},
        {"event_id": SOME_ID, "starts_at": SOME_TIME, "listing": "secret"},
        {"event_id": "x" * 300, "starts_at": SOME_TIME},
    ],
)
async def test_a_cursor_that_points_nowhere_is_refused(http: httpx.AsyncClient, position: Any) -> None:
    answer = await http.get("/api/events", params={"cursor": encode_cursor(position)})
    assert refusal(answer) == (422, "invalid_cursor")


async def test_a_cursor_to_an_event_that_is_gone_still_goes_on(http: httpx.AsyncClient) -> None:
    cursor = encode_cursor({"event_id": SOME_ID, "starts_at": "2020-01-01T00:00:00Z"})
    page = (await http.get("/api/events", params={"cursor": cursor})).json()
    assert len(page["items"]) == 5


async def test_an_event_has_everything(http: httpx.AsyncClient, sale: str) -> None:
    event = (await http.get(f"/api/events/{sale}")).json()
    assert Event.model_validate(event)
    assert event["price_from_cents"] == 1500
    assert event["attributes"]["duration_minutes"] == 95
    assert [section["capacity"] for section in event["sections"]] == [200, 50]
    assert {"event_id", "listing"}.isdisjoint(event)


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("/api/events", "public, max-age=30"),
        ("/api/events/{id}", "public, max-age=30"),
        ("/api/events/{id}/seats", "public, max-age=1"),
        ("/api/events/{id}/seats?section=stalls", "public, max-age=1"),
    ],
)
async def test_public_reads_can_be_cached_and_asked_for_again(
    http: httpx.AsyncClient, sale: str, path: str, policy: str
) -> None:
    path = path.format(id=sale)
    whole = await http.get(path)
    assert (whole.status_code, whole.headers["cache-control"]) == (200, policy)
    etag = whole.headers["etag"]
    same = await http.get(path, headers={"If-None-Match": f'"other", W/{etag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    assert same.headers["cache-control"] == policy
    changed = await http.get(path, headers={"If-None-Match": '"other"'})
    assert (changed.status_code, changed.content) == (200, whole.content)
    head = await http.head(path)
    assert (head.status_code, head.headers["etag"]) == (200, etag)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("*", True),
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ('"b"', False),
        ('"a', False),
        ("", False),
    ],
)
def test_entity_tags_are_compared_whole(header: str, expected: bool) -> None:  # noqa: FBT001  a case
    assert has_tag(header, '"a"') is expected


async def test_the_seat_map_tells_free_held_and_sold(http: httpx.AsyncClient, caller: Caller) -> None:
    events = (await http.get("/api/events")).json()["items"]
    path = f"/api/events/{events[1]['id']}"
    seats = (await http.get(f"{path}/seats")).json()
    assert SeatMap.model_validate(seats)
    assert {seat["status"] for seat in seats["seats"]} == {"available"}
    rows = list(dict.fromkeys(seat["row"] for seat in seats["seats"]))
    assert rows == [*"ABCDEFGHI", "AA"]
    assert [seat["number"] for seat in seats["seats"][:20]] == list(range(1, 21))
    hold = await caller.hold(events[1]["id"], "stalls-A-1", "stalls-A-2")
    await caller.order(hold["id"])
    await caller.hold(events[1]["id"], "stalls-AA-3")
    await asyncio.sleep(1.1)  # a map is a second old at most
    after = (await http.get(f"{path}/seats?section=stalls")).json()
    status = {seat["id"]: seat["status"] for seat in after["seats"] if seat["status"] != "available"}
    assert status == {"stalls-A-1": "sold", "stalls-A-2": "sold", "stalls-AA-3": "held"}
    assert after["sections"] == [
        {"id": "stalls", "kind": "numbered", "price_cents": 2500, "total": 200, "available": 197}
    ]


async def test_standing_places_are_counted_and_not_listed(http: httpx.AsyncClient, sale: str) -> None:
    floor = (await http.get(f"/api/events/{sale}/seats", params={"section": "floor"})).json()
    assert floor["seats"] == []
    assert floor["sections"][0]["total"] == 50
    unknown = await http.get(f"/api/events/{sale}/seats", params={"section": "moon"})
    assert refusal(unknown) == (404, "section_not_found")
    odd = await http.get(f"/api/events/{sale}/seats", params={"section": "../x"})
    assert refusal(odd) == (422, "invalid_request")
