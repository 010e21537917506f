"""The cache: bounded, fresh, and one load for all who ask at once."""

from __future__ import annotations

import asyncio

import pytest

from portico_kit.cache import TtlCache


class Source:
    """Counts its loads; each takes a turn of the loop."""

    def __init__(self) -> None:
        self.loads = 0
        self.failing = False

    async def load(self) -> int:
        self.loads += 1
        number = self.loads
        await asyncio.sleep(0.01)
        if self.failing:
            raise LookupError("the source is away")
        return number


async def test_callers_at_once_share_one_load() -> None:
    cache, source = TtlCache[str, int](ttl_s=60, entries_max=10), Source()
    assert await asyncio.gather(*(cache.get("a", source.load) for _ in range(50))) == [1] * 50
    # The control: without the cache each of them loads.
    await asyncio.gather(*(source.load() for _ in range(50)))
    assert source.loads == 51


async def test_a_value_is_loaded_again_after_its_time() -> None:
    now = [0.0]
    cache, source = TtlCache[str, int](ttl_s=10, entries_max=10, clock=lambda: now[0]), Source()
    assert await cache.get("a", source.load) == 1
    now[0] = 9.9
    assert await cache.get("a", source.load) == 1
    now[0] = 10.1
    assert await cache.get("a", source.load) == 2


async def test_the_least_recently_used_entry_leaves() -> None:
    cache, source = TtlCache[str, int](ttl_s=60, entries_max=2), Source()
    for key in ("a", "b", "a", "c"):
        await cache.get(key, source.load)
    assert source.loads == 3
    assert await cache.get("a", source.load) == 1
    assert await cache.get("b", source.load) == 4


async def test_a_failed_load_fails_for_all_who_waited_and_is_not_kept() -> None:
    cache, source = TtlCache[str, int](ttl_s=60, entries_max=10), Source()
    source.failing = True
    results = await asyncio.gather(*(cache.get("a", source.load) for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [LookupError] * 3
    source.failing = False
    assert await cache.get("a", source.load) == 2


async def test_a_caller_that_leaves_does_not_take_the_load_along() -> None:
    cache, source = TtlCache[str, int](ttl_s=60, entries_max=10), Source()
    leaving = asyncio.create_task(cache.get("a", source.load))
    staying = asyncio.create_task(cache.get("a", source.load))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await staying == 1


async def test_a_forgotten_key_is_loaded_again() -> None:
    cache, source = TtlCache[str, int](ttl_s=60, entries_max=10), Source()
    await cache.get("a", source.load)
    cache.forget("a")
    assert await cache.get("a", source.load) == 2
