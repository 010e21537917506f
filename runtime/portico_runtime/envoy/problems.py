"""Envoy's own error answers as RFC 9457 problem documents, with the same stable codes as the services'."""

from __future__ import annotations

from typing import Any

from portico_runtime.envoy.headers import API_CONTENT_POLICY, header, security_headers

PROBLEMS = {
    400: ("malformed_request", "Malformed request"),
    401: ("unauthenticated", "Unauthenticated"),
    404: ("not_found", "Not found"),
    405: ("method_not_allowed", "Method not allowed"),
    408: ("request_timeout", "Request timeout"),
    413: ("request_too_large", "Request too large"),
    426: ("upgrade_required", "Upgrade required"),
    429: ("too_many_requests", "Too many requests"),
    431: ("headers_too_large", "Headers too large"),
    500: ("internal_error", "Internal error"),
    502: ("unavailable", "Unavailable"),
    503: ("unavailable", "Unavailable"),
    504: ("unavailable", "Unavailable"),
}
UNAVAILABLE = frozenset({502, 503, 504})
OUTAGE_RETRY_AFTER_S = 1


def local_replies() -> dict[str, Any]:
    """Return the rewriting of every answer that Envoy makes itself.

    The one reason for a 403 is a valid token of another client: to the caller it is no token at all.
    """
    return {
        "mappers": [_mapper(403, 401), *(_mapper(status, status) for status in PROBLEMS)],
        "body_format": _body_format("error", "Error"),
    }


def _mapper(seen_status: int, status: int) -> dict[str, Any]:
    code, title = PROBLEMS[status]
    headers = [
        *security_headers(),
        header("content-security-policy", API_CONTENT_POLICY),
        header("cache-control", "no-store"),
    ]
    if status in UNAVAILABLE:
        headers.append(header("retry-after", str(OUTAGE_RETRY_AFTER_S)))
    if seen_status != status:
        headers.append(header("www-authenticate", 'Bearer error="invalid_token"'))
    return {
        "filter": _status_is(seen_status),
        "status_code": status,
        "headers_to_add": headers,
        "body_format_override": _body_format(code, title),
    }


def _status_is(status: int) -> dict[str, Any]:
    value = {"default_value": status, "runtime_key": f"local_reply_{status}"}
    return {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}}


def _body_format(code: str, title: str) -> dict[str, Any]:
    return {
        "json_format": {
            "type": "about:blank",
            "title": title,
            "status": "%RESPONSE_CODE%",
            "detail": title,
            "code": code,
            "correlation_id": "%REQ(X-REQUEST-ID)%",
        },
        "content_type": "application/problem+json",
    }
