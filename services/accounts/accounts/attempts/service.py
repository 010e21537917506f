"""How often something may fail: at most `failures_max` failures of one key in a window.

An attempt reserves its place before it is made, in one conditional write, so that a thousand attempts at once
get no more tries than a thousand in a row. Success gives the place back: only failures count. While all
places are taken by attempts that have not ended yet, the next one waits a moment instead of being refused.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from accounts.attempts.repository import AttemptRepository, Window
from portico_kit.errors import Problem, TooManyRequests

PAUSE_MIN_S = 0.05
PAUSE_MAX_S = 0.25
RETRY_AFTER_CROWDED_S = 1


@dataclass(frozen=True, kw_only=True)
class AttemptPolicy:
    """What is counted, how much of it is too much, and how long an attempt waits for those under way."""

    name: str
    failures_max: int
    window_s: int
    failure: type[Problem]
    refusal: type[TooManyRequests]
    wait_max_s: float = 5


class AttemptLimit:
    """Counts failures of one kind over all instances."""

    def __init__(self, repository: AttemptRepository, policy: AttemptPolicy) -> None:
        self._repository = repository
        self._policy = policy

    @asynccontextmanager
    async def attempt(self, key: str) -> AsyncIterator[None]:
        """Make one attempt in the body; raises the policy's refusal if too many have failed.

        The policy's failure, raised by the body, counts. Any other problem does not: what was tried was
        right, or nothing was tried.
        """
        window = await self._reserve(key)
        try:
            yield
        except self._policy.failure:
            await self._repository.fail(window)
            raise
        except Problem:
            await self._repository.release(window)
            raise
        await self._repository.release(window)

    async def _reserve(self, key: str) -> Window:
        policy = self._policy
        give_up_at = time.monotonic() + policy.wait_max_s
        while time.monotonic() < give_up_at:
            window = await self._repository.reserve(
                f"{policy.name}#{key}", places=policy.failures_max, window_s=policy.window_s
            )
            if window.reserved:
                return window
            if window.failures >= policy.failures_max:
                raise policy.refusal(retry_after_s=_seconds_until(window.ends_at_ms))
            await asyncio.sleep(random.uniform(PAUSE_MIN_S, PAUSE_MAX_S))  # noqa: S311 - jitter, no secret
        raise policy.refusal(retry_after_s=RETRY_AFTER_CROWDED_S)


def _seconds_until(moment_ms: int) -> int:
    return max(1, math.ceil(moment_ms / 1000 - time.time()))
