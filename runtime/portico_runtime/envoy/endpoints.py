"""The instances of a service, in files that Envoy watches: they come, drain and go without a restart.

See https://www.envoyproxy.io/docs/envoy/latest/configuration/overview/xds_api (file-based subscriptions).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from portico_runtime.envoy.extensions import typed
from portico_runtime.envoy.settings import EnvoySettings


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One instance. A draining one finishes its requests and gets no new ones."""

    host: str
    port: int
    zone: str
    draining: bool = False


def write_endpoints(settings: EnvoySettings, service: str, endpoints: Iterable[Endpoint]) -> Path:
    """Replace the instances of a service: Envoy follows within milliseconds and never sees half a file.

    Take an instance out before stopping it: write it as draining (or leave it out), then signal the process.
    """
    ordered = sorted(endpoints, key=lambda endpoint: (endpoint.zone, endpoint.port))
    localities = [
        {"locality": {"zone": zone}, "lb_endpoints": [_lb_endpoint(endpoint) for endpoint in members]}
        for zone, members in groupby(ordered, key=lambda endpoint: endpoint.zone)
    ]
    kind = "envoy.config.endpoint.v3.ClusterLoadAssignment"
    path = settings.endpoints_path(service)
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_suffix(".part")
    staged.write_text(json.dumps({"resources": [typed(kind, cluster_name=service, endpoints=localities)]}))
    return staged.replace(path)  # the rename is what Envoy waits for


def _lb_endpoint(endpoint: Endpoint) -> dict[str, Any]:
    address = {"socket_address": {"address": endpoint.host, "port_value": endpoint.port}}
    status = "DRAINING" if endpoint.draining else "UNKNOWN"
    return {"endpoint": {"address": address}, "health_status": status}
