"""Which request goes where: from the OpenAPI documents alone, so what is not documented does not exist."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from portico_runtime.envoy.extensions import CACHE_FILTER, CLIENT_FILTER, switched_on
from portico_runtime.envoy.filters import token_required
from portico_runtime.envoy.headers import (
    API_CONTENT_POLICY,
    HIDDEN_FROM_SERVICES,
    address_for_services,
    header,
)
from portico_runtime.envoy.limits import enforced_limits, limit_filter_name
from portico_runtime.envoy.operations import Operation
from portico_runtime.envoy.scripts import NOT_MODIFIED_FILTER
from portico_runtime.envoy.settings import EnvoySettings
from portico_topology import LimitKey, System

ANSWER_TIMEOUT_S = 10  # of a service, over all attempts
PAGE_TIMEOUT_S = 15
PARTNER_TIMEOUT_S = 30  # the caller's own deadline is shorter; this one only bounds what hangs
PARTNER_PREFIX = "/v1/"
NEVER_AT_THE_EDGE = ("/internal", "/health", "/faults")
ENCODINGS = ("br", "gzip")  # as `headers.at_the_edge` writes them
PAGE_PATTERN = "/[a-z0-9/._-]*"
FILE_PATTERN = r"/[A-Za-z0-9/._-]+\.(?:js|css|svg|png|webp|avif|ico|woff2|webmanifest)"
# Only what a service cannot have seen is sent again, so any method may be; and nobody else retries a request.
RETRY = {
    "retry_on": "connect-failure,refused-stream,reset-before-request",
    "num_retries": 2,
    "retry_host_predicate": [
        {
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {
                "@type": "type.googleapis.com/"
                "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
            },
        }
    ],
    "host_selection_retry_max_attempts": 3,
    "retry_back_off": {"base_interval": "0.01s", "max_interval": "0.1s"},
}


def edge_routes(operations: Sequence[Operation], settings: EnvoySettings) -> dict[str, Any]:
    """Return the routes of the public listener; only a request for one of our names may be cached."""
    blocked = [_not_found(path) for path in NEVER_AT_THE_EDGE]
    api = _inward("gateway", {"path_separated_prefix": "/api"})
    pages = _inward("balancer", {"prefix": "/"})
    patterns = [operation.cache_pattern for operation in operations if operation.cache_pattern]
    cached_api = [route for pattern in patterns for route in _cached("gateway", pattern)]
    cached_pages = [*_cached("balancer", FILE_PATTERN, cookies=True), *_cached("balancer", PAGE_PATTERN)]
    our_names = [name for host in settings.public_hosts for name in (host, f"{host}:{settings.edge_port}")]
    hosts = [
        _virtual_host("ours", our_names, [*blocked, *cached_api, api, *cached_pages, pages]),
        _virtual_host("any", ["*"], [*blocked, api, pages]),
    ]
    return _route_table("edge", hosts)


def gateway_routes(
    operations: Sequence[Operation], system: System, settings: EnvoySettings
) -> dict[str, Any]:
    """Return the routes of the API: every public operation, and 405 for other methods of its path."""
    public = [operation for operation in operations if not operation.internal]
    routes: list[dict[str, Any]] = []
    for template, members in groupby(public, key=lambda operation: operation.template):
        methods = list(members)
        routes.extend(_operation_route(operation, system, settings) for operation in methods)
        routes.append(_method_not_allowed(template, methods))
    return _route_table(
        "gateway",
        [_virtual_host("any", ["*"], routes)],
        request_headers_to_add=[address_for_services()],
        request_headers_to_remove=list(HIDDEN_FROM_SERVICES),
        response_headers_to_add=[header("content-security-policy", API_CONTENT_POLICY, "ADD_IF_ABSENT")],
    )


def balancer_routes(frontend: str) -> dict[str, Any]:
    """Return the one route to the page servers."""
    route = {
        "match": {"prefix": "/"},
        "route": {"cluster": frontend, "timeout": f"{PAGE_TIMEOUT_S}s", "retry_policy": RETRY},
    }
    hosts = [_virtual_host("any", ["*"], [route])]
    return _route_table("balancer", hosts, request_headers_to_remove=list(HIDDEN_FROM_SERVICES))


def internal_routes(operations: Sequence[Operation]) -> dict[str, Any]:
    """Return the routes of the internal operations; the function that calls them retries by itself."""
    internal = [operation for operation in operations if operation.internal]
    routes = [{"name": o.id, "match": _match(o), "route": _forward(o.service)} for o in internal]
    return _route_table("internal", [_virtual_host("any", ["*"], routes)])


def partner_routes(partner: str) -> dict[str, Any]:
    """Return the routes of a partner's endpoint: its API, not its health or its fault switch."""
    route = {
        "match": {"prefix": PARTNER_PREFIX},
        "route": {"cluster": partner, "timeout": f"{PARTNER_TIMEOUT_S}s"},
    }
    return _route_table(partner, [_virtual_host("any", ["*"], [route])])


