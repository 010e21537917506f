"""Keeps the processes of a system running: starts them in order, restarts what dies, stops them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from portico_runtime.leftovers import record
from portico_runtime.problems import explained
from portico_runtime.processes import (
    ManagedProcess,
    NotReadyInTimeError,
    ProcessSpec,
    StartFailedError,
    State,
    bound_log,
)
from portico_runtime.state import StateFolder

BACKOFF_FIRST_S = 0.2
BACKOFF_MAX_S = 10.0
HEALTHY_AFTER_S = 20.0  # having been ready so long, a process starts its backoff anew
FIRST_ATTEMPTS_MAX = 3  # who never was ready is not tried for ever
HOUSEKEEPING_S = 10.0

Progress = Literal["waiting", "running", "done", "failed", "restarting"]
Observer = Callable[[str, Progress, str], None]


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that start-up does once what it needs is done."""

    name: str
    needs: tuple[str, ...]
    act: Callable[[], Awaitable[str | None]]


@dataclass
class Supervisor:
    """The processes by name. `on_change` hears whenever one becomes ready or stops being so."""

    state: StateFolder
    marker: str
    observe: Observer
    on_change: Callable[[ManagedProcess], None]
    processes: dict[str, ManagedProcess] = field(default_factory=dict)
    _keepers: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _is_leaving: bool = False

    async def run_steps(self, steps: Iterable[Step]) -> None:
        """Run every step as soon as its needs are done; the first failure ends the others."""
        steps = list(steps)
        done = {step.name: asyncio.Event() for step in steps}

        async def run(step: Step) -> None:
            for need in step.needs:
                await done[need].wait()
            started = time.monotonic()
            self.observe(step.name, "running", "")
            detail = await step.act()
            self.observe(step.name, "done", detail or f"{time.monotonic() - started:.1f} s")
            done[step.name].set()

        for step in steps:
            self.observe(step.name, "waiting", ", ".join(step.needs))
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(run(step))

    async def start(self, spec: ProcessSpec) -> None:
        """Start a process, keep it running from now on, and return when it is ready for the first time."""
        if self._is_leaving:
            raise StartFailedError(f"{spec.name} is not started: the system is stopping")
        process = ManagedProcess(spec, self.state.logs / f"{spec.name}.log", self.marker)
        self.processes[spec.name] = process
        first_ready = asyncio.get_running_loop().create_future()
        keeper = asyncio.create_task(self._keep(process, first_ready), name=spec.name)
        keeper.add_done_callback(partial(self._keeper_ended, process, first_ready))
        self._keepers[spec.name] = keeper
        await first_ready

    def _keeper_ended(
        self, process: ManagedProcess, first_ready: asyncio.Future[None], keeper: asyncio.Task[None]
    ) -> None:
        """Let nobody wait for a process that is no longer kept, and say so if a defect of ours is why."""
        error = None if keeper.cancelled() else keeper.exception()
        if not first_ready.done():
            stopped = StartFailedError(f"{process.spec.name} was stopped before it was ready")
            first_ready.set_exception(error or stopped)
        elif error is not None:
            self._tell(process, "failed", f"is no longer kept running: {error!r}")

    async def _keep(self, process: ManagedProcess, first_ready: asyncio.Future[None]) -> None:
        """Run a process for ever: start it, see it ready, see it end, wait longer each time, and again."""
        backoff_s = BACKOFF_FIRST_S
        while True:
            try:
                await process.start()
                self._note(process)
                await process.wait_until_ready()
                self._note(process)
                if not first_ready.done():
                    first_ready.set_result(None)
                else:
                    self._tell(process, "done", "runs again")
                ending = f"{process.spec.name} {await process.wait()}"
            except (StartFailedError, OSError) as error:
                await process.kill()  # it may be neither ready nor gone
                if not first_ready.done() and is_hopeless(process, error):
                    first_ready.set_exception(error)
                    return
                ending = str(error)
            if process.ready_at is not None and time.monotonic() - process.ready_at > HEALTHY_AFTER_S:
                backoff_s = BACKOFF_FIRST_S
            process.state = State.BACKOFF
            self._note(process)
            self._tell(process, "restarting", f"{ending}; starts again in {backoff_s:.1f} s")
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, BACKOFF_MAX_S)
            process.restarts += 1

    async def restart(self, name: str) -> None:
        """Stop a process in good order, and start it again."""
        spec = self.processes[name].spec
        await self.stop(name)
        await self.start(spec)

    async def stop(self, name: str) -> None:
        """Stop one process and keep it stopped."""
        process = self.processes[name]
        process.state = State.STOPPING
        self._note(process)  # before the signal: nobody sends it new work
        if (keeper := self._keepers.pop(name, None)) is not None:
            keeper.cancel()
            await asyncio.wait({keeper})
        await process.stop()
        self._note(process)

    async def stop_all(self, order: Iterable[Iterable[str]]) -> None:
        """Stop the processes in groups, one after the other, each at once; nothing is started from now on."""
        self._is_leaving = True
        for names in order:
            await asyncio.gather(*(self.stop(name) for name in names if name in self.processes))

    async def keep_house(self) -> None:
        """Bound the logs, for as long as the system runs."""
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            for path in self.state.logs.glob("*.log"):
                bound_log(path)

    def _note(self, process: ManagedProcess) -> None:
        """Tell the balancers and write down who runs. A full disk must not end what still runs."""
        try:
            self.on_change(process)
            record(self.state, self.processes.values())
        except OSError as error:
            self._tell(process, "failed", str(explained(error)))

    def _tell(self, process: ManagedProcess, progress: Progress, detail: str) -> None:
        with contextlib.suppress(OSError):  # a terminal that is gone must not end what still runs
            self.observe(process.spec.name, progress, detail)


def is_hopeless(process: ManagedProcess, error: Exception) -> bool:
    """Whether a process that never was ready should be given up."""
    return isinstance(error, NotReadyInTimeError) or process.restarts + 1 >= FIRST_ATTEMPTS_MAX
