"""Work that a service repeats beside its requests: a relay, a feed, a reconciler.

A dependency that is away makes the loop wait and go on. Any other failure is a defect: the loop does not
limp, the process leaves in good order, and whoever supervises it starts it anew.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Self

from portico_kit.errors import Unavailable
from portico_kit.telemetry import get_logger

log = get_logger(__name__)
UNAVAILABLE_PAUSE_MAX_S = 5.0


class Loop:
    """Runs while it is entered. `step` returns True to be called again at once, False to rest first."""

    def __init__(self, name: str, step: Callable[[], Awaitable[bool]], *, interval_s: float) -> None:
        self._name = name
        self._step = step
        self._interval_s = interval_s
        self._due = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name=self._name)
        self._task.add_done_callback(self._leave_if_failed)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})  # and do not raise: a failure was reported when it happened

    def wake(self) -> None:
        """End the rest now: there is something to do."""
        self._due.set()

    async def _run(self) -> None:
        pause_s = self._interval_s
        while True:
            self._due.clear()
            try:
                more = await self._step()
                pause_s = self._interval_s
            except Unavailable as reason:
                more, pause_s = False, min(2 * pause_s, UNAVAILABLE_PAUSE_MAX_S)
                log.warning("a loop waits", extra={"loop": self._name, "reason": reason.code})
            if not more:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._due.wait(), pause_s)

    def _leave_if_failed(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is None:
            return
        log.critical("a loop failed; leaving", extra={"loop": self._name}, exc_info=task.exception())
        os.kill(os.getpid(), signal.SIGTERM)
