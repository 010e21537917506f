"""The whole configuration of the one Envoy process, from the topology and the services' OpenAPI documents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portico_runtime.envoy import clusters, filters, listeners, routes
from portico_runtime.envoy.endpoints import write_endpoints
from portico_runtime.envoy.extensions import extension
from portico_runtime.envoy.operations import Document, Operation, read_documents, read_operations
from portico_runtime.envoy.settings import LOOPBACK, EnvoySettings
from portico_topology import ServiceKind, System

CONNECTIONS_MAX = 10_000
REPORTED = (
    r"cluster\..*\.upstream_rq_(total|[1-5]xx|retry|timeout|pending_overflow|active)",
    r"cluster\..*\.upstream_cx_(active|overflow)",
    r"cluster\..*\.(membership_.*|health_check\.failure|outlier_detection\.ejections_active)",
    r"http\.(edge|gateway|balancer|internal)\.(downstream_rq_(total|[1-5]xx|active)|downstream_cx_active)",
    r".*limit_.*\.(ok|rate_limited)",
    r".*jwt_authn.*",
    r"cache\..*",
    r"server\.(state|uptime|memory_allocated|live)",
    r"listener_manager\.workers_started",
)


def write_configuration(
    system: System, settings: EnvoySettings, documents: Mapping[str, Document] | None = None
) -> Path:
    """Write the configuration and the folders it needs; return the file to start Envoy with.

    `documents` are the OpenAPI documents of the services with a public API, the committed ones if not given.
    Services without endpoints yet get an empty file. Raises `DocumentError` for a document that must not
    become routes.
    """
    settings.endpoints_folder.mkdir(parents=True, exist_ok=True)
    for service in system.services:
        if not settings.endpoints_path(service.name).exists():
            write_endpoints(settings, service.name, [])
    configuration = render(system, settings, read_documents(system) if documents is None else documents)
    settings.configuration_path.write_text(json.dumps(configuration, indent=1))
    return settings.configuration_path


def render(system: System, settings: EnvoySettings, documents: Mapping[str, Document]) -> dict[str, Any]:
    """Return the bootstrap configuration (envoy.config.bootstrap.v3.Bootstrap)."""
    operations = read_operations(documents)
    return {
        "node": {"id": system.name, "cluster": system.name},
        "admin": _admin(settings),
        "static_resources": {
            "listeners": _listeners(system, operations, settings),
            "clusters": [
                *(clusters.service_cluster(service, settings) for service in system.services),
                *(
                    clusters.listener_cluster(name, listener)
                    for listener in ("gateway", "balancer")
                    for name in routes.inner_clusters(listener)
                ),
                clusters.jwks_cluster(settings),
            ],
        },
        "bootstrap_extensions": [
            extension(
                "envoy.bootstrap.internal_listener",
                "envoy.extensions.bootstrap.internal_listener.v3.InternalListener",
            )
        ],
        "overload_manager": {"resource_monitors": [_connection_bound()]},
        "stats_config": {"stats_matcher": {"inclusion_list": {"patterns": _patterns()}}},
    }


def _listeners(system: System, operations: list[Operation], settings: EnvoySettings) -> list[dict[str, Any]]:
    (frontend,) = (service.name for service in system.services if service.kind is ServiceKind.FRONTEND)
    edge = listeners.edge_http(
        routes.edge_routes(operations, settings), filters.edge_filters(system), str(settings.access_log)
    )
    gateway = listeners.inner_http(
        routes.gateway_routes(operations, system, settings), filters.gateway_filters(system, settings)
    )
    balancer = listeners.inner_http(routes.balancer_routes(frontend), filters.balancer_filters())
    internal = listeners.plain_http(routes.internal_routes(operations), filters.plain_filters())
    return [
        listeners.tcp_listener("edge", settings.edge_port, edge, settings.edge_host),
        listeners.memory_listener("gateway", gateway),
        listeners.tcp_listener("gateway-port", settings.gateway_port, listeners.forwarded_to("gateway")),
        listeners.memory_listener("balancer", balancer),
        listeners.tcp_listener("internal", settings.internal_port, internal),
        *_partner_listeners(system, settings),
    ]


def _partner_listeners(system: System, settings: EnvoySettings) -> list[dict[str, Any]]:
    return [
        listeners.tcp_listener(
            service.name,
            settings.partner_ports[service.name],
            listeners.plain_http(routes.partner_routes(service.name), filters.plain_filters()),
        )
        for service in system.services
        if service.kind is ServiceKind.PARTNER
    ]


def _admin(settings: EnvoySettings) -> dict[str, Any]:
    """Return the administration listener: it can be asked, and not told to quit or to drain."""
    return {
        "address": {"socket_address": {"address": LOOPBACK, "port_value": settings.admin_port}},
        "allow_paths": [{"exact": "/ready"}, {"prefix": "/stats"}, {"prefix": "/clusters"}],
    }


def _connection_bound() -> dict[str, Any]:
    return extension(
        "envoy.resource_monitors.global_downstream_max_connections",
        "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections=CONNECTIONS_MAX,
    )


def _patterns() -> list[dict[str, Any]]:
    """Return the statistics that are kept: each one costs memory."""
    return [{"safe_regex": {"regex": pattern}} for pattern in REPORTED]
