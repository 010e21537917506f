"""The environment of each process: what task and pod definitions say on AWS. Services know nothing else."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from portico_runtime.emulator.provision import Credentials, Resources
from portico_runtime.envoy import ADDRESS_HEADER
from portico_runtime.node import NODE
from portico_runtime.postgres import PostgresNode
from portico_runtime.secret_store import SystemSecrets
from portico_topology import System

SENDER = "taquilla@taquilla.example"
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE")
# A small heap is plenty for one instance here, and several allocator arenas would be memory for nothing.
SMALL = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "131072"}
NODE_OPTIONS = "--max-old-space-size=192 --max-semi-space-size=2"


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where the fixed parts of one system listen, all on loopback."""

    edge: str
    gateway: str
    internal: str
    partners: dict[str, str]
    emulator: str


@dataclass(frozen=True, kw_only=True)
class Environments:
    """Makes environments from what a system is made of."""

    system: System
    secrets: SystemSecrets
    addresses: Addresses
    main: tuple[PostgresNode, ...]
    partners: PostgresNode
    resources: Resources | None = None

    def base(self) -> dict[str, str]:
        """Return what every process inherits."""
        return {name: os.environ[name] for name in INHERITED if name in os.environ} | SMALL

    def emulator(self, *, port: int, folder: Path) -> dict[str, str]:
        """Return the emulator's environment."""
        return self.base() | {"PORT": str(port), "STATE_DIR": str(folder)}

    def service(self, name: str, *, instance: str, zone: str, port: int) -> dict[str, str]:
        """Return the environment of an instance of a Python service, or of one of its jobs."""
        identity = {
            "SERVICE_NAME": name,
            "INSTANCE": instance,
            "ZONE": zone,
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "LOG_LEVEL": "INFO",
        }
        particular = {
            "boxoffice": self._boxoffice,
            "accounts": self._accounts,
            "payments": self._payments,
            "notifications": self._notifications,
        }
        return self.base() | identity | particular[name]()

    def migration(self, service: str) -> dict[str, str]:
        """Return the environment of a job that needs the service's database alone."""
        identity = {"SERVICE_NAME": service, "INSTANCE": f"{service}-migrate"}
        return self.base() | identity | {"DATABASE_URL": self._database_url(service)}

    def seed(self, service: str) -> dict[str, str]:
        """Return the environment of a job that makes what a service begins with."""
        accounts = json.dumps([asdict(account) for account in self.secrets.accounts])
        environment = self.service(service, instance=f"{service}-seed", zone="-", port=0)
        return environment | ({"DEMO_ACCOUNTS": accounts} if service == "accounts" else {})

    def frontend(self, *, instance: str, zone: str, port: int) -> dict[str, str]:
        """Return the environment of a frontend instance."""
        return self.base() | {
            "INSTANCE": instance,
            "ZONE": zone,
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "API_URL": self.addresses.gateway,
            "MAILBOX_URL": f"{self.addresses.emulator}/_ministack/ses/messages",
            "KEEP_ALIVE_TIMEOUT": "75",
            "SHUTDOWN_TIMEOUT": "10",
            "BODY_SIZE_LIMIT": str(self.system.request_bytes_max),
            "NODE_ENV": "production",
            "NODE_OPTIONS": NODE_OPTIONS,
            "PATH": f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        }

    def _aws(self) -> dict[str, str]:
        return Credentials().environment(self.addresses.emulator)

    def _tokens(self) -> dict[str, str]:
        made = self._made()
        return {
            "TOKEN_ISSUER": made.issuer,
            "TOKEN_JWKS_URL": made.jwks_url,
            "TOKEN_CLIENT_ID": made.client_id,
            "IDENTITY_TABLE": made.tables["identity"],
            "INTERNAL_TOKEN": self.secrets.internal_token,
        }

    def _database_url(self, service: str, target: str = "primary") -> str:
        password = {
            "boxoffice": self.secrets.boxoffice_password,
            "payments": self.secrets.payments_password,
            "notifications": self.secrets.notifications_password,
        }[service]
        nodes = self.main if service == "boxoffice" else (self.partners,)
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in nodes)
        return f"postgresql://{service}:{password}@{hosts}/{service}?target_session_attrs={target}"

    def _boxoffice(self) -> dict[str, str]:
        made = self._made()
        return {
            **self._aws(),
            **self._tokens(),
            "DATABASE_URL": self._database_url("boxoffice"),
            "DATABASE_REPLICA_URL": self._database_url("boxoffice", "prefer-standby"),
            "EVENTS_TABLE": made.tables["events"],
            "BREAKERS_TABLE": made.tables["breakers"],
            "CHECKOUT_STATE_MACHINE_ARN": made.checkout_arn,
            "CALL_PARTNER_STATE_MACHINE_ARN": made.call_partner_arn,
            "TICKET_SIGNING_KEY": self.secrets.ticket_signing_key,
        }

    def _accounts(self) -> dict[str, str]:
        limit = self.system.limit("failed_signins")
        return {
            **self._aws(),
            **self._tokens(),
            "USER_POOL_ID": self._made().user_pool_id,
            "ADDRESS_HEADER": ADDRESS_HEADER,
            "FAILED_SIGNINS_MAX": str(limit.requests),
            "FAILED_SIGNINS_WINDOW_S": str(limit.window_s),
        }

    def _payments(self) -> dict[str, str]:
        return self._partner("payments")

    def _notifications(self) -> dict[str, str]:
        sending = {"SENDER_EMAIL": SENDER, "PUBLIC_URL": self.addresses.edge}
        return self._partner("notifications") | self._aws() | sending

    def _partner(self, name: str) -> dict[str, str]:
        return {
            "DATABASE_URL": self._database_url(name),
            "DATABASE_POOL_MAX": "5",
            "PARTNER_API_KEY": self.secrets.partner_api_key,
            "FAULTS_ENABLED": "1",
        }

    def _made(self) -> Resources:
        if self.resources is None:
            raise RuntimeError("the emulator must be provisioned before services that use it are started")
        return self.resources
