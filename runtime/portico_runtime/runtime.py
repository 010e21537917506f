"""The runtime of one system, from `up` to its end: start, answer the command line, stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from typing import Any

from portico_runtime.board import Board
from portico_runtime.control import ControlServer
from portico_runtime.jobs import JobFailedError
from portico_runtime.layout import make_layout
from portico_runtime.leftovers import end_leftovers
from portico_runtime.local_system import LocalSystem
from portico_runtime.node import NodeError
from portico_runtime.ports import require_free
from portico_runtime.postgres import PostgresError
from portico_runtime.problems import OperatorError
from portico_runtime.processes import StartFailedError
from portico_runtime.state import StateFolder
from portico_runtime.status import memory_bytes, status

EXPECTED = (StartFailedError, JobFailedError, PostgresError, NodeError)
DISK_FULL = ("No space left on device", "ENOSPC", "could not extend file")


class Runtime:
    """One system's life."""

    def __init__(self, state: StateFolder, *, port: int, host: str) -> None:
        self._state = state
        self._port = port
        self._host = host
        self._ready = False
        self._stop = asyncio.Event()
        self._board = Board()

    async def run(self) -> None:
        """Start, print what there is, wait for the end, and leave nothing behind."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop.set)
        layout = make_layout(self._state, port=self._port, host=self._host)
        if left := end_leftovers(self._state, layout.marker):
            self._board.console.print(f"ended what an earlier run left behind: {', '.join(left)}", highlight=False)
        require_free(self._host, self._port)
        system = LocalSystem(layout, self._board.observe)
        async with ControlServer(self._state, lambda request: self._answer(system, request)):
            try:
                await self._start_or_be_stopped(system)
                if not self._stop.is_set():
                    await self._serve(system)
            finally:
                await self._leave(system)

    async def _start_or_be_stopped(self, system: LocalSystem) -> None:
        started = time.monotonic()
        with self._board.live():
            starting = asyncio.create_task(system.start())
            stopping = asyncio.create_task(self._stop.wait())
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if not starting.done():
                starting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await raise_first(starting)
        self._board.stop_live()
        self._ready_s = time.monotonic() - started

    async def _serve(self, system: LocalSystem) -> None:
        self._ready = True
        self._state.write("ready", {"seconds": self._ready_s})
        await asyncio.sleep(0.5)  # let start-up's garbage settle before memory is counted
        self._print_summary(system)
        house = asyncio.create_task(system.supervisor.keep_house())
        await self._stop.wait()
        house.cancel()
        self._board.console.print("stopping …")

    async def _leave(self, system: LocalSystem) -> None:
        self._ready = False
        self._state.file("ready").unlink(missing_ok=True)
        await system.stop()
        end_leftovers(self._state, system.layout.marker)
        self._board.console.print("stopped")

    async def _answer(self, system: LocalSystem, request: dict[str, Any]) -> dict[str, Any]:
        match request["action"]:
            case "status":
                return await status(system, ready=self._ready)
            case "stop":
                self._stop.set()
                return {"stopping": True}
        return {"error": f"there is no action {request['action']}"}

    def _print_summary(self, system: LocalSystem) -> None:
        say = self._board.console.print
        say(f"\n[bold]Portico is ready:[/bold] [bold cyan]{system.layout.addresses.edge}[/bold cyan]")
        say(f"started in {self._ready_s:.1f} s, uses {memory_bytes(system) / 2**20:.0f} MiB (proportional set size)\n")
        say("demo accounts", style="bold")
        for account in system.layout.secrets.accounts:
            say(f"  {account.role:<14} {account.email:<34} {account.password}", highlight=False)
        say("\nwhat runs where", style="bold")
        for process in system.supervisor.processes.values():
            zone = f"zone {process.spec.zone}" if process.spec.zone else "-"
            say(f"  {process.spec.name:<18} {zone:<8} 127.0.0.1:{process.spec.port}", highlight=False)
        say("\ndemo mailbox: " + system.layout.addresses.edge + "/mailbox", highlight=False)
        say("Ctrl-C stops everything. ./portico status, logs and down work from another terminal.", style="dim")


async def raise_first(starting: asyncio.Task[None]) -> None:
    """Wait for start-up; of what failed, raise the first as something a person can read."""
    try:
        await starting
    except* (*EXPECTED, OperatorError) as group:
        raise readable(first_of(group)) from None


def first_of(group: BaseExceptionGroup[Any]) -> Exception:
    """Return the first failure inside nested groups."""
    error: Any = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    failure: Exception = error
    return failure


def readable(error: Exception) -> OperatorError:
    """Return a failure with its remedy."""
    if isinstance(error, OperatorError):
        return error
    text = str(error)
    if any(sign in text for sign in DISK_FULL):
        return OperatorError("the disk is full", "free some space, or use --state on another disk")
    return OperatorError(text, "read more in the state folder's logs: ./portico logs")


async def run_system(state: StateFolder, *, port: int, host: str) -> None:
    """Run a system on a locked state folder until it is stopped."""
    with state.locked():
        await Runtime(state, port=port, host=host).run()
