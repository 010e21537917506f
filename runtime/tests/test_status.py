from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from portico_runtime.breakers import BreakerReader, breaker_state
from portico_runtime.processes import ManagedProcess, ProcessSpec, State
from portico_runtime.status import pss_bytes, rss_bytes, zone_state


async def never() -> bool:
    return False


def process(zone: str | None, state: State) -> ManagedProcess:
    spec = ProcessSpec(name="one", service="one", zone=zone, command=[], environment={}, ready=never)
    return ManagedProcess(spec, Path("log"), "mark", state=state)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([State.READY, State.READY], "up"),
        ([State.READY, State.BACKOFF], "degraded"),
        ([State.BACKOFF, State.STOPPED], "down"),
        ([], "down"),
    ],
)
def test_a_zone_is_what_its_processes_are(states: list[State], expected: str) -> None:
    elsewhere = [process("b", State.BACKOFF), process(None, State.READY)]
    assert zone_state("a", [*(process("a", state) for state in states), *elsewhere]) == expected


def test_a_breaker_is_what_its_row_means_now() -> None:
    now_ms = int(time.time() * 1000)
    assert breaker_state({}) == "closed"
    assert breaker_state({"failures": {"N": "3"}}) == "closed"
    assert breaker_state({"openUntil": {"N": str(now_ms + 60_000)}}) == "open"
    assert breaker_state({"openUntil": {"N": str(now_ms - 1)}}) == "half-open"


def test_without_an_emulator_nobody_knows_the_breakers() -> None:
    assert BreakerReader("http://127.0.0.1:1", "breakers").states(["payments"]) == {"payments": "unknown"}


def test_memory_is_measured_and_of_the_dead_it_is_nothing() -> None:
    ourselves = psutil.Process()
    assert rss_bytes(ourselves) >= pss_bytes(ourselves.pid) > 1_000_000
    assert pss_bytes(2**22 + 1) == 0
