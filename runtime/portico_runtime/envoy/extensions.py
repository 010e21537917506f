"""How Envoy names its extensions, and the few names that several modules need."""

from __future__ import annotations

from typing import Any

TYPES = "type.googleapis.com/"
FILTER_SWITCH = f"{TYPES}envoy.config.route.v3.FilterConfig"
JWT_FILTER = "envoy.filters.http.jwt_authn"
JWT_PAYLOAD = "payload"
JWT_REQUIREMENT = "access_token"
CLIENT_FILTER = "token-client"
CACHE_FILTER = "cache"


def extension(name: str, kind: str, **fields: object) -> dict[str, Any]:
    """Return a named extension with its typed configuration."""
    return {"name": name, "typed_config": typed(kind, **fields)}


def typed(kind: str, **fields: object) -> dict[str, Any]:
    """Return a message with its type."""
    return {"@type": f"{TYPES}{kind}", **fields}


def switched_on(*filters: str) -> dict[str, Any]:
    """Return, for one route, filters that are off elsewhere."""
    return {name: {"@type": FILTER_SWITCH, "config": {}} for name in filters}
