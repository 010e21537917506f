"""Keeps the processes of one system running: starts them as their needs are met, restarts what dies, stops in order."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from portico_runtime.leftovers import record
from portico_runtime.processes import ManagedProcess, ProcessSpec, StartFailedError, State
from portico_runtime.state import StateFolder

BACKOFF_FIRST_S = 0.2
BACKOFF_MAX_S = 10.0
HEALTHY_AFTER_S = 20.0  # having run so long, a process starts its backoff anew
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
        """Start a process, wait until it is ready, and keep it running from then on."""
        process = ManagedProcess(spec, self.state.logs / f"{spec.name}.log", self.marker)
        self.processes[spec.name] = process
        await process.start()
        self._write_down()
        await process.wait_until_ready()
        self.on_change(process)
        self._keepers[spec.name] = asyncio.create_task(self._keep(process), name=spec.name)

    async def _keep(self, process: ManagedProcess) -> None:
        """Restart a process whenever it ends, waiting longer each time until it has run well for a while."""
        backoff_s = BACKOFF_FIRST_S
        while True:
            code = await process.wait()
            if process.state in (State.STOPPING, State.STOPPED):
                return
            if time.monotonic() - process.started_at > HEALTHY_AFTER_S:
                backoff_s = BACKOFF_FIRST_S
            process.state = State.BACKOFF
            self.on_change(process)
            self.observe(process.spec.name, "restarting", f"ended with code {code}; starts again in {backoff_s:.1f} s")
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, BACKOFF_MAX_S)
            process.restarts += 1
            await self._start_again(process)

    async def _start_again(self, process: ManagedProcess) -> None:
        await process.start()
        self._write_down()
        try:
            await process.wait_until_ready()
        except StartFailedError:
            if process.child and process.child.returncode is None:
                process.child.kill()  # neither ready nor gone: the keeper tries again
            return
        self.on_change(process)
        self.observe(process.spec.name, "done", "runs again")

    async def restart(self, process: ManagedProcess) -> None:
        """Stop a process and start it again under its keeper."""
        await self.stop(process.spec.name)
        await self.start(process.spec)

    async def stop(self, name: str) -> None:
        """Stop one process and keep it stopped."""
        process = self.processes[name]
        keeper = self._keepers.pop(name, None)
        process.state = State.STOPPING
        self.on_change(process)
        if keeper is not None:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
        await process.stop()
        self._write_down()

    async def stop_all(self, order: Iterable[Iterable[str]]) -> None:
        """Stop the processes in groups, one group after the other, each group at once."""
        for names in order:
            present = [name for name in names if name in self.processes]
            await asyncio.gather(*(self.stop(name) for name in present))

    async def keep_house(self) -> None:
        """Bound the logs, for as long as the system runs."""
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            for process in self.processes.values():
                process.bound_log()

    def _write_down(self) -> None:
        record(self.state, self.processes.values())
