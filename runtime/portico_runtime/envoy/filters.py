"""The HTTP filters between a request and its service, in the order in which they must run."""

from __future__ import annotations

from typing import Any

from portico_runtime.envoy.extensions import (
    CACHE_FILTER,
    CLIENT_FILTER,
    JWT_FILTER,
    JWT_PAYLOAD,
    JWT_REQUIREMENT,
    extension,
    typed,
)
from portico_runtime.envoy.headers import HIDDEN_FROM_CLIENTS, header, security_headers
from portico_runtime.envoy.limits import enforced_limits, limit_filter
from portico_runtime.envoy.scripts import cache_consent, not_modified
from portico_runtime.envoy.settings import EnvoySettings
from portico_topology import LimitKey, System

HTTP_FILTERS = "envoy.extensions.filters.http"
JWKS_CLUSTER = "jwks"
JWKS_TIMEOUT_S = 2
CLOCK_SKEW_S = 5
VERIFIED_TOKENS_MAX = 10_000
COMPRESSED_FROM_BYTES = 512
COMPRESSED_TYPES = (
    r"(text/.+|image/svg\+xml|application/(javascript|json|manifest\+json|problem\+json|xml))(\s*;.*)?"
)


def edge_filters(system: System) -> list[dict[str, Any]]:
    """Limits come first, because what the cache answers never reaches a filter behind it."""
    return [
        _clean_answers(),
        *_limits(system, LimitKey.ADDRESS, single_operations=False),
        not_modified(),
        _cache(),
        _body_limit(system),
        _router(),
    ]


def gateway_filters(system: System, settings: EnvoySettings) -> list[dict[str, Any]]:
    """Limits by address, the token, limits by the token's subject."""
    return [
        *_limits(system, LimitKey.ADDRESS, single_operations=True),
        _token(settings),
        *_token_client(settings),
        *_limits(system, LimitKey.SUBJECT, single_operations=True),
        _body_limit(system),
        *_answer_filters(),
        _router(),
    ]


def balancer_filters() -> list[dict[str, Any]]:
    """Return the filters of the page servers' balancer."""
    return [*_answer_filters(), _router()]


def plain_filters() -> list[dict[str, Any]]:
    """Return the filters of a listener that only balances."""
    return [_router()]


def token_required() -> dict[str, Any]:
    """Return, for one route, the demand for an access token."""
    return {
        JWT_FILTER: typed(f"{HTTP_FILTERS}.jwt_authn.v3.PerRouteConfig", requirement_name=JWT_REQUIREMENT),
    }


def _limits(system: System, key: LimitKey, *, single_operations: bool) -> list[dict[str, Any]]:
    limits = enforced_limits(system, key)
    return [limit_filter(limit) for limit in limits if single_operations or not limit.operations]


def _clean_answers() -> dict[str, Any]:
    """Complete the headers of every answer, the cache's too, which a route's own headers would not reach."""
    mutations = [
        *({"remove": name} for name in HIDDEN_FROM_CLIENTS),
        *({"append": it} for it in security_headers()),
        {"append": header("vary", "accept-encoding", "APPEND_IF_EXISTS_OR_ADD")},
    ]
    return extension(
        "clean-answers",
        f"{HTTP_FILTERS}.header_mutation.v3.HeaderMutation",
        mutations={"response_mutations": mutations},
    )


def _cache() -> dict[str, Any]:
    """Off until a route turns it on; for equal requests at one moment it asks once.

    In memory and without eviction, which is why only addresses that cannot be invented are routed through it.
    The older filter (`cache.v3`) knows `Vary`, and in 1.40 the process dies of it.
    """
    configured = extension(
        CACHE_FILTER,
        f"{HTTP_FILTERS}.cache_v2.v3.CacheV2Config",
        typed_config=typed("envoy.extensions.http.cache_v2.simple_http_cache.v3.SimpleHttpCacheV2Config"),
        ignore_request_cache_control_header=True,
    )
    return {**configured, "disabled": True}


def _token(settings: EnvoySettings) -> dict[str, Any]:
    """Verify access tokens against the pool's keys, fetched beside the requests and kept while it is down."""
    provider = {
        "issuer": settings.token_issuer,
        "payload_in_metadata": JWT_PAYLOAD,
        "forward": True,
        "clock_skew_seconds": CLOCK_SKEW_S,
        "jwt_cache_config": {"jwt_cache_size": VERIFIED_TOKENS_MAX},
        "remote_jwks": {
            "http_uri": {"uri": settings.jwks_url, "cluster": JWKS_CLUSTER, "timeout": f"{JWKS_TIMEOUT_S}s"},
            "cache_duration": f"{settings.jwks_cache_s}s",
            "async_fetch": {"failed_refetch_duration": "1s"},
        },
    }
    return extension(
        JWT_FILTER,
        f"{HTTP_FILTERS}.jwt_authn.v3.JwtAuthentication",
        providers={"pool": provider},
        requirement_map={JWT_REQUIREMENT: {"provider_name": "pool"}},
    )


def _token_client(settings: EnvoySettings) -> list[dict[str, Any]]:
    """Refuse identity tokens and other clients' tokens (Cognito has no `aud` in access tokens)."""
    if settings.token_client_id is None:
        return []
    claims = {"client_id": settings.token_client_id, "token_use": "access"}
    principals = [{"sourced_metadata": {"metadata_matcher": _claim_is(*claim)}} for claim in claims.items()]
    policy = {"permissions": [{"any": True}], "principals": [{"and_ids": {"ids": principals}}]}
    configured = extension(
        CLIENT_FILTER,
        f"{HTTP_FILTERS}.rbac.v3.RBAC",
        rules={"action": "ALLOW", "policies": {"our-client": policy}},
    )
    return [{**configured, "disabled": True}]


def _claim_is(name: str, value: str) -> dict[str, Any]:
    path = [{"key": JWT_PAYLOAD}, {"key": name}]
    return {"filter": JWT_FILTER, "path": path, "value": {"string_match": {"exact": value}}}


def _body_limit(system: System) -> dict[str, Any]:
    """Hold a request until it is whole, so that neither a large nor a slow one reaches a service."""
    return extension(
        "body-limit", f"{HTTP_FILTERS}.buffer.v3.Buffer", max_request_bytes=system.request_bytes_max
    )


def _answer_filters() -> list[dict[str, Any]]:
    """Settle who may keep an answer, and compress it, before the edge's cache sees it."""
    return [
        cache_consent(),
        _compressor("brotli", quality=4),
        _compressor("gzip", compression_level="COMPRESSION_LEVEL_4"),
    ]


def _compressor(algorithm: str, **options: object) -> dict[str, Any]:
    common = {
        "min_content_length": COMPRESSED_FROM_BYTES,
        "content_type_matcher": [{"safe_regex": {"regex": COMPRESSED_TYPES}}],
    }
    return extension(
        f"compress-{algorithm}",
        f"{HTTP_FILTERS}.compressor.v3.Compressor",
        response_direction_config={"common_config": common, "weaken_etag_on_compress": True},
        compressor_library=extension(
            algorithm,
            f"envoy.extensions.compression.{algorithm}.compressor.v3.{algorithm.title()}",
            **options,
        ),
    )


def _router() -> dict[str, Any]:
    return extension("router", f"{HTTP_FILTERS}.router.v3.Router", suppress_envoy_headers=True)