def _operation_route(operation: Operation, system: System, settings: EnvoySettings) -> dict[str, Any]:
    by_subject = enforced_limits(system, LimitKey.SUBJECT)
    limits = [*enforced_limits(system, LimitKey.ADDRESS), *by_subject]
    switches = [limit_filter_name(limit) for limit in limits if operation.id in limit.operations]
    if operation.needs_token and settings.token_client_id is not None:
        switches.append(CLIENT_FILTER)
    per_filter = switched_on(*switches) | (token_required() if operation.needs_token else {})
    return {
        "name": operation.id,
        "match": _match(operation),
        "route": {**_forward(operation.service), "retry_policy": RETRY},
        "typed_per_filter_config": per_filter,
    }


def _method_not_allowed(template: str, operations: Sequence[Operation]) -> dict[str, Any]:
    allowed = ", ".join(operation.method for operation in operations)
    return {
        "name": f"methods of {template}",
        "match": _path_match(operations[0]),
        "direct_response": {"status": 405},
        "response_headers_to_add": [header("allow", allowed)],
    }


def _match(operation: Operation) -> dict[str, Any]:
    method = {"name": ":method", "string_match": {"exact": operation.method}}
    return {**_path_match(operation), "headers": [method]}


def _path_match(operation: Operation) -> dict[str, Any]:
    if operation.is_literal:
        return {"path": operation.template}
    return {"safe_regex": {"regex": operation.pattern}}


def _cached(listener: str, pattern: str, *, cookies: bool = False) -> list[dict[str, Any]]:
    """Return routes through the cache, for GET requests whose whole address, query included, has this form.

    Requests of somebody in particular do not match, unless `cookies` do not matter. There is a route for each
    encoding, to a cluster of its own, because the cluster's name is what the cache tells them apart by.
    """
    conditions: list[dict[str, Any]] = [
        {"name": ":method", "string_match": {"exact": "GET"}},
        {"name": ":path", "string_match": {"safe_regex": {"regex": pattern}}},
        {"name": "authorization", "present_match": False},
    ]
    if not cookies:
        conditions.append({"name": "cookie", "present_match": False})
    accepts = [[{"name": "accept-encoding", "string_match": {"exact": encoding}}] for encoding in ENCODINGS]
    matches = [{"prefix": "/", "headers": [*accepted, *conditions]} for accepted in (*accepts, [])]
    return [
        _inward(name, match, NOT_MODIFIED_FILTER, CACHE_FILTER)
        for name, match in zip(inner_clusters(listener), matches, strict=True)
    ]


def inner_clusters(listener: str) -> tuple[str, ...]:
    """Return the names of the clusters that lead to a listener behind the edge: by encoding, and as it is."""
    return (*(f"{listener}-{encoding}" for encoding in ENCODINGS), listener)


def _inward(cluster: str, match: dict[str, Any], *filters: str) -> dict[str, Any]:
    """Return a route to a listener behind the edge, which has the deadline of its own kind of request."""
    route = {"cluster": cluster, "timeout": f"{PAGE_TIMEOUT_S + 1}s"}
    return {"match": match, "route": route, "typed_per_filter_config": switched_on(*filters)}


def _not_found(path: str) -> dict[str, Any]:
    return {"match": {"path_separated_prefix": path}, "direct_response": {"status": 404}}


def _forward(cluster: str) -> dict[str, Any]:
    return {"cluster": cluster, "timeout": f"{ANSWER_TIMEOUT_S}s"}


def _virtual_host(name: str, domains: list[str], routes: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "domains": domains, "routes": routes}


def _route_table(name: str, hosts: list[dict[str, Any]], **fields: list[Any]) -> dict[str, Any]:
    return {"name": name, "virtual_hosts": hosts, **fields}
