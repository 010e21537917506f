"""Where requests can be sent: instances of services, the listeners behind the edge, the token keys."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from portico_runtime.envoy.extensions import extension, typed
from portico_runtime.envoy.filters import JWKS_CLUSTER
from portico_runtime.envoy.settings import EnvoySettings
from portico_topology import Service, ServiceKind

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
READY_PATH = "/health/ready"
CONNECT_TIMEOUT_S = 1
IDLE_TIMEOUT_S = 4  # below the 5 s after which Node closes a connection, perhaps under a request
CONNECTIONS_MAX = {ServiceKind.FRONTEND: 512, ServiceKind.SERVICE: 512, ServiceKind.PARTNER: 128}
STREAMS_MAX = 10_000  # between listeners of this process: as many as the edge takes
PANIC_BELOW_PERCENT = 1  # that is: when none is ready
EJECTION_S, EJECTION_S_MAX = 5, 30


def service_cluster(service: Service, settings: EnvoySettings) -> dict[str, Any]:
    """Return the target group of a service: its file of instances, probed each second.

    When not one instance passes its probe they are asked all the same: they may only be busy, and can say
    themselves what is wrong. Only broken and refused connections eject an instance: a 5xx is an answer.
    """
    watched = {
        "path": str(settings.endpoints_path(service.name)),
        "watched_directory": {"path": str(settings.endpoints_folder)},
    }
    return {
        "name": service.name,
        "type": "EDS",
        "eds_cluster_config": {"eds_config": {"path_config_source": watched, "resource_api_version": "V3"}},
        "connect_timeout": f"{CONNECT_TIMEOUT_S}s",
        "lb_policy": "LEAST_REQUEST",
        "common_lb_config": {
            "healthy_panic_threshold": {"value": PANIC_BELOW_PERCENT},
            "update_merge_window": "0s",
        },
        "ignore_health_on_host_removal": True,
        "health_checks": [_health_check()],
        "outlier_detection": _outlier_detection(),
        "circuit_breakers": _bounds(CONNECTIONS_MAX[service.kind]),
        "typed_extension_protocol_options": _http(),
    }


def listener_cluster(name: str, listener: str) -> dict[str, Any]:
    """Return the way to a listener of this same process, through memory instead of a socket."""
    address = {"envoy_internal_address": {"server_listener_name": listener}}
    raw = extension("raw", "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer")
    internal = "envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport"
    return {
        "name": name,
        "load_assignment": _assignment(name, address),
        "connect_timeout": f"{CONNECT_TIMEOUT_S}s",
        "transport_socket": extension("internal", internal, transport_socket=raw),
        "circuit_breakers": _bounds(STREAMS_MAX),
        "typed_extension_protocol_options": _http(),
    }


def jwks_cluster(settings: EnvoySettings) -> dict[str, Any]:
    """Return where the keys of the token issuer are fetched, over plain HTTP."""
    url = urlsplit(settings.jwks_url)
    address = {"socket_address": {"address": url.hostname, "port_value": url.port or 80}}
    return {
        "name": JWKS_CLUSTER,
        "type": "STRICT_DNS",
        "load_assignment": _assignment(JWKS_CLUSTER, address),
        "connect_timeout": f"{CONNECT_TIMEOUT_S}s",
    }


def _assignment(name: str, address: dict[str, Any]) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": address}}
    return {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]}


def _health_check() -> dict[str, Any]:
    return {
        "timeout": "1.5s",
        "interval": "1s",
        "no_traffic_interval": "1s",
        "initial_jitter": "0.1s",
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        "http_health_check": {"path": READY_PATH},
    }


def _outlier_detection() -> dict[str, Any]:
    return {
        "interval": "1s",
        "base_ejection_time": f"{EJECTION_S}s",
        "max_ejection_time": f"{EJECTION_S_MAX}s",
        "max_ejection_percent": 50,
        "always_eject_one_host": True,
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 3,
        "enforcing_local_origin_success_rate": 0,
        "enforcing_consecutive_5xx": 0,
        "enforcing_consecutive_gateway_failure": 0,
        "enforcing_success_rate": 0,
        "enforcing_failure_percentage": 0,
    }


def _bounds(connections_max: int) -> dict[str, Any]:
    """Bound what waits: beyond it the answer is 503 at once."""
    threshold = {
        "max_connections": connections_max,
        "max_pending_requests": connections_max,
        "max_requests": 2 * connections_max,
        "retry_budget": {"budget_percent": {"value": 20}, "min_retry_concurrency": 64},
    }
    return {"thresholds": [threshold]}


def _http() -> dict[str, Any]:
    """Return HTTP/1.1 with kept-alive connections (Envoy sets TCP_NODELAY on all of them)."""
    return {
        HTTP_OPTIONS: typed(
            HTTP_OPTIONS,
            common_http_protocol_options={"idle_timeout": f"{IDLE_TIMEOUT_S}s"},
            explicit_http_config={"http_protocol_options": {}},
        )
    }
