"""A loop goes on while its dependency is away, and does not hide a defect."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import pytest

from portico_kit.errors import Unavailable
from portico_kit.loop import Loop


class Steps:
    """A step that does what its script says, then has nothing to do."""

    def __init__(self, *script: bool | Exception) -> None:
        self.script = list(script)
        self.taken = 0

    async def __call__(self) -> bool:
        self.taken += 1
        todo = self.script.pop(0) if self.script else False
        if isinstance(todo, Exception):
            raise todo
        return todo


@pytest.fixture
def terminations() -> Iterator[list[int]]:
    """What this process was asked to end by."""
    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: seen.append(number))
    yield seen
    signal.signal(signal.SIGTERM, before)


async def test_more_to_do_is_done_at_once_and_then_it_rests() -> None:
    steps = Steps(True, True, True)
    async with Loop("test", steps, interval_s=60):
        await asyncio.sleep(0.05)
    assert steps.taken == 4


async def test_waking_ends_the_rest() -> None:
    steps = Steps()
    async with Loop("test", steps, interval_s=60) as loop:
        await asyncio.sleep(0.01)
        loop.wake()
        await asyncio.sleep(0.01)
    assert steps.taken == 2


async def test_a_dependency_that_is_away_does_not_end_it() -> None:
    steps = Steps(Unavailable(), Unavailable(), True)
    async with Loop("test", steps, interval_s=0.005):
        await asyncio.sleep(0.2)
    assert steps.taken > 3


async def test_a_defect_ends_the_process(terminations: list[int]) -> None:
    async with Loop("test", Steps(KeyError("defect")), interval_s=0.005):
        await asyncio.sleep(0.05)
    assert terminations == [signal.SIGTERM]


async def test_leaving_ends_it_without_a_signal(terminations: list[int]) -> None:
    steps = Steps()
    async with Loop("test", steps, interval_s=0.005):
        await asyncio.sleep(0.02)
    taken = steps.taken
    await asyncio.sleep(0.03)
    assert steps.taken == taken
    assert terminations == []
