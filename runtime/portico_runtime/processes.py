"""One child process: what it is, how it is started, asked whether it is ready, and ended.

Each has a session of its own: a signal to us does not reach it, and one to its group reaches all of it.
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
LAST_WORDS_BYTES = 4000
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
    """A process ended before it was ready; the message has the end of its log."""


class NotReadyInTimeError(StartFailedError):
    """A process runs and does not become ready."""


@dataclass
class ManagedProcess:
    """A process that runs, or is to run again."""

    spec: ProcessSpec
    log_path: Path
    marker: str
    state: State = State.STOPPED
    restarts: int = 0
    ready_at: float | None = None
    child: asyncio.subprocess.Process | None = field(default=None, repr=False)
    _group: int | None = None  # while anything of it may be left; later the number is somebody else's

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self.child.pid if self.child and self.child.returncode is None else None

    async def start(self) -> None:
        """Start the child; it writes to its log by itself, so that the log outlives us."""
        self.state, self.ready_at = State.STARTING, None
        with self.log_path.open("ab") as log:
            self.child = await asyncio.create_subprocess_exec(
                *self.spec.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env={**self.spec.environment, MARKER: self.marker},
                cwd=self.spec.folder,
                start_new_session=True,
            )
            self._group = self.child.pid

    async def wait_until_ready(self) -> None:
        """Wait for readiness; `StartFailedError` if the process ends first or takes too long."""
        deadline = time.monotonic() + self.spec.start_timeout_s
        while time.monotonic() < deadline:
            if self.pid is None:
                raise StartFailedError(f"{self.spec.name} {self.ending()}: {self.last_words()}")
            if await self.spec.ready():
                self.state, self.ready_at = State.READY, time.monotonic()
                return
            await asyncio.sleep(READY_POLL_S)
        limit = f"{self.spec.start_timeout_s:.0f} s"
        raise NotReadyInTimeError(f"{self.spec.name} is not ready after {limit}: {self.last_words()}")

    async def wait(self) -> str:
        """Wait for the child to end, end what is left of its group, and return how it ended."""
        if self.child is not None:
            await self.child.wait()
            self._end_group()
        return self.ending()

    def ending(self) -> str:
        """Return how the child ended, in words."""
        code = self.child.returncode if self.child else None
        if code is not None and code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with code {code}"

    async def stop(self) -> None:
        """Ask the process to leave; after its time is over, end its whole group."""
        if self.child is not None and self.pid is not None:
            self.state = State.STOPPING
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.child.pid, signal.SIGCONT)  # a frozen process cannot leave
                os.kill(self.child.pid, self.spec.stop_signal)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.child.wait(), self.spec.stop_timeout_s)
        await self.kill()
        self.state = State.STOPPED

    async def kill(self) -> None:
        """End the process and all of its group at once."""
        self._end_group()
        if self.child is not None:
            await self.child.wait()

    def _end_group(self) -> None:
        if self._group is not None:
            end_group(self._group)
            self._group = None

    def last_words(self, lines: int = 4) -> str:
        """Return the end of the log."""
        with contextlib.suppress(FileNotFoundError):
            text = self.log_path.read_text(errors="replace")[-LAST_WORDS_BYTES:]
            return " | ".join(line for line in text.splitlines()[-lines:] if line.strip())
        return ""

    def family(self) -> list[psutil.Process]:
        """Return the process and its descendants."""
        if self.pid is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            return [process, *process.children(recursive=True)]
        return []


def bound_log(path: Path, bytes_max: int = LOG_BYTES_MAX) -> None:
    """Start a log anew when it is large, keeping the former one. Its writers append and do not notice."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > bytes_max:
            former = path.with_suffix(".log.1")
            try:
                shutil.copyfile(path, former)
            except OSError:  # a full disk: room matters more than what was said before
                former.unlink(missing_ok=True)
            os.truncate(path, 0)


def end_group(group: int) -> None:
    """Kill whatever is left of a process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
