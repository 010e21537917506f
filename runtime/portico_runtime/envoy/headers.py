"""Headers that are taken away, set or rewritten on the way through."""

from __future__ import annotations

from typing import Any

from portico_runtime.envoy.settings import ADDRESS_HEADER, LOOPBACK

EARLY_MUTATION = (
    "type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
)
FORGEABLE = r"x-user-.*|x-envoy-.*|x-forwarded-.*|x-portico-.*|forwarded|x-real-ip"
EDGE_ADDRESS_HEADER = "x-portico-address"  # how the edge tells the listeners behind it
# One of three values, because a cached answer is kept for each: brotli, gzip, or as it is.
ACCEPTS = r"(^|,)\s*{}\s*(;\s*q=(1(\.0*)?|0\.\d*[1-9]\d*)\s*)?(,|$)"
ACCEPTED_ENCODING = (
    "%CEL({header}.matches(r'{brotli}') ? 'br' : {header}.matches(r'{gzip}') ? 'gzip' : 'identity')%"
)
SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
}
API_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'"
HIDDEN_FROM_CLIENTS = (
    "server",
    "x-powered-by",
    "x-envoy-upstream-service-time",
    "x-envoy-decorator-operation",
)
HIDDEN_FROM_SERVICES = ("x-envoy-internal", "x-envoy-expected-rq-timeout-ms", EDGE_ADDRESS_HEADER)


def header(name: str, value: str, action: str = "OVERWRITE_IF_EXISTS_OR_ADD") -> dict[str, Any]:
    """Return one header to add."""
    return {"header": {"key": name, "value": value}, "append_action": action}


def security_headers() -> list[dict[str, Any]]:
    """Return the headers that every answer has; a page may say something stricter itself."""
    return [header(name, value, "ADD_IF_ABSENT") for name, value in SECURITY.items()]


def at_the_edge() -> list[dict[str, Any]]:
    """Return what happens to a request from outside before anything looks at it: nothing forged comes in."""
    return _early(
        {"remove_on_match": {"key_matcher": {"safe_regex": {"regex": FORGEABLE}}}},
        {"append": header(EDGE_ADDRESS_HEADER, "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%")},
        {"append": header("accept-encoding", _accepted_encoding(), "OVERWRITE_IF_EXISTS")},
    )


def behind_the_edge() -> list[dict[str, Any]]:
    """Return how a listener behind the edge learns the client's address.

    The edge says it in a header of its own, because the cache's fetches append Envoy's address to
    X-Forwarded-For. A page server says it in X-Forwarded-For, and whoever says nothing is on this machine.
    """
    return _early(
        {"append": header("x-forwarded-for", LOOPBACK, "ADD_IF_ABSENT")},
        {"append": header("x-forwarded-for", f"%REQ({EDGE_ADDRESS_HEADER}?X-FORWARDED-FOR)%")},
    )


def address_for_services() -> dict[str, Any]:
    """Return the header with the client's address, whatever a caller put there."""
    return header(ADDRESS_HEADER, "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%")


def _accepted_encoding() -> str:
    brotli, gzip = ACCEPTS.format("br"), ACCEPTS.format("gzip")
    return ACCEPTED_ENCODING.format(header="request.headers['accept-encoding']", brotli=brotli, gzip=gzip)


def _early(*mutations: dict[str, Any]) -> list[dict[str, Any]]:
    typed = {"@type": EARLY_MUTATION, "mutations": list(mutations)}
    return [{"name": "envoy.http.early_header_mutation.header_mutation", "typed_config": typed}]
