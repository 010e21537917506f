"""Processes of a system whose runtime was killed: found by what was written down, and by the mark they carry.

A pid alone proves nothing: numbers are used again. Who is ended has the recorded start time too, or the mark.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from portico_runtime.problems import OperatorError
from portico_runtime.processes import MARKER, ManagedProcess
from portico_runtime.state import StateFolder

LEAVE_TIMEOUT_S = 10
STOP_TIMEOUT_S = 90  # of a whole system; usually 3
POLL_S = 0.02
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
GONE = (psutil.NoSuchProcess, psutil.AccessDenied)


@dataclass(frozen=True)
class Leftover:
    """A process to end, what the system calls it, and the signal that it leaves on."""

    process: psutil.Process
    name: str
    stop_signal: int = signal.SIGTERM


def start_mark(pid: int) -> str | None:
    """Return what tells a process from others that had or will have its number; None if there is none."""
    with contextlib.suppress(OSError):  # Linux: clock ticks since this boot, which no clock setting changes
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return f"{BOOT_ID.read_text().strip()}:{after_name[19]}"
    with contextlib.suppress(psutil.NoSuchProcess):
        return f"{psutil.Process(pid).create_time():.2f}"
    return None


def record(state: StateFolder, processes: Iterable[ManagedProcess]) -> None:
    """Write down who runs."""
    running = {}
    for process in processes:
        if process.pid is not None:
            entry = {
                "pid": process.pid,
                "started": start_mark(process.pid),
                "signal": process.spec.stop_signal,
            }
            running[process.spec.name] = entry
    state.write("processes", running, durable=False)  # after a power cut nobody runs


def record_runtime(state: StateFolder) -> None:
    """Write down that this process is the runtime."""
    entry = {"pid": os.getpid(), "started": start_mark(os.getpid()), "signal": signal.SIGTERM}
    state.write("runtime", {"runtime": entry}, durable=False)


def stop_runtime(state: StateFolder) -> bool:
    """Stop a running system, by force if it takes too long; whether there was one."""
    runtimes = recorded(state, "runtime")
    if state.is_locked() and not runtimes:
        raise OperatorError(
            "a system is running and did not write down its process", "end it with kill, then again"
        )
    for left in runtimes.values():
        with contextlib.suppress(psutil.NoSuchProcess):
            left.process.resume()
            left.process.terminate()
    wait_until_gone(runtimes.values(), STOP_TIMEOUT_S)
    for left in runtimes.values():
        with contextlib.suppress(psutil.NoSuchProcess):
            left.process.kill()
    wait_until_gone(runtimes.values())
    return bool(runtimes)


def end_leftovers(state: StateFolder, marker: str) -> list[str]:
    """End what an earlier run left behind, and return the names: first ask, then kill what remains."""
    asked = recorded(state)
    asked |= {pid: left for pid, left in marked(marker).items() if not has_ancestor_in(left.process, asked)}
    family = {**asked, **descendants(asked)}
    for left in asked.values():
        with contextlib.suppress(*GONE):
            left.process.resume()  # who is frozen cannot leave
            left.process.send_signal(left.stop_signal)
    wait_until_gone(asked.values())
    for left in {**family, **marked(marker)}.values():
        with contextlib.suppress(*GONE):
            left.process.kill()
    wait_until_gone(family.values())
    state.write("processes", {})
    return sorted({left.name for left in asked.values()})


def wait_until_gone(leftovers: Iterable[Leftover], timeout_s: float = LEAVE_TIMEOUT_S) -> None:
    """Wait a bounded time for processes that are not our children. One that nobody reaps is gone as well."""
    deadline = time.monotonic() + timeout_s
    alive = [left.process for left in leftovers]
    while (alive := [process for process in alive if lives(process)]) and time.monotonic() < deadline:
        time.sleep(POLL_S)


def lives(process: psutil.Process) -> bool:
    """Whether a process still runs anything."""
    with contextlib.suppress(*GONE):
        running: bool = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        return running
    return False


def recorded(state: StateFolder, file: str = "processes") -> dict[int, Leftover]:
    """Return the written-down processes that still run; none if the file is damaged: the marks remain."""
    found = {}
    entries = {}
    with contextlib.suppress(OperatorError):
        entries = state.read(file) or {}
    for name, entry in entries.items():
        with contextlib.suppress(psutil.NoSuchProcess, KeyError, TypeError, ValueError, OverflowError):
            if entry["started"] is not None and start_mark(entry["pid"]) == entry["started"]:
                found[entry["pid"]] = Leftover(psutil.Process(entry["pid"]), name, entry["signal"])
    return found


def marked(marker: str) -> dict[int, Leftover]:
    """Return the processes, never us, that carry the mark of this system, as far as we may look."""
    found = {}
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        with contextlib.suppress(*GONE):
            if process.pid not in ours and process.environ().get(MARKER) == marker:
                found[process.pid] = Leftover(process, process.name())
    return found


def descendants(found: dict[int, Leftover]) -> dict[int, Leftover]:
    """Return the children of processes, and theirs: PostgreSQL's carry no mark, for they write over it."""
    below: dict[int, Leftover] = {}
    for left in found.values():
        with contextlib.suppress(*GONE):
            below |= {
                child.pid: Leftover(child, left.name) for child in left.process.children(recursive=True)
            }
    return below


def has_ancestor_in(process: psutil.Process, found: dict[int, Leftover]) -> bool:
    """Whether a process is one of these or below one of them."""
    with contextlib.suppress(*GONE):
        return process.pid in found or any(parent.pid in found for parent in process.parents())
    return True
