"""The topology's limits as token buckets in Envoy: one filter a limit, one bucket a caller.

A bucket holds `burst` tokens and refills continuously, `requests` every `window_s`. Buckets are shared by the
workers and bounded in number: the one unused for longest goes first.
"""

from __future__ import annotations

import math
from typing import Any

from portico_runtime.envoy.extensions import JWT_FILTER, JWT_PAYLOAD, extension
from portico_runtime.envoy.headers import header
from portico_topology import Limit, LimitKey, System

CALLERS_MAX = 20_000
COUNTED_BY_THE_SERVICE = "failed_signins"  # what an answer meant is known to accounts alone
UNLIMITED_PER_S = 1_000_000_000
ALWAYS = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
# A household has 2^64 addresses of version 6, and one budget.
ADDRESS = {"masked_remote_address": {"v4_prefix_mask_len": 32, "v6_prefix_mask_len": 64}}
SUBJECT = {
    "metadata": {
        "descriptor_key": "subject",
        "source": "DYNAMIC",
        "metadata_key": {"key": JWT_FILTER, "path": [{"key": JWT_PAYLOAD}, {"key": "sub"}]},
    }
}


def enforced_limits(system: System, key: LimitKey) -> list[Limit]:
    """Return the limits that Envoy enforces by this key."""
    return [limit for limit in system.limits if limit.key is key and limit.name != COUNTED_BY_THE_SERVICE]


def limit_filter(limit: Limit) -> dict[str, Any]:
    """Return the filter of a limit; one for single operations is off until a route turns it on."""
    by_address = limit.key is LimitKey.ADDRESS
    entry = {"key": "masked_remote_address" if by_address else "subject"}
    descriptor = {"entries": [entry], "token_bucket": _bucket(limit.burst, limit.requests, limit.window_s)}
    configured = extension(
        limit_filter_name(limit),
        "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix=f"limit_{limit.name}",
        filter_enabled=ALWAYS,
        filter_enforced=ALWAYS,
        token_bucket=_bucket(UNLIMITED_PER_S, UNLIMITED_PER_S, 1),  # of requests without a key
        always_consume_default_token_bucket=False,
        max_dynamic_descriptors=CALLERS_MAX,
        descriptors=[descriptor],
        rate_limits=[{"actions": [ADDRESS if by_address else SUBJECT]}],
        response_headers_to_add=_refusal_headers(limit),
    )
    return {**configured, "disabled": bool(limit.operations)}


def limit_filter_name(limit: Limit) -> str:
    """Return the name by which routes turn the filter of a limit on."""
    return f"limit-{limit.name}"


def _bucket(burst: int, requests: int, window_s: int) -> dict[str, Any]:
    return {"max_tokens": burst, "tokens_per_fill": requests, "fill_interval": f"{window_s}s"}


def _refusal_headers(limit: Limit) -> list[dict[str, Any]]:
    """Say when the next token comes (draft-ietf-httpapi-ratelimit-headers); now there is none."""
    wait_s = math.ceil(limit.window_s / limit.requests)
    return [
        header("retry-after", str(wait_s)),
        header("ratelimit-policy", f'"{limit.name}";q={limit.requests};w={limit.window_s}'),
        header("ratelimit", f'"{limit.name}";r=0;t={wait_s}'),
    ]
