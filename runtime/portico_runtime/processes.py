"""One child process: what it is, how it is started, asked whether it is ready, and ended.

Each has a session of its own, so that a signal to us does not reach it and one to its group reaches all of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import psutil

MARKER = "PORTICO_SYSTEM"  # in each child's environment: whose it is
LOG_BYTES_MAX = 20_000_000
READY_POLL_S = 0.05


class State(StrEnum):
    """Where a process is in its life."""

    STARTING = "starting"
    READY = "ready"
    BACKOFF = "backoff"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True)
class ProcessSpec:
    """What to run. `ready` is asked until it says yes; `stop_signal` asks the process to leave."""

    name: str
    service: str
    zone: str | None
    command: list[str]
    environment: Mapping[str, str]
    ready: Callable[[], Awaitable[bool]]
    port: int | None = None
    folder: Path | None = None
    stop_signal: int = signal.SIGTERM
    stop_timeout_s: float = 15
    start_timeout_s: float = 60


class StartFailedError(RuntimeError):
    """A process ended, or was not ready in time; the message has the end of its log."""


@dataclass
class ManagedProcess:
    """A process that runs, or is to run again."""

    spec: ProcessSpec
    log_path: Path
    marker: str
    state: State = State.STOPPED
    restarts: int = 0
    started_at: float = 0
    child: asyncio.subprocess.Process | None = field(default=None, repr=False)

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self.child.pid if self.child and self.child.returncode is None else None

    async def start(self) -> None:
        """Start the child; it writes to its log by itself, so that the log outlives us."""
        self.state = State.STARTING
        self.started_at = time.monotonic()
        environment = {**self.spec.environment, MARKER: self.marker}
        with self.log_path.open("ab") as log:
            self.child = await asyncio.create_subprocess_exec(
                *self.spec.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env=environment,
                cwd=self.spec.folder,
                start_new_session=True,
            )

    async def wait_until_ready(self) -> None:
        """Wait for readiness; `StartFailedError` if the process ends first or takes too long."""
        deadline = time.monotonic() + self.spec.start_timeout_s
        while time.monotonic() < deadline:
            if self.child is None or self.child.returncode is not None:
                code = self.child.returncode if self.child else None
                raise StartFailedError(f"{self.spec.name} ended with code {code}: {self.last_words()}")
            if await self.spec.ready():
                self.state = State.READY
                return
            await asyncio.sleep(READY_POLL_S)
        raise StartFailedError(f"{self.spec.name} is not ready after {self.spec.start_timeout_s:.0f} s: {self.last_words()}")

    async def wait(self) -> int:
        """Wait for the child to end; return its code."""
        assert self.child is not None  # noqa: S101  only called while one runs
        return await self.child.wait()

    async def stop(self) -> None:
        """Ask the process to leave; after its time is over, end its whole group."""
        if self.child is None or self.child.returncode is not None:
            self.state = State.STOPPED
            return
        self.state = State.STOPPING
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.child.pid, signal.SIGCONT)  # a frozen process cannot leave
            os.kill(self.child.pid, self.spec.stop_signal)
        try:
            await asyncio.wait_for(self.child.wait(), self.spec.stop_timeout_s)
        except TimeoutError:
            end_group(self.child.pid)
            await self.child.wait()
        end_group(self.child.pid)
        self.state = State.STOPPED

    def last_words(self, lines: int = 4) -> str:
        """Return the end of the log."""
        with contextlib.suppress(FileNotFoundError):
            text = self.log_path.read_text(errors="replace")[-4000:]
            return " | ".join(line for line in text.splitlines()[-lines:] if line.strip())
        return ""

    def bound_log(self) -> None:
        """Start the log anew when it is large, keeping the former one. The child appends and does not notice."""
        with contextlib.suppress(FileNotFoundError):
            if self.log_path.stat().st_size > LOG_BYTES_MAX:
                shutil.copyfile(self.log_path, self.log_path.with_suffix(".log.1"))
                os.truncate(self.log_path, 0)

    def family(self) -> list[psutil.Process]:
        """Return the process and its descendants."""
        if self.pid is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            return [process, *process.children(recursive=True)]
        return []


def end_group(group: int) -> None:
    """Kill whatever is left of a process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
