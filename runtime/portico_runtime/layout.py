"""Where everything of one local system is: ports, data folders, addresses. Decided before anything starts."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass

from portico_runtime.control import PORT_NAME as CONTROL_PORT_NAME
from portico_runtime.emulator.provision import Resources
from portico_runtime.environment import Addresses
from portico_runtime.envoy import EnvoySettings
from portico_runtime.ports import PortBook
from portico_runtime.postgres import PostgresNode
from portico_runtime.secret_store import SystemSecrets, load_secrets
from portico_runtime.state import StateFolder
from portico_topology import SYSTEM, Service, ServiceKind, System


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One process of a service."""

    service: Service
    name: str
    zone: str
    port: int


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One system on this machine."""

    system: System
    state: StateFolder
    secrets: SystemSecrets
    marker: str
    ports: PortBook
    main: tuple[PostgresNode, ...]
    partners: PostgresNode
    control_port: int
    addresses: Addresses
    envoy: EnvoySettings

    @property
    def primary(self) -> PostgresNode:
        """The main database's primary."""
        return self.main[0]

    @property
    def standbys(self) -> tuple[PostgresNode, ...]:
        """The nodes that stream from the primary."""
        return self.main[1:]

    def zone_of(self, node: PostgresNode) -> str | None:
        """Return the zone that a database node stands in; the partners' stands in none of ours."""
        return self.system.zones[self.main.index(node)] if node in self.main else None

    def instances(self) -> list[Instance]:
        """Return the instances that every service starts with."""
        places = (
            (service, f"{service.name}-{zone}{number}", zone)
            for service in self.system.services
            for zone in self.system.zones
            for number in range(1, service.scaling.per_zone_min + 1)
        )
        return [
            Instance(service=service, name=name, zone=zone, port=self.ports.port(name))
            for service, name, zone in places
        ]

    def envoy_for(self, resources: Resources) -> EnvoySettings:
        """Return Envoy's settings once it is known who issues tokens."""
        return dataclasses.replace(
            self.envoy,
            token_issuer=resources.issuer,
            jwks_url=resources.jwks_url,
            token_client_id=resources.client_id,
        )


def make_layout(state: StateFolder, *, port: int, host: str, system: System = SYSTEM) -> Layout:
    """Decide where everything of a system goes, as it was the last time where possible."""
    secrets, ports = load_secrets(state, system), PortBook(state, reserved=port)
    partners = [service.name for service in system.services if service.kind is ServiceKind.PARTNER]
    partner_ports = {name: ports.port(f"{name}-balancer") for name in partners}

    def node(name: str, password: str) -> PostgresNode:
        return PostgresNode(
            name=name, folder=state.path / "postgres" / name, port=ports.port(name), password=password
        )

    (main,) = (database for database in system.databases if not database.foreign)
    zones = system.zones[: main.replicas + 1]
    layout = Layout(
        system=system,
        state=state,
        secrets=secrets,
        marker=marker(state),
        ports=ports,
        main=tuple(node(f"main-{zone}", secrets.database_password) for zone in zones),
        partners=node("partners", secrets.partners_database_password),
        control_port=ports.port(CONTROL_PORT_NAME),
        addresses=Addresses(
            edge=f"http://localhost:{port}",
            gateway=loopback(ports.port("gateway")),
            internal=loopback(ports.port("internal")),
            partners={name: loopback(number) for name, number in partner_ports.items()},
            emulator=loopback(ports.port("emulator")),
        ),
        envoy=EnvoySettings(
            folder=state.folder("envoy"),
            edge_host=host,
            edge_port=port,
            gateway_port=ports.port("gateway"),
            internal_port=ports.port("internal"),
            partner_ports=partner_ports,
            admin_port=ports.port("envoy-admin"),
            token_issuer="",
            jwks_url="",
        ),
    )
    layout.instances()  # their ports are remembered too
    ports.save()
    return layout


def marker(state: StateFolder) -> str:
    """Return the mark that every process of a state folder's system carries in its environment."""
    return hashlib.sha256(str(state.path).encode()).hexdigest()[:16]


def loopback(port: int) -> str:
    """Return the address of a port on loopback."""
    return f"http://127.0.0.1:{port}"
