"""What a running system says of itself: the content of `./portico status --json`."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from portico_runtime.local_system import LocalSystem
from portico_runtime.postgres import Administrator
from portico_runtime.processes import ManagedProcess, State
from portico_topology import ServiceKind


async def status(system: LocalSystem, *, ready: bool) -> dict[str, Any]:
    """Return the whole status."""
    partners = [
        service.name for service in system.layout.system.services if service.kind is ServiceKind.PARTNER
    ]
    database, breakers = await asyncio.gather(
        database_status(system), asyncio.to_thread(breaker_states, system, partners)
    )
    processes = list(system.supervisor.processes.values())
    return {
        "address": system.layout.addresses.edge,
        "ready": ready and all(process.state is State.READY for process in processes),
        "zones": {zone: zone_state(zone, processes) for zone in system.layout.system.zones},
        "processes": [process_status(process) for process in processes],
        "database": database,
        "breakers": breakers,
        "accounts": [
            {"role": account.role, "email": account.email, "password": account.password}
            for account in system.layout.secrets.accounts
        ],
    }


def process_status(process: ManagedProcess) -> dict[str, Any]:
    """Return what is known of one process."""
    return {
        "name": process.spec.name,
        "service": process.spec.service,
        "zone": process.spec.zone,
        "pid": process.pid,
        "state": process.state.value,
        "address": f"127.0.0.1:{process.spec.port}" if process.spec.port else None,
        "restarts": process.restarts,
        "rss_bytes": sum(map(rss_bytes, process.family())),
    }


def rss_bytes(process: psutil.Process) -> int:
    """Return a process's resident memory; 0 once it is gone."""
    with contextlib.suppress(psutil.NoSuchProcess):
        size: int = process.memory_info().rss
        return size
    return 0


def zone_state(zone: str, processes: list[ManagedProcess]) -> str:
    """Return "up", "degraded" or "down"."""
    states = [process.state is State.READY for process in processes if process.spec.zone == zone]
    if states and all(states):
        return "up"
    return "degraded" if any(states) else "down"


async def database_status(system: LocalSystem) -> dict[str, Any]:
    """Return who is primary and who streams from it."""
    for node in system.layout.main:
        administrator = Administrator(node)
        try:
            if await administrator.is_primary():
                replicas = [vars(replica) for replica in await administrator.replicas()]
                return {"primary": node.name, "replicas": replicas}
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            continue
    return {"primary": None, "replicas": []}


def breaker_states(system: LocalSystem, partners: list[str]) -> dict[str, str]:
    """Return each partner's breaker; "unknown" before the stacks are there."""
    return {**(system.breakers.states(partners) if system.breakers else dict.fromkeys(partners, "unknown"))}


def memory_bytes(system: LocalSystem) -> int:
    """Return the proportional set size of everything with us; the resident size where that is not known."""
    members = [member for process in system.supervisor.processes.values() for member in process.family()]
    return sum(pss_bytes(member.pid) or rss_bytes(member) for member in (psutil.Process(), *members))


def pss_bytes(pid: int) -> int:
    """Return a process's proportional set size, or 0 where the kernel does not tell."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
