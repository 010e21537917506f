"""Starts the PostgreSQL servers of a system: the main primary, its standbys, and the partners' own."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Mapping

from portico_runtime.layout import Layout
from portico_runtime.postgres import Administrator, PostgresNode
from portico_runtime.processes import ProcessSpec, StartFailedError
from portico_runtime.supervisor import Supervisor

STREAMS_TIMEOUT_S = 15
STREAMS_POLL_S = 0.05


class Databases:
    """Starts servers, makes what is missing, and remembers which data they found.

    `identities` has, by the name of the topology's database, what tells its data from any other's.
    """

    def __init__(self, layout: Layout, supervisor: Supervisor, environment: Mapping[str, str]) -> None:
        self._layout = layout
        self._supervisor = supervisor
        self._environment = environment
        self.identities: dict[str, str] = {}

    async def start_primary(self) -> str | None:
        """Start the main primary with its databases. It waits for no standby until one streams."""
        primary = self._layout.primary
        if not primary.exists and any(standby.exists for standby in self._layout.standbys):
            raise self._layout.state.corrupt(
                f"postgres/{primary.name}", "it is missing, and its standby is not"
            )
        await self._make_and_start(primary, service="main")
        administrator = Administrator(primary)
        await administrator.set_synchronous_standbys([], count=0)
        await administrator.create_database(
            "boxoffice", owner_password=self._layout.secrets.boxoffice_password
        )
        return None

    async def start_partners(self) -> str | None:
        """Start the partners' server with their databases."""
        partners, secrets = self._layout.partners, self._layout.secrets
        await self._make_and_start(partners, service="partners")
        administrator = Administrator(partners)
        await administrator.create_database("payments", owner_password=secrets.payments_password)
        await administrator.create_database("notifications", owner_password=secrets.notifications_password)
        return None

    async def start_standby(self, standby: PostgresNode) -> str | None:
        """Start a standby, and make the primary's commits wait for it once it streams."""
        remade = ""
        if not standby.exists:
            await self._copy_primary(standby)
        if not await self._streams_once_started(standby):
            # What it needs is gone, or its history is another one. It is a copy: make it anew.
            await self._supervisor.stop(standby.name)
            await asyncio.to_thread(standby.discard)
            await self._copy_primary(standby)
            remade = "made anew from the primary"
            if not await self._streams_once_started(standby):
                raise StartFailedError(f"{standby.name} does not stream from {self._layout.primary.name}")
        names = [other.name for other in self._layout.standbys]
        (main,) = (database for database in self._layout.system.databases if not database.foreign)
        count = min(main.synchronous_replicas, len(names))
        await Administrator(self._layout.primary).set_synchronous_standbys(names, count=count)
        return remade or None

    async def _make_and_start(self, node: PostgresNode, *, service: str) -> None:
        if not node.exists:
            await asyncio.to_thread(node.initialise)
        if damage := node.damage():
            raise self._layout.state.corrupt(f"postgres/{node.name}", damage)
        node.configure()
        await self._start(node, service=service)
        self.identities[service] = await Administrator(node).identity()

    async def _copy_primary(self, standby: PostgresNode) -> None:
        await Administrator(self._layout.primary).drop_slot(standby.slot)  # of a copy that is no more
        await asyncio.to_thread(standby.follow, self._layout.primary)

    async def _streams_once_started(self, standby: PostgresNode) -> bool:
        primary = Administrator(self._layout.primary)
        try:
            standby.configure(self._layout.primary)
            await self._start(standby, service="main")
        except (StartFailedError, OSError):
            return False
        deadline = time.monotonic() + STREAMS_TIMEOUT_S
        while time.monotonic() < deadline:
            if any(one.name == standby.name and one.state == "streaming" for one in await primary.replicas()):
                return True
            await asyncio.sleep(STREAMS_POLL_S)
        return False

    async def _start(self, node: PostgresNode, *, service: str) -> None:
        node.discard_stale_lock()
        await self._supervisor.start(
            ProcessSpec(
                name=node.name,
                service=service,
                zone=self._layout.zone_of(node),
                command=node.command(),
                environment={**self._environment, "LC_ALL": "C.UTF-8"},
                ready=Administrator(node).answers,
                port=node.port,
                stop_signal=signal.SIGINT,  # PostgreSQL's fast shutdown: roll back, write, leave
            )
        )
