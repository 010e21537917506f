"""A composed service: every refusal is a problem document, and bad input is never our failure."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from portico_kit.errors import Conflict, OutcomeUnknown, TooManyRequests

SECRET = "tok_visa of ana@example.com"
JSON = {"Content-Type": "application/json"}


class SeatsTaken(Conflict):
    """Some seat is not free."""

    code = "seats_taken"
    title = "Seats taken"


class Body(BaseModel):
    """What `/body` takes."""

    model_config = ConfigDict(extra="forbid")

    name: str
    number: int = 0


def example_router() -> APIRouter:
    router = APIRouter()

    @router.post("/body")
    async def echo(body: Body) -> Body:
        return body

    @router.get("/number/{number}")
    async def number(number: int) -> int:
        return number

    @router.get("/text")
    async def text(text: str = "") -> str:
        return text

    @router.get("/fail/{how}")
    async def fail(how: str) -> None:
        failures = {
            "taken": SeatsTaken("A-1 is taken.", seats=["A-1"]),
            "limited": TooManyRequests(retry_after_s=2.2),
            "unknown": OutcomeUnknown(),
            "teapot": HTTPException(418),
        }
        raise failures.get(how, ValueError(SECRET))

    return router


@pytest.fixture
def app(make_service: Callable[..., FastAPI]) -> FastAPI:
    return make_service(example_router())


@pytest.fixture
async def http(
    app: FastAPI, client_of: Callable[[FastAPI], httpx.AsyncClient]
) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


def problem(answer: httpx.Response) -> tuple[int, str]:
    document = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["status"] == answer.status_code
    assert document["correlation_id"] == answer.headers["x-request-id"]
    assert {"type", "title", "detail"} <= document.keys()
    return answer.status_code, document["code"]


async def test_a_capabilitys_own_problem_has_its_code_and_members(http: httpx.AsyncClient) -> None:
    answer = await http.get("/fail/taken")
    assert problem(answer) == (409, "seats_taken")
    assert (answer.json()["detail"], answer.json()["seats"]) == ("A-1 is taken.", ["A-1"])
    assert answer.headers["cache-control"] == "no-store"


async def test_waiting_is_said_in_whole_seconds(http: httpx.AsyncClient) -> None:
    limited = await http.get("/fail/limited")
    assert (*problem(limited), limited.headers["retry-after"]) == (429, "too_many_requests", "3")
    unknown = await http.get("/fail/unknown")
    assert (*problem(unknown), unknown.headers["retry-after"]) == (503, "outcome_unknown", "1")


async def test_what_the_framework_refuses_is_a_problem_too(http: httpx.AsyncClient) -> None:
    assert problem(await http.get("/nowhere")) == (404, "not_found")
    refused = await http.delete("/text")
    assert (*problem(refused), refused.headers["allow"]) == (405, "method_not_allowed", "GET")
    assert problem(await http.get("/fail/teapot")) == (418, "im_a_teapot")


async def test_a_defect_is_answered_and_logged_without_values(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answer = await http.get("/fail/otherwise?card=tok_visa", headers={"x-request-id": "r-1"})
    assert problem(answer) == (500, "internal_error")
    assert answer.json()["correlation_id"] == "r-1"
    assert SECRET not in answer.text
    ours = [record for record in caplog.records if record.name.startswith("portico_kit")]
    failure, access = ours
    assert (failure.levelname, failure.exc_info is not None) == ("ERROR", True)
    assert vars(access).items() >= {"status": 500, "route": "/fail/{how}", "method": "GET"}.items()
    assert not any("tok_visa" in record.getMessage() for record in ours)
    assert "otherwise" not in str(vars(access))


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"name":', 400, "malformed_json"),
        (b'{"name": NaN}', 400, "malformed_json"),
        (b'{"name": "a", "number": Infinity}', 400, "malformed_json"),
        (b'{"name": "a", "number": 1e999}', 400, "malformed_json"),
        (b'{"name": "\\ud800"}', 400, "malformed_json"),
        (b'{"\\ud800": 1}', 400, "malformed_json"),
        (b'{"name": "\xff"}', 400, "malformed_json"),
        (b"\xff\xfe{\0}\0", 400, "malformed_json"),
        (b"[" * 20_000, 400, "malformed_json"),
        (b'{"name": "a", "number": ' + b"9" * 5000 + b"}", 400, "malformed_json"),
        (b'{"name": "a\\u0000"}', 422, "invalid_request"),
        (b"[" * 900 + b"]" * 900, 422, "invalid_request"),
        (b'{"name": "a", "more": 1}', 422, "invalid_request"),
        (b"null", 422, "invalid_request"),
        (b"", 422, "invalid_request"),
        (b'"' + b"a" * 70_000 + b'"', 413, "request_too_large"),
    ],
)
async def test_a_bad_body_is_refused(http: httpx.AsyncClient, body: bytes, status: int, code: str) -> None:
    assert problem(await http.post("/body", content=body, headers=JSON)) == (status, code)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
async def test_another_content_type_is_refused(http: httpx.AsyncClient, kind: str) -> None:
    answer = await http.post("/body", content=b'{"name": "a"}', headers={"Content-Type": kind})
    assert problem(answer) == (415, "unsupported_media_type")
    assert (await http.post("/body", json={"name": "a"})).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/number/x", 404),
        ("/number/%00", 404),
        ("/text/%00", 404),
        ("/text?text=a%00", 422),
        ("/text?text=%ff", 200),
    ],
)
async def test_a_bad_address_is_refused(http: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await http.get(path)
    assert answer.status_code == status
    assert answer.is_success or problem(answer)


async def test_values_are_named_by_their_place_and_not_echoed(http: httpx.AsyncClient) -> None:
    answer = await http.post("/body", json={"name": 1, "number": SECRET})
    assert [error["location"] for error in answer.json()["errors"]] == ["body.name", "body.number"]
    assert SECRET not in answer.text


@hypothesis_settings(max_examples=150, deadline=None)
@given(
    body=st.binary(max_size=60)
    | st.recursive(
        st.none() | st.floats() | st.integers() | st.text(st.characters()),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["name", "number", "x"]), inner),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode())
)
async def test_no_body_at_all_makes_us_fail(
    make_service: Callable[..., FastAPI], client_of: Callable[[FastAPI], httpx.AsyncClient], body: bytes
) -> None:
    async with client_of(make_service(example_router())) as client:
        answer = await client.post("/body", content=body, headers=JSON)
    assert answer.status_code in {200, 400, 422}


async def test_without_the_guard_the_same_input_passes(
    app: FastAPI, client_of: Callable[[FastAPI], httpx.AsyncClient]
) -> None:
    """The control: FastAPI alone lets through what PostgreSQL cannot store, and reads bodies of any size."""
    app.user_middleware = [part for part in app.user_middleware if part.cls.__name__ != "RequestGuard"]
    async with client_of(app) as client:
        answer = await client.post("/body", content=b'{"name": "a\\u0000"}', headers=JSON)
        assert answer.json()["name"] == "a\0"
        assert (await client.get("/text?text=%00")).json() == "\0"
        assert (await client.post("/body", json={"name": "a" * 70_000})).status_code == 200
