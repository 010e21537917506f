"""Processes of a system whose runtime was killed: found by what was written down, and by the mark they carry.

A pid alone proves nothing: numbers are used again. Who is ended has the recorded start time too, or the mark.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import psutil

from portico_runtime.processes import MARKER, ManagedProcess
from portico_runtime.state import StateFolder

LEAVE_TIMEOUT_S = 10
START_TIME_TOLERANCE_S = 0.1


def record(state: StateFolder, processes: Iterable[ManagedProcess]) -> None:
    """Write down who runs."""
    running = {}
    for process in processes:
        if process.pid is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                started = psutil.Process(process.pid).create_time()
                running[process.spec.name] = {"pid": process.pid, "started": started}
    state.write("processes", running)


def end_leftovers(state: StateFolder, marker: str) -> list[str]:
    """End what an earlier run left behind, and return the names."""
    found = {**recorded(state), **marked(marker)}
    for process in found.values():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process.resume()
            process.terminate()
    _gone, alive = psutil.wait_procs(list(found.values()), timeout=LEAVE_TIMEOUT_S)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process.kill()
    psutil.wait_procs(alive, timeout=LEAVE_TIMEOUT_S)
    state.write("processes", {})
    return sorted({process_name for process_name, _ in named(found)})


def named(found: dict[int, psutil.Process]) -> list[tuple[str, psutil.Process]]:
    """Return the processes with the names that the system knows them by, as far as that can be read."""
    names = []
    for process in found.values():
        try:
            names.append((process.name(), process))
        except psutil.NoSuchProcess:
            names.append(("process", process))
    return names


def recorded(state: StateFolder) -> dict[int, psutil.Process]:
    """Return the written-down processes that still run, and their descendants."""
    found: dict[int, psutil.Process] = {}
    for entry in (state.read("processes") or {}).values():
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(entry["pid"])
            if abs(process.create_time() - entry["started"]) < START_TIME_TOLERANCE_S:
                found |= {member.pid: member for member in (process, *process.children(recursive=True))}
    return found


def marked(marker: str) -> dict[int, psutil.Process]:
    """Return the processes that carry the mark of this system, where their environment can be read."""
    found = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            if process.environ().get(MARKER) == marker:
                found[process.pid] = process
    return found
