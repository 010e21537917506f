"""A user's own profile, and their contact for our own services."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from services.accounts.tests.visitor import INTERNAL_TOKEN, Visitor, problem

pytestmark = pytest.mark.integration
INTERNAL = {"authorization": f"Bearer {INTERNAL_TOKEN}"}


async def test_a_profile_is_what_was_signed_up_with(buyer: Visitor) -> None:
    answer = await buyer.me()
    profile = answer.json()
    assert uuid.UUID(profile.pop("id"))
    assert profile == {"email": buyer.email, "name": "Ana Prueba", "locale": "es", "groups": ["buyer"]}
    assert answer.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize(
    ("change", "name", "locale"),
    [
        ({"name": "Ana Otra"}, "Ana Otra", "es"),
        ({"locale": "en"}, "Ana Prueba", "en"),
        ({"name": " N\u0303un\u0303ez ", "locale": "en"}, "\u00d1u\u00f1ez", "en"),
    ],
)
async def test_what_is_given_changes_and_the_rest_stays(
    buyer: Visitor, change: dict[str, str], name: str, locale: str
) -> None:
    changed = await buyer.change(change)
    assert changed.status_code == 200, changed.text
    profile = (await buyer.me()).json()
    assert changed.json() == profile
    assert (profile["name"], profile["locale"]) == (name, locale)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"name": ""},
        {"name": None},
        {"name": "a\u0000b"},
        {"locale": "fr"},
        {"email": "eva@example.com"},
        {"groups": ["administrator"]},
        [],
    ],
)
async def test_a_bad_change_changes_nothing(buyer: Visitor, change: Any) -> None:
    before = (await buyer.me()).json()
    assert problem(await buyer.change(change)) == (422, "invalid_request")
    assert (await buyer.me()).json() == before


async def test_a_profile_needs_a_token(visitor: Visitor) -> None:
    visitor.tokens = {"access_token": "nonsense"}
    assert problem(await visitor.me()) == (401, "unauthenticated")
    assert problem(await visitor.change({"name": "Eva"})) == (401, "unauthenticated")


async def test_a_refresh_token_is_no_access_token(buyer: Visitor) -> None:
    buyer.tokens["access_token"] = buyer.tokens["refresh_token"]
    assert problem(await buyer.me()) == (401, "unauthenticated")


async def test_our_own_services_learn_how_to_write_to_a_user(buyer: Visitor) -> None:
    subject_id = (await buyer.me()).json()["id"]
    answer = await buyer.http.get(f"/internal/users/{subject_id}", headers=INTERNAL)
    assert answer.json() == {"id": subject_id, "email": buyer.email, "name": "Ana Prueba", "locale": "es"}


async def test_a_contact_of_nobody_is_not_found(visitor: Visitor) -> None:
    answer = await visitor.http.get(f"/internal/users/{uuid.uuid4()}", headers=INTERNAL)
    assert problem(answer) == (404, "user_not_found")


async def test_a_contact_is_asked_for_by_id_only(buyer: Visitor) -> None:
    answer = await buyer.http.get(f"/internal/users/{buyer.email}", headers=INTERNAL)
    assert problem(answer) == (404, "not_found")


async def test_a_contact_is_not_for_users(buyer: Visitor) -> None:
    subject_id = (await buyer.me()).json()["id"]
    for headers in ({}, buyer.bearer()):
        answer = await buyer.http.get(f"/internal/users/{subject_id}", headers=headers)
        assert answer.status_code == 401
