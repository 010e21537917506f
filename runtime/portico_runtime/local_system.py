"""One local system in motion: its processes, the steps that start it, and the order in which it stops."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from portico_runtime import node
from portico_runtime.breakers import BreakerReader
from portico_runtime.databases import Databases
from portico_runtime.emulator.provision import Credentials, Resources, Targets, provision
from portico_runtime.environment import SENDER, Environments
from portico_runtime.envoy import Endpoint, envoy_command, write_configuration, write_endpoints
from portico_runtime.jobs import Job, run_job
from portico_runtime.layout import Instance, Layout
from portico_runtime.node import ROOT
from portico_runtime.probes import healthy_members, http_ready
from portico_runtime.processes import ManagedProcess, ProcessSpec, State
from portico_runtime.supervisor import Observer, Step, Supervisor
from portico_topology import ServiceKind

READY_PATH = "/health/ready"
ROUTES_POLL_S = 0.05
Act = Callable[[], Awaitable[str | None]]


class LocalSystem:
    """Starts, stops and knows the processes of one layout."""

    def __init__(self, layout: Layout, observe: Observer) -> None:
        self.layout = layout
        self.supervisor = Supervisor(layout.state, layout.marker, observe, self._publish_endpoints)
        self.environments = Environments(
            system=layout.system,
            secrets=layout.secrets,
            addresses=layout.addresses,
            main=layout.main,
            partners=layout.partners,
        )
        self.databases = Databases(layout, self.supervisor, self.environments.base())
        self.breakers: BreakerReader | None = None
        self._build: Path | None = None

    async def start(self) -> None:
        """Start everything, each part as soon as what it needs is ready."""
        clean = self.layout.state.clean_stop_file
        if not clean.exists():
            self._forget_seeds()  # the emulator may have lost its last second
        clean.unlink(missing_ok=True)
        for service in self.layout.system.services:
            write_endpoints(self.layout.envoy, service.name, ())  # those of the last run are gone
        await self.supervisor.run_steps(self.steps())

    async def stop(self) -> None:
        """Stop everything in order: nobody asks for what is already gone."""
        layout = self.layout
        kinds = {service.name: service.kind for service in layout.system.services}
        ours: list[str] = []
        theirs: list[str] = []
        for process in self.supervisor.processes.values():
            if kind := kinds.get(process.spec.service):
                (theirs if kind is ServiceKind.PARTNER else ours).append(process.spec.name)
        stores = ["emulator", layout.partners.name, layout.primary.name]
        standbys = [standby.name for standby in layout.standbys]
        await self.supervisor.stop_all([["envoy"], ours, theirs, stores, standbys])
        layout.state.clean_stop_file.touch()

    def steps(self) -> list[Step]:
        """Return every step with what it needs."""
        layout, databases = self.layout, self.databases
        primary, standbys = layout.primary.name, tuple(standby.name for standby in layout.standbys)
        instances = layout.instances()
        needs = {
            "frontend": ("frontend build",),
            "boxoffice": ("boxoffice migrate", "stacks"),
            "accounts": ("stacks",),
            "payments": ("payments migrate",),
            "notifications": ("notifications migrate", "stacks"),
        }
        return [
            Step(name=primary, needs=(), act=databases.start_primary),
            *(
                Step(name=standby.name, needs=(primary,), act=partial(databases.start_standby, standby))
                for standby in layout.standbys
            ),
            Step(name=layout.partners.name, needs=(), act=databases.start_partners),
            Step(name="emulator", needs=(), act=self._start_emulator),
            Step(name="stacks", needs=("emulator",), act=self._provision),
            Step(name="envoy", needs=("stacks",), act=self._start_envoy),
            Step(name="frontend build", needs=(), act=self._build_frontend),
            self._job("boxoffice", "migrate", needs=(primary, *standbys)),
            self._job("payments", "migrate", needs=(layout.partners.name,)),
            self._job("notifications", "migrate", needs=(layout.partners.name,)),
            self._job("boxoffice", "seed", needs=("boxoffice migrate", "stacks")),
            self._job("accounts", "seed", needs=("stacks",)),
            *(
                Step(name=one.name, needs=needs[one.service.name], act=partial(self._start_instance, one))
                for one in instances
            ),
            Step(name="routes", needs=("envoy", *(one.name for one in instances)), act=self._wait_for_routes),
        ]

    async def _start_emulator(self) -> str | None:
        port = self.layout.ports.port("emulator")
        await self.supervisor.start(
            ProcessSpec(
                name="emulator",
                service="emulator",
                zone=None,
                command=[sys.executable, "-m", "portico_runtime.emulator"],
                environment=self.environments.emulator(
                    port=port, folder=self.layout.state.folder("emulator")
                ),
                ready=http_ready(port, "/_ministack/health"),
                port=port,
            )
        )
        return None

    async def _provision(self) -> str | None:
        addresses, secrets = self.layout.addresses, self.layout.secrets
        targets = Targets(
            boxoffice_url=addresses.internal,
            accounts_url=addresses.internal,
            payments_url=addresses.partners["payments"],
            notifications_url=addresses.partners["notifications"],
            internal_token=secrets.internal_token,
            partner_api_key=secrets.partner_api_key,
        )
        made = await asyncio.to_thread(provision, addresses.emulator, Credentials(), targets, sender=SENDER)
        self.environments = dataclasses.replace(self.environments, resources=made)
        self.breakers = BreakerReader(addresses.emulator, made.tables["breakers"])
        return None

    async def _start_envoy(self) -> str | None:
        settings = self.layout.envoy_for(self.resources)
        write_configuration(self.layout.system, settings)
        await self.supervisor.start(
            ProcessSpec(
                name="envoy",
                service="envoy",
                zone=None,
                command=envoy_command(settings),
                environment=self.environments.base(),
                ready=http_ready(settings.admin_port, "/ready"),
                port=settings.edge_port,
            )
        )
        return None

    async def _build_frontend(self) -> str | None:
        self._build = await asyncio.to_thread(node.frontend_build)
        return None

    async def _wait_for_routes(self) -> str | None:
        """Wait until Envoy has found every instance healthy: from now on requests are answered."""
        expected = Counter(one.service.name for one in self.layout.instances())
        while expected - await healthy_members(self.layout.envoy.admin_port):  # noqa: ASYNC110  no event
            await asyncio.sleep(ROUTES_POLL_S)
        return None

    def _job(self, service: str, command: str, *, needs: tuple[str, ...]) -> Step:
        async def act() -> str | None:
            made = self.environments.migration if command == "migrate" else self.environments.seed
            job = Job(
                name=f"{service}-{command}",
                command=[sys.executable, "-m", service, command],
                environment=made(service),
                inputs=self._job_inputs(service, command),
            )
            return await run_job(self.layout.state, self.layout.marker, job)

        return Step(name=f"{service} {command}", needs=needs, act=act)

    def _job_inputs(self, service: str, command: str) -> tuple[Path | str, ...]:
        """Return what a job's outcome depends on. Other data than the last time have nothing in them yet."""
        declared = self.layout.system.service(service)
        folder = ROOT / declared.folder / declared.package
        data = self.databases.identities[declared.database] if declared.database else ""
        if command == "migrate":
            return (folder / "migrations", data)
        return (folder / "seed", data, self.resources.user_pool_id)

    async def _start_instance(self, instance: Instance) -> str | None:
        service = instance.service
        place = {"instance": instance.name, "zone": instance.zone}
        if service.kind is ServiceKind.FRONTEND:
            command = [str(node.NODE), str(Path(self._build or "") / "index.js")]
            environment = self.environments.frontend(**place, port=instance.port)
        else:
            command = [sys.executable, "-m", service.package]
            environment = self.environments.service(service.name, **place, port=instance.port)
        await self.supervisor.start(
            ProcessSpec(
                name=instance.name,
                service=service.name,
                zone=instance.zone,
                command=command,
                environment=environment,
                ready=http_ready(instance.port, READY_PATH),
                port=instance.port,
            )
        )
        return None

    @property
    def resources(self) -> Resources:
        """What the stacks made."""
        if self.environments.resources is None:
            raise RuntimeError("the stacks are not there yet")
        return self.environments.resources

    def _publish_endpoints(self, changed: ManagedProcess) -> None:
        """Tell Envoy which instances of the changed one's service take requests."""
        service = changed.spec.service
        if service not in {known.name for known in self.layout.system.services}:
            return
        listed = [
            Endpoint(
                host="127.0.0.1",
                port=process.spec.port or 0,
                zone=process.spec.zone or "-",
                draining=process.state is State.STOPPING,
            )
            for process in self.supervisor.processes.values()
            if process.spec.service == service and process.state in (State.READY, State.STOPPING)
        ]
        write_endpoints(self.layout.envoy, service, listed)

    def _forget_seeds(self) -> None:
        done = self.layout.state.read("jobs") or {}
        self.layout.state.write(
            "jobs", {name: mark for name, mark in done.items() if not name.endswith("seed")}
        )
