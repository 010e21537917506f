"""Accounts through the gateway of a whole system: what must be refused is refused."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from tests.api import Api, new_password, problem_code
from tests.fixtures.system import RunningSystem

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]


@pytest.mark.parametrize("role", ["buyer", "organiser", "staff", "administrator"])
async def test_each_demo_account_signs_in_and_is_in_its_group(system: RunningSystem, role: str) -> None:
    account = system.account(role)
    async with Api(system.address) as visitor:
        await visitor.sign_in(account["email"], account["password"])
        profile = (await visitor.get("/api/accounts/me")).json()
    assert profile["email"] == account["email"]
    assert role in profile["groups"]


async def test_a_wrong_confirmation_code_is_refused(system: RunningSystem) -> None:
    email, password = f"buyer-{uuid.uuid4().hex[:12]}@example.com", new_password()
    async with Api(system.address) as visitor:
        account = {"email": email, "password": password, "name": "Ana Prueba"}
        assert (await visitor.post("/api/accounts/signup", account)).status_code == 202
        wrong = await visitor.post("/api/accounts/confirm", {"email": email, "code": "000000"})
        assert (wrong.status_code, problem_code(wrong)) == (400, "code_mismatch")
        early = await visitor.post("/api/accounts/login", {"email": email, "password": password})
        assert (early.status_code, problem_code(early)) == (403, "email_not_confirmed")


async def test_a_wrong_reset_code_changes_nothing(system: RunningSystem) -> None:
    async with Api(system.address) as visitor:
        email = await visitor.sign_up()
        assert (await visitor.post("/api/accounts/forgot-password", {"email": email})).status_code == 202
        taken = new_password()
        wrong = await visitor.post(
            "/api/accounts/reset-password", {"email": email, "code": "000000", "password": taken}
        )
        assert (wrong.status_code, problem_code(wrong)) == (400, "code_mismatch")
        login = await visitor.post("/api/accounts/login", {"email": email, "password": taken})
        assert (login.status_code, problem_code(login)) == (401, "invalid_credentials")


async def test_a_session_ends_everywhere_at_sign_out(system: RunningSystem) -> None:
    async with Api(system.address) as visitor:
        await visitor.sign_up()
        assert (await visitor.get("/api/tickets")).status_code == 200
        goodbye = await visitor.post("/api/accounts/logout", {"refresh_token": visitor.refresh_token})
        assert goodbye.status_code == 204, goodbye.text
        assert (await visitor.get("/api/accounts/me")).status_code == 401
        renewed = await visitor.post("/api/accounts/refresh", {"refresh_token": visitor.refresh_token})
        assert renewed.status_code == 401
        await asyncio.sleep(2.5)  # other services hear of it within two seconds
        assert (await visitor.get("/api/tickets")).status_code == 401


async def test_a_session_is_refreshed(system: RunningSystem) -> None:
    async with Api(system.address) as visitor:
        await visitor.sign_up()
        renewed = await visitor.post("/api/accounts/refresh", {"refresh_token": visitor.refresh_token})
        assert renewed.status_code == 200, renewed.text
        visitor.token = renewed.json()["access_token"]
        assert (await visitor.get("/api/accounts/me")).status_code == 200


async def test_a_profile_can_be_changed(system: RunningSystem) -> None:
    async with Api(system.address) as visitor:
        await visitor.sign_up()
        changed = await visitor.request(
            "PATCH", "/api/accounts/me", json={"name": "Ana Otra", "locale": "en"}
        )
        assert changed.status_code == 200, changed.text
        profile = (await visitor.get("/api/accounts/me")).json()
        assert (profile["name"], profile["locale"]) == ("Ana Otra", "en")


async def test_sign_up_does_not_tell_whether_an_address_is_known(system: RunningSystem) -> None:
    async with Api(system.address) as visitor:
        known = await visitor.sign_up()
        visitor.token = None
        body = {"password": new_password(), "name": "Ana Prueba"}
        again = await visitor.post("/api/accounts/signup", {**body, "email": known})
        fresh = await visitor.post(
            "/api/accounts/signup", {**body, "email": f"x{uuid.uuid4().hex}@example.com"}
        )
        assert (again.status_code, again.content) == (fresh.status_code, fresh.content)
