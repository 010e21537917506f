"""The listeners of the process, and how each reads HTTP."""

from __future__ import annotations

from typing import Any

from portico_runtime.envoy.extensions import extension, typed
from portico_runtime.envoy.headers import at_the_edge, behind_the_edge
from portico_runtime.envoy.problems import local_replies
from portico_runtime.envoy.settings import LOOPBACK

CONNECTION_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
REQUEST_ID = "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig"
BUFFER_BYTES_MAX = 1_048_576
WAITING_CONNECTIONS_MAX = 4096
ACCESS_LOG = {
    "time": "%START_TIME%",
    "method": "%REQ(:METHOD)%",
    "path": "%PATH(NQ)%",
    "status": "%RESPONSE_CODE%",
    "duration_ms": "%DURATION%",
    "bytes": "%BYTES_SENT%",
    "address": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "upstream": "%UPSTREAM_HOST%",
    "flags": "%RESPONSE_FLAGS%",
    "cache": "%RESPONSE_CODE_DETAILS%",
    "age_s": "%RESP(AGE)%",
    "correlation_id": "%REQ(X-REQUEST-ID)%",
}


def tcp_listener(
    name: str, port: int, network_filter: dict[str, Any], address: str = LOOPBACK
) -> dict[str, Any]:
    """Return a listener on a TCP port."""
    return {
        **_listener(name, network_filter),
        "address": {"socket_address": {"address": address, "port_value": port}},
        "tcp_backlog_size": WAITING_CONNECTIONS_MAX,
    }


def memory_listener(name: str, network_filter: dict[str, Any]) -> dict[str, Any]:
    """Return a listener that only this process reaches, through memory."""
    return {**_listener(name, network_filter), "internal_listener": {}}


def edge_http(routes: dict[str, Any], filters: list[dict[str, Any]], access_log: str) -> dict[str, Any]:
    """Return HTTP as the outside speaks it: nothing a client says about itself is believed."""
    return _http(
        routes,
        filters,
        use_remote_address=True,
        early_header_mutation_extensions=at_the_edge(),
        access_log=[_access_log(access_log)],
        request_timeout="15s",
        request_headers_timeout="10s",
        http2_protocol_options={
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65_536,
            "initial_connection_window_size": 1_048_576,
        },
    )


def inner_http(routes: dict[str, Any], filters: list[dict[str, Any]]) -> dict[str, Any]:
    """Return HTTP behind the edge, which is told the client's address."""
    return _http(
        routes,
        filters,
        use_remote_address=False,
        early_header_mutation_extensions=behind_the_edge(),
    )


def plain_http(routes: dict[str, Any], filters: list[dict[str, Any]]) -> dict[str, Any]:
    """Return HTTP among our own, with nothing to learn about the caller."""
    return _http(routes, filters, use_remote_address=True)


def forwarded_to(cluster: str) -> dict[str, Any]:
    """Return a plain connection to another listener."""
    return extension(
        "forward",
        "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        stat_prefix=cluster,
        cluster=cluster,
    )


def _listener(name: str, network_filter: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "filter_chains": [{"filters": [network_filter]}],
        "per_connection_buffer_limit_bytes": BUFFER_BYTES_MAX,
    }


def _http(routes: dict[str, Any], filters: list[dict[str, Any]], **fields: object) -> dict[str, Any]:
    """Return the connection manager: one spelling of each path, one request id, no word about who we are."""
    return extension(
        "http",
        CONNECTION_MANAGER,
        stat_prefix=routes["name"],
        route_config=routes,
        http_filters=filters,
        normalize_path=True,
        merge_slashes=True,
        path_with_escaped_slashes_action="REJECT_REQUEST",
        common_http_protocol_options={
            "idle_timeout": "60s",
            "headers_with_underscores_action": "REJECT_REQUEST",
            "max_headers_count": 100,
        },
        max_request_headers_kb=32,
        stream_idle_timeout="60s",
        preserve_external_request_id=True,
        always_set_request_id_in_response=True,
        request_id_extension={"typed_config": typed(REQUEST_ID, pack_trace_reason=False)},
        server_header_transformation="PASS_THROUGH",
        local_reply_config=local_replies(),
        internal_address_config={},
        **fields,
    )


def _access_log(path: str) -> dict[str, Any]:
    return extension(
        "file",
        "envoy.extensions.access_loggers.file.v3.FileAccessLog",
        path=path,
        log_format={"json_format": ACCESS_LOG},
    )
