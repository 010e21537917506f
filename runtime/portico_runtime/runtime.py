"""The runtime of one system, from `up` to its end: start, answer the command line, stop."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from typing import Any

import asyncpg

from portico_runtime.board import Board
from portico_runtime.control import ControlServer
from portico_runtime.emulator.provision import ProvisionError
from portico_runtime.emulator.synthesis import SynthesisError
from portico_runtime.envoy import DocumentError
from portico_runtime.jobs import JobFailedError
from portico_runtime.layout import make_layout, marker
from portico_runtime.leftovers import end_leftovers, record_runtime
from portico_runtime.local_system import LocalSystem
from portico_runtime.node import NodeError
from portico_runtime.ports import require_free
from portico_runtime.postgres import PostgresError
from portico_runtime.problems import OperatorError, explained
from portico_runtime.processes import MARKER, StartFailedError
from portico_runtime.state import StateFolder
from portico_runtime.status import memory_bytes, status

EXPECTED = (
    OperatorError,
    StartFailedError,
    JobFailedError,
    PostgresError,
    NodeError,
    ProvisionError,
    SynthesisError,
    DocumentError,
    OSError,  # TimeoutError is one
    subprocess.TimeoutExpired,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)


class Runtime:
    """One system's life."""

    def __init__(self, state: StateFolder, *, port: int, host: str) -> None:
        self._state = state
        self._port = port
        self._host = host
        self._ready = False
        self._ready_s = 0.0
        self._stop = asyncio.Event()
        self._board = Board()

    async def run(self) -> None:
        """Start, print what there is, wait for the end, and leave nothing behind."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop.set)
        record_runtime(self._state)
        os.environ[MARKER] = marker(self._state)  # for what is run on the way: builds, initdb
        if left := end_leftovers(self._state, marker(self._state)):
            self._board.say(f"ended what an earlier run left behind: {', '.join(left)}")
        require_free(self._host, self._port)
        layout = make_layout(self._state, port=self._port, host=self._host)
        system = LocalSystem(layout, self._board.observe)
        token = layout.secrets.control_token
        async with ControlServer(layout.control_port, token, lambda request: self._answer(system, request)):
            try:
                if await self._starts(system):
                    await self._serve(system)
            finally:
                await self._leave(system)

    async def _starts(self, system: LocalSystem) -> bool:
        """Start everything; whether it came to that before somebody asked us to stop."""
        started = time.monotonic()
        starting = asyncio.create_task(system.start())
        stopping = asyncio.create_task(self._stop.wait())
        with self._board.live():
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not starting.done():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)  # what fails now fails because we stop
            return False
        if (error := starting.exception()) is not None:
            raise readable(error)
        self._ready_s = time.monotonic() - started
        return True

    async def _serve(self, system: LocalSystem) -> None:
        self._ready = True
        self._print_summary(system)
        self._state.write("ready", {"seconds": round(self._ready_s, 3)}, durable=False)
        house = asyncio.create_task(system.supervisor.keep_house())
        await self._stop.wait()
        house.cancel()
        self._board.say("stopping …")

    async def _leave(self, system: LocalSystem) -> None:
        self._ready = False
        self._state.file("ready").unlink(missing_ok=True)
        try:
            await system.stop()
        finally:
            end_leftovers(self._state, system.layout.marker)
        self._board.say("stopped")

    async def _answer(self, system: LocalSystem, request: dict[str, Any]) -> dict[str, Any]:
        match request["action"]:
            case "status":
                return await status(system, ready=self._ready)
            case "restart":
                return await restart(system, request["name"])
        raise OperatorError(f"there is no action {request['action']}", "there are: status, restart")

    def _print_summary(self, system: LocalSystem) -> None:
        say, layout = self._board.say, system.layout
        say(f"\nPortico is ready: {layout.addresses.edge}", style="bold cyan")
        memory = f"{memory_bytes(system) / 2**20:.0f} MiB"
        say(f"started in {self._ready_s:.1f} s, uses {memory} (proportional set size)")
        say("\ndemo accounts", style="bold")
        for account in layout.secrets.accounts:
            say(f"  {account.role:<14} {account.email:<34} {account.password}")
        say("\nwhat runs where", style="bold")
        for process in sorted(system.supervisor.processes.values(), key=lambda process: process.spec.name):
            zone = f"zone {process.spec.zone}" if process.spec.zone else "-"
            say(f"  {process.spec.name:<18} {zone:<8} 127.0.0.1:{process.spec.port}")
        say(f"\ndemo mailbox: {layout.addresses.edge}/mailbox")
        say(
            "./portico status, logs and down work from another terminal; Ctrl-C here stops everything",
            style="dim",
        )


async def restart(system: LocalSystem, name: str) -> dict[str, Any]:
    """Restart one process in good order, and return its new pid."""
    supervisor = system.supervisor
    if name not in supervisor.processes:
        known = ", ".join(sorted(supervisor.processes))
        raise OperatorError(f"there is no process named {name}", f"there are: {known}")
    try:
        await supervisor.restart(name)
    except EXPECTED as error:
        raise explained(error) from None
    return {"name": name, "pid": supervisor.processes[name].pid}


def readable(error: BaseException) -> BaseException:
    """Return an expected failure, be it inside groups, as one line with its remedy; others as they are."""
    first = error
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return explained(first) if isinstance(first, EXPECTED) else error


async def run_system(state: StateFolder, *, port: int, host: str) -> None:
    """Run a system on a locked state folder until it is stopped."""
    with state.locked():
        await Runtime(state, port=port, host=host).run()
