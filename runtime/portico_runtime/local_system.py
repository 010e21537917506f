"""One local system in motion: its processes, the steps that start it, and the order in which it stops."""

from __future__ import annotations

import asyncio
import dataclasses
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from portico_runtime import node
from portico_runtime.emulator.provision import Credentials, Resources, Targets, provision
from portico_runtime.environment import SENDER, Environments
from portico_runtime.envoy import Endpoint, envoy_command, write_configuration, write_endpoints
from portico_runtime.jobs import Job, run_job
from portico_runtime.layout import Layout
from portico_runtime.node import ROOT
from portico_runtime.postgres import Administrator, PostgresNode
from portico_runtime.probes import http_ready
from portico_runtime.processes import ManagedProcess, ProcessSpec, State
from portico_runtime.supervisor import Observer, Step, Supervisor
from portico_topology import Service, ServiceKind

MIGRATED = ("boxoffice", "payments", "notifications")
READY_PATH = "/health/ready"


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
        self._build: Path | None = None

    async def start(self) -> None:
        """Start everything, each part as soon as what it needs is ready."""
        clean = self.layout.state.clean_stop_file
        was_clean = clean.exists()
        clean.unlink(missing_ok=True)
        if not was_clean:
            self._forget_seeds()  # the emulator may have lost its last second
        for service in self.layout.system.services:
            write_endpoints(self.layout.envoy, service.name, ())  # those of the last run are gone
        await self.supervisor.run_steps(self.steps())

    async def stop(self) -> None:
        """Stop everything in order: nobody asks for what is already gone."""
        services = {service.name: service for service in self.layout.system.services}
        names: dict[str, list[str]] = {name: [] for name in services}
        for process in self.supervisor.processes.values():
            names.get(process.spec.service, []).append(process.spec.name)
        outer = ("frontend", "accounts", "boxoffice")
        partners = [name for name in services if name not in outer]
        order = [
            ["envoy"],
            [name for service in outer for name in names[service]],
            [name for service in partners for name in names[service]],
            ["emulator", "partners", self.layout.primary.name],
            [standby.name for standby in self.layout.standbys],
        ]
        await self.supervisor.stop_all(order)
        self.layout.state.clean_stop_file.touch()

    # -- the steps of starting ----------------------------------------------------------------------------------

    def steps(self) -> list[Step]:
        """Return every step with what it needs."""
        layout = self.layout
        databases = [standby.name for standby in layout.standbys]
        steps = [
            Step(name=layout.primary.name, needs=(), act=self._start_primary),
            *(
                Step(name=standby.name, needs=(layout.primary.name,), act=self._start_standby(standby))
                for standby in layout.standbys
            ),
            Step(name="partners", needs=(), act=self._start_partners_database),
            Step(name="emulator", needs=(), act=self._start_emulator),
            Step(name="stacks", needs=("emulator",), act=self._provision),
            Step(name="envoy", needs=("stacks",), act=self._start_envoy),
            Step(name="frontend build", needs=(), act=self._build_frontend),
            Step(
                name="boxoffice migrate",
                needs=(layout.primary.name, *databases, "stacks"),
                act=self._job("boxoffice", "migrate"),
            ),
            Step(name="payments migrate", needs=("partners",), act=self._job("payments", "migrate")),
            Step(name="notifications migrate", needs=("partners",), act=self._job("notifications", "migrate")),
            Step(name="boxoffice seed", needs=("boxoffice migrate", "stacks"), act=self._job("boxoffice", "seed")),
            Step(name="accounts seed", needs=("stacks",), act=self._job("accounts", "seed")),
        ]
        needs = {
            "frontend": ("frontend build",),
            "boxoffice": ("boxoffice migrate", "stacks"),
            "accounts": ("stacks",),
            "payments": ("payments migrate",),
            "notifications": ("notifications migrate", "stacks"),
        }
        for service in layout.system.services:
            for name, zone, port in layout.instances(service):
                act = self._start_instance(service, name, zone, port)
                steps.append(Step(name=name, needs=needs[service.name], act=act))
        return steps

    async def _start_primary(self) -> str | None:
        primary = self.layout.primary
        if not primary.exists:
            await asyncio.to_thread(primary.initialise)
        await self._start_postgres(primary, service="main")
        administrator = Administrator(primary)
        if not self.layout.standbys or not self.layout.standbys[0].exists:
            await administrator.set_synchronous_standbys([], count=0)  # until there is one, nobody could be waited for
        await administrator.create_database("boxoffice", owner_password=self.layout.secrets.boxoffice_password)
        return None

    def _start_standby(self, standby: PostgresNode) -> Callable[[], Awaitable[str | None]]:
        async def act() -> str | None:
            if not standby.exists:
                await asyncio.to_thread(standby.follow, self.layout.primary)
            await self._start_postgres(standby, service="main")
            names = [other.name for other in self.layout.standbys]
            (main,) = (database for database in self.layout.system.databases if not database.foreign)
            count = min(main.synchronous_replicas, len(names))
            await Administrator(self.layout.primary).set_synchronous_standbys(names, count=count)
            return None

        return act

    async def _start_partners_database(self) -> str | None:
        database = self.layout.partners
        if not database.exists:
            await asyncio.to_thread(database.initialise)
        await self._start_postgres(database, service="partners")
        secrets = self.layout.secrets
        administrator = Administrator(database)
        await administrator.create_database("payments", owner_password=secrets.payments_password)
        await administrator.create_database("notifications", owner_password=secrets.notifications_password)
        return None

    async def _start_postgres(self, database: PostgresNode, *, service: str) -> None:
        database.configure()
        await self.supervisor.start(
            ProcessSpec(
                name=database.name,
                service=service,
                zone=self.layout.zone_of(database),
                command=database.command(),
                environment={**self.environments.base(), "LC_ALL": "C.UTF-8"},
                ready=Administrator(database).answers,
                port=database.port,
                stop_signal=signal.SIGINT,  # PostgreSQL's fast shutdown: roll back, write, leave
            )
        )

    async def _start_emulator(self) -> str | None:
        port = self.layout.ports.port("emulator")
        await self.supervisor.start(
            ProcessSpec(
                name="emulator",
                service="emulator",
                zone=None,
                command=[sys.executable, "-m", "portico_runtime.emulator"],
                environment=self.environments.emulator(port=port, folder=self.layout.state.path / "emulator"),
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

    def _job(self, service: str, command: str) -> Callable[[], Awaitable[str | None]]:
        async def act() -> str | None:
            name = f"{service} {command}"
            environment = self.environments.service(service, instance=name, zone="-", port=0)
            job = Job(
                name=name,
                command=[sys.executable, "-m", service, command],
                environment=environment,
                inputs=self._job_inputs(service, command),
            )
            return await run_job(self.layout.state, self.layout.marker, job)

        return act

    def _job_inputs(self, service: str, command: str) -> tuple[Path | str, ...]:
        folder = ROOT / self.layout.system.service(service).folder / service
        if command == "migrate":
            return (folder / "migrations",)
        return (folder / "seed", self.resources.user_pool_id)  # another pool is another emulator, which has nothing yet

    def _start_instance(self, service: Service, name: str, zone: str, port: int) -> Callable[[], Awaitable[str | None]]:
        async def act() -> str | None:
            await self.supervisor.start(self._instance_spec(service, name, zone, port))
            return None

        return act

    def _instance_spec(self, service: Service, name: str, zone: str, port: int) -> ProcessSpec:
        if service.kind is ServiceKind.FRONTEND:
            command = [str(node.NODE), str(Path(self._build or "") / "index.js")]
            environment = self.environments.frontend(instance=name, zone=zone, port=port)
        else:
            command = [sys.executable, "-m", service.package]
            environment = self.environments.service(service.name, instance=name, zone=zone, port=port)
        return ProcessSpec(
            name=name,
            service=service.name,
            zone=zone,
            command=command,
            environment=environment,
            ready=http_ready(port, READY_PATH),
            port=port,
        )

    # -- what changes while it runs -----------------------------------------------------------------------------

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
        self.layout.state.write("jobs", {name: mark for name, mark in done.items() if not name.endswith("seed")})
