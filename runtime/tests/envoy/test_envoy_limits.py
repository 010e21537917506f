"""Every limit of the topology refuses what is too much; with the limit off the same requests are admitted."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from portico_runtime.envoy.limits import limit_filter
from portico_topology import SYSTEM, System
from runtime.tests.envoy.rig import EVENT, Rig, problem, running, without

SLOWER = (
    86_400  # so many times slower do buckets refill here than in the topology, or slow tests would see it
)
ADDRESS_BURST = 150  # one that a test can exceed, instead of 2,000


def slowly_refilled(system: System) -> System:
    """The system with the same bursts, but of addresses, and next to no refill: what is admitted is exact."""
    slow = [replace(limit, window_s=limit.window_s * SLOWER) for limit in system.limits]
    limits = [replace(limit, burst=ADDRESS_BURST) if limit.name == "address" else limit for limit in slow]
    return replace(system, limits=tuple(limits))


SLOW = slowly_refilled(SYSTEM)


@dataclass(frozen=True)
class Burst:
    """Answers to requests sent together."""

    answers: list[httpx.Response]

    @property
    def admitted(self) -> int:
        return sum(answer.status_code == 200 for answer in self.answers)

    @property
    def refused(self) -> list[httpx.Response]:
        return [answer for answer in self.answers if answer.status_code == 429]


async def burst(rig: Rig, count: int, method: str, path: str, **options: Any) -> Burst:
    """Send so many equal requests at once."""
    calls = [rig.http.request(method, rig.edge + path, **options) for _ in range(count)]
    sent = Burst(await asyncio.gather(*calls))
    assert {problem(answer) for answer in sent.refused} <= {(429, "too_many_requests")}
    assert sent.admitted + len(sent.refused) == count
    return sent


CASES = {
    "signups": ("POST", "/api/accounts/signup"),
    "subject": ("GET", "/api/orders"),
    "purchases": ("POST", f"/api/events/{EVENT}/holds"),
}


@pytest.mark.parametrize(("name", "operation"), CASES.items(), ids=CASES)
async def test_a_burst_is_admitted_and_no_more(tmp_path: Path, name: str, operation: tuple[str, str]) -> None:
    others = {"subject", "purchases"} - {name}
    async with running(tmp_path, without(SLOW, *others)) as rig:
        limit = SLOW.limit(name)
        sent = await burst(rig, limit.burst + 30, *operation, headers=rig.issuer.authorization())
        assert (sent.admitted, len(sent.refused)) == (limit.burst, 30)
        wait_s = math.ceil(limit.window_s / limit.requests)
        for refused in sent.refused[:20]:
            assert refused.headers["retry-after"] == str(wait_s)
            assert refused.headers["ratelimit-policy"] == f'"{name}";q={limit.requests};w={limit.window_s}'
            assert refused.headers["ratelimit"] == f'"{name}";r=0;t={wait_s}'


@pytest.mark.parametrize(("name", "operation"), CASES.items(), ids=CASES)
async def test_with_the_limit_off_the_same_burst_is_admitted(
    tmp_path: Path, name: str, operation: tuple[str, str]
) -> None:
    async with running(tmp_path, without(SLOW, name, "subject")) as rig:
        count = SLOW.limit(name).burst + 30
        assert (await burst(rig, count, *operation, headers=rig.issuer.authorization())).admitted == count


async def test_an_empty_bucket_refills(tmp_path: Path) -> None:
    """Sign-ups come back at one a second, as the topology says and the answer promises."""
    async with running(tmp_path) as rig:
        await burst(rig, 200, "POST", "/api/accounts/signup")
        answer = await rig.post("/api/accounts/signup")
        while answer.status_code == 200:
            answer = await rig.post("/api/accounts/signup")
        await asyncio.sleep(int(answer.headers["retry-after"]) + 0.1)
        assert (await rig.post("/api/accounts/signup")).status_code == 200


def test_a_bucket_is_as_the_topology_says() -> None:
    (descriptor,) = limit_filter(SYSTEM.limit("purchases"))["typed_config"]["descriptors"]
    assert descriptor["token_bucket"] == {"max_tokens": 40, "tokens_per_fill": 20, "fill_interval": "1s"}


async def test_holds_and_orders_share_one_budget_and_subjects_do_not(tmp_path: Path) -> None:
    async with running(tmp_path, without(SLOW, "subject")) as rig:
        buyer, other = rig.issuer.authorization("buyer-1"), rig.issuer.authorization("buyer-2")
        assert (await burst(rig, 30, "POST", f"/api/events/{EVENT}/holds", headers=buyer)).admitted == 30
        assert (await burst(rig, 30, "POST", "/api/orders", headers=buyer)).admitted == 10
        assert (await rig.get("/api/orders", headers=buyer)).status_code == 200  # reading is no purchase
        assert (await burst(rig, 40, "POST", "/api/orders", headers=other)).admitted == 40


async def test_a_subject_has_one_budget_with_all_its_tokens_and_through_all_doors(tmp_path: Path) -> None:
    async with running(tmp_path, SLOW) as rig:
        tokens = [rig.issuer.authorization(expires_in_s=600 + number) for number in range(80)]
        edge = [rig.get("/api/orders", headers=token) for token in tokens[:40]]
        page_server = [rig.http.get(f"{rig.gateway}/api/orders", headers=token) for token in tokens[40:]]
        answers = await asyncio.gather(*edge, *page_server)
        assert sum(answer.status_code == 200 for answer in answers) == 50


async def test_an_address_has_one_budget_for_pages_files_and_api(tmp_path: Path) -> None:
    async with running(tmp_path, SLOW) as rig:
        pages = await burst(rig, 100, "GET", "/es/my")
        api = await burst(rig, 100, "GET", "/api/events?limit=1")
        assert 50 < pages.admitted + api.admitted <= ADDRESS_BURST
        assert (await rig.get("/internal/unknown")).status_code == 429


async def test_without_the_address_limit_the_same_requests_are_admitted(tmp_path: Path) -> None:
    async with running(tmp_path, without(SLOW, "address")) as rig:
        assert (await burst(rig, 200, "GET", "/es/my")).admitted == 200


FORGEABLE = ("x-forwarded-for", "x-envoy-external-address", "x-portico-address", "x-real-ip", "forwarded")


async def test_forged_addresses_admit_no_more(tmp_path: Path) -> None:
    async with running(tmp_path, without(SLOW, "address")) as rig:
        url = f"{rig.edge}/api/accounts/signup"
        forged = [
            dict.fromkeys(FORGEABLE, f"198.51.{number // 250}.{number % 250}") for number in range(1000)
        ]
        answers = await asyncio.gather(*(rig.http.post(url, headers=headers) for headers in forged))
        assert sum(answer.status_code == 200 for answer in answers) == 60
        requests = rig.upstreams["accounts"].requests
        assert {request.headers["x-envoy-external-address"] for request in requests} == {"127.0.0.1"}


async def test_clients_behind_the_page_servers_have_budgets_of_their_own(tmp_path: Path) -> None:
    """The control of the test above: where the address is believed, other addresses are other clients."""
    async with running(tmp_path, SLOW) as rig:
        url = f"{rig.gateway}/api/accounts/signup"
        clients = [{"x-forwarded-for": f"198.51.100.{number % 10}"} for number in range(200)]
        answers = await asyncio.gather(*(rig.http.post(url, headers=headers) for headers in clients))
        assert {answer.status_code for answer in answers} == {200}


async def test_the_addresses_of_one_household_are_one_client(tmp_path: Path) -> None:
    async with running(tmp_path, SLOW) as rig:
        url = f"{rig.gateway}/api/accounts/signup"
        clients = [{"x-forwarded-for": f"2001:db8::{number:x}"} for number in range(1, 101)]
        answers = await asyncio.gather(*(rig.http.post(url, headers=headers) for headers in clients))
        assert sum(answer.status_code == 200 for answer in answers) == 60
