"""The half-open moment: of all callers exactly one reaches the partner, however many there are.

"1,000 concurrent" means: a thousand threads of this process released by one barrier, each with a request of
its own; the emulator runs each execution on a thread of its own. Small rounds do the same with fewer threads.
Between reading the breaker and the election the emulator leaves hardly any time, so that without a guard too
often one caller would win: the machines here wait between the two, and all callers find the door open.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.fixtures.emulator import WAIT_SCALE
from workflows.tests.world import Definition, World

CHARGE = "POST /v1/charges"
ROUNDS, CALLERS = 49, 24
CALLERS_MAX = 1_000
CONTROL_CALLERS = 12
PAUSE_S, PAUSE_S_MAX = 0.1, 3.0
TRIPS = 9  # a failed probe then keeps it open for longer than a round takes

pytestmark = pytest.mark.integration


def open_the_door(world: World) -> None:
    """Bring the breaker to the half-open moment: its wait has just ended."""
    now_ms = int(time.time() * 1000)
    world.set_breaker(openUntil=now_ms - 1, failures=5, windowStart=now_ms - 5_000, trips=TRIPS)


def stampede(world: World, callers: int, arn: str | None = None) -> list[dict[str, Any]]:
    """Have so many callers call at once, and return what each was told."""
    barrier = threading.Barrier(callers)

    def call(_number: int) -> dict[str, Any]:
        barrier.wait()
        told: dict[str, Any] = world.call(arn)
        return told

    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(call, range(callers)))


def assert_one_probe(world: World, told: list[dict[str, Any]]) -> None:
    assert len(world.payments.received) == 1
    assert Counter(each["outcome"] for each in told) == {"failed": 1, "open": len(told) - 1}
    assert [each["outcome"] for each in told if each["probe"]] == ["failed"]
    assert world.breaker()["trips"] == TRIPS + 1


def with_pause(pause_s: float) -> Callable[[Definition], None]:
    """Return a change that has callers wait between seeing the open door and the election."""

    def change(definition: Definition) -> None:
        states = definition["States"]
        states["Open or closed?"]["Default"] = "Pause"
        seconds = round(pause_s / float(WAIT_SCALE))
        states["Pause"] = {"Type": "Wait", "Seconds": seconds, "Next": "Elect probe"}

    return change


def machine(world: World, pause_s: float) -> str:
    name = f"pause of {pause_s} s"
    return world.variant(name, world.resources.call_partner_arn, with_pause(pause_s), kind="EXPRESS")


def test_fifty_times_of_all_callers_one_probes(world: World) -> None:
    for callers, pause_s in (*[(CALLERS, PAUSE_S)] * ROUNDS, (CALLERS_MAX, PAUSE_S_MAX)):
        world.begin()
        world.payments.on(CHARGE, (503, {"code": "broken"}))
        open_the_door(world)
        assert_one_probe(world, stampede(world, callers, machine(world, pause_s)))


def test_of_a_thousand_callers_of_the_machine_as_it_is_one_probes(world: World) -> None:
    world.payments.on(CHARGE, (503, {"code": "broken"}))
    open_the_door(world)
    assert_one_probe(world, stampede(world, CALLERS_MAX))


def test_while_a_probe_is_under_way_nobody_else_calls_and_its_answer_closes(world: World) -> None:
    answered = threading.Semaphore(0)

    def answer_last(_received: Any) -> tuple[int, Any]:
        for _ in range(CALLERS - 1):
            assert answered.acquire(timeout=0.8)
        return 201, {"id": "charge-1"}

    world.payments.on(CHARGE, answer_last)
    open_the_door(world)
    with ThreadPoolExecutor(CALLERS) as pool:
        calls = [pool.submit(world.call) for _ in range(CALLERS)]
        for call in calls:
            call.add_done_callback(lambda _: answered.release())
    outcomes = Counter(call.result()["outcome"] for call in calls)
    assert outcomes == {"ok": 1, "open": CALLERS - 1}
    assert len(world.payments.received) == 1
    assert world.breaker() == {}


def without_condition(definition: Definition) -> None:
    with_pause(PAUSE_S)(definition)
    election = definition["States"]["Elect probe"]["Arguments"]
    del election["ConditionExpression"]
    for unused in (":seen", ":now"):
        del election["ExpressionAttributeValues"][unused]


def test_without_the_condition_several_probe(world: World) -> None:
    arn = world.variant("no condition", world.resources.call_partner_arn, without_condition, kind="EXPRESS")
    world.payments.on(CHARGE, (503, {"code": "broken"}))
    open_the_door(world)
    told = stampede(world, CONTROL_CALLERS, arn)
    assert len(world.payments.received) > 1
    assert sum(each["probe"] for each in told) > 1
