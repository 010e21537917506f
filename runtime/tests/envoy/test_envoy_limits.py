"""Every limit of the topology refuses what is too much, and with the limit off the same requests are admitted."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portico_topology import SYSTEM, System
from runtime.tests.envoy.rig import EVENT, Rig, problem, running, without

SMALL_ADDRESS_LIMIT = 100


def with_small_address_limit(system: System) -> System:
    """One that a test can exceed: 100 at once and a second, instead of 2,000."""
    limit = replace(system.limit("address"), requests=SMALL_ADDRESS_LIMIT, burst=SMALL_ADDRESS_LIMIT)
    return replace(system, limits=(limit, *(other for other in system.limits if other.name != "address")))


async def burst(rig: Rig, count: int, method: str, path: str, **options: Any) -> tuple[Counter[int], float]:
    """How many got which status, and how long all of them took together, in seconds."""
    began = time.monotonic()
    calls = [rig.http.request(method, rig.edge + path, **options) for _ in range(count)]
    answers = await asyncio.gather(*calls)
    for answer in answers:
        if answer.status_code == 429:
            assert problem(answer) == (429, "too_many_requests")
    return Counter(answer.status_code for answer in answers), time.monotonic() - began


CASES = {
    "signups": ("POST", "/api/accounts/signup", 60, 1, False),
    "subject": ("GET", "/api/orders", 50, 50, True),
    "purchases": ("POST", f"/api/events/{EVENT}/holds", 40, 20, True),
}


@pytest.mark.parametrize(("name", "case"), CASES.items(), ids=CASES)
async def test_a_burst_is_admitted_and_no_more(tmp_path: Path, name: str, case: tuple[str, str, int, int, bool]) -> None:
    method, path, capacity, per_s, secured = case
    async with running(tmp_path) as rig:
        headers = rig.issuer.authorization() if secured else {}
        statuses, took_s = await burst(rig, capacity + 60, method, path, headers=headers)
        assert capacity <= statuses[200] <= capacity + per_s * took_s + 1
        assert statuses[429] == capacity + 60 - statuses[200]
        refused = await rig.http.request(method, rig.edge + path, headers=headers)
        while refused.status_code == 200:  # a token may just have come
            refused = await rig.http.request(method, rig.edge + path, headers=headers)
        limit = SYSTEM.limit(name)
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["ratelimit-policy"] == f'"{name}";q={limit.requests};w={limit.window_s}'
        assert refused.headers["ratelimit"] == f'"{name}";r=0;t=1'
        await asyncio.sleep(1.1)
        assert (await rig.http.request(method, rig.edge + path, headers=headers)).status_code == 200


@pytest.mark.parametrize(("name", "case"), CASES.items(), ids=CASES)
async def test_with_the_limit_off_the_same_burst_is_admitted(
    tmp_path: Path, name: str, case: tuple[str, str, int, int, bool]
) -> None:
    method, path, capacity, _, secured = case
    also_met = ("subject",) if name == "purchases" else ()
    async with running(tmp_path, without(SYSTEM, name, *also_met)) as rig:
        headers = rig.issuer.authorization() if secured else {}
        statuses, _ = await burst(rig, capacity + 60, method, path, headers=headers)
        assert statuses == {200: capacity + 60}


async def test_holds_and_orders_share_one_budget_and_subjects_do_not(tmp_path: Path) -> None:
    async with running(tmp_path, without(SYSTEM, "subject")) as rig:
        buyer = rig.issuer.authorization("buyer-1")
        holds, took_s = await burst(rig, 60, "POST", f"/api/events/{EVENT}/holds", headers=buyer)
        orders, _ = await burst(rig, 20, "POST", "/api/orders", headers=buyer)
        assert holds[200] <= 41 + 20 * took_s
        assert orders[429] > 10
        assert (await rig.get("/api/orders", headers=buyer)).status_code == 200
        other, _ = await burst(rig, 40, "POST", "/api/orders", headers=rig.issuer.authorization("buyer-2"))
        assert other == {200: 40}


async def test_a_subject_has_one_budget_with_all_its_tokens_and_all_doors(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        tokens = [rig.issuer.authorization(expires_in_s=600 + number) for number in range(80)]
        began = time.monotonic()
        edge = [rig.get("/api/orders", headers=token) for token in tokens[:40]]
        page_server = [rig.http.get(f"{rig.gateway}/api/orders", headers=token) for token in tokens[40:]]
        admitted = sum(answer.status_code == 200 for answer in await asyncio.gather(*edge, *page_server))
        assert 50 <= admitted <= 51 + 50 * (time.monotonic() - began)


async def test_an_address_has_one_budget_for_pages_files_and_api(tmp_path: Path) -> None:
    async with running(tmp_path, with_small_address_limit(SYSTEM)) as rig:
        pages, pages_s = await burst(rig, 80, "GET", "/es/my")
        api, api_s = await burst(rig, 80, "GET", "/api/events?limit=1")
        admitted = pages[200] + api[200]
        assert admitted <= SMALL_ADDRESS_LIMIT * (1 + pages_s + api_s) + 1
        assert pages[429] + api[429] == 160 - admitted
        nothing, _ = await burst(rig, 50, "GET", "/internal/unknown")
        assert nothing[429] > 0


async def test_without_the_address_limit_the_same_requests_are_admitted(tmp_path: Path) -> None:
    async with running(tmp_path, without(SYSTEM, "address")) as rig:
        pages, _ = await burst(rig, 200, "GET", "/es/my")
        assert pages == {200: 200}


@pytest.mark.parametrize("name", ["x-forwarded-for", "x-envoy-external-address", "x-portico-address", "forwarded"])
async def test_forged_addresses_admit_no_more(tmp_path: Path, name: str) -> None:
    async with running(tmp_path, without(SYSTEM, "address")) as rig:
        began = time.monotonic()
        url = f"{rig.edge}/api/accounts/signup"
        calls = [rig.http.post(url, headers={name: f"198.51.{n // 250}.{n % 250}"}) for n in range(1000)]
        answers = await asyncio.gather(*calls)
        admitted = sum(answer.status_code == 200 for answer in answers)
        assert 58 <= admitted <= 61 + (time.monotonic() - began)
        assert {
            request.headers["x-envoy-external-address"] for request in rig.upstreams["accounts"].requests
        } == {"127.0.0.1"}


async def test_clients_behind_the_page_servers_have_budgets_of_their_own(tmp_path: Path) -> None:
    """The control of the test above: where the address is believed, other addresses are other clients."""
    async with running(tmp_path, with_small_address_limit(SYSTEM)) as rig:
        url = f"{rig.gateway}/api/accounts/signup"
        admitted = 0
        for client in range(10):
            headers = {"x-forwarded-for": f"198.51.100.{client}"}
            answers = await asyncio.gather(*(rig.http.post(url, headers=headers) for _ in range(20)))
            admitted += sum(answer.status_code == 200 for answer in answers)
        assert admitted == 200


async def test_the_addresses_of_one_household_are_one_client(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        began = time.monotonic()
        url = f"{rig.gateway}/api/accounts/signup"
        calls = [rig.http.post(url, headers={"x-forwarded-for": f"2001:db8::{n:x}"}) for n in range(200)]
        admitted = sum(answer.status_code == 200 for answer in await asyncio.gather(*calls))
        assert admitted <= 61 + (time.monotonic() - began)
