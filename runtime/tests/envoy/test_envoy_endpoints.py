"""Instances come, drain, go and die under load, and nobody notices."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from portico_topology import SYSTEM
from runtime.tests.envoy.rig import EVENT, Rig, Upstream, problem, running, without

UNLIMITED = without(SYSTEM, "address", "subject", "purchases")
HOLDS = f"/api/events/{EVENT}/holds"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(tmp_path, UNLIMITED) as started:
        yield started


@asynccontextmanager
async def another(name: str) -> AsyncIterator[Upstream]:
    upstream = Upstream(name)
    await upstream.start()
    yield upstream
    await upstream.stop()


@asynccontextmanager
async def load(rig: Rig) -> AsyncIterator[Counter[tuple[int, str]]]:
    """16 callers, every second request a POST; counts statuses and instances."""
    seen: Counter[tuple[int, str]] = Counter()
    headers = rig.issuer.authorization()
    over = asyncio.Event()

    async def caller() -> None:
        while not over.is_set():
            for method, path in (("GET", "/api/events?uncached"), ("POST", HOLDS)):
                answer = await rig.http.request(method, rig.edge + path, headers=headers)
                seen[answer.status_code, answer.headers.get("x-instance", "-")] += 1

    callers = [asyncio.create_task(caller()) for _ in range(16)]
    yield seen
    over.set()
    await asyncio.gather(*callers)


async def settled(seen: Counter[tuple[int, str]], seconds: float = 1.0) -> Counter[tuple[int, str]]:
    """What is seen from now on."""
    seen.clear()
    await asyncio.sleep(seconds)
    return Counter(seen)


async def test_instances_come_drain_and_go_under_load_without_a_failed_request(rig: Rig) -> None:
    first = rig.upstreams["boxoffice"]
    everything: Counter[tuple[int, str]] = Counter()
    async with another("second") as second, load(rig) as seen:
        for members, draining, expected in (
            ((first, second), (), {"boxoffice", "second"}),
            ((first, second), (first,), {"second"}),
            ((second,), (), {"second"}),
            ((first, second), (), {"boxoffice", "second"}),
            ((first,), (), {"boxoffice"}),
        ):
            await rig.instances("boxoffice", *members, draining=draining)
            everything += seen
            now = await settled(seen)
            assert {instance for _, instance in now} == expected
            everything += now
    assert {status for status, _ in everything} == {200}
    assert everything.total() > 100


async def test_a_request_in_progress_is_finished_by_a_draining_and_by_a_removed_instance(rig: Rig) -> None:
    async def slow(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(1.5)
        return web.Response(text="finished")

    first = rig.upstreams["boxoffice"]
    first.answer = slow
    async with another("second") as second:
        for members, draining in (((first, second), (first,)), ((second,), ())):
            await rig.instances("boxoffice", first)
            await asyncio.sleep(1.2)
            pending = asyncio.create_task(rig.post(HOLDS, headers=rig.issuer.authorization()))
            await asyncio.sleep(0.3)
            await rig.instances("boxoffice", *members, draining=draining)
            assert (await rig.get("/api/events?now")).headers["x-instance"] == "second"
            assert (await pending).text == "finished"


async def test_a_dead_instance_leaves_rotation_and_comes_back(rig: Rig) -> None:
    first = rig.upstreams["boxoffice"]
    async with another("second") as second:
        await rig.instances("boxoffice", first, second)
        await asyncio.sleep(1.2)
        async with load(rig) as seen:
            await first.stop()
            dying = await settled(seen, 3)
            assert {instance for status, instance in dying if status == 200} >= {"second"}
            gone = await settled(seen)
            assert set(gone) == {(200, "second")}
            await first.start()
            await asyncio.sleep(1.5)
            assert {(200, "boxoffice"), (200, "second")} == set(await settled(seen))


async def test_a_refused_connection_is_tried_elsewhere_for_every_method(rig: Rig) -> None:
    """Nothing was sent, so nothing can be done twice."""
    first = rig.upstreams["boxoffice"]
    async with another("second") as second:
        await rig.instances("boxoffice", first, second)
        await asyncio.sleep(1.2)
        await first.stop()
        headers = rig.issuer.authorization()
        answers = [await rig.http.request("POST", rig.edge + HOLDS, headers=headers) for _ in range(10)]
        assert {(a.status_code, a.headers["x-instance"]) for a in answers} == {(200, "second")}


async def test_an_instance_that_is_not_ready_gets_nothing(rig: Rig) -> None:
    first = rig.upstreams["boxoffice"]
    async with another("second") as second:
        await rig.instances("boxoffice", first, second)
        first.ready = False
        await asyncio.sleep(2.5)
        first.requests.clear()
        for _ in range(20):
            assert (await rig.get("/api/events?ready")).headers["x-instance"] == "second"
        assert not first.requests


async def test_when_no_instance_is_ready_they_answer_for_themselves(rig: Rig) -> None:
    service = rig.upstreams["boxoffice"]
    service.ready = False
    await asyncio.sleep(2.5)
    for _ in range(10):
        assert (await rig.get("/api/events?busy")).status_code == 200
    await service.stop()
    assert problem(await rig.get("/api/events?gone", timeout=5)) == (503, "unavailable")


async def test_without_any_instance_the_answer_comes_at_once(rig: Rig) -> None:
    await rig.instances("boxoffice")
    for path in ("/api/events", "/api/events?uncached"):
        answer = await rig.get(path, timeout=5)
        assert problem(answer) == (503, "unavailable")
        assert answer.headers["retry-after"] == "1"
    await rig.instances("frontend")
    assert problem(await rig.get("/es")) == (503, "unavailable")


async def test_zones_share_the_load(rig: Rig) -> None:
    first = rig.upstreams["boxoffice"]
    async with another("second") as second:
        await rig.instances("boxoffice", first, second)
        await asyncio.sleep(1.2)
        async with load(rig) as seen:
            now = await settled(seen, 2)
        counts = sorted(now.values())
        assert len(counts) == 2
        assert counts[0] > counts[1] / 3
