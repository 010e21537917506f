"""Operations get their caller, or refuse: 401 without a good token, 403 without the role."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from pydantic import SecretStr

from portico_kit.auth import CurrentSubject, InternalCaller, KeySet, Subject, TokenVerifier, require_groups
from portico_kit.settings import TokenSettings

Organiser = Annotated[Subject, Depends(require_groups("organiser", "administrator"))]


def example_router() -> APIRouter:
    router = APIRouter()

    @router.get("/me")
    async def me(subject: CurrentSubject) -> str:
        return subject.id

    @router.get("/sales")
    async def sales(subject: Organiser) -> str:
        return subject.id

    @router.get("/internal")
    async def internal(_caller: InternalCaller) -> str:
        return "done"

    return router


@pytest.fixture
async def http(
    make_service: Callable[..., FastAPI],
    client_of: Callable[[FastAPI], httpx.AsyncClient],
    pool: Any,
    token_settings: TokenSettings,
) -> AsyncIterator[httpx.AsyncClient]:
    verifier = TokenVerifier(token_settings, keys=KeySet("", download=pool.download))
    app = make_service(example_router(), verifier=verifier, shared_secret=SecretStr("open-sesame"))
    async with client_of(app) as client:
        yield client


async def status(http: httpx.AsyncClient, path: str, authorization: str | bytes | None) -> int:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await http.get(path, headers=headers)
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["code"] == "unauthenticated"
    return answer.status_code


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", b"Bearer \xff"]
)
async def test_without_a_good_token_nobody_is_known(
    http: httpx.AsyncClient, authorization: str | bytes | None
) -> None:
    for path in ("/me", "/sales", "/internal"):
        assert await status(http, path, authorization) == 401


async def test_a_good_token_is_let_in(http: httpx.AsyncClient, pool: Any) -> None:
    assert await status(http, "/me", f"Bearer {pool.token()}") == 200
    assert await status(http, "/me", f"bearer {pool.token()}") == 200


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (["buyer"], 403),
        ([], 403),
        (["organiser"], 200),
        (["buyer", "administrator"], 200),
        (["organisers"], 403),
    ],
)
async def test_a_role_is_needed_where_one_is_asked_for(
    http: httpx.AsyncClient, pool: Any, groups: list[str], expected: int
) -> None:
    token = pool.token(**{"cognito:groups": groups})
    assert await status(http, "/sales", f"Bearer {token}") == expected


async def test_internal_operations_take_the_shared_secret_alone(http: httpx.AsyncClient, pool: Any) -> None:
    assert await status(http, "/internal", "Bearer open-sesame") == 200
    assert await status(http, "/internal", "Bearer open-sesam") == 401
    assert await status(http, "/internal", f"Bearer {pool.token()}") == 401
    assert await status(http, "/me", "Bearer open-sesame") == 401


async def test_without_a_secret_nobody_is_internal(
    make_service: Callable[..., FastAPI], client_of: Callable[[FastAPI], httpx.AsyncClient]
) -> None:
    for secret in (None, SecretStr("")):
        async with client_of(make_service(example_router(), shared_secret=secret)) as http:
            for authorization in (None, "Bearer ", "Bearer None"):
                assert await status(http, "/internal", authorization) == 401
